//! The calls that write.
#![expect(unsafe_code, reason = "lends the bytes of borrowed slices to the kernel, for the length of a call")]

use std::io::IoSlice;

use bareio_core::abi::Statx;
use bareio_core::kernel::{OpenFlags, RwFlags};
use bareio_core::{BorrowedFd, Errno, IoVec, Kernel};

use super::lane::{Attempt, Lane};

/// The current position, as a vectored call takes it.
const CURRENT: u64 = u64::MAX;

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

/// Writes one piece by a call.
pub(super) fn write<K: Kernel>(kernel: &K, fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the slice is valid and borrowed, and the descriptor open.
    match uninterrupted(|| unsafe { kernel.write(fd.fd(), bytes.as_ptr(), bytes.len()) }) {
        Err(Errno::NOSYS) => write_vectored(kernel, fd, &[IoSlice::new(bytes)]),
        answer => answer,
    }
}

/// Writes several by a call.
pub(super) fn write_vectored<K: Kernel>(
    kernel: &K,
    fd: BorrowedFd<'_>,
    slices: &[IoSlice<'_>],
) -> Result<usize, Errno> {
    let pieces = pieces(slices);
    // SAFETY: each piece is a borrowed slice, and the descriptor is open.
    uninterrupted(|| unsafe { kernel.write_vectored(fd.fd(), pieces, CURRENT, RwFlags::NONE) })
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
