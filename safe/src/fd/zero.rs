//! Zeroing space.

use std::ops::Range;
use std::os::fd::AsFd;

use bareio_core::{AlignedBuf, Errno};

use super::{Size, access, call, pwrite_all, range, size, stream};
use crate::{Result, host, native};

/// How much is written at a time where zeroes have to be written, in bytes.
const STEP: usize = 256 << 10;

/// Makes `range` of `file`, in bytes, read as zero, with its space reserved.
///
/// ext4, xfs and btrfs do it by a note in their own books. Where the file system cannot, as tmpfs, or the system has no
/// such call, zeroes are written; on a file that is open for direct I/O the range must then sit on its
/// [`Grid`](super::Grid). An empty range is nothing, and the system is not asked.
///
/// # Errors
///
/// As [`allocate`](super::allocate), but that it is nowhere unsupported; [`Misaligned`](crate::ErrorKind::Misaligned):
/// zeroes have to be written, and the range is off the grid.
///
/// # Examples
///
/// ```
/// use std::os::unix::fs::FileExt;
/// use bareio::fd::{Size, zero_range};
/// let file = tempfile::tempfile()?;
/// file.write_all_at(b"secret", 0)?;
/// zero_range(&file, 1..3, Size::Keep)?;
/// let mut bytes = [0; 6];
/// file.read_exact_at(&mut bytes, 0)?;
/// assert_eq!(&bytes, b"s\0\0ret");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `fallocate(2)`, `FALLOC_FL_ZERO_RANGE`; Linux 3.15.
pub fn zero_range(file: impl AsFd, range: Range<u64>, size: Size) -> Result<()> {
    let Some((offset, len)) = range::checked(&range)? else { return Ok(()) };
    let keep = size == Size::Keep;
    match call("fallocate", || native::zero(file.as_fd(), offset, len, keep)) {
        Err(error) if matches!(error.errno(), Some(Errno::OPNOTSUPP | Errno::NOSYS)) => {
            by_writing(file, range, size)
        }
        answer => answer.map_err(stream),
    }
}

fn by_writing(file: impl AsFd, range: Range<u64>, keep: Size) -> Result<()> {
    let access = access(&file)?;
    let end = if keep == Size::Keep { range.end.min(size(&file)?) } else { range.end };
    let mut zeroes = AlignedBuf::new(host::NATIVE, STEP, access.grid.block())?;
    let mut at = range.start;
    while at < end {
        let len = usize::try_from(end - at).map_or(STEP, |len| len.min(STEP));
        zeroes.resize(len, 0)?;
        pwrite_all(&file, zeroes.as_slice(), at, &access)?;
        at += len as u64;
    }
    Ok(())
}
