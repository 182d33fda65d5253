use core::fmt;
use core::time::Duration;

use super::operation::Operation;
use super::outcome::{Lost, Ticket};
use super::table::{Claimer, Id, Reaper, Table};
use crate::abi::{CancelFlags, Sqe, SqeFlags};
use crate::errno::{Errno, Result};
use crate::kernel::Kernel;
use crate::ring::{Limit, Ring, RingError};
use crate::sqe;

/// Carried by cancellations. Their completions say nothing that their targets' do not.
const CANCEL: u64 = u64::MAX;

/// Entries of the completion queue that are never promised to operations, so that there is always room to cancel.
const KEPT_BACK: u32 = 4;

/// A ring and the slots of its operations, for the thread that the ring is bound to.
///
/// No more operations are in flight than the completion queue has entries, less a few that are kept back: the queue
/// cannot overflow by our own doing.
#[derive(Debug)]
pub struct Driver<'t, K: Kernel> {
    ring: Ring<K>,
    claimer: Claimer<'t>,
    reaper: Reaper<'t>,
    /// Completions that may still be promised.
    credits: u32,
    /// Cancellations that may still be asked for.
    cancels: u32,
    unknown: u64,
}

/// An operation that was not submitted, given back.
pub struct Refused<O> {
    /// Why.
    pub error: RingError,
    /// Untouched.
    pub operation: O,
}

impl<O> fmt::Debug for Refused<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<O> fmt::Display for Refused<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<O> core::error::Error for Refused<O> {}

/// Why a wait ended before its operation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Time ran out.
    TimedOut,
    /// The ring cannot be entered.
    Ring(RingError),
    /// The ring was given up.
    Lost,
}

/// A wait that ended before its operation did. The ticket, and with it the buffer, is still there, unless the ring was
/// given up.
pub struct Unfinished<'t, O: Operation> {
    /// Why.
    pub why: Why,
    /// To wait again, to cancel, or to drop.
    pub ticket: Option<Ticket<'t, O>>,
}

impl<O: Operation> fmt::Debug for Unfinished<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<O: Operation> fmt::Display for Unfinished<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::TimedOut => f.write_str("time ran out, and the operation goes on; wait again, or cancel it"),
            Why::Ring(error) => error.fmt(f),
            Why::Lost => Lost.fmt(f),
        }
    }
}

impl<O: Operation> core::error::Error for Unfinished<'_, O> {}

impl<'t, K: Kernel> Driver<'t, K> {
    /// Drives `ring` for the operations in `table`. Completions of whatever was in flight before are thrown away.
    pub fn new<'s: 't>(ring: Ring<K>, table: &'t mut Table<'s>) -> Self {
        let credits = ring.completion_entries().saturating_sub(KEPT_BACK);
        let (claimer, reaper) = table.split();
        Self { ring, claimer, reaper, credits, cancels: KEPT_BACK / 2, unknown: 0 }
    }

    /// Stages an operation; the next [`turn`](Self::turn) submits it.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the operation: [`RingError::Full`] if no slot, no entry of the ring or no room for its completion is
    /// free, also after a look at what has completed; or what the operation says is wrong with it.
    pub fn submit<O: Operation>(&mut self, operation: O) -> Result<Ticket<'t, O>, Refused<O>> {
        self.make_room(1);
        let (ticket, entry) = self.insert(operation)?;
        // SAFETY: the operation is in its slot, and stays there until its last completion; `Operation` says that what
        // its entry names stays as long. If the ring is leaked, so is the slot's contents.
        match unsafe { self.ring.push(entry) } {
            Ok(()) => {
                self.credits -= 1;
                Ok(ticket)
            }
            // SAFETY: it was not pushed.
            Err(error) => Err(Refused { error, operation: unsafe { self.claimer.withdraw(ticket) } }),
        }
    }

    /// Stages two operations, the second of which starts when the first has succeeded, whole. A flush behind a write
    /// makes it durable: both tickets say whether.
    ///
    /// A first operation whose failure does not stop the second ([`Operation::SEVERS`]) does not compile: on Linux the
    /// failure of a flush stops nothing.
    ///
    /// ```compile_fail,E0080
    /// use bareio_core::{BorrowedFd, Linux, ticket::{Driver, StaticBuf, Sync, Write}};
    ///
    /// fn commit(driver: &mut Driver<'_, Linux>, file: BorrowedFd<'static>, commit: StaticBuf) {
    ///     let _ = driver.submit_linked(Sync::all(file), Write::new(file, commit, 0));
    /// }
    /// # core::hint::black_box(commit as fn(&mut Driver<'_, Linux>, BorrowedFd<'static>, StaticBuf));
    /// ```
    ///
    /// The other way round it does:
    ///
    /// ```
    /// use bareio_core::{BorrowedFd, Linux, ticket::{Driver, StaticBuf, Sync, Write}};
    ///
    /// fn commit(driver: &mut Driver<'_, Linux>, file: BorrowedFd<'static>, commit: StaticBuf) {
    ///     let _ = driver.submit_linked(Write::new(file, commit, 0), Sync::all(file));
    /// }
    /// # core::hint::black_box(commit as fn(&mut Driver<'_, Linux>, BorrowedFd<'static>, StaticBuf));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refused`], with both; neither was staged.
    #[expect(clippy::type_complexity, reason = "two of each")]
    pub fn submit_linked<A: Operation, B: Operation>(
        &mut self,
        first: A,
        second: B,
    ) -> Result<(Ticket<'t, A>, Ticket<'t, B>), Refused<(A, B)>> {
        const { assert!(A::SEVERS, "the failure of the first operation would not stop the second") };
        self.make_room(2);
        if self.credits < 2 {
            return Err(Refused { error: RingError::Full, operation: (first, second) });
        }
        let (first, first_entry) = match self.insert(first) {
            Ok(inserted) => inserted,
            Err(refused) => {
                return Err(Refused { error: refused.error, operation: (refused.operation, second) });
            }
        };
        let (second, second_entry) = match self.insert(second) {
            Ok(inserted) => inserted,
            Err(refused) => {
                // SAFETY: it was not pushed.
                let first = unsafe { self.claimer.withdraw(first) };
                return Err(Refused { error: refused.error, operation: (first, refused.operation) });
            }
        };
        // SAFETY: as in `submit`, for both.
        match unsafe { self.ring.reserve(2) } {
            Ok(mut slots) => {
                slots.push(first_entry.flags(SqeFlags::IO_LINK));
                slots.push(second_entry);
                slots.stage();
                self.credits -= 2;
                Ok((first, second))
            }
            Err(error) => {
                // SAFETY: it was not pushed.
                let first = unsafe { self.claimer.withdraw(first) };
                // SAFETY: nor was this.
                let second = unsafe { self.claimer.withdraw(second) };
                Err(Refused { error, operation: (first, second) })
            }
        }
    }

    /// Submits what is staged, waits until `want` completions are there, and hands them out. With 0 it does not
    /// wait. Returns how many operations were completed.
    ///
    /// # Errors
    ///
    /// The ring's. What is in flight stays so.
    pub fn turn(&mut self, want: u32) -> Result<u32, RingError> {
        self.turn_within(want, Limit::default())
    }

    /// As [`turn`](Self::turn), for at most as long as `limit` says.
    ///
    /// # Errors
    ///
    /// As [`turn`](Self::turn).
    pub fn turn_within(&mut self, want: u32, limit: Limit) -> Result<u32, RingError> {
        let answer = if limit == Limit::default() {
            self.ring.submit_and_wait(want)
        } else {
            self.ring.submit_and_wait_within(want, limit)
        };
        let answer = match answer {
            Ok(0) => self.ring.poll().map(drop),
            // Short of memory, or of room for completions: what is there makes room.
            Ok(_) | Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY)) => Ok(()),
            Err(error) => Err(error),
        };
        let completed = self.reap();
        answer.map(|()| completed)
    }

    /// Waits for an operation, and gives back what came of it.
    ///
    /// # Errors
    ///
    /// [`Unfinished`], with the ticket, if the ring cannot be entered.
    ///
    /// # Panics
    ///
    /// If the ticket is of another driver's, which this one would wait for in vain.
    pub fn wait<O: Operation>(&mut self, ticket: Ticket<'t, O>) -> Result<O::Output, Unfinished<'t, O>> {
        self.wait_within(ticket, Limit::default())
    }

    /// As [`wait`](Self::wait), for at most as long as `limit` says.
    ///
    /// # Errors
    ///
    /// [`Unfinished`], with the ticket, also if time runs out.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_within<O: Operation>(
        &mut self,
        mut ticket: Ticket<'t, O>,
        limit: Limit,
    ) -> Result<O::Output, Unfinished<'t, O>> {
        assert!(ticket.is_of(&self.claimer), "the ticket is of another driver's operation");
        // The clock is asked only where it matters: elsewhere it would be a second system call for every wait.
        let begin = limit.timeout.and_then(|_| self.ring.kernel().now().ok());
        loop {
            ticket = match ticket.take() {
                Ok(Ok(output)) => return Ok(output),
                Ok(Err(Lost)) => return Err(Unfinished { why: Why::Lost, ticket: None }),
                Err(ticket) => ticket,
            };
            let left = self.left(begin, limit);
            if left.timeout.is_some_and(|left| left.is_zero()) {
                return Err(Unfinished { why: Why::TimedOut, ticket: Some(ticket) });
            }
            if let Err(error) = self.turn_within(1, left) {
                return Err(Unfinished { why: Why::Ring(error), ticket: Some(ticket) });
            }
        }
    }

    /// Asks the kernel to cancel an operation. Its ticket tells what became of it: the true result, and the
    /// buffer.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`]: too much is staged, or two cancellations are under way; [`turn`](Self::turn) first.
    ///
    /// # Panics
    ///
    /// If the ticket is of another driver's.
    pub fn cancel<O: Operation>(&mut self, ticket: &Ticket<'t, O>) -> Result<(), RingError> {
        assert!(ticket.is_of(&self.claimer), "the ticket is of another driver's operation");
        self.cancel_by(ticket.id().user_data())
    }

    /// Asks the kernel to cancel what nobody wants any more: operations whose tickets were dropped. Returns for how
    /// many there was room to ask.
    ///
    /// # Errors
    ///
    /// The ring's, other than that it is full.
    pub fn cancel_orphans(&mut self) -> Result<u32, RingError> {
        let mut asked = 0;
        loop {
            let orphan = self.reaper.orphans().nth(asked as usize);
            let Some(id) = orphan else { break };
            match self.cancel_by(id.user_data()) {
                Ok(()) => asked += 1,
                Err(RingError::Full) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(asked)
    }

    fn cancel_by(&mut self, user_data: u64) -> Result<(), RingError> {
        if self.cancels == 0 {
            return Err(RingError::Full);
        }
        let entry = sqe::cancel(user_data, CancelFlags::NONE).user_data(CANCEL);
        // SAFETY: it points to nothing.
        unsafe { self.ring.push(entry) }?;
        self.cancels -= 1;
        Ok(())
    }

    /// Cancels everything, waits for at most `within` until the kernel is done with all of it, and ends the ring. Every ticket
    /// is completed: what finished keeps its result, the others say `CANCELED`.
    ///
    /// # Errors
    ///
    /// [`Closing`], with the driver, if the kernel still has operations then.
    #[expect(clippy::result_large_err, reason = "the driver itself comes back, once in its life")]
    pub fn close(mut self, within: Duration) -> Result<(), Closing<'t, K>> {
        if self.drain(within) {
            return Ok(());
        }
        let in_flight = self.ring.in_flight();
        Err(Closing { driver: self, in_flight })
    }

    /// The ring, to look at.
    pub const fn ring(&self) -> &Ring<K> {
        &self.ring
    }

    /// The ring, for what the driver does not offer. Completions of entries pushed there are counted as unknown.
    ///
    /// # Safety
    ///
    /// The driver frees what an operation owns when its completion comes from this ring, or when nothing is in flight on
    /// it. So:
    ///
    /// - It is not put in another's place, by `core::mem::swap` or the like.
    /// - No [`scope`](Ring::scope) is run on it: its completions could be taken for ours, and ours for its.
    /// - Entries that are pushed have the top bit of `user_data` set; those of operations never have.
    pub const unsafe fn ring_mut(&mut self) -> &mut Ring<K> {
        &mut self.ring
    }

    /// How many completions were of nothing in flight here: stale ones, doubled ones, or of entries pushed past the
    /// driver.
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }

    fn insert<O: Operation>(&mut self, operation: O) -> Result<(Ticket<'t, O>, Sqe), Refused<O>> {
        if self.credits == 0 {
            return Err(Refused { error: RingError::Full, operation });
        }
        self.claimer.insert(operation).map_err(|(errno, operation)| {
            let error = if errno == Errno::NOBUFS { RingError::Full } else { RingError::Kernel(errno) };
            Refused { error, operation }
        })
    }

    /// Makes room for `count` entries, if that takes no waiting.
    fn make_room(&mut self, count: u32) {
        if self.ring.free() < count || self.credits < count {
            // If it fails, there is no room, which the caller finds.
            let _ = self.turn(0);
        }
    }

    /// Hands out what has completed.
    fn reap(&mut self) -> u32 {
        let Self { ring, reaper, credits, cancels, unknown, .. } = self;
        let mut completed = 0;
        for cqe in ring.completions() {
            if cqe.user_data == CANCEL {
                *cancels += 1;
                continue;
            }
            // SAFETY: from the ring that the operations were pushed into.
            let known = unsafe { reaper.complete(cqe) };
            if !known {
                *unknown += 1;
            } else if cqe.is_terminal() {
                *credits += 1;
                completed += 1;
            }
        }
        completed
    }

    fn drain(&mut self, within: Duration) -> bool {
        self.reap();
        let Self { ring, reaper, credits, .. } = self;
        let names = reaper.busy().map(Id::user_data);
        let idle = ring.drain(within, names, &mut |cqe| {
            // SAFETY: from the ring that the operations were pushed into, or of one that the kernel never had.
            let known = unsafe { reaper.complete(cqe) };
            if known && cqe.is_terminal() {
                *credits += 1;
            }
        });
        if idle {
            // SAFETY: the kernel has nothing of ours in flight. Something is left in a forked child only, or if its
            // completion was lost.
            unsafe { self.reaper.cancel_rest() };
        }
        idle
    }

    /// What is left of `limit`, begun at `begin`.
    fn left(&self, begin: Option<Duration>, limit: Limit) -> Limit {
        let timeout = limit.timeout.map(|timeout| match (begin, self.ring.kernel().now()) {
            (Some(begin), Ok(now)) => timeout.saturating_sub(now.saturating_sub(begin)),
            _ => timeout,
        });
        Limit { timeout, ..limit }
    }
}

impl<K: Kernel> Drop for Driver<'_, K> {
    /// Drains as [`close`](Self::close) does, for as long as the ring is patient; what the kernel then still has is
    /// leaked with the ring, and its tickets say [`Lost`].
    fn drop(&mut self) {
        /// Whatever disposing of operations does, a panic too: what is left is lost, and its tickets say so.
        struct Give<'d, 't, K: Kernel>(&'d mut Driver<'t, K>);
        impl<K: Kernel> Drop for Give<'_, '_, K> {
            fn drop(&mut self) {
                self.0.reaper.lose_rest();
                self.0.ring.leak();
            }
        }
        let patience = self.ring.patience();
        let give = Give(self);
        if give.0.drain(patience) {
            core::mem::forget(give);
        }
    }
}

/// The kernel has not completed everything: the driver is still there, to be tried again or dropped.
#[must_use = "dropping it waits again, and then leaks"]
pub struct Closing<'t, K: Kernel> {
    /// The driver.
    pub driver: Driver<'t, K>,
    /// How many operations have not completed.
    pub in_flight: u32,
}

impl<K: Kernel> fmt::Debug for Closing<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

impl<K: Kernel> fmt::Display for Closing<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} operations have not completed; close again, or drop the driver", self.in_flight)
    }
}

impl<K: Kernel> core::error::Error for Closing<'_, K> {}
