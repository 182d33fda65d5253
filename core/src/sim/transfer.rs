//! Bytes between files and the memory of whoever asked for them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::fault::shorten;
use super::file::{Inode, Kind, OpenFile};
use super::pages::size;
use super::state::State;
use crate::abi::Features;
use crate::errno::{Errno, Result};
use crate::iovec::{self, IoVec, MAX_RW_LEN};
use crate::kernel::{OpenFlags, RwFlags};

/// As an offset: the file's own position.
pub(super) const CURRENT: u64 = u64::MAX;

/// The largest offset, which on Linux is signed.
const MAX_OFFSET: u64 = i64::MAX.unsigned_abs();

/// Where a write was cut by the space that is left, if it was.
fn fitting(offset: u64, len: usize, missing: u64, free: u64) -> Result<usize> {
    if missing <= free {
        return Ok(len);
    }
    let short = size(missing - free);
    // Whole pages are missing, so cut back to a page's edge.
    let end = (offset + len.saturating_sub(short) as u64) & !(super::pages::PAGE - 1);
    let len = size(end.saturating_sub(offset));
    if len == 0 { Err(Errno::NOSPC) } else { Ok(len) }
}

/// Copies the first `len` bytes of `pieces`.
///
/// # Safety
///
/// They are valid, and nobody writes to them.
unsafe fn gather(pieces: &[IoVec], len: usize) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(len);
    for piece in pieces {
        let count = piece.len().min(len - bytes.len());
        if count > 0 {
            // SAFETY: valid by the caller's word, and `count` is within the piece.
            let part = unsafe { core::slice::from_raw_parts(piece.base(), count) };
            bytes.extend_from_slice(part);
        }
    }
    bytes.into_boxed_slice()
}

/// Puts bytes into pieces of memory, one after the other.
struct Scatter<'p> {
    pieces: &'p [IoVec],
    used: usize,
}

impl Scatter<'_> {
    /// # Safety
    ///
    /// The pieces are valid, nobody else touches them, and they have room for all that is put.
    unsafe fn put(&mut self, mut bytes: &[u8]) {
        while let (Some(piece), false) = (self.pieces.first(), bytes.is_empty()) {
            let count = bytes.len().min(piece.len() - self.used);
            let to = piece.base().wrapping_add(self.used);
            // SAFETY: `used + count` is within the piece, which is valid and ours by the caller's word; `bytes`
            // is the kernel's own memory.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), count) };
            bytes = &bytes[count..];
            self.used += count;
            if self.used == piece.len() {
                self.pieces = &self.pieces[1..];
                self.used = 0;
            }
        }
    }
}

impl State {
    /// What a transfer is, once its flags, pieces and offset are known to be in order: where it is, and how many
    /// bytes of memory there are for it.
    fn check_transfer(
        &self,
        file: &OpenFile,
        pieces: &[IoVec],
        offset: u64,
        flags: RwFlags,
    ) -> Result<(u64, usize)> {
        const KNOWN: RwFlags = RwFlags(0xff);
        if flags.without(KNOWN) != RwFlags::NONE {
            return Err(Errno::OPNOTSUPP);
        }
        let len = iovec::total(pieces).map_err(|_| Errno::INVAL)?.min(MAX_RW_LEN);
        if pieces.iter().any(|piece| !self.memory.reachable(piece.base().addr(), piece.len())) {
            return Err(Errno::FAULT);
        }
        if file.inode.pipe().is_some() {
            return Ok((0, len));
        }
        let at = if offset == CURRENT { *file.position.lock() } else { offset };
        if at > MAX_OFFSET || at + len as u64 > MAX_OFFSET {
            return Err(Errno::INVAL);
        }
        Ok((at, len))
    }

    /// The grid of direct I/O, if it is that.
    fn grid(&self, file: &OpenFile, pieces: &[IoVec], offset: u64) -> Result<usize> {
        let Some((memory, grid)) = self.config.dio.filter(|_| file.flags.contains(OpenFlags::DIRECT)) else {
            return Ok(1);
        };
        let fits =
            |piece: &IoVec| memory.divides(piece.base().addr() as u64) && grid.divides(piece.len() as u64);
        if grid.divides(offset) && pieces.iter().all(fits) { Ok(grid.len()) } else { Err(Errno::INVAL) }
    }

    /// Reads. `None`: there is nothing yet, and somebody has to write first.
    ///
    /// # Safety
    ///
    /// The pieces are valid, and nobody else touches them meanwhile.
    pub(super) unsafe fn read(
        &mut self,
        file: &OpenFile,
        pieces: &[IoVec],
        offset: u64,
        flags: RwFlags,
    ) -> Result<Option<usize>> {
        if !file.reads() {
            return Err(Errno::BADF);
        }
        let (at, len) = self.check_transfer(file, pieces, offset, flags)?;
        let mut into = Scatter { pieces, used: 0 };
        let content = match &file.inode.kind {
            Kind::Dir(_) => return Err(Errno::ISDIR),
            Kind::Pipe(pipe) => {
                let mut pipe = pipe.lock();
                if pipe.bytes.is_empty() && len > 0 && pipe.writers.strong_count() > 0 {
                    let waits =
                        !(file.flags.contains(OpenFlags::NONBLOCK) || flags.contains(RwFlags::NOWAIT));
                    return if waits { Ok(None) } else { Err(Errno::AGAIN) };
                }
                let count = len.min(pipe.bytes.len());
                let count = shorten(&mut self.random, self.config.short_transfers, count, 1);
                let bytes: Vec<u8> = pipe.bytes.drain(..count).collect();
                // SAFETY: the caller's word, and `count` is at most their length.
                unsafe { into.put(&bytes) };
                return Ok(Some(count));
            }
            Kind::File(content) => content.lock(),
        };
        let unit = self.grid(file, pieces, at)?;
        let there = usize::try_from(content.now().len().saturating_sub(at)).unwrap_or(usize::MAX).min(len);
        let count = shorten(&mut self.random, self.config.short_transfers, there, unit);
        // SAFETY: the caller's word, and `count` is at most their length.
        content.now().read(at, count as u64, |bytes| unsafe { into.put(bytes) });
        if offset == CURRENT {
            *file.position.lock() = at + count as u64;
        }
        Ok(Some(count))
    }

    /// Writes. `None`: there is no room yet, and somebody has to read first.
    ///
    /// # Safety
    ///
    /// The pieces are valid, and nobody writes to them meanwhile.
    pub(super) unsafe fn write(
        &mut self,
        file: &OpenFile,
        pieces: &[IoVec],
        offset: u64,
        flags: RwFlags,
    ) -> Result<Option<usize>> {
        if !file.writes() {
            return Err(Errno::BADF);
        }
        let (at, len) = self.check_transfer(file, pieces, offset, flags)?;
        if let Some(pipe) = file.inode.pipe() {
            let mut pipe = pipe.lock();
            if pipe.readers.strong_count() == 0 {
                return Err(Errno::PIPE);
            }
            if pipe.room() == 0 && len > 0 {
                let waits = !(file.flags.contains(OpenFlags::NONBLOCK) || flags.contains(RwFlags::NOWAIT));
                return if waits { Ok(None) } else { Err(Errno::AGAIN) };
            }
            let count = shorten(&mut self.random, self.config.short_transfers, len.min(pipe.room()), 1);
            // SAFETY: the caller's word.
            pipe.bytes.extend(unsafe { gather(pieces, count) });
            return Ok(Some(count));
        }
        let appends = flags.contains(RwFlags::APPEND)
            || (file.flags.contains(OpenFlags::APPEND) && !flags.contains(RwFlags::NOAPPEND));
        let content = file.inode.content().ok_or(Errno::ISDIR)?;
        let at = if appends { content.lock().now().len() } else { at };
        let unit = self.grid(file, pieces, at)?;
        if len == 0 {
            return Ok(Some(0));
        }
        let free = self.free_space(&file.inode);
        let mut content = content.lock();
        let missing = content.now().missing(at, len as u64);
        let count = fitting(at, len, missing, free)?;
        let count = shorten(&mut self.random, self.config.short_transfers, count, unit);
        // SAFETY: the caller's word.
        content.write(at, unsafe { gather(pieces, count) });
        let durable = RwFlags::DATA_SYNC | RwFlags::SYNC;
        if flags.intersects(durable) || file.flags.intersects(OpenFlags::DATA_SYNC | OpenFlags::SYNC) {
            content.flush_last();
        }
        if offset == CURRENT {
            *file.position.lock() = at + count as u64;
        }
        Ok(Some(count))
    }

    /// How many bytes more can be taken up by `inode`.
    pub(super) fn free_space(&self, inode: &Inode) -> u64 {
        let Some(space) = self.config.space else { return u64::MAX };
        // A file without a name still takes up its space; others of that sort go uncounted.
        let own = inode.content().map_or(0, |content| content.lock().now().allocated());
        space.saturating_sub(self.tree.allocated().max(own))
    }

    /// Whether an offset of −1 in an entry means the file's position.
    pub(super) fn knows_position(&self) -> bool {
        self.features().contains(Features::RW_CUR_POS)
    }

    /// What the release can do, less what was taken away.
    pub(super) fn features(&self) -> Features {
        self.config.version.features().without(self.config.withheld)
    }
}
