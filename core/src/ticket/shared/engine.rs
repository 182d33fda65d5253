//! What carries operations out.

use crate::abi::{Cqe, Timespec};
use crate::errno::Errno;
use crate::op::{Op, Then};
use crate::ring::{Limit, RingError};
use crate::sync::{AtomicBool, AtomicU32, Ordering, UnsafeCell};

use super::super::table::Id;
use super::files::{FileUse, Note};

/// What is to be done for an operation in a slot: plain data, whose addresses the operation in the slot owns.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// The operation.
    pub op: Op,
    /// The priority of its I/O, as `ioprio_set(2)` has it; 0: that of the thread.
    pub priority: u16,
    /// For how long it may take, from when it starts; all zero: for ever.
    pub within: Timespec,
    /// What it has to come to for the next of its chain to run.
    pub then: Then,
    /// Whether it is a write to be durable.
    pub flush: Option<Flush>,
    /// Whether, when it was held back, a call that does not wait is to be tried first.
    pub at_once: bool,
    /// Whether a ring is to hand it to a thread of the kernel's, because it would wait where it is submitted.
    pub by_worker: bool,
    /// Which slot of files it uses, if it does.
    pub file: Option<FileUse>,
    /// Of the last of a chain: a slot that the chain opens a file into, which names the next one.
    pub(super) opens: Option<u32>,
    /// The next of its chain.
    pub(super) next: Option<Id>,
    pub(super) class: Class,
    /// How often it was started anew.
    pub(super) again: u8,
    /// The one behind it in the list that it is in.
    pub(super) mate: Option<Id>,
    /// Where its file's durable writes are noted.
    pub(super) wave: Option<u32>,
    /// Whether it shares its flush with others.
    pub(super) is_shared: bool,
    /// What was written, of one that shares its flush; below 0: not yet.
    pub(super) moved: i32,
    /// What it came to, while it waits to be told.
    pub(super) result: i32,
}

/// How a write becomes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flush {
    /// Whether it may be left to a flush that others share. Else the write flushes itself, by its flags or by how its file
    /// was opened. One that may is given without that flag, which is added if nobody is there to share with.
    pub is_shareable: bool,
    /// The word in which the first flush of the file that failed leaves its number, or null. It stays valid until the
    /// operation is dropped.
    pub word: *const AtomicU32,
}

impl Job {
    /// `op`, alone, for as long as it takes.
    pub const fn new(op: Op) -> Self {
        Self {
            op,
            priority: 0,
            within: Timespec { sec: 0, nsec: 0 },
            then: Then::Soft,
            flush: None,
            at_once: false,
            by_worker: false,
            file: None,
            opens: None,
            next: None,
            class: Class::Latency,
            mate: None,
            wave: None,
            is_shared: false,
            moved: -1,
            result: 0,
            again: 0,
        }
    }

    /// Whether it has a deadline.
    pub const fn is_limited(&self) -> bool {
        self.within.sec != 0 || self.within.nsec != 0
    }

    /// How many completions it takes room for.
    pub(super) const fn cost(&self) -> u32 {
        self.own_cost() + self.is_limited() as u32
    }

    /// The same, less that of its limit, which completes by itself. The flush that others share may be its own.
    pub(super) const fn own_cost(&self) -> u32 {
        1 + self.may_share_flush() as u32
    }

    pub(super) const fn may_share_flush(&self) -> bool {
        matches!(self.flush, Some(Flush { is_shareable: true, .. }))
    }
}

/// Who an operation is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// Somebody waits for it. All of the room is for these.
    #[default]
    Latency,
    /// Nobody is in a hurry: compaction, scrubbing. Part of the room is kept from these.
    Background,
}

/// Where a [`Job`] lies while its slot is in use.
#[derive(Debug)]
pub struct JobCell {
    job: UnsafeCell<Job>,
    note: UnsafeCell<Note>,
    cancelled: AtomicBool,
}

// SAFETY: the job is written by who has claimed the slot, before it starts, and read by whoever starts it and by whoever
// has its completion; each passes it to the next through the engine, or through a list. The note is touched under the files' lock.
unsafe impl Sync for JobCell {}
// SAFETY: as above; the addresses in it are used under the contract of whoever puts them there.
unsafe impl Send for JobCell {}

impl JobCell {
    /// An empty one.
    pub fn new() -> Self {
        let note = UnsafeCell::new(Note::new());
        Self { job: UnsafeCell::new(Job::new(Op::Nop)), note, cancelled: AtomicBool::new(false) }
    }

    /// # Safety
    ///
    /// The caller has the files, whose notes these are, exclusively.
    pub(super) unsafe fn note<R>(&self, f: impl FnOnce(&mut Note) -> R) -> R {
        self.note.with_mut(|note| {
            // SAFETY: the caller's word.
            f(unsafe { &mut *note })
        })
    }

    /// # Safety
    ///
    /// The slot is the caller's, and was not started.
    pub(super) unsafe fn set(&self, job: Job) {
        // Relaxed: whoever starts the job gets it from us.
        self.cancelled.store(false, Ordering::Relaxed);
        self.job.with_mut(|cell| {
            // SAFETY: the caller's word.
            unsafe { *cell = job };
        });
    }

    /// # Safety
    ///
    /// As [`set`](Self::set); or the caller has its completion, and told nobody.
    pub(super) unsafe fn change(&self, f: impl FnOnce(&mut Job)) {
        self.job.with_mut(|cell| {
            // SAFETY: the caller's word.
            f(unsafe { &mut *cell });
        });
    }

    /// # Safety
    ///
    /// The caller starts it, or has its completion.
    pub(super) unsafe fn get(&self) -> Job {
        self.job.with(|cell| {
            // SAFETY: the caller's word; nobody writes it meanwhile.
            unsafe { *cell }
        })
    }

    /// Where its time limit is, for as long as the slots are there.
    pub(super) fn within(&self) -> *const Timespec {
        self.job.with(|cell| {
            // SAFETY: within the cell.
            unsafe { &raw const (*cell).within }
        })
    }

    /// Lets it not start any more, if it waits for an earlier one of its chain.
    pub(super) fn cancel(&self) {
        // Relaxed: a wish. One that comes too late is asked again.
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        // Relaxed: as above.
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl Default for JobCell {
    fn default() -> Self {
        Self::new()
    }
}

/// What became of a job that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It completes later.
    Pending,
    /// It is done, with this result, as a completion carries it.
    Done(i32),
}

/// What became of the wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was passed on; the operation's own completion tells.
    Asked,
    /// It had not begun, and never will: there will be no completion.
    Never,
}

/// What a turn of the engine brought, beside completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A completion of an operation.
    Completion(Cqe),
    /// A limited operation's limit is settled, and its room free.
    Limit,
    /// A cancellation is answered.
    Cancel,
    /// Somebody has asked the driver to look around.
    Kick,
}

/// What carries operations out: a ring, which somebody has to turn, or threads, which report by themselves.
///
/// # Safety
///
/// - What [`start`](Self::start) takes is completed once, by [`turn`](Self::turn) or by the engine's own call of
///   [`Shared::complete`](super::Shared::complete), when nobody uses the memory any more that the job names; or never.
/// - Whoever completes it sees what its starter did, and the other way round.
pub unsafe trait Engine: Send + Sync {
    /// Whether completions come by [`turn`](Self::turn) only.
    fn is_turned(&self) -> bool;

    /// Whether it can be used at all by this process.
    ///
    /// # Errors
    ///
    /// [`RingError::Forked`], in a child.
    fn check(&self) -> Result<(), RingError>;

    /// Hands a job over; [`flush`](Self::flush) sees to it that it runs.
    ///
    /// # Errors
    ///
    /// It was not taken, and will not be.
    ///
    /// # Safety
    ///
    /// What the job names stays valid until its completion, as [`Ring::push`](crate::ring::Ring::push) demands; `within` for ever.
    unsafe fn start(&self, user_data: u64, job: &Job, within: *const Timespec) -> Result<Started, RingError>;

    /// Sees to it that what was handed over runs. It does not wait.
    ///
    /// # Errors
    ///
    /// The kernel's. Short of memory is none: [`turn`](Self::turn) tries again.
    fn flush(&self) -> Result<(), RingError>;

    /// Asks for the end of an operation.
    ///
    /// # Errors
    ///
    /// It could not be asked.
    fn cancel(&self, user_data: u64) -> Result<Cancelled, RingError>;

    /// Asks for the end of everything.
    fn cancel_all(&self);

    /// Ends a sleep in [`turn`](Self::turn), or the next one.
    fn kick(&self);

    /// Closes the registered file in a slot, which nothing uses, at once.
    ///
    /// # Errors
    ///
    /// It has no registered files, or cannot be asked any more.
    fn empty_slot(&self, slot: u32) -> Result<(), RingError> {
        let _ = slot;
        Err(RingError::Kernel(Errno::NXIO))
    }

    /// Tells `each` what has happened, until it says no; if nothing has and there is a `sleep`, after that.
    ///
    /// # Errors
    ///
    /// The engine cannot be turned any more.
    fn turn(&self, sleep: Option<Limit>, each: &mut dyn FnMut(Event) -> bool) -> Result<(), RingError>;
}
