//! NetBSD, OpenBSD and other Unixes: what POSIX promises, and nothing else.

use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;
use rustix::io::{Errno, Result};

use super::Advice;

pub(crate) const DIRECT_NEEDS_ALIGNMENT: bool = cfg!(target_os = "netbsd");
pub(crate) const ADVICE_IS_EFFECTIVE: bool = false;
pub(crate) const EXPLICIT_SYNC_NEEDED: bool = false;

/// What asks for direct I/O when opening, where a flag does.
#[cfg(target_os = "netbsd")]
pub(crate) const OPEN_DIRECT: OFlags = OFlags::DIRECT;
/// What asks for direct I/O when opening, where a flag does.
#[cfg(not(target_os = "netbsd"))]
pub(crate) const OPEN_DIRECT: OFlags = OFlags::empty();

/// What asks for the data to be flushed at each write.
pub(crate) fn open_data_sync() -> OFlags {
    OFlags::DSYNC
}

/// What asks for a file without a name, where there is such a thing.
pub(crate) fn open_temporary() -> Option<OFlags> {
    None
}

pub(crate) fn sync_data(fd: BorrowedFd<'_>) -> Result<()> {
    #[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
    return rustix::fs::fdatasync(fd);
    #[cfg(not(any(target_os = "netbsd", target_os = "openbsd")))]
    sync_all(fd)
}

pub(crate) fn sync_all(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::fs::fsync(fd)
}

/// Sets the length, so that the end of the file is where it will be; space is found when it is written to.
pub(crate) fn reserve(fd: BorrowedFd<'_>, offset: u64, len: u64, keep_size: bool) -> Result<()> {
    let size = u64::try_from(rustix::fs::fstat(fd)?.st_size).map_err(|_| Errno::OVERFLOW)?;
    let end = offset.checked_add(len).ok_or(Errno::FBIG)?;
    if keep_size || end <= size { Ok(()) } else { rustix::fs::ftruncate(fd, end) }
}

/// Whether a hole can be punched at all.
pub(crate) const HAS_HOLES: bool = false;

pub(crate) fn punch(_: BorrowedFd<'_>, _: u64, _: u64) -> Result<()> {
    Err(Errno::OPNOTSUPP)
}

/// There is no such call: zeroes are written instead.
pub(crate) fn zero(_: BorrowedFd<'_>, _: u64, _: u64, _: bool) -> Result<()> {
    Err(Errno::OPNOTSUPP)
}

/// Nobody listens; a descriptor that is none is an error still.
pub(crate) fn advise(fd: BorrowedFd<'_>, _: u64, _: u64, _: Advice) -> Result<()> {
    rustix::fs::fcntl_getfl(fd).map(drop)
}

pub(crate) fn copy(_: BorrowedFd<'_>, _: u64, _: BorrowedFd<'_>, _: u64, _: usize) -> Result<usize> {
    Err(Errno::NOSYS)
}

/// Turns direct I/O on or off.
pub(crate) fn set_direct(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    #[cfg(target_os = "netbsd")]
    {
        let flags = rustix::fs::fcntl_getfl(fd)?;
        rustix::fs::fcntl_setfl(fd, if on { flags | OFlags::DIRECT } else { flags - OFlags::DIRECT })
    }
    #[cfg(not(target_os = "netbsd"))]
    {
        let _ = fd;
        if on { Err(Errno::OPNOTSUPP) } else { Ok(()) }
    }
}

/// Whether direct I/O is on, where the descriptor says it.
pub(crate) fn is_direct(flags: OFlags) -> bool {
    #[cfg(target_os = "netbsd")]
    return flags.contains(OFlags::DIRECT);
    #[cfg(not(target_os = "netbsd"))]
    {
        let _ = flags;
        false
    }
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
