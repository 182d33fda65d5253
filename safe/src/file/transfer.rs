//! Reads and writes of memory that is borrowed.

use bareio_core::iovec::MAX_RW_LEN;
use bareio_core::kernel::RwFlags;
use bareio_core::{Align, Errno, Kernel, Part};

use super::{File, Sync};
use crate::error::{Error, ErrorKind, Result};

/// The most of `len` bytes that one call moves, on a grid of `align`.
pub(crate) fn one_call(len: usize, align: Align) -> usize {
    if len <= MAX_RW_LEN { len } else { MAX_RW_LEN & !(align.len() - 1) }
}

impl<K: Kernel> File<K> {
    /// Reads up to `buf.len()` bytes from `offset` on, and returns how many: fewer at the end of the file, none
    /// behind it. One system call, `pread(2)`.
    ///
    /// It may also be fewer where the kernel cuts; [`read_exact_at`](Self::read_exact_at) goes on.
    ///
    /// # Errors
    ///
    /// - [`Misaligned`](ErrorKind::Misaligned): the file is direct, and address, length or offset is not on its
    ///   [grid](Self::align).
    /// - [`Operation`](ErrorKind::Operation): the offset is above `i64::MAX`, or the file has none.
    /// - The kernel's.
    ///
    /// ```
    /// use bareio::file::File;
    ///
    /// let mut bytes = [0; 9];
    /// assert_eq!(File::open("Cargo.toml")?.read_at(&mut bytes, 0)?, 9);
    /// assert_eq!(&bytes, b"[package]");
    /// # Ok::<(), bareio::Error>(())
    /// ```
    #[inline]
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let len = one_call(buf.len(), self.align().read_offset);
        let buf = &mut buf[..len];
        self.check_read(buf.as_ptr(), buf.len(), offset)?;
        self.0.descriptor.read(buf, offset, RwFlags::NONE)
    }

    /// Writes up to `buf.len()` bytes to `offset` on, and returns how many. One system call, `pwrite(2)`.
    ///
    /// It may be fewer where there is no room for more; [`write_all_at`](Self::write_all_at) goes on, and says why it
    /// could not.
    ///
    /// # Errors
    ///
    /// - As [`read_at`](Self::read_at); a file that was opened to append is refused too.
    /// - [`Poisoned`](ErrorKind::Poisoned): the file flushes each write ([`Sync`]), and one failed.
    #[inline]
    pub fn write_at(&self, buf: &[u8], offset: u64) -> Result<usize> {
        let buf = &buf[..one_call(buf.len(), self.align().offset)];
        self.check_write(buf.as_ptr(), buf.len(), offset)?;
        if self.sync_mode() == Sync::None {
            return self.0.descriptor.write(buf, offset, RwFlags::NONE);
        }
        self.check_durable()?;
        self.durably(self.0.descriptor.write(buf, offset, RwFlags::NONE))
    }

    /// Takes note of how a write ended that was to be durable when it returned.
    ///
    /// The kernel does not tell whether the write or the flush failed, so a failed device, and one without room, count
    /// as the flush.
    pub(crate) fn durably(&self, written: Result<usize>) -> Result<usize> {
        match written.map_err(|error| (error, error.errno())) {
            Ok(count) => self.check_durable().map(|()| count),
            Err((error, Some(errno @ (Errno::IO | Errno::NOSPC | Errno::DQUOT)))) => {
                self.poison(errno);
                Err(error)
            }
            Err((error, _)) => Err(error),
        }
    }

    /// Checks a read of `len` bytes to `buf`, before the kernel is asked. One of no bytes is right everywhere.
    #[inline]
    pub(crate) fn check_read(&self, buf: *const u8, len: usize, offset: u64) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        self.positions().check_read()?;
        let grid = self.align();
        check(grid.memory, grid.read_offset, buf, len, offset)
    }

    /// Checks a write of `len` bytes from `buf`, before the kernel is asked. One of no bytes is right everywhere.
    #[inline]
    pub(crate) fn check_write(&self, buf: *const u8, len: usize, offset: u64) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        self.positions().check_write()?;
        let grid = self.align();
        check(grid.memory, grid.offset, buf, len, offset)
    }

    /// Reads `buf.len()` bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// - [`ShortRead`](ErrorKind::ShortRead): the file ends before. What was read is in `buf`.
    /// - As [`read_at`](Self::read_at).
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        let wanted = buf.len();
        let mut got = 0;
        while got < wanted {
            match self.read_at(&mut buf[got..], advanced(offset, got)?) {
                Ok(0) => break,
                Ok(count) => got += count,
                // A read that ended off the grid ended at the end of the file.
                Err(error) if error.is_misaligned() && got > 0 => break,
                Err(error) => return Err(error),
            }
        }
        if got == wanted { Ok(()) } else { Err(short_read(wanted, got)) }
    }

    /// Writes all of `buf` to `offset` on.
    ///
    /// # Errors
    ///
    /// - [`ShortWrite`](ErrorKind::ShortWrite): so much was written, and then no more could be, without a reason.
    /// - As [`write_at`](Self::write_at). Some of it may have been written.
    pub fn write_all_at(&self, buf: &[u8], offset: u64) -> Result<()> {
        let mut done = 0;
        while done < buf.len() {
            match self.write_at(&buf[done..], advanced(offset, done)?)? {
                0 => return Err(short_write(buf.len(), done)),
                count => done += count,
            }
        }
        Ok(())
    }
}

#[inline]
fn check(memory: Align, grid: Align, buf: *const u8, len: usize, offset: u64) -> Result<()> {
    memory.check(Part::Address, buf.addr() as u64)?;
    grid.check(Part::Length, len as u64)?;
    grid.check(Part::Offset, offset)?;
    Ok(())
}

/// `done` bytes further.
pub(crate) fn advanced(offset: u64, done: usize) -> Result<u64> {
    offset.checked_add(done as u64).ok_or(Error::new(ErrorKind::Overflow))
}

pub(crate) fn short_read(wanted: usize, got: usize) -> Error {
    Error::new(ErrorKind::ShortRead { wanted: wanted as u64, got: got as u64 }).during("pread")
}

pub(crate) fn short_write(wanted: usize, got: usize) -> Error {
    Error::new(ErrorKind::ShortWrite { wanted: wanted as u64, got: got as u64 }).during("pwrite")
}
