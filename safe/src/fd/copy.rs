//! Copying between files.

use std::os::fd::AsFd;

use bareio_core::AlignedBuf;
use bareio_core::op::OpError;

use super::{access, call, pread, pwrite_all, range};
use crate::{Errno, Error, ErrorKind, Result, host, native};

/// How much one call is asked to copy, in bytes: so little that a signal is not kept waiting for long.
const STEP: u64 = 1 << 30;
/// How much is read and written at a time where the system does not copy by itself, in bytes.
const BUFFER: usize = 1 << 20;

/// Copies `len` bytes from `from_offset` of `from` to `to_offset` of `to`. Returns how many: fewer where `from` ends.
///
/// On xfs, btrfs and their like both files then share the blocks, and nothing is moved (a *reflink*; offsets and length
/// on multiples of the block); elsewhere the kernel moves the bytes; and where it cannot, as between two kinds of file
/// systems, they are read and written here. On files that are open for direct I/O those reads and writes must sit on
/// both [`Grid`](super::Grid)s, the end of `from` included.
///
/// After an error, a part may have been copied.
///
/// # Errors
///
/// - [`Overlap`](ErrorKind::Overlap): both ranges lie in one file, and overlap.
/// - [`Operation`](ErrorKind::Operation): a range ends above `i64::MAX`, a file has no positions, or `to` was opened to
///   append.
/// - [`Misaligned`](ErrorKind::Misaligned): bytes have to be moved here, off the grid.
/// - [`Os`](ErrorKind::Os): the system's. `EBADF`: `from` is not open for reading or `to` not for writing.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Seek, Write};
/// let (mut from, mut to) = (tempfile::tempfile()?, tempfile::tempfile()?);
/// from.write_all(b"0123456789")?;
/// // It has only six bytes from there on.
/// assert_eq!(bareio::fd::copy_range(&from, 4, &to, 0, 100)?, 6);
/// let mut bytes = String::new();
/// to.rewind()?;
/// to.read_to_string(&mut bytes)?;
/// assert_eq!(bytes, "456789");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `copy_file_range(2)`, Linux 4.5, across file systems 5.3; FreeBSD 13.
pub fn copy_range(from: impl AsFd, from_offset: u64, to: impl AsFd, to_offset: u64, len: u64) -> Result<u64> {
    let end = |offset: u64| offset.checked_add(len).ok_or(OpError::Range { offset, len });
    let (from_range, to_range) = (from_offset..end(from_offset)?, to_offset..end(to_offset)?);
    range::checked(&from_range)?;
    range::checked(&to_range)?;
    let mut done = 0;
    while done < len {
        let step = usize::try_from((len - done).min(STEP)).unwrap_or(usize::MAX);
        let (from_at, to_at) = (from_offset + done, to_offset + done);
        match call("copy_file_range", || native::copy(from.as_fd(), from_at, to.as_fd(), to_at, step)) {
            // The end; or a file that says it is empty and is not, as under /proc.
            Ok(0) => break,
            Ok(copied) => done += copied as u64,
            Err(error) if may_be_done_otherwise(error) => break,
            Err(error) => return Err(error),
        }
    }
    if done == len {
        return Ok(done);
    }
    let overlap = from_offset < to_range.end && to_offset < from_range.end;
    if overlap && is_one_file(&from, &to)? {
        return Err(Error::new(ErrorKind::Overlap).during("copy_file_range"));
    }
    by_moving(from, from_offset, to, to_offset, len, done)
}

/// `INVAL` stands for many things: a file system that cannot, a pipe, an overlap. What is truly wrong is found again.
/// `BADF` for a target that was opened to append, too.
fn may_be_done_otherwise(error: Error) -> bool {
    let cannot = [Errno::XDEV, Errno::NOSYS, Errno::OPNOTSUPP, Errno::INVAL, Errno::BADF];
    error.errno().is_some_and(|errno| cannot.contains(&errno))
}

fn is_one_file(one: impl AsFd, other: impl AsFd) -> Result<bool> {
    let one = call("fstat", || rustix::fs::fstat(&one))?;
    let other = call("fstat", || rustix::fs::fstat(&other))?;
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

fn by_moving(
    from: impl AsFd,
    from_offset: u64,
    to: impl AsFd,
    to_offset: u64,
    len: u64,
    mut done: u64,
) -> Result<u64> {
    let (reading, writing) = (access(&from)?, access(&to)?);
    reading.positions.check_read()?;
    writing.positions.check_write()?;
    let mut buffer = AlignedBuf::new(host::NATIVE, BUFFER, reading.grid.block().max(writing.grid.block()))?;
    while done < len {
        let step = usize::try_from(len - done).map_or(BUFFER, |left| left.min(BUFFER));
        buffer.resize(step, 0)?;
        let read = pread(&from, buffer.as_mut_slice(), from_offset + done, &reading)?;
        if read == 0 {
            break;
        }
        pwrite_all(&to, &buffer.as_slice()[..read], to_offset + done, &writing)?;
        done += read as u64;
        // Past the page cache, nothing can be asked from off the grid on, and there is nothing.
        if !reading.grid.read_offset.divides(read as u64) {
            break;
        }
    }
    Ok(done)
}
