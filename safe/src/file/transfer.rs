//! Reads and writes of memory that is borrowed.

use bareio_core::iovec::MAX_RW_LEN;
use bareio_core::kernel::RwFlags;
use bareio_core::{Align, Kernel};

use super::progress::{Draining, Filling};
use super::{File, Sync, durable};
use crate::error::{Error, ErrorKind, Result};

/// The most of `len` bytes that one call moves, on a grid of `align`.
pub(crate) fn one_call(len: usize, align: Align) -> usize {
    if len <= MAX_RW_LEN { len } else { MAX_RW_LEN & !(align.len() - 1) }
}

impl<K: Kernel> File<K> {
    /// Reads up to `buf.len()` bytes from `offset` on, and returns how many: fewer at the end of the file, none
    /// behind it. One system call, `pread(2)`; none if `buf` is empty.
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
        let len = one_call(buf.len(), self.align().block());
        let buf = &mut buf[..len];
        self.check_read(buf.as_ptr(), len, offset)?;
        self.0.descriptor.read(buf, offset, RwFlags::NONE)
    }

    /// Writes up to `buf.len()` bytes to `offset` on, and returns how many. One system call, `pwrite(2)`; none if
    /// `buf` is empty.
    ///
    /// It may be fewer where there is no room for more; [`write_all_at`](Self::write_all_at) goes on, and says why it
    /// could not.
    ///
    /// # Errors
    ///
    /// - As [`read_at`](Self::read_at); a file that was opened to append is refused too.
    /// - [`Poisoned`](ErrorKind::Poisoned): the file flushes each write ([`Sync`]), and a flush failed.
    ///
    /// ```
    /// use bareio::file::File;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let file = File::create(folder.path().join("data"))?;
    /// assert_eq!(file.write_at(b"abc", 5)?, 3);
    /// assert_eq!(file.size()?, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn write_at(&self, buf: &[u8], offset: u64) -> Result<usize> {
        let buf = &buf[..one_call(buf.len(), self.align().block())];
        self.check_write(buf.as_ptr(), buf.len(), offset)?;
        self.written(|| self.0.descriptor.write(buf, offset, RwFlags::NONE))
    }

    /// Carries out a write that is to be durable when it returns, if the file was opened so.
    #[inline]
    pub(super) fn written(&self, write: impl FnOnce() -> Result<usize>) -> Result<usize> {
        if self.sync_mode() == Sync::None { write() } else { self.write_through(write) }
    }

    /// Carries out a write that is to be durable when it returns.
    pub(super) fn write_through(&self, write: impl FnOnce() -> Result<usize>) -> Result<usize> {
        if self.granted().is_direct() {
            self.check_durable()?;
            return self.durably(write());
        }
        self.0.durability.carry_out(durable::write_loses, write)
    }

    /// Takes note of how a write ended that was to be durable, and for which nobody waited, or that went past the page
    /// cache.
    pub(crate) fn durably(&self, written: Result<usize>) -> Result<usize> {
        if let Some(errno) =
            written.err().and_then(|error| error.errno()).filter(|errno| durable::write_loses(*errno))
        {
            self.poison(errno);
        }
        // Another flush may have been told of what this one was to cover.
        written.and_then(|count| self.check_durable().map(|()| count))
    }

    /// Checks a read of `len` bytes to `buf`, before the kernel is asked. One of no bytes is right everywhere.
    #[inline]
    pub(crate) fn check_read(&self, buf: *const u8, len: usize, offset: u64) -> Result<()> {
        if len > 0 {
            self.positions().check_read()?;
            self.align().check_read(buf.addr(), len, offset)?;
        }
        Ok(())
    }

    /// Checks a write of `len` bytes from `buf`, before the kernel is asked. One of no bytes is right everywhere.
    #[inline]
    pub(crate) fn check_write(&self, buf: *const u8, len: usize, offset: u64) -> Result<()> {
        if len > 0 {
            self.positions().check_write()?;
            self.align().check_write(buf.addr(), len, offset)?;
        }
        Ok(())
    }

    /// Reads `buf.len()` bytes from `offset` on, in as many calls as it takes.
    ///
    /// # Errors
    ///
    /// - [`ShortRead`](ErrorKind::ShortRead): the file ends before. What was read is in `buf`.
    /// - As [`read_at`](Self::read_at).
    ///
    /// ```
    /// use bareio::file::File;
    ///
    /// let file = File::open("Cargo.toml")?;
    /// let behind = file.size()? - 1;
    /// let error = file.read_exact_at(&mut [0; 2], behind).unwrap_err();
    /// assert!(error.is_short());
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        self.fill_at(buf, offset)?.check()
    }

    /// Reads until `buf` is full or the file ends.
    pub(super) fn read_full_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        Ok(self.fill_at(buf, offset)?.got())
    }

    fn fill_at(&self, buf: &mut [u8], offset: u64) -> Result<Filling> {
        let mut filling = Filling::new(buf.len());
        while let Some(next) = filling.next() {
            let count = self.read_at(&mut buf[next..], advanced(offset, next)?)?;
            filling.add(self, offset, count);
        }
        Ok(filling)
    }

    /// Writes all of `buf` to `offset` on, in as many calls as it takes. Under direct I/O each begins on the
    /// [grid](Self::align): of a block that was written in part, all is written again.
    ///
    /// # Errors
    ///
    /// - [`ShortWrite`](ErrorKind::ShortWrite): so much was written, and then no more could be, without a reason.
    /// - As [`write_at`](Self::write_at). Some of it may have been written.
    pub fn write_all_at(&self, buf: &[u8], offset: u64) -> Result<()> {
        let mut draining = Draining::new(buf.len(), self.align().block());
        while let Some(next) = draining.next() {
            draining.add(self.write_at(&buf[next..], advanced(offset, next)?)?)?;
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_moves_whole_blocks_and_no_more_than_the_kernel_does() {
        assert_eq!(one_call(5, Align::B_512), 5);
        assert_eq!(one_call(MAX_RW_LEN, Align::KIB_4), MAX_RW_LEN);
        assert_eq!(one_call(1 << 31, Align::BYTE), MAX_RW_LEN);
        assert_eq!(one_call(1 << 31, Align::MIB_2) % Align::MIB_2.len(), 0);
    }
}
