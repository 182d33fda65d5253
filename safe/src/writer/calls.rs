//! The calls that write.
#![expect(unsafe_code, reason = "lends the bytes of borrowed slices to the kernel, for the length of a call")]

use std::io::IoSlice;
use std::mem::MaybeUninit;

use bareio_core::abi::Statx;
use bareio_core::kernel::OpenFlags;
#[cfg(feature = "sim")]
use bareio_core::kernel::RwFlags;
use bareio_core::{BorrowedFd, Errno, IoVec, Kernel};

use super::lane::{Attempt, Lane};
use crate::host::{self, Native};

/// How often a call that a signal interrupts is made again. Signals do not come a million times in a row; a filter that
/// answers `EINTR` to everything does.
const PATIENCE: u32 = 1 << 20;

const _: () = {
    assert!(size_of::<IoSlice<'_>>() == size_of::<IoVec>());
    assert!(align_of::<IoSlice<'_>>() == align_of::<IoVec>());
};

/// The same pieces, as the core has them.
pub(super) fn pieces<'s>(slices: &'s [IoSlice<'_>]) -> &'s [IoVec] {
    // SAFETY: on Unix, `IoSlice` promises to be `struct iovec`, which `IoVec` is; it is read only, and borrowed for as long.
    unsafe { std::slice::from_raw_parts(slices.as_ptr().cast(), slices.len()) }
}

fn uninterrupted(mut call: impl FnMut() -> Result<usize, Errno>) -> Result<usize, Errno> {
    for _ in 0..PATIENCE {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
    Err(Errno::INTR)
}

/// How bytes are written by calls.
///
/// A kernel has no method for one piece at the current position: a list of one does the same. On the host itself, `write(2)`
/// is a tenth faster for a small event, and works on every Unix. So which it is, is settled when a writer is made.
pub(super) struct Calls<K> {
    /// One piece.
    one: fn(&K, BorrowedFd<'_>, &[u8]) -> Result<usize, Errno>,
    /// Several.
    many: fn(&K, BorrowedFd<'_>, &[IoSlice<'_>]) -> Result<usize, Errno>,
}

impl Calls<Native> {
    /// The host's own.
    pub(super) const fn native() -> Self {
        Self {
            one: |_, fd, bytes| uninterrupted(|| rustix::io::write(host_fd(fd), bytes).map_err(errno)),
            many: |_, fd, slices| uninterrupted(|| rustix::io::writev(host_fd(fd), slices).map_err(errno)),
        }
    }
}

impl<K: Kernel> Calls<K> {
    /// Those of any kernel.
    #[cfg(feature = "sim")]
    pub(super) const fn of_kernel() -> Self {
        Self {
            one: |kernel, fd, bytes| write_list(kernel, fd, &[IoSlice::new(bytes)]),
            many: |kernel, fd, slices| write_list(kernel, fd, slices),
        }
    }

    /// Writes one piece.
    #[inline]
    pub(super) fn write(&self, kernel: &K, fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
        (self.one)(kernel, fd, bytes)
    }

    /// Writes several.
    pub(super) fn write_vectored(
        &self,
        kernel: &K,
        fd: BorrowedFd<'_>,
        slices: &[IoSlice<'_>],
    ) -> Result<usize, Errno> {
        (self.many)(kernel, fd, slices)
    }

    /// Writes several pieces, [`GATHERED_LEN`] bytes at most, by one call and as one piece.
    #[inline(never)] // its frame is large
    pub(super) fn write_gathered(
        &self,
        kernel: &K,
        fd: BorrowedFd<'_>,
        slices: &[IoSlice<'_>],
    ) -> Result<usize, Errno> {
        let mut copy = [const { MaybeUninit::<u8>::uninit() }; GATHERED_LEN];
        let first = copy.as_mut_ptr().cast::<u8>();
        let mut len = 0;
        for piece in slices {
            assert!(piece.len() <= GATHERED_LEN - len, "more was to be gathered than there is room for");
            // SAFETY: `len` is at most the length of `copy`.
            let to = unsafe { first.add(len) };
            // SAFETY: there is room for the piece, as just checked, and it is borrowed from elsewhere.
            unsafe { to.copy_from_nonoverlapping(piece.as_ptr(), piece.len()) };
            len += piece.len();
        }
        // SAFETY: the first `len` bytes were just written, and are borrowed with `copy`.
        let bytes = unsafe { std::slice::from_raw_parts(first, len) };
        self.write(kernel, fd, bytes)
    }
}

fn host_fd(fd: BorrowedFd<'_>) -> std::os::fd::BorrowedFd<'_> {
    // SAFETY: it is open and borrowed for as long; and on the host itself, the core's numbers are the host's.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(fd.fd().0) }
}

fn errno(errno: rustix::io::Errno) -> Errno {
    host::from_raw(errno.raw_os_error()).unwrap_or(Errno::IO)
}

#[cfg(feature = "sim")]
fn write_list<K: Kernel>(kernel: &K, fd: BorrowedFd<'_>, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let pieces = pieces(slices);
    // SAFETY: each piece is a borrowed slice, and the descriptor is open.
    uninterrupted(|| unsafe { kernel.write_vectored(fd.fd(), pieces, u64::MAX, RwFlags::NONE) })
}

/// How many bytes are copied together at most: they lie on the stack meanwhile.
const GATHERED_LEN: usize = 16 << 10;
/// How long pieces may be on average for that.
const GATHERED_PIECE_LEN: usize = 1 << 10;

/// Whether many small pieces are written faster as one: the kernel takes longer over each piece of a list than it takes to copy
/// a small one. Measured on tmpfs and ext4, that saves a tenth for two pieces of 64 bytes, a fifth for 64 of 256, and
/// half for 256 of 64; from 1 KiB a piece on, it is nothing.
pub(super) fn is_worth_gathering(slices: &[IoSlice<'_>]) -> bool {
    let most = GATHERED_LEN.min(slices.len() * GATHERED_PIECE_LEN);
    // Without a branch a piece. The sum can be trusted if no piece is long, which the bits of all lengths tell.
    let add = |(sum, bits): (usize, usize), piece: &IoSlice<'_>| {
        (sum.wrapping_add(piece.len()), bits | piece.len())
    };
    let (sum, bits) = slices.iter().fold((0, 0), add);
    sum <= most && bits < 2 * GATHERED_LEN
}

/// Writes by a ring, if that is free.
pub(super) fn write_by_ring<K: Kernel>(
    lane: &Lane<K>,
    fd: BorrowedFd<'_>,
    slices: &[IoSlice<'_>],
) -> Attempt {
    // SAFETY: each piece is a borrowed slice, and the descriptor is open, for as long as the call lasts.
    unsafe { lane.write(fd.fd(), pieces(slices)) }
}

/// Whether it is a regular file that was opened to append: each write goes to its end, in one step.
pub(super) fn is_appended_file<K: Kernel>(kernel: &K, fd: BorrowedFd<'_>) -> bool {
    // SAFETY: the descriptor is open.
    let flags = unsafe { kernel.open_flags(fd.fd()) };
    if !flags.is_ok_and(|flags| flags.contains(OpenFlags::APPEND)) {
        return false;
    }
    let mut stat = Statx::default();
    // SAFETY: as above.
    let asked = unsafe { kernel.stat(fd.fd(), c"", Statx::BASIC_STATS, &mut stat) };
    asked.is_ok() && stat.is_regular()
}
