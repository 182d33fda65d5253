//! Reading and writing at an offset, on the grid of the file.

use std::os::fd::AsFd;

use bareio_core::op::{OpError, Positions};

use super::{Grid, call, granted, lend, positions, range, stream};
use crate::{Error, ErrorKind, Result, host};

/// How a file is read and written: asked once, and then checked at each transfer, which costs a few instructions where
/// asking costs calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// What addresses, lengths and offsets must be multiples of. [`Grid::ANY`] unless it is open for direct I/O.
    pub grid: Grid,
    /// What offsets mean to it.
    pub positions: Positions,
}

/// Asks how `file` is to be read and written.
///
/// # Errors
///
/// [`Os`](ErrorKind::Os): the system's. [`Unsupported`](ErrorKind::Unsupported): it is open for direct I/O and cannot do
/// it; see [`direct_io_align`].
///
/// # Examples
///
/// ```
/// use bareio::{Grid, core::op::Positions, fd::access};
/// let access = access(tempfile::tempfile()?)?;
/// assert_eq!((access.grid, access.positions), (Grid::ANY, Positions::Kept));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn access(file: impl AsFd) -> Result<Access> {
    let direct = granted(&file)?.direct;
    access_of(file, direct)
}

pub(super) fn access_of(file: impl AsFd, direct: bool) -> Result<Access> {
    let positions = positions(&file)?;
    let grid = if direct && positions != Positions::None { direct_io_align(&file)? } else { Grid::ANY };
    Ok(Access { grid, positions })
}

/// Tells what direct I/O on `file` asks of addresses, lengths and offsets, whether or not it is open for that.
///
/// Memory and offsets apart, and reads apart from writes, as the file system says them. One that does not say it is
/// asked in other ways: the sector of the device, else 4,096 bytes, confirmed by reading a block. A file that is not
/// open for reading cannot confirm it, and is believed. Where direct I/O asks nothing, as on macOS, it is
/// [`Grid::ANY`].
///
/// # Errors
///
/// [`Unsupported`](ErrorKind::Unsupported): the file cannot. [`Os`](ErrorKind::Os): the system's.
///
/// # Examples
///
/// ```
/// let file = tempfile::tempfile()?;
/// match bareio::fd::direct_io_align(&file) {
///     Ok(grid) => println!("memory on {}, the file on {}", grid.memory, grid.offset),
///     Err(error) => assert!(error.is_unsupported()),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `statx(2)`, `STATX_DIOALIGN` (6.1), `STATX_DIO_READ_ALIGN` (6.14); `BLKSSZGET`.
pub fn direct_io_align(file: impl AsFd) -> Result<Grid> {
    if !super::DIRECT_NEEDS_ALIGNMENT {
        return Ok(Grid::ANY);
    }
    Grid::of(&host::NATIVE, lend(&file))
}

/// Reads up to `buf.len()` bytes at `offset` of `file`. Returns how many: fewer at the end of the file, 0 behind it.
///
/// An empty `buf` reads nothing, and the system is not asked.
///
/// # Errors
///
/// - [`Misaligned`](ErrorKind::Misaligned): the address of `buf`, its length or `offset` is off the grid. The system is
///   not asked: its own answer, `EINVAL`, does not say which it was.
/// - [`Operation`](ErrorKind::Operation): `offset` is above `i64::MAX`, or the file has no positions.
/// - [`Os`](ErrorKind::Os): the system's.
///
/// # Examples
///
/// ```
/// use bareio::fd::{access, pread};
/// let file = std::fs::File::open("Cargo.toml")?;
/// let mut bytes = [0; 9];
/// assert_eq!(pread(&file, &mut bytes, 0, &access(&file)?)?, 9);
/// assert_eq!(&bytes, b"[package]");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `pread(2)`.
pub fn pread(file: impl AsFd, buf: &mut [u8], offset: u64, access: &Access) -> Result<usize> {
    range::offset(offset)?;
    access.positions.check_read()?;
    if buf.is_empty() {
        return Ok(0);
    }
    access.grid.check_read(buf.as_ptr().addr(), buf.len(), offset)?;
    call("pread", || rustix::io::pread(&file, &mut *buf, offset)).map_err(stream)
}

/// Writes up to `buf.len()` bytes at `offset` of `file`. Returns how many.
///
/// An empty `buf` writes nothing, and the system is not asked.
///
/// # Errors
///
/// - [`Misaligned`](ErrorKind::Misaligned): as [`pread`].
/// - [`Operation`](ErrorKind::Operation): `offset` is above `i64::MAX`, the file has no positions, or it was opened to
///   append, when Linux would ignore `offset` in silence.
/// - [`Os`](ErrorKind::Os): the system's. `ENOSPC`, `EDQUOT`: there is no room; `EFBIG`: the file would be larger than the
///   file system or `RLIMIT_FSIZE` allow, and `SIGXFSZ` is sent.
///
/// # Examples
///
/// ```
/// use bareio::{ErrorKind, core::op::OpError, fd::{access, pwrite}};
/// let file = tempfile::NamedTempFile::new()?;
/// assert_eq!(pwrite(&file, b"here", 100, &access(&file)?)?, 4);
///
/// let log = std::fs::File::options().append(true).open(file.path())?;
/// let error = pwrite(&log, b"where?", 0, &access(&log)?).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Operation(OpError::Append));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `pwrite(2)`.
pub fn pwrite(file: impl AsFd, buf: &[u8], offset: u64, access: &Access) -> Result<usize> {
    range::offset(offset)?;
    access.positions.check_write()?;
    if buf.is_empty() {
        return Ok(0);
    }
    access.grid.check_write(buf.as_ptr().addr(), buf.len(), offset)?;
    call("pwrite", || rustix::io::pwrite(&file, buf, offset)).map_err(stream)
}

/// Reads all of `buf`, in as many calls as it takes.
///
/// # Errors
///
/// As [`pread`]; [`ShortRead`](ErrorKind::ShortRead): the file ended before.
///
/// # Examples
///
/// ```
/// use bareio::{ErrorKind, fd::{access, pread_exact}};
/// let file = tempfile::tempfile()?;
/// file.set_len(3)?;
/// let error = pread_exact(&file, &mut [0; 8], 0, &access(&file)?).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::ShortRead { wanted: 8, got: 3 });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pread_exact(file: impl AsFd, buf: &mut [u8], offset: u64, access: &Access) -> Result<()> {
    let mut done = 0;
    while done < buf.len() {
        let moved = pread(&file, &mut buf[done..], at(offset, done)?, access)?;
        done += moved;
        // Past the page cache, a count off the grid is one that the end of the file cut.
        if moved == 0 || done < buf.len() && !access.grid.read_offset.divides(done as u64) {
            return Err(ErrorKind::ShortRead { wanted: buf.len() as u64, got: done as u64 }.into());
        }
    }
    Ok(())
}

/// Writes all of `buf`, in as many calls as it takes. After a short count it goes on from the last multiple of the grid.
///
/// # Errors
///
/// As [`pwrite`]; [`ShortWrite`](ErrorKind::ShortWrite): the system took no more, and gave no reason.
///
/// # Examples
///
/// ```
/// use bareio::fd::{access, pwrite_all};
/// let file = tempfile::tempfile()?;
/// pwrite_all(&file, b"all of it", 0, &access(&file)?)?;
/// assert_eq!(file.metadata()?.len(), 9);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pwrite_all(file: impl AsFd, buf: &[u8], offset: u64, access: &Access) -> Result<()> {
    let grid = access.grid.offset.max(access.grid.memory);
    let mut done = 0;
    while done < buf.len() {
        let moved = pwrite(&file, &buf[done..], at(offset, done)?, access)?;
        let end = done + moved;
        // Back to the grid: a few bytes are written twice, and are the same.
        let next = if end == buf.len() { end } else { end - end % grid.len() };
        if next <= done {
            return Err(ErrorKind::ShortWrite { wanted: buf.len() as u64, got: end as u64 }.into());
        }
        done = next;
    }
    Ok(())
}

/// `done` bytes behind `offset`.
fn at(offset: u64, done: usize) -> Result<u64> {
    offset.checked_add(done as u64).ok_or(Error::from(OpError::Offset { offset: u64::MAX }))
}
