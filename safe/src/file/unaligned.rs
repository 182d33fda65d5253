//! Any range of a file, also where direct I/O has a grid.
//!
//! ```text
//!            |----block----|----block----|----block----|
//! range            [ head ~|~~~ middle ~~|~ tail )
//! ```
//!
//! Head and tail go by way of an aligned buffer. So does the middle, unless the caller's memory happens to be aligned
//! where the file is.

use bareio_core::Kernel;

use super::File;
use super::transfer::advanced;
use crate::error::{Error, ErrorKind, Result};

impl<K: Kernel + Clone> File<K> {
    /// Reads from `offset` on until `buf` is full or the file ends, and returns how many bytes. Nothing need be
    /// aligned.
    ///
    /// Under direct I/O, blocks of which only a part is wanted are read into a buffer and copied from there, and so is
    /// all of it if the memory is not aligned where the file is.
    ///
    /// # Errors
    ///
    /// - As [`read_at`](Self::read_at), but for alignment.
    /// - [`Alloc`](ErrorKind::Alloc): there is no memory for the buffer.
    ///
    /// ```
    /// use bareio::file::{Direct, File, OpenOptions};
    ///
    /// let file = OpenOptions::new().read(true).direct(Direct::Preferred).open("Cargo.toml")?;
    /// let mut name = [0; 7];
    /// assert_eq!(file.read_unaligned_at(&mut name, 1)?, 7);
    /// assert_eq!(&name, b"package");
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn read_unaligned_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            let at = advanced(offset, done)?;
            let rest = &mut buf[done..];
            let whole = self.direct_part(rest.as_ptr(), rest.len(), at);
            let (asked, count) = if whole > 0 {
                (whole, self.read_full_at(&mut rest[..whole], at)?)
            } else {
                self.read_bounced(rest, at)?
            };
            done += count;
            if count < asked {
                break;
            }
        }
        Ok(done)
    }

    /// Writes all of `buf` to `offset` on. Nothing need be aligned.
    ///
    /// Under direct I/O, of a block of which only a part is written, the rest is read and written again. **That is not
    /// atomic**: whoever writes to another part of the same block meanwhile, or makes the file longer, may lose what they wrote; and a power cut may
    /// tear neighbours within the block. Serialise such writes, or write whole blocks. The file must be open to be read as well.
    ///
    /// # Errors
    ///
    /// - As [`write_all_at`](Self::write_all_at), but for alignment. Some of it may have been written, and the file may be
    ///   up to one block longer than it should.
    /// - [`Alloc`](ErrorKind::Alloc): there is no memory for the buffer.
    ///
    /// ```
    /// use bareio::file::{Direct, OpenOptions};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("data");
    /// let options = OpenOptions::new().read(true).write(true).create(true).direct(Direct::Preferred);
    /// let file = options.open(&path)?;
    /// file.write_unaligned_at(b"five bytes and more", 100)?;
    /// assert_eq!(file.size()?, 119);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_unaligned_at(&self, buf: &[u8], offset: u64) -> Result<()> {
        let grid = self.align();
        if buf.is_empty() || grid.check_write(buf.as_ptr().addr(), buf.len(), offset).is_ok() {
            return self.write_all_at(buf, offset);
        }
        self.positions().check_write()?;
        let end = advanced(offset, buf.len())?;
        // What is written beyond the end of the range, to fill its last block, must not make the file longer.
        let block = grid.block();
        let size = if block.divides(end) { None } else { Some(self.size()?) };
        let mut done = 0;
        while done < buf.len() {
            let at = advanced(offset, done)?;
            let rest = &buf[done..];
            let whole = self.direct_part(rest.as_ptr(), rest.len(), at);
            done += if whole > 0 {
                self.write_all_at(&rest[..whole], at)?;
                whole
            } else {
                self.write_bounced(rest, at)?
            };
        }
        match size {
            Some(size) if size < block.ceil(end)? => self.truncate(size.max(end)),
            _ => Ok(()),
        }
    }

    /// How many bytes can be transferred without a detour.
    fn direct_part(&self, buf: *const u8, len: usize, offset: u64) -> usize {
        let (grid, block) = (self.align(), self.align().block());
        let whole = len & !(block.len() - 1);
        if grid.check_write(buf.addr(), whole, offset).is_ok() { whole } else { 0 }
    }

    /// How many bytes to take by way of a buffer: to where the rest can go without, or all.
    fn bounced_part(&self, buf: *const u8, len: usize, offset: u64) -> usize {
        let (grid, block) = (self.align(), self.align().block());
        let head = block.len() - usize::try_from(offset & (block.bytes() - 1)).unwrap_or(0);
        let meets =
            head < block.len() && head < len && grid.memory.divides(buf.addr().wrapping_add(head) as u64);
        if meets { head } else { len }
    }

    /// Reads a piece of the file by way of a buffer. Returns how much was to be read, and how much was.
    fn read_bounced(&self, buf: &mut [u8], offset: u64) -> Result<(usize, usize)> {
        self.positions().check_read()?;
        let block = self.align().block();
        self.0.bounce.lend(self.kernel(), block, |bounce| {
            let first = block.floor(offset);
            let skip = usize::try_from(offset - first).map_err(|_| Error::new(ErrorKind::Overflow))?;
            let wanted = self.bounced_part(buf.as_ptr(), buf.len(), offset).min(bounce.len() - skip);
            let whole = block.ceil_len(skip + wanted)?;
            let got = self.read_full_at(&mut bounce[..whole], first)?;
            let got = got.saturating_sub(skip).min(wanted);
            buf[..got].copy_from_slice(&bounce[skip..skip + got]);
            Ok((wanted, got))
        })
    }

    /// Writes a piece of the file by way of a buffer: what is around it in its first and last block is read before. Returns
    /// how much was written.
    fn write_bounced(&self, buf: &[u8], offset: u64) -> Result<usize> {
        let block = self.align().block();
        self.0.bounce.lend(self.kernel(), block, |bounce| {
            let first = block.floor(offset);
            let skip = usize::try_from(offset - first).map_err(|_| Error::new(ErrorKind::Overflow))?;
            let count = self.bounced_part(buf.as_ptr(), buf.len(), offset).min(bounce.len() - skip);
            let end = skip + count;
            let whole = block.ceil_len(end)?;
            if skip > 0 {
                self.read_block(&mut bounce[..block.len()], first)?;
            }
            let last = whole - block.len();
            // The last block is read if it is written in part, unless it is the first, which was just read.
            if end < whole && (last > 0 || skip == 0) {
                self.read_block(&mut bounce[last..whole], first + last as u64)?;
            }
            bounce[skip..end].copy_from_slice(&buf[..count]);
            self.write_all_at(&bounce[..whole], first)?;
            Ok(count)
        })
    }

    /// Reads one block; what lies behind the end of the file is zero.
    fn read_block(&self, block: &mut [u8], offset: u64) -> Result<()> {
        let got = self.read_full_at(block, offset)?;
        block[got..].fill(0);
        Ok(())
    }

    /// Writes zeroes to a range, by way of a buffer.
    pub(super) fn write_zeroes(&self, mut offset: u64, end: u64) -> Result<()> {
        const ZEROES: [u8; 4096] = [0; 4096];
        let block = self.align().block();
        while offset < end {
            let left = usize::try_from(end - offset).unwrap_or(usize::MAX);
            if !block.divides(offset) || left < block.len() {
                let to_block = block.bytes() - (offset & (block.bytes() - 1));
                let part = left.min(ZEROES.len()).min(usize::try_from(to_block).unwrap_or(usize::MAX).max(1));
                self.write_unaligned_at(&ZEROES[..part], offset)?;
                offset = advanced(offset, part)?;
                continue;
            }
            offset = self.0.bounce.lend(self.kernel(), block, |bounce| {
                let part = left.min(bounce.len()) & !(block.len() - 1);
                bounce[..part].fill(0);
                self.write_all_at(&bounce[..part], offset)?;
                advanced(offset, part)
            })?;
        }
        Ok(())
    }

    /// Reads up to `len` bytes at `offset` and writes them to another file. Returns how many.
    pub(super) fn copy_piece(&self, offset: u64, to: &Self, to_offset: u64, len: usize) -> Result<usize> {
        let block = self.align().block();
        self.0.bounce.lend(self.kernel(), block, |bounce| {
            let part = len.min(bounce.len());
            let got = if self.align().check_read(0, part, offset).is_ok() {
                self.read_full_at(&mut bounce[..part], offset)?
            } else {
                self.read_unaligned_at(&mut bounce[..part], offset)?
            };
            to.write_unaligned_at(&bounce[..got], to_offset)?;
            Ok(got)
        })
    }
}
