//! Giving space back.

use std::ops::Range;
use std::os::fd::AsFd;

use bareio_core::Align;

use super::{call, cannot, range};
use crate::{Result, native};

/// Gives the disk space under `range`, in bytes, back to the file system.
///
/// The bytes read as zero afterwards, and the file keeps its size. Only whole blocks are given back: the range is first
/// shrunk to multiples of `block`, so that data next to it is never touched, and what was given back is returned. It is
/// empty if no whole block fits, and the kernel is then not asked at all; nor is it where there are no holes, as on
/// NetBSD and OpenBSD.
///
/// A hole is durable once the file is synced; see [`sync_data`](super::sync_data).
///
/// # Errors
///
/// - [`Unsupported`](crate::ErrorKind::Unsupported): the file system cannot make holes. ext4, xfs, btrfs and tmpfs can.
/// - [`Operation`](crate::ErrorKind::Operation): the range ends above `i64::MAX`.
/// - [`Os`](crate::ErrorKind::Os): `EPERM`: the file is append-only or sealed; `EBADF`: it is not open for writing.
///
/// # Examples
///
/// ```
/// # use bareio::{fd::punch_hole, Align};
/// let file = tempfile::tempfile()?;
/// file.set_len(16384)?;
/// // From the middle of the first block to the middle of the last: two whole blocks.
/// # #[cfg(target_os = "linux")]
/// assert_eq!(punch_hole(&file, 100..16000, Align::KIB_4)?, 4096..12288);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `fallocate(2)`, `FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE`; Linux 2.6.38; macOS `F_PUNCHHOLE`; FreeBSD 14
/// `fspacectl(2)`.
pub fn punch_hole(file: impl AsFd, range: Range<u64>, block: Align) -> Result<Range<u64>> {
    range::checked(&range)?;
    let inner = block.inner(range);
    let Some((offset, len)) = range::checked(&inner)? else { return Ok(inner) };
    if !native::HAS_HOLES {
        return Ok(offset..offset);
    }
    call("fallocate", || native::punch(file.as_fd(), offset, len)).map_err(cannot("a hole in this file"))?;
    Ok(inner)
}
