//! Writes that are durable when they return, and large ones at the pace of the disk.

use bareio_core::kernel::{RwFlags, SyncRange};
use bareio_core::{Align, Errno, Kernel};

use super::progress::Draining;
use super::transfer::{advanced, one_call};
use super::{Advice, File, Sync};
use crate::error::{Error, Result};

impl<K: Kernel> File<K> {
    /// Writes all of `buf` to `offset` on; it is durable when this returns, with what reading it back needs.
    ///
    /// Beside [`Sync::Data`], which has every write of the file flushed, and a write followed by
    /// [`sync_data`](Self::sync_data), this is the third way: one system call, and under direct I/O often one request to
    /// the device.
    ///
    /// # Errors
    ///
    /// - [`Poisoned`](crate::ErrorKind::Poisoned): an earlier flush failed.
    /// - As [`write_all_at`](Self::write_all_at). If the device failed, or had no room, the file counts as poisoned.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// file.write_durable_at(b"committed", 0)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Source: `RWF_DSYNC`, `pwritev2(2)`; Linux 4.7. Elsewhere by a write and a flush.
    pub fn write_durable_at(&self, buf: &[u8], offset: u64) -> Result<()> {
        let block = self.align().block();
        let mut draining = Draining::new(buf.len(), block);
        while let Some(next) = draining.next() {
            let part = &buf[next..][..one_call(buf.len() - next, block)];
            let at = advanced(offset, next)?;
            self.check_write(part.as_ptr(), part.len(), at)?;
            draining.add(self.write_through(|| self.write_flushed(part, at))?)?;
        }
        Ok(())
    }

    fn write_flushed(&self, buf: &[u8], offset: u64) -> Result<usize> {
        let descriptor = &self.0.descriptor;
        if self.sync_mode() >= Sync::Data {
            return descriptor.write(buf, offset, RwFlags::NONE);
        }
        match descriptor.write(buf, offset, RwFlags::DATA_SYNC) {
            // Before 4.7, and devices whose drivers know no flags.
            Err(error) if error.errno() == Some(Errno::OPNOTSUPP) => {
                let count = descriptor.write(buf, offset, RwFlags::NONE)?;
                let flushed = descriptor.sync_data();
                flushed.map(|()| count).map_err(|errno| Error::os("fdatasync", errno))
            }
            answer => answer,
        }
    }

    /// Flushes, unless the file was opened so that every write is flushed by itself as far as this would.
    ///
    /// # Errors
    ///
    /// As [`sync_data`](Self::sync_data).
    ///
    /// ```
    /// use bareio::file::{OpenOptions, Sync};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("data");
    /// let file = OpenOptions::new().write(true).create(true).sync(Sync::Data).open(&path)?;
    /// file.write_all_at(b"durable by now", 0)?;
    /// file.sync_as_opened()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sync_as_opened(&self) -> Result<()> {
        match self.sync_mode() {
            Sync::None => self.sync_data(),
            Sync::Data | Sync::All => self.check_durable(),
        }
    }

    /// Writes that follow each other from `offset` on, paced.
    ///
    /// Left alone, the page cache swallows a large write at the speed of memory, and then everybody waits for the disk at
    /// once. Paced, it is written back as it comes, and dropped from the cache, so that it pushes out nothing that is in
    /// use.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// let mut paced = file.paced(0);
    /// for _ in 0..40 {
    ///     paced.write_all(&[7; 1 << 20])?;
    /// }
    /// paced.finish()?;
    /// assert_eq!(file.size()?, 40 << 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn paced(&self, offset: u64) -> Paced<'_, K> {
        let pace = if self.granted().is_direct() { Pace::Unneeded } else { Pace::Uncached };
        Paced { file: self, offset, begun: offset, awaited: offset, pace }
    }
}

/// How far writing back is behind, in bytes, before somebody waits for it.
const WINDOW: u64 = 8 << 20;

/// By what means writes are [paced](File::paced).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pace {
    /// The kernel writes back and drops what is written, by itself: `RWF_DONTCACHE`, Linux 6.14.
    Uncached,
    /// Writing back is begun and awaited by ranges: `sync_file_range(2)`, Linux 2.6.17.
    Ranges,
    /// The host has no means.
    None,
    /// The file is direct: there is nothing in between.
    Unneeded,
}

/// Writes that follow each other at the pace of the disk. Made by [`File::paced`].
#[derive(Debug)]
#[must_use]
pub struct Paced<'f, K: Kernel> {
    file: &'f File<K>,
    /// Where the next write goes.
    offset: u64,
    /// Up to where writing back was begun.
    begun: u64,
    /// Up to where it was waited for.
    awaited: u64,
    pace: Pace,
}

impl<K: Kernel> Paced<'_, K> {
    /// Where the next write goes, in bytes from the start of the file.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// By what means it is paced. Known after the first write.
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// Writes all of `buf` behind what was written before.
    ///
    /// # Errors
    ///
    /// - As [`File::write_all_at`]. Some of it may have been written; the next write goes where this one should have.
    /// - Writing back failed: the file counts as poisoned.
    pub fn write_all(&mut self, buf: &[u8]) -> Result<()> {
        let piece = usize::try_from(WINDOW).unwrap_or(usize::MAX);
        for part in buf.chunks(piece) {
            self.write_part(part)?;
            self.offset = advanced(self.offset, part.len())?;
            self.keep_pace()?;
        }
        Ok(())
    }

    fn write_part(&mut self, buf: &[u8]) -> Result<()> {
        let mut draining = Draining::new(buf.len(), Align::BYTE);
        while let (Some(next), Pace::Uncached) = (draining.next(), self.pace) {
            let (part, at) = (&buf[next..], advanced(self.offset, next)?);
            self.file.check_write(part.as_ptr(), part.len(), at)?;
            let write = || self.file.0.descriptor.write(part, at, RwFlags::DONTCACHE);
            match self.file.written(write) {
                Ok(count) => draining.add(count)?,
                Err(error) => match error.errno() {
                    Some(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => self.pace = Pace::Ranges,
                    _ => return Err(error),
                },
            }
        }
        match draining.next() {
            Some(next) => self.file.write_all_at(&buf[next..], advanced(self.offset, next)?),
            None => Ok(()),
        }
    }

    /// Begins writing back what was written, and waits for what was begun before.
    fn keep_pace(&mut self) -> Result<()> {
        while self.pace == Pace::Ranges && self.offset - self.begun >= WINDOW {
            let next = self.begun + WINDOW;
            let begun = self.range(self.begun, next, SyncRange::WRITE);
            if begun == Err(Errno::NOSYS) {
                self.pace = Pace::None;
                return Ok(());
            }
            self.checked(begun)?;
            if self.awaited < self.begun {
                let all = SyncRange::WAIT_BEFORE | SyncRange::WRITE | SyncRange::WAIT_AFTER;
                self.checked(self.range(self.awaited, self.begun, all))?;
                self.file.advise(self.awaited..self.begun, Advice::DontNeed)?;
            }
            (self.awaited, self.begun) = (self.begun, next);
        }
        Ok(())
    }

    fn range(&self, from: u64, to: u64, how: SyncRange) -> std::result::Result<(), Errno> {
        self.file.0.descriptor.sync_range(from, to - from, how)
    }

    /// A failure of writing back is told once only: whoever is told must remember.
    fn checked(&self, result: std::result::Result<(), Errno>) -> Result<()> {
        match result {
            // What is not a file of a disk has nothing to be written back.
            Err(Errno::SPIPE | Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
            result => self.file.flushed("sync_file_range", result),
        }
    }

    /// Flushes what was written, and drops it from the cache.
    ///
    /// # Errors
    ///
    /// As [`File::sync_data`].
    pub fn finish(self) -> Result<()> {
        self.file.sync_data()?;
        if self.pace == Pace::Ranges && self.awaited < self.offset {
            self.file.advise(self.awaited..self.offset, Advice::DontNeed)?;
        }
        Ok(())
    }
}
