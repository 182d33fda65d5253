//! Reads and writes of buffers that are handed in, and come back whatever happens.
#![expect(
    unsafe_code,
    reason = "buffers name their bytes by address, and here is where they are held meanwhile"
)]

use bareio_core::Kernel;
use bareio_core::kernel::RwFlags;

use super::File;
use super::progress::{Draining, Filling};
use super::transfer::{advanced, one_call};
use crate::buf::{IoBuf, IoBufMut};
use crate::error::{Error, Refused, Result};

impl<K: Kernel> File<K> {
    /// Reads from `offset` on into all the room that `buf` has; its length becomes what arrived, which is returned as well.
    /// One system call.
    ///
    /// # Errors
    ///
    /// As [`read_at`](Self::read_at), with the buffer as it was.
    ///
    /// ```
    /// use bareio::file::File;
    ///
    /// let file = File::open("Cargo.toml")?;
    /// let (count, buf) = file.read_into(Vec::with_capacity(9), 0)?;
    /// assert_eq!((count, &*buf), (9, &b"[package]"[..]));
    /// // The buffer comes back with an error, too.
    /// let refused = file.read_into(buf, u64::MAX).unwrap_err();
    /// assert_eq!(refused.given, b"[package]");
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn read_into<B: IoBufMut>(&self, mut buf: B, offset: u64) -> Result<(usize, B), Refused<B>> {
        let (first, len) = buf.room();
        match self.read_room(first, one_call(len, self.align().block()), offset) {
            Ok(count) => {
                // SAFETY: so many bytes of its room were written.
                unsafe { buf.set_filled(count) };
                Ok((count, buf))
            }
            Err(error) => Err(Refused::new(error, buf)),
        }
    }

    /// Fills all the room that `buf` has from `offset` on, in as many calls as it takes.
    ///
    /// # Errors
    ///
    /// As [`read_exact_at`](Self::read_exact_at), with the buffer; its length is what was read.
    pub fn read_exact_into<B: IoBufMut>(&self, mut buf: B, offset: u64) -> Result<B, Refused<B>> {
        let (first, wanted) = buf.room();
        let mut filling = Filling::new(wanted);
        let mut failed = None;
        while let (Some(next), None) = (filling.next(), failed) {
            let len = one_call(wanted - next, self.align().block());
            let read =
                advanced(offset, next).and_then(|at| self.read_room(first.wrapping_add(next), len, at));
            match read {
                Ok(count) => filling.add(self, offset, count),
                Err(error) => failed = Some(error),
            }
        }
        if filling.got() > 0 {
            // SAFETY: so many bytes of its room were written.
            unsafe { buf.set_filled(filling.got()) };
        }
        match failed.map_or_else(|| filling.check(), Err) {
            Ok(()) => Ok(buf),
            Err(error) => Err(Refused::new(error, buf)),
        }
    }

    /// Writes what `buf` holds to `offset` on, and returns how many bytes. One system call.
    ///
    /// # Errors
    ///
    /// As [`write_at`](Self::write_at), with the buffer.
    ///
    /// ```
    /// use bareio::file::File;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let file = File::create(folder.path().join("data"))?;
    /// let (count, buf) = file.write_from(vec![7; 512], 0)?;
    /// assert_eq!((count, buf.len()), (512, 512));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_from<B: IoBuf>(&self, buf: B, offset: u64) -> Result<(usize, B), Refused<B>> {
        let (first, len) = buf.data();
        match self.write_data(first, one_call(len, self.align().block()), offset) {
            Ok(count) => Ok((count, buf)),
            Err(error) => Err(Refused::new(error, buf)),
        }
    }

    /// Writes all that `buf` holds to `offset` on, in as many calls as it takes.
    ///
    /// # Errors
    ///
    /// As [`write_all_at`](Self::write_all_at), with the buffer.
    pub fn write_all_from<B: IoBuf>(&self, buf: B, offset: u64) -> Result<B, Refused<B>> {
        let (first, len) = buf.data();
        let block = self.align().block();
        let mut draining = Draining::new(len, block);
        while let Some(next) = draining.next() {
            let part = one_call(len - next, block);
            let at = advanced(offset, next);
            let written = at.and_then(|at| self.write_data(first.wrapping_add(next), part, at));
            if let Err(error) = written.and_then(|count| draining.add(count)) {
                return Err(Refused::new(error, buf));
            }
        }
        Ok(buf)
    }

    /// Reads to room of a buffer that is held by the caller.
    fn read_room(&self, first: *mut u8, len: usize, offset: u64) -> Result<usize, Error> {
        self.check_read(first, len, offset)?;
        // SAFETY: a part of the room of a buffer that the caller owns; its trait says that the bytes are its own.
        unsafe { self.0.descriptor.read_raw(first, len, offset, RwFlags::NONE) }
    }

    /// Writes data of a buffer that is held by the caller.
    fn write_data(&self, first: *const u8, len: usize, offset: u64) -> Result<usize, Error> {
        self.check_write(first, len, offset)?;
        // SAFETY: a part of the data of a buffer that the caller owns; its trait says that nobody writes to it.
        self.written(|| unsafe { self.0.descriptor.write_raw(first, len, offset, RwFlags::NONE) })
    }
}
