//! The size of a file, and the space under it.

use std::ops::Range;

use bareio_core::Errno;
use bareio_core::Kernel;
use bareio_core::kernel::Allocate;

use super::{Advice, File};
use crate::error::{Error, ErrorKind, Result};

/// Whether a call is not to be had here.
const fn is_missing(error: &Error) -> bool {
    matches!(error.errno(), Some(Errno::OPNOTSUPP | Errno::NOSYS))
}

/// The length of a range; an empty or reversed one has none.
const fn len(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

impl<K: Kernel> File<K> {
    /// Sets the size to `len` bytes. What is cut off is gone; what is new reads as zero and takes no space.
    ///
    /// One system call, `ftruncate(2)`. It is durable once the file is flushed.
    ///
    /// # Errors
    ///
    /// - [`Operation`](ErrorKind::Operation): `len` is above `i64::MAX`.
    /// - The kernel's.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// file.truncate(5000)?;
    /// assert_eq!(file.size()?, 5000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn truncate(&self, len: u64) -> Result<()> {
        self.0.descriptor.truncate(len)
    }

    /// Sees to it that the file is at least `len` bytes long and that there is space for them. It never makes the file
    /// shorter.
    ///
    /// `fallocate(2)`. A file system that cannot reserve space gets the length alone; there, nobody else may change the size
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// - [`Operation`](ErrorKind::Operation): `len` is above `i64::MAX`.
    /// - The kernel's: `NOSPC` before anything is changed.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// file.preallocate(8192)?;
    /// file.preallocate(100)?;
    /// assert_eq!(file.size()?, 8192);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn preallocate(&self, len: u64) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        if self.is_block_device() {
            // All of it is there, and no more will be.
            return if self.size()? >= len { Ok(()) } else { Err(Error::os("fallocate", Errno::NOSPC)) };
        }
        match self.0.descriptor.allocate(Allocate::NONE, 0, len) {
            Err(error) if is_missing(&error) => match self.size()? {
                size if size >= len => Ok(()),
                _ => self.truncate(len),
            },
            answer => answer,
        }
    }

    /// Sees to it that there is space for `range`, in bytes, and leaves the size as it is.
    ///
    /// # Errors
    ///
    /// The kernel's. `OPNOTSUPP`: the file system cannot.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// file.reserve(0..65536)?;
    /// assert_eq!(file.size()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reserve(&self, range: Range<u64>) -> Result<()> {
        match len(&range) {
            0 => Ok(()),
            len => self.0.descriptor.allocate(Allocate::KEEP_SIZE, range.start, len),
        }
    }

    /// Gives the space under `range`, in bytes, back to the file system, and returns what was given back. It reads as
    /// zero afterwards, and the file keeps its size.
    ///
    /// Only whole blocks are given back: the range is first shrunk to them, so that data next to it is never touched. If
    /// none fits, the answer is an empty range, and the kernel is not asked.
    ///
    /// # Errors
    ///
    /// - [`Operation`](ErrorKind::Operation): the range ends above `i64::MAX`.
    /// - The kernel's. `OPNOTSUPP`: the file system cannot. ext4, xfs, btrfs and tmpfs can.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// file.truncate(16384)?;
    /// assert_eq!(file.punch_hole(100..16000)?, 4096..12288);
    /// assert!(file.punch_hole(1..4096)?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Source: `fallocate(2)`, `FALLOC_FL_PUNCH_HOLE`; Linux 2.6.38.
    pub fn punch_hole(&self, range: Range<u64>) -> Result<Range<u64>> {
        let inner = self.0.facts.block.inner(range);
        if !inner.is_empty() {
            let how = Allocate::PUNCH_HOLE | Allocate::KEEP_SIZE;
            self.0.descriptor.allocate(how, inner.start, len(&inner))?;
        }
        Ok(inner)
    }

    /// Says how `range` will be used; an end of `u64::MAX` is the file's. It changes nothing but speed.
    ///
    /// # Errors
    ///
    /// The kernel's, for what is no file. A host that takes no advice is none.
    ///
    /// ```
    /// use bareio::file::Advice;
    ///
    /// let file = bareio::File::open("Cargo.toml")?;
    /// file.advise(0..u64::MAX, Advice::Sequential)?;
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn advise(&self, range: Range<u64>, advice: Advice) -> Result<()> {
        // To the kernel, a length of 0 is to the end; so an empty range must not reach it.
        let len = if range.end == u64::MAX { 0 } else { len(&range) };
        if len == 0 && range.end != u64::MAX {
            return Ok(());
        }
        match self.0.descriptor.advise(range.start, len, advice) {
            Err(error) if is_missing(&error) => Ok(()),
            answer => answer,
        }
    }
}

impl<K: Kernel + Clone> File<K> {
    /// Has `range`, in bytes, read as zero. It keeps its space, and the file gets longer if the range ends behind it.
    ///
    /// A file system that cannot do it without writing gets zeroes written.
    ///
    /// # Errors
    ///
    /// - [`Operation`](ErrorKind::Operation): the range ends above `i64::MAX`.
    /// - The kernel's.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// file.write_all_at(b"abcdef", 0)?;
    /// file.zero_range(1..3)?;
    /// let mut bytes = [9; 6];
    /// file.read_exact_at(&mut bytes, 0)?;
    /// assert_eq!(&bytes, b"a\0\0def");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Source: `fallocate(2)`, `FALLOC_FL_ZERO_RANGE`; Linux 3.15.
    pub fn zero_range(&self, range: Range<u64>) -> Result<()> {
        let len = len(&range);
        if len == 0 {
            return Ok(());
        }
        match self.0.descriptor.allocate(Allocate::ZERO_RANGE, range.start, len) {
            Err(error) if is_missing(&error) => self.write_zeroes(range.start, range.end),
            // A device takes whole blocks only.
            Err(error) if self.is_block_device() && error.errno() == Some(Errno::INVAL) => {
                self.write_zeroes(range.start, range.end)
            }
            answer => answer,
        }
    }

    /// Copies up to `len` bytes from `offset` on to another file, to `to_offset` on, and returns how many: fewer if this
    /// file ends.
    ///
    /// Where the file system can, blocks are shared instead of copied; where the kernel cannot copy at all, or only within one
    /// file system, it is done by reading and writing. Under direct I/O, what is said of
    /// [`write_unaligned_at`](Self::write_unaligned_at) holds then.
    ///
    /// # Errors
    ///
    /// - `INVAL`: the two ranges are of one file, and overlap.
    /// - The kernel's. Some of it may have been copied.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// let from = bareio::File::open("Cargo.toml")?;
    /// let to = bareio::File::create(folder.path().join("copy"))?;
    /// assert_eq!(from.copy_range(0, &to, 0, u64::MAX)?, from.size()?);
    /// assert_eq!(to.size()?, from.size()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Source: `copy_file_range(2)`; Linux 4.5.
    pub fn copy_range(&self, offset: u64, to: &Self, to_offset: u64, len: u64) -> Result<u64> {
        /// What one call is asked for: it may share blocks, so the more the better.
        const PIECE: u64 = 1 << 30;
        self.positions().check_read()?;
        to.positions().check_write()?;
        let mut done = 0;
        let mut by_hand = false;
        while done < len {
            let overflow = Error::new(ErrorKind::Overflow);
            let from_at = offset.checked_add(done).ok_or(overflow)?;
            let to_at = to_offset.checked_add(done).ok_or(overflow)?;
            let piece = usize::try_from((len - done).min(PIECE)).unwrap_or(usize::MAX);
            let count = if by_hand {
                self.copy_piece(from_at, to, to_at, piece)?
            } else {
                match self.0.descriptor.copy_range(from_at, &to.0.descriptor, to_at, piece) {
                    // Some files that tell no size are called empty: reading knows better.
                    Ok(0) if done == 0 => {
                        by_hand = true;
                        continue;
                    }
                    Ok(count) => count,
                    Err(Errno::XDEV | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::TXTBSY)
                        if !self.overlaps(offset, to, to_offset, len) =>
                    {
                        by_hand = true;
                        continue;
                    }
                    Err(errno) => return Err(Error::os("copy_file_range", errno)),
                }
            };
            if count == 0 {
                break;
            }
            done += count as u64;
        }
        Ok(done)
    }

    /// Whether the ranges have bytes in common. If it cannot be told, they may have.
    fn overlaps(&self, offset: u64, to: &Self, to_offset: u64, len: u64) -> bool {
        let apart = offset.saturating_add(len) <= to_offset || to_offset.saturating_add(len) <= offset;
        let is_other = || {
            let mask = bareio_core::abi::Statx::BASIC_STATS;
            let stats = (self.0.descriptor.stat(mask), to.0.descriptor.stat(mask));
            matches!(stats, (Ok(one), Ok(other)) if !one.is_same_file(&other))
        };
        !apart && !is_other()
    }
}
