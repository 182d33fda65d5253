//! Operations of many threads and futures, over one ring or over calls.
//!
//! ```
//! use bareio::{File, Scheduler, sched::Op};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("data");
//! let file = File::create(&path)?;
//! let scheduler = Scheduler::new()?;
//! // Both are under way at once, and each gives its buffer back.
//! let head = scheduler.submit(Op::write(&file, b"head".to_vec(), 0))?;
//! let tail = scheduler.submit(Op::write(&file, b"tail".to_vec(), 4096).durable())?;
//! assert_eq!(head.wait()?.0, 4);
//! let (count, buffer) = tail.wait()?;
//! assert_eq!((count, &buffer[..]), (4, &b"tail"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nobody pays for a thread that is not needed. Whoever waits *drives*: enters the kernel, reaps for everybody, wakes whom that
//! concerns, and passes the role on when it leaves. Nothing is submitted through somebody else. Only when a [`Ticket`] is
//! polled as a future, with nobody to enter the kernel for it, a thread is started; see [`Drive`].
//!
//! # Which way an operation goes
//!
//! | | `run`, and what blocks | `submit`, and futures |
//! |---|---|---|
//! | direct file | one call, `pread` or `pwrite` | the ring |
//! | buffered read or write | one call | at once if the page cache can (`RWF_NOWAIT`), else the ring |
//! | durable write, flush, space | one call | the ring |
//! | with a deadline | the ring, waited for | the ring |
//! | no ring ([`Running::Posix`]) | one call | at once if the page cache can, else one of a few threads |
//!
//! Whether a file answers at once is asked of it by the first operation, and remembered with the file.
//!
//! A lone `run` is one system call. A lone `submit` and `wait` by the ring are two: one that submits, one that waits. They are
//! not made one, since on a ring that threads share a call that submits a number of its own may cut another thread's
//! operations in two.
#![expect(clippy::result_large_err, reason = "what was handed in comes back, without an allocation")]

mod arena;
mod async_file;
mod attach;
mod backend;
mod barrier;
mod builder;
mod chain;
mod desk;
mod files;
mod flush;
mod op;
mod plug;
mod posix;
#[cfg(unix)]
mod readiness;
mod run;
pub mod shards;
mod statistics;
mod ticket;
mod work;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bareio_core::ring::Limit;
use bareio_core::ticket::Id;
use bareio_core::ticket::shared::Ask;
use bareio_core::{Errno, Kernel};

pub use async_file::AsyncFile;
pub use backend::{Backend, Running};
pub use bareio_core::ticket::shared::{Class, FilesError};
pub use builder::Builder;
pub use chain::{Chain, ChainDone, ChainTicket, MAX_CHAIN};
pub use files::{Files, Kept, VirtualFile};
pub use flush::Flushing;
pub use op::{Op, Priority};
pub use plug::{Plug, Submitted};
#[cfg(unix)]
pub use readiness::Readiness;
pub use statistics::Statistics;
pub use ticket::{Failed, Outcome, Ticket};

use crate::buf::{IoBuf, IoBufMut};
use crate::error::{Error, ErrorKind, Refused, Result};
use crate::file::{File, advanced, short_read, short_write};
use crate::host::Native;
use desk::{Desk, Hold, refused};
use op::{Plan, What};
use ticket::{conclude, with_buf};

/// A kernel that threads can share: every one that can be cloned and sent.
pub trait Base: Kernel + Clone + Send + Sync + 'static {}

impl<K: Kernel + Clone + Send + Sync + 'static> Base for K {}

/// Who enters the kernel to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drive {
    /// Whoever waits; and for futures a thread, which the first one that is polled starts.
    #[default]
    Waiters,
    /// A thread, from the beginning. Whoever waits drives too, if the thread does not.
    Thread,
    /// Whoever waits, and whoever calls [`Scheduler::turn`]. There is no thread, ever: futures are woken by those two.
    Caller,
}

/// Operations of many threads. Cheap to clone; clones share it.
///
/// Dropped with its last ticket, it cancels what is in flight and waits for it, for as long as it is
/// [patient](Builder::patience); what does not end by then is leaked. If there is a thread, that does it, and the drop returns at
/// once.
pub struct Scheduler<K: Base = Native>(Arc<Handle<K>>);

/// What handles and tickets hold, and threads do not.
struct Handle<K: Base>(Arc<Desk<K>>);

impl<K: Base> Deref for Handle<K> {
    type Target = Arc<Desk<K>>;

    fn deref(&self) -> &Arc<Desk<K>> {
        &self.0
    }
}

impl<K: Base> Drop for Handle<K> {
    fn drop(&mut self) {
        // In a child there are no threads, and a lock may be that of one.
        if bareio_core::ticket::shared::Engine::check(self.machine().engine()).is_ok() {
            self.retire();
        }
    }
}

impl<K: Base> Clone for Scheduler<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Base> fmt::Debug for Scheduler<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("running", &self.running()).finish_non_exhaustive()
    }
}

/// Whether an operation is entered when it is submitted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    No,
    /// When it is released, with others.
    Back,
}

/// Operations that have not ended when a scheduler was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StillBusy {
    /// How many.
    pub count: u32,
}

impl fmt::Display for StillBusy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} operations have not ended; close again, or drop the scheduler, which leaks them",
            self.count
        )
    }
}

impl std::error::Error for StillBusy {}

impl Scheduler {
    /// One with a ring if there is one, else by calls.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn new() -> Result<Self> {
        Builder::default().build()
    }

    /// Settings, to be changed.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl<K: Base> Scheduler<K> {
    /// What carries operations out, and why.
    pub fn running(&self) -> Running {
        self.0.running
    }

    /// Submits an operation. If there is no room, waits for some, driving meanwhile.
    ///
    /// # Errors
    ///
    /// With the operation:
    /// - What is wrong with it; see [`File::read_at`] and [`File::write_at`].
    /// - [`Full`](ErrorKind::Full): only tickets that were not collected hold the slots.
    /// - [`Closed`](ErrorKind::Closed), [`Forked`](ErrorKind::Forked), or the ring's.
    pub fn submit<B: Send + 'static>(&self, op: Op<B, K>) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        self.submit_by(op, Held::No, |ask, ids| self.0.machine().admit(ask, ids))
    }

    /// Submits an operation, if there is room.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit), and [`Full`](ErrorKind::Full) if there is no room now.
    pub fn try_submit<B: Send + 'static>(&self, op: Op<B, K>) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        self.submit_by(op, Held::No, |ask, ids| self.0.machine().try_admit(ask, ids))
    }

    /// Submits an operation. If there is no room, it waits for some without keeping the thread.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn submit_async<B: Send + 'static>(
        &self,
        op: Op<B, K>,
    ) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        let op = match self.try_submit(op) {
            Err(refused) if refused.error.is_full() => refused.given,
            answer => return answer,
        };
        let ask = Ask { class: op.plan.class, cost: op.plan.cost() };
        self.0.start_server();
        match self.0.machine().room(ask).await {
            Ok(id) => self.begin(id, op, ask, Held::No),
            Err(refusal) => Err(Refused::new(refused(refusal), op)),
        }
    }

    fn submit_by<B: Send + 'static>(
        &self,
        mut op: Op<B, K>,
        held: Held,
        admit: impl FnOnce(Ask, &mut [Id]) -> Result<(), bareio_core::ticket::shared::Refusal>,
    ) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        if let Err(error) = op.check().and_then(|()| self.0.check_home(&op.work)) {
            return Err(Refused::new(error, op));
        }
        if let Some(result) = self.at_once(&mut op, held) {
            if self.0.machine().is_closed() {
                return Err(Refused::new(ErrorKind::Closed, op));
            }
            return Ok(self.done(op, result));
        }
        let ask = Ask { class: op.plan.class, cost: op.plan.cost() };
        let mut id = [Id::from_user_data(0)];
        match admit(ask, &mut id) {
            Ok(()) => self.begin(id[0], op, ask, held),
            Err(refusal) => Err(Refused::new(refused(refusal), op)),
        }
    }

    fn begin<B: Send + 'static>(
        &self,
        id: Id,
        op: Op<B, K>,
        ask: Ask,
        held: Held,
    ) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        let plan = op.plan;
        self.0.begin(id, op, ask, held == Held::Back)?;
        Ok(Ticket::held(Hold::new(self.0.clone(), id), plan))
    }

    fn done<B: Send + 'static>(&self, op: Op<B, K>, result: Result<u32, Errno>) -> Ticket<B, K> {
        let Op { work, plan } = op;
        let (result, buf) = conclude(&self.0, plan, false, work, result);
        Ticket::ready(with_buf(result, buf), plan)
    }

    /// What comes of an operation, if that can be told without waiting.
    fn at_once<B>(&self, op: &mut Op<B, K>, held: Held) -> Option<Result<u32, Errno>> {
        let Op { work, plan } = op;
        if work.claim.is_some() {
            return None; // it may have to wait for its file
        }
        let call = work.call(plan).ok()?;
        if call.is_nothing() {
            return Some(Ok(0));
        }
        if held == Held::Back && plan.what == What::Write && self.0.machine().coalesces() {
            return None; // it is tried together with what follows it
        }
        let file = work.file.clone()?;
        let may = match plan.what {
            What::Read => file.at_once().reads(),
            What::Write => {
                file.at_once().writes() && !plan.is_durable && file.sync_mode() == crate::file::Sync::None
            }
            _ => false,
        };
        if !may || plan.is_current || file.granted().is_direct() {
            return None;
        }
        let len = call.transfer_len();
        match work.perform_at_once(&self.0.kernel, plan) {
            // Less than all may be all that there is, or all that is there at once: only asking properly tells.
            Ok(count) if count == 0 || Some(count) == len => {
                self.0.tally.hit();
                return Some(Ok(count));
            }
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) if plan.what == What::Read => {
                file.at_once().refuse_reads();
            }
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => file.at_once().refuse_writes(),
            // It would have to wait, or it fails, which is told by whoever carries it out.
            Ok(_) | Err(_) => {}
        }
        self.0.tally.miss();
        None
    }

    /// Carries out an operation and waits for it: by one call on this thread; with a deadline, by the ring.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or went wrong, with its buffer.
    pub fn run<B: Send + 'static>(&self, mut op: Op<B, K>) -> Outcome<B> {
        if let Err(error) = self.may_run(&mut op) {
            return Err(Failed { error, buf: op.into_buf() });
        }
        if op.plan.within.is_some() || op.work.claim.is_some() {
            return match self.submit(op) {
                Ok(ticket) => ticket.wait(),
                Err(Refused { error, given }) => Err(Failed { error, buf: given.into_buf() }),
            };
        }
        let Op { mut work, plan } = op;
        let result = work.perform(&self.0.kernel, &plan);
        self.0.tally.call();
        let (result, buf) = conclude(&self.0, plan, false, work, result);
        with_buf(result, buf)
    }

    fn may_run<B>(&self, op: &mut Op<B, K>) -> Result<()> {
        if self.0.machine().is_closed() {
            return Err(Error::new(ErrorKind::Closed));
        }
        op.check()
    }

    /// Reads into `buf` from `offset` on, and waits for it. The count may be short. One system call.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn read_at<B: IoBufMut>(&self, file: &File<K>, buf: B, offset: u64) -> Outcome<B> {
        self.run(Op::read(file, buf, offset))
    }

    /// Writes `buf` to `offset` on, and waits for it. The count may be short. One system call.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn write_at<B: IoBuf>(&self, file: &File<K>, buf: B, offset: u64) -> Outcome<B> {
        self.run(Op::write(file, buf, offset))
    }

    /// Fills `buf`'s room from `offset` on.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); [`ShortRead`](ErrorKind::ShortRead) if the file ends before.
    pub fn read_exact_at<B: IoBufMut>(&self, file: &File<K>, buf: B, offset: u64) -> Outcome<B> {
        self.run_whole(Op::read(file, buf, offset))
    }

    /// Writes all of `buf` to `offset` on.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn write_all_at<B: IoBuf>(&self, file: &File<K>, buf: B, offset: u64) -> Outcome<B> {
        self.run_whole(Op::write(file, buf, offset))
    }

    fn run_whole<B: Send + 'static>(&self, mut op: Op<B, K>) -> Outcome<B> {
        if let Err(error) = self.may_run(&mut op) {
            return Err(Failed { error, buf: op.into_buf() });
        }
        let Op { mut work, plan } = op;
        let wanted = work.parts().1;
        let mut got = 0;
        let error = loop {
            if got == wanted {
                break None;
            }
            match self.run_rest(&mut work, plan, got) {
                Ok(0) if plan.what == What::Read => break Some(short_read(wanted, got)),
                Ok(0) => break Some(short_write(wanted, got)),
                Ok(count) => got += count,
                // A read that ended off the grid ended at the end of the file.
                Err(error) if error.is_misaligned() && got > 0 => break Some(short_read(wanted, got)),
                Err(error) => break Some(error),
            }
        };
        // Memory has room for no more than `isize::MAX`, and a count for 4 GiB; what is filled is told piece by piece.
        let buf = work.finish_bytes(got);
        with_buf(error.map_or(Ok(got), Err), buf)
    }

    /// One call for what is left.
    fn run_rest<B>(&self, work: &mut work::Work<B, K>, plan: Plan, got: usize) -> Result<usize> {
        let plan = Plan { offset: advanced(plan.offset, got)?, skip: got, ..plan };
        let (first, len) = work.clipped(&plan);
        let Some(file) = work.file.clone() else { return Ok(0) };
        if plan.what == What::Read {
            file.check_read(first, len, plan.offset)?;
        } else {
            file.check_write(first, len, plan.offset)?;
        }
        self.0.tally.call();
        let result = work.perform(&self.0.kernel, &plan);
        let result = result.map(|count| count as usize).map_err(|errno| Error::os(plan.what.name(), errno));
        let flushes = plan.is_durable || file.sync_mode() != crate::file::Sync::None;
        if plan.what == What::Write && flushes { file.durably(result) } else { result }
    }

    /// Submits a chain, whole. If there is no room, waits for some, driving meanwhile.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit), with the chain; [`OutOfRange`](ErrorKind::OutOfRange) if it is longer than there
    /// can ever be room for.
    pub fn submit_chain<B: Send + 'static>(
        &self,
        mut chain: Chain<B, K>,
    ) -> Result<ChainTicket<B, K>, Refused<Chain<B, K>>> {
        if let Err(error) = chain.check().and_then(|()| self.0.check_homes(&chain)) {
            return Err(Refused::new(error, chain));
        }
        let ask = Ask { class: chain.class(), cost: chain.cost() };
        let (plans, len) = (chain.plans(), chain.len());
        let mut ids = [Id::from_user_data(0); MAX_CHAIN];
        if let Err(refusal) = self.0.machine().admit(ask, &mut ids[..len]) {
            return Err(Refused::new(refused(refusal), chain));
        }
        if let Err(error) = self.0.begin_chain(&ids[..len], &mut chain.ops, ask) {
            return Err(Refused::new(error, chain));
        }
        let mut holds = [const { None }; MAX_CHAIN];
        for (hold, id) in holds.iter_mut().zip(&ids[..len]) {
            *hold = Some(Hold::new(self.0.clone(), *id));
        }
        Ok(ChainTicket { holds, plans, is_cancelled: false, is_counted: false })
    }

    /// Submits a chain, and waits for all of it.
    ///
    /// # Errors
    ///
    /// As [`submit_chain`](Self::submit_chain).
    pub fn run_chain<B: Send + 'static>(
        &self,
        chain: Chain<B, K>,
    ) -> Result<ChainDone<B>, Refused<Chain<B, K>>> {
        Ok(self.submit_chain(chain)?.wait())
    }

    /// Reaps what has completed and wakes whom that concerns, unless somebody else does already, which is what it tells.
    /// With `wait`, waits for something to complete, for at most so long. For loops of one's own; see
    /// [`Drive::Caller`].
    ///
    /// # Errors
    ///
    /// The ring's.
    pub fn turn(&self, wait: Option<Duration>) -> Result<bool> {
        let sleep = wait.map(|timeout| Limit { timeout: Some(timeout), min_wait: None });
        Ok(self.0.machine().turn_once(sleep)?)
    }

    /// Lets nothing in any more, cancels what is in flight, and waits for it, for at most `within`. What finishes keeps its
    /// result; other tickets say [`Closed`](ErrorKind::Closed). No buffer is given back before the kernel is done with it. Twice
    /// is fine.
    ///
    /// # Errors
    ///
    /// [`StillBusy`]: a disk hangs, or a call that has begun. Closing again waits again.
    pub fn close(&self, within: Duration) -> Result<(), StillBusy> {
        self.0.close(within).map_err(|busy| StillBusy { count: busy.in_flight })
    }
}
