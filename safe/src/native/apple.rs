//! macOS and its relatives: `fcntl` does what others have calls for.
#![expect(unsafe_code, reason = "three requests of `fcntl` that rustix has no functions for")]

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::OFlags;
use rustix::io::{Errno, Result};

use super::Advice;

pub(crate) const DIRECT_NEEDS_ALIGNMENT: bool = false;
pub(crate) const ADVICE_IS_EFFECTIVE: bool = true;
pub(crate) const EXPLICIT_SYNC_NEEDED: bool = true;

/// What asks for direct I/O when opening, where a flag does.
pub(crate) const OPEN_DIRECT: OFlags = OFlags::empty();

/// What asks for the data to be flushed at each write.
pub(crate) fn open_data_sync() -> OFlags {
    OFlags::DSYNC
}

/// What asks for a file without a name, where there is such a thing.
pub(crate) fn open_temporary() -> Option<OFlags> {
    None
}

/// As [`sync_all`]: nothing less reaches the medium.
pub(crate) fn sync_data(fd: BorrowedFd<'_>) -> Result<()> {
    sync_all(fd)
}

/// `fsync` leaves the bytes in the cache of the drive; `F_FULLFSYNC` does not, where the file system knows it.
pub(crate) fn sync_all(fd: BorrowedFd<'_>) -> Result<()> {
    match rustix::fs::fcntl_fullfsync(fd) {
        Err(Errno::NOTSUP | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOTTY) => rustix::fs::fsync(fd),
        answer => answer,
    }
}

/// Space is reserved behind the end of what is allocated, so all up to the end of the range is.
pub(crate) fn reserve(fd: BorrowedFd<'_>, offset: u64, len: u64, keep_size: bool) -> Result<()> {
    let stat = rustix::fs::fstat(fd)?;
    let end = i64::try_from(offset.saturating_add(len)).map_err(|_| Errno::FBIG)?;
    let have = stat.st_blocks.saturating_mul(512).max(stat.st_size);
    if end > have {
        let mut store = libc::fstore_t {
            fst_flags: libc::F_ALLOCATEALL,
            fst_posmode: libc::F_PEOFPOSMODE,
            fst_offset: 0,
            fst_length: end - have,
            fst_bytesalloc: 0,
        };
        // SAFETY: `store` is what the request asks for, and valid for the call.
        done(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_PREALLOCATE, &raw mut store) })?;
    }
    if !keep_size && end > stat.st_size {
        rustix::fs::ftruncate(fd, end.unsigned_abs())?;
    }
    Ok(())
}

/// Whether a hole can be punched at all.
pub(crate) const HAS_HOLES: bool = true;

pub(crate) fn punch(fd: BorrowedFd<'_>, offset: u64, len: u64) -> Result<()> {
    let hole = libc::fpunchhole_t {
        fp_flags: 0,
        reserved: 0,
        fp_offset: i64::try_from(offset).map_err(|_| Errno::INVAL)?,
        fp_length: i64::try_from(len).map_err(|_| Errno::INVAL)?,
    };
    // SAFETY: `hole` is what the request asks for, and valid for the call.
    done(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_PUNCHHOLE, &raw const hole) })
}

/// There is no such call: zeroes are written instead.
pub(crate) fn zero(_: BorrowedFd<'_>, _: u64, _: u64, _: bool) -> Result<()> {
    Err(Errno::OPNOTSUPP)
}

/// `len` 0: to the end.
pub(crate) fn advise(fd: BorrowedFd<'_>, offset: u64, len: u64, advice: Advice) -> Result<()> {
    let ahead = match advice {
        Advice::WillNeed => {
            // The request takes an `int`, and reads no more than that ahead.
            let len = if len == 0 { i32::MAX.unsigned_abs().into() } else { len };
            return rustix::fs::fcntl_rdadvise(fd, offset, len);
        }
        // There is no way to say it.
        Advice::DontNeed => return rustix::fs::fcntl_getfl(fd).map(drop),
        Advice::Random => 0,
        Advice::Normal | Advice::Sequential => 1,
    };
    // SAFETY: the request takes a number.
    done(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_RDAHEAD, ahead) })
}

/// There is no such call for ranges.
pub(crate) fn copy(_: BorrowedFd<'_>, _: u64, _: BorrowedFd<'_>, _: u64, _: usize) -> Result<usize> {
    Err(Errno::NOSYS)
}

/// Turns the page cache off or on for the descriptor.
pub(crate) fn set_direct(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    rustix::fs::fcntl_nocache(fd, on)
}

/// The descriptor does not say.
pub(crate) fn is_direct(_: OFlags) -> bool {
    false
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
    if ret != -1 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    Err(Errno::from_io_error(&error).unwrap_or(Errno::IO))
}
