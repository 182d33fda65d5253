//! What a batch is to do.
#![expect(unsafe_code, reason = "runs what was lent to the description, while it is")]

use std::fmt;
use std::marker::PhantomData;

use bareio_core::iovec::IOV_MAX;
use bareio_core::kernel::RwFlags;
use bareio_core::op::{OpError, Then};
use bareio_core::{IoVec, Kernel};

use super::Batcher;
use super::lent::{Lend, Lent};
use super::operation::{Kind, Memory, Operation};
use super::way::Lending;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Native;

/// Operations on files and memory that are borrowed for `'a`: a description, until [`run`](Self::run) carries it out.
///
/// Each operation is *whole*: it moves all of its bytes, or fails. They are independent of each other, in no order, but
/// where they are linked:
///
/// - [`link`](Self::link): the next begins when this one is whole. If it fails, everything behind it in the chain says
///   `CANCELED`.
/// - [`hard_link`](Self::hard_link): the next begins when this one has ended, however.
///
/// A batch that is dropped or forgotten does nothing. Neither can its memory be touched while it is lent:
///
/// ```compile_fail,E0506
/// use bareio::batch::Batcher;
/// let file = tempfile::tempfile().unwrap();
/// let mut batcher = Batcher::auto();
/// let mut bytes = [0; 512];
/// let mut batch = batcher.batch();
/// batch.read(&file, &mut bytes, 0);
/// bytes[0] = 1;
/// batch.run();
/// ```
///
/// nor the file be closed:
///
/// ```compile_fail,E0505
/// use bareio::batch::Batcher;
/// let file = tempfile::tempfile().unwrap();
/// let mut batcher = Batcher::auto();
/// let mut batch = batcher.batch();
/// batch.write(&file, b"bytes", 0);
/// drop(file);
/// batch.run();
/// ```
#[must_use = "a batch does nothing until it is run"]
pub struct Batch<'r, 'a, K: Kernel = Native> {
    /// Its list of operations is this batch's, and nobody else's while it is borrowed.
    batcher: &'r mut Batcher<K>,
    lent: PhantomData<&'a mut [u8]>,
}

impl<K: Kernel> fmt::Debug for Batch<'_, '_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<'r, 'a, K: Kernel> Batch<'r, 'a, K> {
    /// An empty one. What an earlier one left behind, run or forgotten, is gone.
    pub(super) fn new(batcher: &'r mut Batcher<K>) -> Self {
        batcher.list.clear();
        Self { batcher, lent: PhantomData }
    }

    /// How many operations it has.
    pub fn len(&self) -> usize {
        self.batcher.list.operations.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.batcher.list.operations.is_empty()
    }

    /// Reads `buf.len()` bytes from `offset` on.
    pub fn read(&mut self, file: impl Lend<'a, K>, buf: &'a mut [u8], offset: u64) -> &mut Self {
        self.one(Kind::Read, file.lend(), IoVec::of_mut(buf), offset, RwFlags::NONE)
    }

    /// Writes all of `buf` to `offset` on.
    pub fn write(&mut self, file: impl Lend<'a, K>, buf: &'a [u8], offset: u64) -> &mut Self {
        self.one(Kind::Write, file.lend(), IoVec::of(buf), offset, RwFlags::NONE)
    }

    /// Writes all of `buf` to `offset` on, and has it durable, with what reading it back needs, when it has ended: by the
    /// same call, `RWF_DSYNC`.
    pub fn write_durable(&mut self, file: impl Lend<'a, K>, buf: &'a [u8], offset: u64) -> &mut Self {
        self.one(Kind::Write, file.lend(), IoVec::of(buf), offset, RwFlags::DATA_SYNC)
    }

    /// Reads into `bufs`, one after the other, from `offset` on. Empty ones are passed over.
    ///
    /// More than 1,024, empty ones counted, are [`OpError::Pieces`] when the batch is run; see
    /// [`read_vectored_split`](Self::read_vectored_split).
    pub fn read_vectored(
        &mut self,
        file: impl Lend<'a, K>,
        bufs: impl IntoIterator<Item = &'a mut [u8]>,
        offset: u64,
    ) -> &mut Self {
        self.several(Kind::Read, file.lend(), bufs.into_iter().map(IoVec::of_mut), offset, IOV_MAX)
    }

    /// As [`read_vectored`](Self::read_vectored), of any number of buffers, in as many parts as it takes.
    pub fn read_vectored_split(
        &mut self,
        file: impl Lend<'a, K>,
        bufs: impl IntoIterator<Item = &'a mut [u8]>,
        offset: u64,
    ) -> &mut Self {
        self.several(Kind::Read, file.lend(), bufs.into_iter().map(IoVec::of_mut), offset, usize::MAX)
    }

    /// Writes all of `bufs`, one after the other, to `offset` on. Empty ones are passed over.
    ///
    /// More than 1,024, empty ones counted, are [`OpError::Pieces`] when the batch is run; see
    /// [`write_vectored_split`](Self::write_vectored_split).
    pub fn write_vectored(
        &mut self,
        file: impl Lend<'a, K>,
        bufs: impl IntoIterator<Item = &'a [u8]>,
        offset: u64,
    ) -> &mut Self {
        self.several(Kind::Write, file.lend(), bufs.into_iter().map(IoVec::of), offset, IOV_MAX)
    }

    /// As [`write_vectored`](Self::write_vectored), of any number of buffers, in as many parts as it takes.
    pub fn write_vectored_split(
        &mut self,
        file: impl Lend<'a, K>,
        bufs: impl IntoIterator<Item = &'a [u8]>,
        offset: u64,
    ) -> &mut Self {
        self.several(Kind::Write, file.lend(), bufs.into_iter().map(IoVec::of), offset, usize::MAX)
    }

    /// Flushes the file's data, and what reading it back needs. It covers writes that have ended; of this batch, those
    /// that it is linked behind.
    pub fn sync_data(&mut self, file: impl Lend<'a, K>) -> &mut Self {
        self.add(Operation::new(Kind::SyncData, file.lend(), Memory::One(IoVec::EMPTY), 0, 0))
    }

    /// Flushes the file's data, and all that is known of it. It covers what [`sync_data`](Self::sync_data) does.
    pub fn sync_all(&mut self, file: impl Lend<'a, K>) -> &mut Self {
        self.add(Operation::new(Kind::SyncAll, file.lend(), Memory::One(IoVec::EMPTY), 0, 0))
    }

    /// Links the operation that was added last to the one that is added next: that begins when this is whole, and is
    /// cancelled if it fails. At the end of a batch it says nothing.
    pub fn link(&mut self) -> &mut Self {
        self.then(Then::Soft)
    }

    /// As [`link`](Self::link), but the next begins whatever becomes of this one: only the order is kept.
    pub fn hard_link(&mut self) -> &mut Self {
        self.then(Then::Hard)
    }

    fn then(&mut self, then: Then) -> &mut Self {
        if !self.batcher.list.has_run {
            if let Some(last) = self.batcher.list.operations.last_mut() {
                last.then = Some(then);
            }
        }
        self
    }

    fn one(&mut self, kind: Kind, lent: Lent<'a>, piece: IoVec, offset: u64, flags: RwFlags) -> &mut Self {
        let wanted = piece.len() as u64;
        self.add(Operation::new(kind, lent, Memory::One(piece), wanted, offset).with_flags(flags))
    }

    fn several(
        &mut self,
        kind: Kind,
        lent: Lent<'a>,
        bufs: impl Iterator<Item = IoVec>,
        offset: u64,
        most: usize,
    ) -> &mut Self {
        self.begin();
        let pieces = &mut self.batcher.list.pieces;
        let (first, mut count, mut wanted) = (pieces.len(), 0_usize, Some(0_u64));
        for piece in bufs {
            count += 1;
            wanted = wanted.and_then(|wanted| wanted.checked_add(piece.len() as u64));
            if !piece.is_empty() {
                pieces.push(piece);
            }
        }
        let memory = Memory::Pieces(first..pieces.len());
        let mut operation = Operation::new(kind, lent, memory, wanted.unwrap_or(u64::MAX), offset);
        if count > most {
            operation.end(Err(OpError::Pieces { count }.into()));
        } else if wanted.is_none() {
            operation.end(Err(Error::new(ErrorKind::Overflow)));
        }
        self.add(operation)
    }

    fn add(&mut self, operation: Operation) -> &mut Self {
        self.begin();
        self.batcher.list.operations.push(operation);
        self
    }

    /// What is added to a batch that has run is a new one's first.
    fn begin(&mut self) {
        if self.batcher.list.has_run {
            self.batcher.list.clear();
        }
    }

    /// Carries everything out, and returns when the kernel is done with all of it.
    ///
    /// What became of each operation, [`Batcher::results`] tells. A batch that has run is empty: run again it does
    /// nothing, and what is added is a new one's.
    ///
    /// On io_uring one system call submits as much as the ring holds and waits for it; a chain is never split over two. A
    /// batch of one operation, and what is left of one that was cut short, is one plain call: a ring would take as many.
    ///
    /// # Errors
    ///
    /// That of the operation with the lowest index that has failed, with its index; every other operation that was not
    /// linked behind it was tried all the same:
    ///
    /// - [`ShortRead`](ErrorKind::ShortRead): the file ends before. [`ShortWrite`](ErrorKind::ShortWrite): no more could be
    ///   written. [`Partly`](ErrorKind::Partly): the kernel refused after so many bytes.
    /// - [`Os`](ErrorKind::Os): the kernel refused.
    /// - [`Poisoned`](ErrorKind::Poisoned): a flush of that [`File`](crate::File) failed before, or beside this one.
    ///
    /// Or one because of which *nothing* was done, and all others say [`NotRun`](ErrorKind::NotRun):
    ///
    /// - [`Operation`](ErrorKind::Operation): an offset or a length above `i64::MAX`, over 1,024 buffers, an offset of a pipe,
    ///   or one to write to of a file that was opened to append.
    /// - [`Misaligned`](ErrorKind::Misaligned): a direct [`File`](crate::File)'s grid was not kept to. Of a bare descriptor the
    ///   kernel says it, with `INVAL`.
    /// - [`OutOfRange`](ErrorKind::OutOfRange): a chain is longer than the ring is deep.
    ///
    /// Or the ring's, without an index, if it can no longer be entered: what was not begun says
    /// [`NotRun`](ErrorKind::NotRun). [`Backend::Auto`](super::Backend::Auto) goes on by plain calls instead.
    ///
    /// # Aborts
    ///
    /// If the ring can no longer be entered, and what is in flight does not end by itself within five seconds: there is no
    /// sound way to return while the kernel may write to borrowed memory.
    pub fn run(&mut self) -> Result<()> {
        // SAFETY: whatever is in the list was lent to this batch for `'a`, which is not over while it is borrowed: `new` has
        // thrown away what others had put there, and nobody else could add to it since.
        let lending = unsafe { Lending::new(self.batcher) };
        lending.run()
    }
}
