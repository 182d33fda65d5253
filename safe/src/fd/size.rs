//! How long a file is.

use std::os::fd::AsFd;

use super::{call, cannot, device, range};
use crate::{ErrorKind, Result, native};

/// How many bytes `file` has; a block device, how many it holds.
///
/// # Errors
///
/// [`Os`](crate::ErrorKind::Os): the system's. [`Unsupported`](crate::ErrorKind::Unsupported): a block device elsewhere
/// than on Linux.
///
/// # Examples
///
/// ```
/// let file = tempfile::tempfile()?;
/// file.set_len(5)?;
/// assert_eq!(bareio::fd::size(&file)?, 5);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `fstat(2)`; `BLKGETSIZE64`.
pub fn size(file: impl AsFd) -> Result<u64> {
    let stat = call("fstat", || rustix::fs::fstat(&file))?;
    if device::is_block(&stat) {
        return call("BLKGETSIZE64", || native::device_len(file.as_fd()))
            .map_err(cannot("the size of a device"));
    }
    u64::try_from(stat.st_size).map_err(|_| ErrorKind::Overflow.into())
}

/// Sets the size of `file` to `len` bytes: cuts it, or lets it go on with zeroes, which take no space.
///
/// This is also how a file of an odd length is written past the page cache, where lengths sit on a
/// [`Grid`](super::Grid): write the last block whole, padded with zeroes, then truncate to the true length. Readers see
/// a whole number of blocks between the two; so flush after the second and not before.
///
/// # Errors
///
/// - [`Operation`](crate::ErrorKind::Operation): `len` is above `i64::MAX`.
/// - [`Os`](crate::ErrorKind::Os): `EFBIG`: larger than the file system or `RLIMIT_FSIZE` allow, which also sends
///   `SIGXFSZ`; `EINVAL`: it is not open for writing, or is no regular file; `EPERM`: it is sealed.
///
/// # Examples
///
/// ```
/// use bareio::fd::{access, pwrite_all, truncate};
/// let file = tempfile::tempfile()?;
/// let mut block = [0; 4096];
/// block[..5].copy_from_slice(b"hello");
/// pwrite_all(&file, &block, 0, &access(&file)?)?;
/// truncate(&file, 5)?;
/// assert_eq!(file.metadata()?.len(), 5);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `ftruncate(2)`.
pub fn truncate(file: impl AsFd, len: u64) -> Result<()> {
    range::offset(len)?;
    call("ftruncate", || rustix::fs::ftruncate(&file, len))
}
