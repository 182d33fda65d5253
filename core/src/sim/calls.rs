//! What the calls on files do, whether they are made directly or by an entry of a ring.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::fault::{Call, shorten};
use super::file::{Inode, Kind, OpenFile};
use super::pages::{PAGE, size};
use super::state::State;
use super::table::Descriptor;
use crate::abi::{Statx, StatxTimestamp};
use crate::errno::{Errno, Result};
use crate::iovec::MAX_RW_LEN;
use crate::kernel::{Allocate, Fd, OpenFlags, Seek, SyncRange};

/// The largest size of a file.
const MAX_LEN: u64 = i64::MAX.unsigned_abs();

impl State {
    pub(super) fn open(&mut self, dir: Fd, path: &[u8], flags: OpenFlags, mode: u32) -> Result<OpenFile> {
        let from = self.dir(dir, path)?;
        if flags.contains(OpenFlags::DIRECT) && self.config.dio.is_none() {
            return Err(Errno::INVAL);
        }
        let mut flags = flags;
        if !flags.intersects(OpenFlags::READ | OpenFlags::WRITE) {
            flags |= OpenFlags::READ;
        }
        self.tree.open(&from, path, flags, mode)
    }

    /// A number of its own for an open file.
    pub(super) fn install(&mut self, file: OpenFile) -> Result<Fd> {
        self.table.insert(Descriptor::File(Arc::new(file)))
    }

    /// A flush that began at `mark`. A failure for which the disk is to blame loses what it was to cover.
    pub(super) fn sync(&mut self, file: &OpenFile, mark: u64) -> Result<()> {
        let verdict = self.faults.check(Call::Sync);
        match (&file.inode.kind, verdict) {
            (Kind::Pipe(_), Ok(())) => Err(Errno::INVAL),
            (Kind::Dir(_), Ok(())) => {
                self.tree.flush(&file.inode);
                Ok(())
            }
            (Kind::File(content), Ok(())) => {
                content.lock().flush(mark);
                Ok(())
            }
            (Kind::File(content), Err(errno @ (Errno::IO | Errno::NOSPC | Errno::DQUOT))) => {
                content.lock().forget(&mut self.random);
                Err(errno)
            }
            (_, Err(errno)) => Err(errno),
        }
    }

    /// Where a flush of this file that begins now ends.
    pub(super) fn sync_mark(file: &OpenFile) -> u64 {
        file.inode.content().map_or(0, |content| content.lock().mark())
    }

    /// Starts writing back, which in this kernel means nothing: it makes nothing durable.
    pub(super) fn sync_range(file: &OpenFile, offset: u64, len: u64, how: SyncRange) -> Result<()> {
        const KNOWN: SyncRange = SyncRange(7);
        let end = offset.checked_add(len).ok_or(Errno::INVAL)?;
        if how.without(KNOWN) != SyncRange::NONE || end > MAX_LEN {
            return Err(Errno::INVAL);
        }
        if file.inode.pipe().is_some() { Err(Errno::SPIPE) } else { Ok(()) }
    }

    pub(super) fn allocate(&self, file: &OpenFile, how: Allocate, offset: u64, len: u64) -> Result<()> {
        if len == 0 || offset > MAX_LEN || len > MAX_LEN {
            return Err(Errno::INVAL);
        }
        let keep = how.contains(Allocate::KEEP_SIZE);
        let rest = how.without(Allocate::KEEP_SIZE);
        let known = [Allocate::NONE, Allocate::PUNCH_HOLE, Allocate::ZERO_RANGE].contains(&rest);
        if !known || (rest == Allocate::PUNCH_HOLE && !keep) {
            return Err(Errno::OPNOTSUPP);
        }
        if !file.writes() {
            return Err(Errno::BADF);
        }
        let content = match &file.inode.kind {
            Kind::File(content) => content,
            Kind::Dir(_) => return Err(Errno::ISDIR),
            Kind::Pipe(_) => return Err(Errno::SPIPE),
        };
        let end = Some(offset + len).filter(|end| *end <= MAX_LEN).ok_or(Errno::FBIG)?;
        let free = self.free_space(&file.inode);
        let mut content = content.lock();
        if rest != Allocate::NONE {
            let there = len.min(content.now().len().saturating_sub(offset));
            content.zero(offset, there);
        }
        if rest == Allocate::PUNCH_HOLE {
            return Ok(());
        }
        // Space behind the end of the file is not taken up here: nobody could see it.
        let visible = if keep { end.min(content.now().len()) } else { end };
        let span = visible.saturating_sub(offset);
        if content.now().missing(offset, span) > free {
            return Err(Errno::NOSPC);
        }
        // A large range stays a hole: it is promised, and nobody could tell.
        if (1..=1024 * PAGE).contains(&span) {
            content.reserve(offset, span);
        }
        if !keep && end > content.now().len() {
            content.set_len(end);
        }
        Ok(())
    }

    pub(super) fn truncate(file: &OpenFile, len: u64) -> Result<()> {
        let content = file.inode.content().filter(|_| file.writes()).ok_or(Errno::INVAL)?;
        if len > MAX_LEN {
            return Err(Errno::INVAL);
        }
        content.lock().set_len(len);
        Ok(())
    }

    pub(super) fn stat_path(&self, dir: Fd, path: &[u8]) -> Result<Statx> {
        if path.is_empty() {
            return match self.table.get(dir) {
                _ if dir == Fd::CWD => Ok(self.stat(self.tree.root())),
                Ok(Descriptor::File(file)) => Ok(self.stat(&file.inode)),
                Ok(Descriptor::Ring(_)) => {
                    Ok(Statx { mask: Statx::BASIC_STATS, mode: 0o600, ..Statx::default() })
                }
                Err(errno) => Err(errno),
            };
        }
        let from = self.dir(dir, path)?;
        Ok(self.stat(&*self.tree.find(&from, path)?))
    }

    fn stat(&self, inode: &Inode) -> Statx {
        let (len, allocated) = match &inode.kind {
            Kind::File(content) => {
                let content = content.lock();
                (content.now().len(), content.now().allocated())
            }
            _ => (0, 0),
        };
        let time = StatxTimestamp {
            sec: i64::try_from(self.clock / 1_000_000_000).unwrap_or(0),
            ..Default::default()
        };
        let mut stat = Statx {
            mask: Statx::BASIC_STATS,
            blksize: 4096,
            nlink: 1,
            mode: inode.mode,
            ino: inode.number,
            size: len,
            blocks: allocated / 512,
            atime: time,
            ctime: time,
            mtime: time,
            dev_minor: 42,
            ..Statx::default()
        };
        let version = self.config.version;
        if let (Some((memory, offset)), Kind::File(_)) = (self.config.dio, &inode.kind) {
            let bytes = |align: crate::align::Align| u32::try_from(align.bytes()).unwrap_or(u32::MAX);
            if version.has(6, 1) {
                stat.mask |= Statx::DIOALIGN;
                (stat.dio_mem_align, stat.dio_offset_align) = (bytes(memory), bytes(offset));
            }
            if version.has(6, 14) {
                stat.mask |= Statx::DIO_READ_ALIGN;
                stat.dio_read_offset_align = bytes(offset);
            }
        }
        stat
    }

    pub(super) fn copy_range(
        &mut self,
        (from, from_offset): (&OpenFile, u64),
        (to, to_offset): (&OpenFile, u64),
        len: usize,
    ) -> Result<usize> {
        if !from.reads() || !to.writes() || to.flags.contains(OpenFlags::APPEND) {
            return Err(Errno::BADF);
        }
        let (Some(source), Some(target)) = (from.inode.content(), to.inode.content()) else {
            let dir = from.inode.dir().is_some() || to.inode.dir().is_some();
            return Err(if dir { Errno::ISDIR } else { Errno::INVAL });
        };
        let len = len.min(MAX_RW_LEN);
        let fits = |offset: u64| offset.checked_add(len as u64).is_some_and(|end| end <= MAX_LEN);
        if !fits(from_offset) || !fits(to_offset) {
            return Err(Errno::INVAL);
        }
        let there = source.lock().now().len().saturating_sub(from_offset);
        let there = size(there.min(len as u64));
        let count = shorten(&mut self.random, self.config.short_transfers, there, 1);
        let overlap = from_offset < to_offset + count as u64 && to_offset < from_offset + count as u64;
        if Arc::ptr_eq(&from.inode, &to.inode) && overlap && count > 0 {
            return Err(Errno::INVAL);
        }
        let mut bytes = Vec::with_capacity(count);
        source.lock().now().read(from_offset, count as u64, |piece| bytes.extend_from_slice(piece));
        let missing = target.lock().now().missing(to_offset, count as u64);
        if missing > self.free_space(&to.inode) {
            return Err(Errno::NOSPC);
        }
        if count > 0 {
            target.lock().write(to_offset, bytes.into_boxed_slice());
        }
        Ok(count)
    }

    pub(super) fn seek(file: &OpenFile, offset: u64, from: Seek) -> Result<u64> {
        let len = match &file.inode.kind {
            Kind::File(content) => content.lock().now().len(),
            Kind::Dir(_) => 0,
            Kind::Pipe(_) => return Err(Errno::SPIPE),
        };
        let mut position = file.position.lock();
        // Counted from a base, an offset is signed.
        let relative = |base: u64| base.checked_add_signed(offset.cast_signed()).ok_or(Errno::INVAL);
        let found = match from {
            Seek::Start => offset,
            Seek::Current => relative(*position)?,
            Seek::End => relative(len)?,
            Seek::Data | Seek::Hole => {
                let content = file.inode.content().ok_or(Errno::INVAL)?.lock();
                content.now().seek(offset, from == Seek::Data).ok_or(Errno::NXIO)?
            }
        };
        if found > MAX_LEN {
            return Err(Errno::INVAL);
        }
        *position = found;
        Ok(found)
    }
}
