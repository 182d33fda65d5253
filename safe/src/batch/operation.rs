//! One operation of a batch, as plain data: what is asked, how far it got, and what became of it.

use std::ops::Range;
use std::ptr::NonNull;

use bareio_core::iovec::{IOV_MAX, MAX_RW_LEN};
use bareio_core::kernel::RwFlags;
use bareio_core::op::{Op, OpError, Then};
use bareio_core::{Errno, Fd, IoVec};

use super::lent::{Lent, Manner};
use crate::error::{Error, ErrorKind, Result};
use crate::file::durable::Poison;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
    SyncData,
    SyncAll,
}

/// The memory of a read or write.
#[derive(Clone, Debug)]
pub(super) enum Memory {
    One(IoVec),
    /// So many among the pieces of all operations.
    Pieces(Range<usize>),
}

/// An operation. It borrows nothing: what it names is lent to the batch that describes it.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    pub(super) file: Fd,
    pub(super) manner: Option<Manner>,
    pub(super) poison: Option<NonNull<Poison>>,
    memory: Memory,
    offset: u64,
    flags: RwFlags,
    /// How many bytes are to be moved.
    wanted: u64,
    /// How many were.
    done: u64,
    /// How it is linked to the next.
    pub(super) then: Option<Then>,
    /// A ring could not tell what is wrong with it: a call is to.
    pub(super) by_call: bool,
    /// A call would have to wait for the device: a ring is to.
    pub(super) by_ring: bool,
    /// What became of it, once that is certain.
    end: Option<Result<()>>,
}

/// What is to be asked of the kernel next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) op: Op,
    /// Whether nothing will be left of the operation if all of this is done.
    pub(super) is_rest: bool,
}

impl Operation {
    pub(super) fn new(kind: Kind, lent: Lent<'_>, memory: Memory, wanted: u64, offset: u64) -> Self {
        Self {
            kind,
            file: lent.file.fd(),
            manner: lent.manner,
            poison: lent.poison.map(NonNull::from),
            memory,
            offset,
            flags: RwFlags::NONE,
            wanted,
            done: 0,
            then: None,
            by_call: false,
            by_ring: false,
            end: None,
        }
    }

    pub(super) fn with_flags(mut self, flags: RwFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Whether it moves bytes to or from a file.
    pub(super) fn is_transfer(&self) -> bool {
        matches!(self.kind, Kind::Read | Kind::Write)
    }

    /// Whether it goes through the page cache.
    pub(super) fn is_buffered(&self) -> bool {
        self.manner.is_some_and(|manner| !manner.is_direct)
    }

    /// Whether nothing has to be asked of the kernel for it.
    pub(super) fn is_nothing(&self) -> bool {
        self.is_transfer() && self.wanted == 0
    }

    /// Whether what it did is to be durable when it has ended.
    pub(super) fn flushes(&self) -> bool {
        match self.kind {
            Kind::SyncData | Kind::SyncAll => true,
            Kind::Read => false,
            Kind::Write => {
                self.flags.intersects(RwFlags::DATA_SYNC.with(RwFlags::SYNC))
                    || self.manner.is_some_and(|manner| manner.flushes)
            }
        }
    }

    /// Whether what it was to have durable may be lost, now that it has failed so. Of a write that flushes by itself the kernel
    /// does not tell which of the two has failed.
    pub(super) const fn may_have_lost(&self, errno: Errno) -> bool {
        match self.kind {
            Kind::SyncData | Kind::SyncAll => errno.loses_writes(),
            Kind::Read => false,
            Kind::Write => matches!(errno, Errno::IO | Errno::NOSPC | Errno::DQUOT),
        }
    }

    /// Whether it is certain what became of it.
    pub(super) const fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Whether it has failed.
    pub(super) const fn has_failed(&self) -> bool {
        matches!(self.end, Some(Err(_)))
    }

    /// Its error, if it has failed.
    pub(super) fn error(&self) -> Option<Error> {
        self.end.and_then(Result::err)
    }

    pub(super) fn end(&mut self, end: Result<()>) {
        self.end = Some(end);
    }

    /// How many bytes it moved, or its error.
    pub(super) fn result(&self) -> Result<u64> {
        self.end.unwrap_or(Err(Error::new(ErrorKind::NotRun))).map(|()| self.done)
    }

    /// The call that it is known by.
    pub(super) const fn call(&self) -> &'static str {
        match (self.kind, &self.memory) {
            (Kind::Read, Memory::One(_)) => "pread",
            (Kind::Read, Memory::Pieces(_)) => "preadv",
            (Kind::Write, Memory::One(_)) => "pwrite",
            (Kind::Write, Memory::Pieces(_)) => "pwritev",
            (Kind::SyncData, _) => "fdatasync",
            (Kind::SyncAll, _) => "fsync",
        }
    }

    /// Checks what is asked, before anything is.
    pub(super) fn check(&self, pieces: &[IoVec]) -> Result<()> {
        const MAX: u64 = i64::MAX.unsigned_abs();
        if !self.is_transfer() {
            return Ok(());
        }
        let (offset, len) = (self.offset, self.wanted);
        if offset > MAX {
            return Err(OpError::Offset { offset }.into());
        }
        if len > MAX - offset {
            return Err(OpError::Range { offset, len }.into());
        }
        let Some(manner) = self.manner.filter(|_| len > 0) else { return Ok(()) };
        let writes = self.kind == Kind::Write;
        manner.check(writes, offset)?;
        for piece in self.pieces(pieces) {
            manner.check_piece(writes, piece.base().addr() as u64, piece.len() as u64)?;
        }
        Ok(())
    }

    fn pieces<'p>(&'p self, pieces: &'p [IoVec]) -> &'p [IoVec] {
        match &self.memory {
            Memory::One(piece) => std::slice::from_ref(piece),
            Memory::Pieces(range) => &pieces[range.clone()],
        }
    }

    /// What is to be asked next. `pieces` are those of all operations, and stay where they are until it was.
    pub(super) fn part(&self, pieces: &[IoVec]) -> Result<Part> {
        let file = self.file;
        match self.kind {
            Kind::SyncData => return Ok(Part { op: Op::sync_data(file), is_rest: true }),
            Kind::SyncAll => return Ok(Part { op: Op::sync_all(file), is_rest: true }),
            Kind::Read | Kind::Write => {}
        }
        let (list, len) = self.rest(self.pieces(pieces));
        let offset = self.offset + self.done;
        let op = match (self.kind, list) {
            (Kind::Read, Rest::One(piece)) => Op::read(file, piece.base(), piece.len(), offset)?,
            (Kind::Read, Rest::List(list)) => Op::read_vectored(file, list, offset)?,
            (_, Rest::One(piece)) => Op::write(file, piece.base(), piece.len(), offset)?,
            (_, Rest::List(list)) => Op::write_vectored(file, list, offset)?,
        };
        Ok(Part { op: op.with_flags(self.flags), is_rest: self.done + len == self.wanted })
    }

    /// As much of what is left as one call moves, and how many bytes that is. A piece that was begun is finished by itself.
    fn rest<'p>(&self, pieces: &'p [IoVec]) -> (Rest<'p>, u64) {
        let (mut first, mut skip) = (0, self.done);
        while let Some(piece) = pieces.get(first).filter(|piece| piece.len() as u64 <= skip) {
            skip -= piece.len() as u64;
            first += 1;
        }
        let pieces = &pieces[first..];
        let Some(&piece) = pieces.first() else { return (Rest::One(IoVec::EMPTY), 0) };
        if skip > 0 || pieces.len() == 1 || piece.len() > MAX_RW_LEN {
            #[expect(clippy::cast_possible_truncation, reason = "less than the length of the piece")]
            let skip = skip as usize;
            let len = (piece.len() - skip).min(self.most());
            return (Rest::One(IoVec::new(piece.base().wrapping_add(skip), len)), len as u64);
        }
        let (mut count, mut len) = (0, 0);
        for piece in pieces.iter().take(IOV_MAX) {
            if len + piece.len() > MAX_RW_LEN {
                break;
            }
            len += piece.len();
            count += 1;
        }
        (Rest::List(&pieces[..count]), len as u64)
    }

    /// The most bytes that one call is asked for, so that the next begins on the file's grid.
    fn most(&self) -> usize {
        let grid = self.manner.map_or(1, |manner| manner.grid(self.kind == Kind::Write).len());
        MAX_RW_LEN / grid * grid
    }

    /// Takes note of what the kernel said to a part of `asked` bytes. What has not ended then is to be gone on with.
    pub(super) fn settle(&mut self, asked: u32, answer: Result<u32, Errno>) {
        match answer {
            Err(Errno::INTR) => {}
            Ok(_) if !self.is_transfer() => self.end(Ok(())),
            Ok(moved) => {
                self.done += u64::from(moved);
                if self.done >= self.wanted {
                    self.end(Ok(()));
                } else if moved == 0 || (moved < asked && self.is_off_grid()) {
                    self.end(Err(self.short()));
                }
            }
            // At the end of a file the grid of a device may be coarser than what was read last.
            Err(Errno::INVAL) if self.done > 0 && self.manner.is_some_and(|manner| manner.is_direct) => {
                self.end(Err(self.short()));
            }
            Err(errno) if self.done > 0 => {
                let kind = ErrorKind::Partly { errno, wanted: self.wanted, got: self.done };
                self.end(Err(Error::new(kind).during(self.call())));
            }
            Err(errno) => self.end(Err(Error::os(self.call(), errno))),
        }
    }

    /// Whether a direct transfer has ended where none can begin: at the end of the file, then.
    fn is_off_grid(&self) -> bool {
        self.manner.is_some_and(|manner| {
            let grid = manner.grid(self.kind == Kind::Write);
            !grid.divides(self.offset + self.done)
        })
    }

    fn short(&self) -> Error {
        let (wanted, got) = (self.wanted, self.done);
        Error::new(match self.kind {
            Kind::Read => ErrorKind::ShortRead { wanted, got },
            _ => ErrorKind::ShortWrite { wanted, got },
        })
        .during(self.call())
    }
}

/// What is left of a transfer.
enum Rest<'p> {
    One(IoVec),
    List(&'p [IoVec]),
}
