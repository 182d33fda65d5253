//! One operation, as it is handed in.

use std::fmt;
use std::time::Duration;

use bareio_core::kernel::{Allocate, RwFlags, SyncRange};
use bareio_core::op::{Offset, Op as Call, OpError, Target, Then};
use bareio_core::{Fd, Kernel};

use super::Class;
use super::work::{Use, Work};
use crate::buf::{IoBuf, IoBufMut};
use crate::error::Result;
use crate::file::{File, Sync};
use crate::host::Native;

/// How urgent the I/O of an operation is, to the block device's scheduler; `ioprio_set(2)`.
///
/// Devices without one (`none`, what `NVMe` disks have at first) do not look at it. By calls it means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    /// As that of the thread that submits it.
    #[default]
    Inherited,
    /// Before everything else. Needs `CAP_SYS_ADMIN` or `CAP_SYS_NICE`.
    RealTime,
    /// With others, by weight: 0 comes first, 7 last.
    BestEffort(u8),
    /// When nobody else wants the device.
    Idle,
}

impl Priority {
    const fn encoded(self) -> u16 {
        const SHIFT: u16 = 13;
        match self {
            Self::Inherited => 0,
            Self::RealTime => 1 << SHIFT,
            Self::BestEffort(weight) => 2 << SHIFT | if weight > 7 { 7 } else { weight as u16 },
            Self::Idle => 3 << SHIFT,
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Nop,
    Read,
    Write,
    SyncData,
    SyncAll,
    SyncRange(SyncRange),
    Allocate(Allocate),
    Truncate,
    /// Into a slot of virtual files, as the two below.
    Open,
    Drain,
    Close,
}

impl What {
    /// The call that does the same.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nop => "nop",
            Self::Read => "pread",
            Self::Write => "pwrite",
            Self::SyncData => "fdatasync",
            Self::SyncAll => "fsync",
            Self::SyncRange(_) => "sync_file_range",
            Self::Allocate(_) => "fallocate",
            Self::Truncate => "ftruncate",
            Self::Open => "openat",
            Self::Drain => "drain",
            Self::Close => "close",
        }
    }
}

/// How an operation is to be carried out: all of it but file and buffer.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "none of the four follows from the others")]
pub(super) struct Plan {
    pub(super) what: What,
    pub(super) offset: u64,
    /// At the current position, whatever `offset` says.
    pub(super) is_current: bool,
    pub(super) len: u64,
    /// How many bytes of the buffer are done already.
    pub(super) skip: usize,
    pub(super) is_durable: bool,
    pub(super) is_linked: bool,
    /// On a virtual file, for which it may have to wait.
    pub(super) is_virtual: bool,
    pub(super) class: Class,
    pub(super) priority: Priority,
    pub(super) within: Option<Duration>,
    pub(super) then: Then,
}

impl Plan {
    pub(super) const fn new(what: What, offset: u64, len: u64) -> Self {
        let (class, priority) = (Class::Latency, Priority::Inherited);
        Self {
            what,
            offset,
            is_current: false,
            len,
            skip: 0,
            is_durable: false,
            is_linked: false,
            is_virtual: false,
            class,
            priority,
            within: None,
            then: Then::Soft,
        }
    }

    /// As a job of the core, on this file and this memory.
    pub(super) fn call(&self, fd: Target, (first, len): (*mut u8, usize)) -> Result<Call, OpError> {
        let offset = if self.is_current { Offset::Current } else { Offset::At(self.offset) };
        let flags = if self.is_durable { RwFlags::DATA_SYNC } else { RwFlags::NONE };
        Ok(match self.what {
            // What opens a file is made from its path.
            What::Nop | What::Drain | What::Open => Call::Nop,
            What::Close => Call::close(fd),
            What::Read => Call::read(fd, first, len, offset)?,
            What::Write => Call::write(fd, first.cast_const(), len, offset)?.with_flags(flags),
            What::SyncData => Call::sync_data(fd),
            What::SyncAll => Call::sync_all(fd),
            What::SyncRange(how) => {
                let len = u32::try_from(self.len)
                    .map_err(|_| OpError::Range { offset: self.offset, len: self.len })?;
                Call::sync_range(fd, self.offset, len, how)?
            }
            What::Allocate(how) => Call::allocate(fd, how, self.offset, self.len)?,
            What::Truncate => Call::truncate(fd, self.len)?,
        })
    }

    pub(super) const fn priority(&self) -> u16 {
        self.priority.encoded()
    }

    /// Whether it may be left to a flush that others share: not with a deadline or in a chain, where the write itself is waited
    /// for.
    pub(super) const fn may_share_flush(&self) -> bool {
        matches!(self.what, What::Write) && self.is_durable && !self.is_linked && self.within.is_none()
    }

    /// For how many completions it takes room.
    pub(super) const fn cost(&self) -> u32 {
        1 + self.within.is_some() as u32 + self.may_share_flush() as u32
    }
}

/// The same with a fixed buffer of the ring, if its memory lies in one.
pub(super) fn in_fixed(call: Call, index_of: impl Fn(*const u8, usize) -> Option<u16>) -> Option<Call> {
    match call {
        Call::Read { file, buf, len, offset, flags, .. } => {
            let index = index_of(buf, len as usize)?;
            Some(Call::read_fixed(file, buf, len as usize, offset, index).ok()?.with_flags(flags))
        }
        Call::Write { file, buf, len, offset, flags, .. } => {
            let index = index_of(buf, len as usize)?;
            Some(Call::write_fixed(file, buf, len as usize, offset, index).ok()?.with_flags(flags))
        }
        _ => None,
    }
}

/// One operation: on which file, with which buffer, and how.
///
/// It owns what it uses, and gives it back with the result, or with the error that kept it from being submitted.
///
/// ```
/// use bareio::{File, sched::Op};
/// use std::time::Duration;
///
/// # let folder = tempfile::tempdir()?;
/// # let file = File::create(folder.path().join("data"))?;
/// let write = Op::write(&file, b"record".to_vec(), 0).durable();
/// let read = Op::read(&file, vec![0; 4096], 0).background().within(Duration::from_secs(1));
/// let flush = Op::sync_data(&file);
/// # let _ = (write, read, flush);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Op<B: 'static = (), K: Kernel = Native> {
    pub(super) work: Work<B, K>,
    pub(super) plan: Plan,
}

impl<B, K: Kernel> fmt::Debug for Op<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Op").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl<B: IoBufMut, K: Kernel> Op<B, K> {
    /// Reads into `buf` from `offset` on: as many bytes as it has room for, or as there are. For a `Vec` that is its
    /// capacity, and its length becomes what arrived.
    pub fn read(file: &File<K>, buf: B, offset: u64) -> Self {
        // What one transfer does not move, the caller goes on with: the count is short then.
        let work = Work::new(Some(file.clone()), Some(buf), &Use::READ);
        Self { work, plan: Plan::new(What::Read, offset, 0) }
    }

    /// Reads into `buf` at the current position, which moves on: from a pipe, a socket, a terminal, which have no offsets. In a
    /// ring it waits for something to read, also where the descriptor is non-blocking.
    pub fn read_current(file: &File<K>, buf: B) -> Self {
        let mut op = Self::read(file, buf, 0);
        op.plan.is_current = true;
        op
    }
}

impl<B: IoBuf, K: Kernel> Op<B, K> {
    /// Writes the data of `buf` to `offset` on. The count may be short.
    pub fn write(file: &File<K>, buf: B, offset: u64) -> Self {
        let work = Work::new(Some(file.clone()), Some(buf), &Use::WRITE);
        Self { work, plan: Plan::new(What::Write, offset, 0) }
    }

    /// Writes the data of `buf` at the current position, which moves on; on a file that was opened to append, at its end.
    pub fn write_current(file: &File<K>, buf: B) -> Self {
        let mut op = Self::write(file, buf, 0);
        op.plan.is_current = true;
        op
    }

    /// What was written is durable when the write is done: `RWF_DSYNC`. On a file that flushes each write by itself
    /// ([`Sync`]) it changes nothing.
    ///
    /// # Panics
    ///
    /// If this is no write.
    #[must_use]
    pub fn durable(mut self) -> Self {
        assert_eq!(self.plan.what, What::Write, "only a write is made durable");
        let has_mode = self.work.file.as_ref().is_some_and(|file| file.sync_mode() != Sync::None);
        self.plan.is_durable = !has_mode;
        self
    }
}

impl<K: Kernel> Op<(), K> {
    fn plain(file: Option<&File<K>>, plan: Plan) -> Self {
        Self { work: Work::new(file.cloned(), Some(()), &Use::NOTHING), plan }
    }

    /// Does nothing; completes with 0.
    pub fn nop() -> Self {
        Self::plain(None, Plan::new(What::Nop, 0, 0))
    }

    /// Flushes the data, and what reading it back needs.
    pub fn sync_data(file: &File<K>) -> Self {
        Self::plain(Some(file), Plan::new(What::SyncData, 0, 0))
    }

    /// Flushes the data, and all that is known of the file.
    pub fn sync_all(file: &File<K>) -> Self {
        Self::plain(Some(file), Plan::new(What::SyncAll, 0, 0))
    }

    /// Starts or awaits writing back `len` bytes from `offset` on. It makes nothing durable.
    pub fn sync_range(file: &File<K>, offset: u64, len: u64, how: SyncRange) -> Self {
        Self::plain(Some(file), Plan::new(What::SyncRange(how), offset, len))
    }

    /// Reserves, frees or zeroes `len` bytes of space from `offset` on.
    pub fn allocate(file: &File<K>, how: Allocate, offset: u64, len: u64) -> Self {
        Self::plain(Some(file), Plan::new(What::Allocate(how), offset, len))
    }

    /// Sets the size to `len` bytes.
    pub fn truncate(file: &File<K>, len: u64) -> Self {
        Self::plain(Some(file), Plan::new(What::Truncate, 0, len))
    }

    /// The same, for a [`Chain`](super::Chain) whose other operations have buffers.
    pub fn in_chain<B: 'static>(self) -> Op<B, K> {
        Op { work: self.work.without_buf(), plan: self.plan }
    }
}

impl<B, K: Kernel> Op<B, K> {
    /// Nobody is in a hurry for it: part of the room is kept from operations like this, so that they cannot fill it.
    #[must_use]
    pub const fn background(mut self) -> Self {
        self.plan.class = Class::Background;
        self
    }

    /// How urgent its I/O is.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.plan.priority = priority;
        self
    }

    /// It is cancelled if it is not done `within` so long after it began, and then says
    /// [`TimedOut`](crate::ErrorKind::TimedOut). By calls, one that has begun is not cancelled.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.plan.within = Some(within);
        self
    }

    /// The buffer, of an operation that has one.
    pub fn into_buf(self) -> Option<B> {
        self.work.into_buf()
    }

    /// Checks what can be checked before anybody is asked.
    pub(super) fn check(&mut self) -> Result<()> {
        let Self { work, plan } = self;
        if let Some(claim) = &work.claim {
            claim.check(plan)?;
            return work.made(plan).map(drop);
        }
        let (first, len) = work.clipped(plan);
        let Some(file) = &work.file else { return Ok(()) };
        match plan.what {
            What::Read if !plan.is_current => file.check_read(first, len, plan.offset)?,
            What::Write => {
                if !plan.is_current {
                    file.check_write(first, len, plan.offset)?;
                }
                if plan.is_durable || file.sync_mode() != Sync::None {
                    file.check_durable()?;
                }
            }
            What::SyncData | What::SyncAll => file.check_durable()?,
            _ => {}
        }
        // What is wrong with an offset or a range.
        plan.call(Target::Fd(Fd(0)), (first, len))?;
        Ok(())
    }
}
