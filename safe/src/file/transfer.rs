//! Reads and writes of memory that is borrowed.

use bareio_core::iovec::MAX_RW_LEN;
use bareio_core::kernel::RwFlags;
use bareio_core::{Align, Errno, Kernel};

use super::{File, Sync};
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
        if self.sync_mode() == Sync::None { write() } else { self.durably(write) }
    }

    /// Carries out a write that is to be durable when it returns.
    ///
    /// The kernel does not tell whether the write or the flush failed, so a failed device, and one without room, count
    /// as the flush.
    pub(super) fn durably(&self, write: impl FnOnce() -> Result<usize>) -> Result<usize> {
        self.check_durable()?;
        match write() {
            // Somebody else's flush may have been told of what ours was to cover.
            Ok(count) => self.check_durable().map(|()| count),
            Err(error) => {
                if let Some(errno @ (Errno::IO | Errno::NOSPC | Errno::DQUOT)) = error.errno() {
                    self.poison(errno);
                }
                Err(error)
            }
        }
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
        let got = self.read_full_at(buf, offset)?;
        if got == buf.len() { Ok(()) } else { Err(short_read(buf.len(), got)) }
    }

    /// Reads until `buf` is full or the file ends.
    pub(super) fn read_full_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let block = self.align().block();
        let mut got = 0;
        while got < buf.len() {
            match self.read_at(&mut buf[got..], advanced(offset, got)?)? {
                0 => break,
                // Off the grid there is only the end of the file.
                count if !block.divides(count as u64) => {
                    got += count;
                    break;
                }
                count => got += count,
            }
        }
        Ok(got)
    }

    /// Writes all of `buf` to `offset` on, in as many calls as it takes. Under direct I/O each begins on the
    /// [grid](Self::align): of a block that was written in part, all is written again.
    ///
    /// # Errors
    ///
    /// - [`ShortWrite`](ErrorKind::ShortWrite): so much was written, and then no more could be, without a reason.
    /// - As [`write_at`](Self::write_at). Some of it may have been written.
    pub fn write_all_at(&self, buf: &[u8], offset: u64) -> Result<()> {
        let block = self.align().block();
        let mut done = 0;
        while done < buf.len() {
            let count = self.write_at(&buf[done..], advanced(offset, done)?)?;
            done = go_on(done, count, buf.len(), block)?;
        }
        Ok(())
    }
}

/// From where to go on after a write of `count` bytes of `len`, of which `done` were written before.
pub(super) fn go_on(done: usize, count: usize, len: usize, block: Align) -> Result<usize> {
    let now = done + count;
    if now >= len {
        return Ok(now);
    }
    let next = now & !(block.len() - 1);
    if next > done { Ok(next) } else { Err(short_write(len, now)) }
}

/// `done` bytes further.
pub(super) fn advanced(offset: u64, done: usize) -> Result<u64> {
    offset.checked_add(done as u64).ok_or(Error::new(ErrorKind::Overflow))
}

pub(super) fn short_read(wanted: usize, got: usize) -> Error {
    Error::new(ErrorKind::ShortRead { wanted: wanted as u64, got: got as u64 }).during("pread")
}

pub(super) fn short_write(wanted: usize, got: usize) -> Error {
    Error::new(ErrorKind::ShortWrite { wanted: wanted as u64, got: got as u64 }).during("pwrite")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_write_goes_on_at_the_block_that_was_not_finished() {
        assert_eq!(go_on(0, 700, 2048, Align::B_512), Ok(512));
        assert_eq!(go_on(512, 1024, 2048, Align::B_512), Ok(1536));
        assert_eq!(go_on(0, 700, 2048, Align::BYTE), Ok(700));
        assert_eq!(go_on(0, 2048, 2048, Align::B_512), Ok(2048));
        // No block more: going on would be for ever.
        assert_eq!(go_on(512, 100, 2048, Align::B_512), Err(short_write(2048, 612)));
        assert_eq!(go_on(512, 0, 2048, Align::BYTE), Err(short_write(2048, 512)));
    }

    #[test]
    fn one_call_moves_whole_blocks_and_no_more_than_the_kernel_does() {
        assert_eq!(one_call(5, Align::B_512), 5);
        assert_eq!(one_call(MAX_RW_LEN, Align::KIB_4), MAX_RW_LEN);
        assert_eq!(one_call(1 << 31, Align::BYTE), MAX_RW_LEN);
        assert_eq!(one_call(1 << 31, Align::MIB_2) % Align::MIB_2.len(), 0);
    }
}
