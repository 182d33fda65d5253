//! FreeBSD, from 14 on.
#![expect(unsafe_code, reason = "two calls that rustix has no functions for")]

use std::num::NonZeroU64;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::{Errno, Result};

use super::Advice;

pub(crate) const DIRECT_NEEDS_ALIGNMENT: bool = true;
pub(crate) const ADVICE_IS_EFFECTIVE: bool = true;
pub(crate) const EXPLICIT_SYNC_NEEDED: bool = false;

/// What asks for direct I/O when opening, where a flag does.
pub(crate) const OPEN_DIRECT: OFlags = OFlags::DIRECT;

/// What asks for the data to be flushed at each write.
pub(crate) fn open_data_sync() -> OFlags {
    OFlags::DSYNC
}

/// What asks for a file without a name, where there is such a thing.
pub(crate) fn open_temporary() -> Option<OFlags> {
    None
}

pub(crate) fn sync_data(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::fs::fdatasync(fd)
}

pub(crate) fn sync_all(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::fs::fsync(fd)
}

/// The call always moves the end of the file, so what keeps the size ends there.
pub(crate) fn reserve(fd: BorrowedFd<'_>, offset: u64, len: u64, keep_size: bool) -> Result<()> {
    if keep_size {
        let size = u64::try_from(rustix::fs::fstat(fd)?.st_size).map_err(|_| Errno::OVERFLOW)?;
        if offset.saturating_add(len) > size {
            return Err(Errno::OPNOTSUPP);
        }
    }
    rustix::fs::fallocate(fd, FallocateFlags::empty(), offset, len)
}

/// Whether a hole can be punched at all.
pub(crate) const HAS_HOLES: bool = true;

/// A signal may end it half way, with the rest in the answer.
pub(crate) fn punch(fd: BorrowedFd<'_>, offset: u64, len: u64) -> Result<()> {
    let mut left = libc::spacectl_range {
        r_offset: i64::try_from(offset).map_err(|_| Errno::INVAL)?,
        r_len: i64::try_from(len).map_err(|_| Errno::INVAL)?,
    };
    while left.r_len > 0 {
        let asked = libc::spacectl_range { r_offset: left.r_offset, r_len: left.r_len };
        // SAFETY: both ranges are valid for the call.
        let ret = unsafe {
            libc::fspacectl(fd.as_raw_fd(), libc::SPACECTL_DEALLOC, &raw const asked, 0, &raw mut left)
        };
        match done(ret) {
            Ok(()) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// There is no such call: zeroes are written instead.
pub(crate) fn zero(_: BorrowedFd<'_>, _: u64, _: u64, _: bool) -> Result<()> {
    Err(Errno::OPNOTSUPP)
}

/// `len` 0: to the end.
pub(crate) fn advise(fd: BorrowedFd<'_>, offset: u64, len: u64, advice: Advice) -> Result<()> {
    let advice = match advice {
        Advice::Normal => rustix::fs::Advice::Normal,
        Advice::Sequential => rustix::fs::Advice::Sequential,
        Advice::Random => rustix::fs::Advice::Random,
        Advice::WillNeed => rustix::fs::Advice::WillNeed,
        Advice::DontNeed => rustix::fs::Advice::DontNeed,
    };
    rustix::fs::fadvise(fd, offset, NonZeroU64::new(len), advice)
}

pub(crate) fn copy(
    from: BorrowedFd<'_>,
    from_offset: u64,
    to: BorrowedFd<'_>,
    to_offset: u64,
    len: usize,
) -> Result<usize> {
    let mut from_at = i64::try_from(from_offset).map_err(|_| Errno::INVAL)?;
    let mut to_at = i64::try_from(to_offset).map_err(|_| Errno::INVAL)?;
    // SAFETY: both offsets are valid for the call.
    let ret = unsafe {
        libc::copy_file_range(from.as_raw_fd(), &raw mut from_at, to.as_raw_fd(), &raw mut to_at, len, 0)
    };
    usize::try_from(ret).map_err(|_| last())
}

/// Turns direct I/O on or off.
pub(crate) fn set_direct(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    rustix::fs::fcntl_setfl(fd, if on { flags | OFlags::DIRECT } else { flags - OFlags::DIRECT })
}

/// Whether direct I/O is on, where the descriptor says it.
pub(crate) fn is_direct(flags: OFlags) -> bool {
    flags.contains(OFlags::DIRECT)
}

pub(crate) fn device_len(_: BorrowedFd<'_>) -> Result<u64> {
    Err(Errno::NOSYS)
}

pub(crate) fn device_blocks(_: BorrowedFd<'_>) -> Result<(u32, u32)> {
    Err(Errno::NOSYS)
}

pub(crate) fn device_discard(_: BorrowedFd<'_>, _: u64, _: u64) -> Result<()> {
    Err(Errno::NOSYS)
}

/// What C says with a number, and `errno` beside it.
fn done(ret: libc::c_int) -> Result<()> {
    if ret == -1 { Err(last()) } else { Ok(()) }
}

fn last() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
