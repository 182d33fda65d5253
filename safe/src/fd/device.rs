//! Block devices.

use std::ops::Range;
use std::os::fd::AsFd;

use bareio_core::Align;

use super::{call, cannot, range};
use crate::{Error, Result, Why, native};

/// What a block device is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// How many bytes it holds.
    pub len: u64,
    /// The logical block: the least that can be read or written.
    pub logical: Align,
    /// The physical block: what is less is read, changed and written back by the device, and may be torn when power
    /// fails.
    pub physical: Align,
}

const WHAT: &str = "the description of a block device";

/// Tells what the block device `file` is like.
///
/// # Errors
///
/// [`Unsupported`](crate::ErrorKind::Unsupported): it is no block device, or this is not Linux.
///
/// # Examples
///
/// ```
/// let file = tempfile::tempfile()?;
/// assert!(bareio::fd::device(&file).unwrap_err().is_unsupported());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `BLKGETSIZE64`, `BLKSSZGET`, `BLKPBSZGET`.
pub fn device(file: impl AsFd) -> Result<Device> {
    let stat = call("fstat", || rustix::fs::fstat(&file))?;
    if !is_block(&stat) {
        return Err(Error::unsupported(WHAT, Why::Because("the file is no block device")));
    }
    let len = call("BLKGETSIZE64", || native::device_len(file.as_fd())).map_err(cannot(WHAT))?;
    let (logical, physical) =
        call("BLKSSZGET", || native::device_blocks(file.as_fd())).map_err(cannot(WHAT))?;
    let align = |bytes: u32| {
        Align::new(bytes.into()).ok_or(Error::unsupported(WHAT, Why::Because("its block is no power of two")))
    };
    Ok(Device { len, logical: align(logical)?, physical: align(physical)? })
}

/// Tells the block device `file` that `range`, in bytes, holds nothing any more.
///
/// Only whole logical blocks are discarded; which they were is returned, as by [`punch_hole`](super::punch_hole). **What
/// is read there afterwards is anything**: the device need not answer with zeroes.
///
/// # Errors
///
/// - [`Unsupported`](crate::ErrorKind::Unsupported): it is no block device, cannot discard, or this is not Linux.
/// - [`Operation`](crate::ErrorKind::Operation): the range ends above `i64::MAX`.
/// - [`Os`](crate::ErrorKind::Os): `EBADF`: it is not open for writing; `EINVAL`: the range ends behind the device.
///
/// # Examples
///
/// ```
/// let file = tempfile::tempfile()?;
/// assert!(bareio::fd::discard(&file, 0..4096).unwrap_err().is_unsupported());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `BLKDISCARD`; 2.6.28.
pub fn discard(file: impl AsFd, range: Range<u64>) -> Result<Range<u64>> {
    range::checked(&range)?;
    let inner = device(&file)?.logical.inner(range);
    let Some((offset, len)) = range::checked(&inner)? else { return Ok(inner) };
    call("BLKDISCARD", || native::device_discard(file.as_fd(), offset, len)).map_err(cannot("discarding"))?;
    Ok(inner)
}

/// Whether it is a block device.
pub(super) fn is_block(stat: &rustix::fs::Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::BlockDevice
}
