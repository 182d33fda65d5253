//! Reserving space.

use std::ops::Range;
use std::os::fd::AsFd;
use std::path::Path;

use super::{OpenOptions, Opened, call, cannot, open, range, stream};
use crate::{Result, native};

/// Whether a file grows to the end of a range that is reserved or zeroed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// It grows, if the range ends behind it. It never shrinks.
    Grow,
    /// It stays.
    Keep,
}

/// Reserves the disk space under `range` of `file`, in bytes, so that writing there cannot fail for want of it.
///
/// What is there stays, and what is not reads as zero. An empty range reserves nothing, and the system is not asked.
///
/// Elsewhere than on Linux it promises less. macOS reserves from the end of what is allocated on, and fills no holes;
/// FreeBSD cannot reserve behind the end of a file that keeps its size; NetBSD and OpenBSD set the size, and reserve
/// nothing.
///
/// # Errors
///
/// - [`Unsupported`](crate::ErrorKind::Unsupported): the file system cannot.
/// - [`Operation`](crate::ErrorKind::Operation): the range ends above `i64::MAX`, or the file is a pipe.
/// - [`Os`](crate::ErrorKind::Os): `ENOSPC`: there is not so much; `EFBIG`: the file would be larger than the file
///   system or `RLIMIT_FSIZE` allow, which also sends `SIGXFSZ`; `EBADF`: it is not open for writing; `ENODEV`: it is
///   no regular file.
///
/// # Examples
///
/// ```
/// use bareio::fd::{Size, allocate};
/// let log = tempfile::tempfile()?;
/// allocate(&log, 0..1 << 20, Size::Keep)?;
/// assert_eq!(log.metadata()?.len(), 0);
/// allocate(&log, 0..4096, Size::Grow)?;
/// assert_eq!(log.metadata()?.len(), 4096);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `fallocate(2)`, Linux 2.6.23; macOS `F_PREALLOCATE`; FreeBSD `posix_fallocate(2)`.
pub fn allocate(file: impl AsFd, range: Range<u64>, size: Size) -> Result<()> {
    let Some((offset, len)) = range::checked(&range)? else { return Ok(()) };
    let keep = size == Size::Keep;
    call("fallocate", || native::reserve(file.as_fd(), offset, len, keep))
        .map_err(cannot("reserving space"))
        .map_err(stream)
}

/// Makes the file `path` of `len` bytes with all of its space reserved, or leaves nothing behind.
///
/// Opened as `options` say, and always made anew: a file that is there is an error. It reads as zero. Neither the file
/// nor its directory is flushed; see [`sync_all`](super::sync_all).
///
/// # Errors
///
/// As [`open`] and [`allocate`]; `EEXIST`: there is such a file. After an error of [`allocate`] the file is removed
/// again.
///
/// # Examples
///
/// ```
/// use bareio::fd::{OpenOptions, create_and_allocate, size};
/// let directory = tempfile::tempdir()?;
/// let segment = create_and_allocate(directory.path().join("segment"), 1 << 16, &OpenOptions::new().write())?;
/// assert_eq!(size(&segment)?, 1 << 16);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create_and_allocate(path: impl AsRef<Path>, len: u64, options: &OpenOptions) -> Result<Opened> {
    range::offset(len)?;
    let path = path.as_ref();
    let opened = open(path, &options.write().create_new())?;
    if let Err(error) = allocate(&opened, 0..len, Size::Grow) {
        // It was made above, by this call and no other. Should it not go, the first error tells more.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(opened)
}
