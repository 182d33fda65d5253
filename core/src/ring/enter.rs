//! Entering the kernel: to submit, to wait, to have completions shown.

use core::time::Duration;

use super::timed::Enter;
use super::{Ring, RingError};
use crate::abi::{EnterFlags, Features, Opcode, SqeFlags};
use crate::errno::Errno;
use crate::kernel::Kernel;

/// How often an answer that means 'ask again' is taken as such before it is passed on. Signals do not come a
/// million times in a row; a filter that answers `EINTR` to everything does.
pub(super) const PATIENCE: u32 = 1 << 20;

/// The same for answers that a busy-waiting caller could get for ever: no entry taken, no error said.
pub(super) const IDLE: u32 = 16;

/// How long to wait at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// For the whole wait; `None`: for ever.
    pub timeout: Option<Duration>,
    /// For the full count: when this is over, the first completion ends the wait. Whole microseconds. 6.12; without it,
    /// the wait goes on to the full count or `timeout`.
    pub min_wait: Option<Duration>,
}

impl Limit {
    /// Waits for at most `timeout`.
    pub const fn timeout(timeout: Duration) -> Self {
        Self { timeout: Some(timeout), min_wait: None }
    }
}

impl<K: Kernel> Ring<K> {
    /// Sends a NOP through the kernel and waits for it to come back: whether the ring can be entered at all.
    ///
    /// Some filters let a ring be made, and then refuse to have it entered. Who has another way to go asks before the
    /// first operation. Completions that are there already are thrown away, so a ring is asked when it is new.
    ///
    /// ```no_run
    /// # use bareio_core::{Linux, ring::Builder};
    /// let mut ring = Builder::new(8).build(Linux)?;
    /// ring.try_nop()?; // from here on, an error is an error
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); what the NOP itself says, if that is not 0.
    pub fn try_nop(&mut self) -> Result<(), RingError> {
        /// Not a name of a scope's or a driver's operation: the top bit is set.
        const NAME: u64 = u64::MAX;
        // SAFETY: a NOP points to nothing.
        unsafe { self.push(crate::sqe::nop().user_data(NAME)) }?;
        loop {
            self.submit_and_wait(1)?;
            while let Some(cqe) = self.pop() {
                if cqe.user_data == NAME {
                    return cqe.result().map(drop).map_err(RingError::Kernel);
                }
            }
        }
    }

    /// Submits everything that is staged.
    ///
    /// # Errors
    ///
    /// [`RingError::Kernel`] with `AGAIN` or `BUSY`: the kernel is short of memory, or has completions that nobody
    /// reaped. What it did not take stays queued: reap, and submit again. Anything else says that the ring
    /// can no longer be entered. [`RingError::Forked`] in a forked child.
    #[inline(always)]
    pub fn submit(&mut self) -> Result<(), RingError> {
        self.submit_and_wait(0).map(drop)
    }

    /// Submits everything that is staged, and waits until `want` completions can be read, those from before
    /// included. Returns how many can be.
    ///
    /// It waits for ever if fewer are in flight than wanted; more than the completion queue has room for are
    /// never waited for.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit). A signal is no error: the wait goes on.
    #[inline(always)]
    pub fn submit_and_wait(&mut self, want: u32) -> Result<u32, RingError> {
        self.parts.sentinel.check(&self.parts.kernel)?;
        self.sq.publish();
        if self.polls_sq() {
            return self.go_on(want, Limit::default(), None);
        }
        let submit = self.sq.unconsumed();
        let flags = if want > 0 { self.wait_flags } else { self.enter_flags };
        // SAFETY: our ring, by its descriptor or by the index registered with this thread, to which the ring is
        // bound; every entry was pushed under the contract of `push`.
        let answer = unsafe {
            self.parts.kernel.io_uring_enter(self.enter_fd, submit, want, flags, core::ptr::null(), 0)
        };
        match answer {
            Ok(taken) if taken == submit => {
                let there = self.cq.refresh();
                if there >= want {
                    return Ok(there);
                }
                self.go_on(want, Limit::default(), None)
            }
            Ok(taken) => {
                self.sever(taken);
                self.go_on(want, Limit::default(), None)
            }
            Err(errno) => self.go_on(want, Limit::default(), Some(errno)),
        }
    }

    /// As [`submit_and_wait`](Self::submit_and_wait), for at most as long as `limit` says. Fewer completions than
    /// wanted mean that time ran out.
    ///
    /// Kernels before 5.11 have no timed wait; there it looks, and sleeps a little, in turn.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit). Time running out is no error.
    pub fn submit_and_wait_within(&mut self, want: u32, limit: Limit) -> Result<u32, RingError> {
        self.parts.sentinel.check(&self.parts.kernel)?;
        self.sq.publish();
        self.go_on(want, limit, None)
    }

    /// Has the kernel show every completion that it can, without waiting and without submitting. Returns how many can be read.
    ///
    /// It enters the kernel only where that may bring something: for work that is deferred to this call, for
    /// polled devices, and for completions that did not fit the queue.
    ///
    /// # Errors
    ///
    /// [`RingError::Forked`], or the kernel's.
    pub fn poll(&mut self) -> Result<u32, RingError> {
        self.parts.sentinel.check(&self.parts.kernel)?;
        let there = self.cq.refresh();
        if there == 0 && self.must_flush() {
            match self.enter(0, 0, EnterFlags::GETEVENTS, Limit::default()) {
                Ok(_) | Err(Errno::INTR | Errno::BUSY | Errno::AGAIN) => {}
                Err(errno) => return Err(errno.into()),
            }
            return Ok(self.cq.refresh());
        }
        Ok(there)
    }

    /// Submits and waits until both are done, whatever the kernel answers in between.
    #[cold]
    fn go_on(&mut self, want: u32, limit: Limit, mut refused: Option<Errno>) -> Result<u32, RingError> {
        let want = want.min(self.cq.entries());
        let deadline = match limit.timeout {
            Some(timeout) => Some(self.parts.kernel.now()?.saturating_add(timeout)),
            None => None,
        };
        // Where the kernel knows a shorter time, it has waited for it.
        let knows_min_wait = limit.min_wait.is_some() && self.parts.features.contains(Features::MIN_TIMEOUT);
        let (mut again, mut idle, mut has_waited) = (0, 0, false);
        loop {
            match refused.take() {
                // Time that ran out shows in the clock below.
                None | Some(Errno::TIME) => {}
                Some(Errno::INTR) if again < PATIENCE => again += 1,
                Some(errno) => return Err(errno.into()),
            }
            let there = self.cq.refresh();
            let submit = self.unsubmitted();
            let waits = there < want && !(there > 0 && has_waited);
            let left = match deadline {
                Some(deadline) if waits => Some(deadline.saturating_sub(self.parts.kernel.now()?)),
                _ => None,
            };
            let wakes = self.polls_sq() && self.doorbell.must_ring();
            if submit == 0 && !wakes && (!waits || left.is_some_and(|left| left.is_zero())) {
                return Ok(there);
            }
            let mut flags = EnterFlags::NONE;
            if waits {
                flags |= self.wait_flags;
            }
            if wakes {
                flags |= EnterFlags::SQ_WAKEUP;
            }
            let left = Limit { timeout: left, ..limit };
            let (want, left) = if waits { (want, left) } else { (0, Limit::default()) };
            match self.enter(submit, want, flags, left) {
                // Neither taken nor waited for: not an error, but nothing to build on either.
                Ok(0) if submit > 0 => {
                    idle += 1;
                    if idle >= IDLE {
                        return Err(Errno::AGAIN.into());
                    }
                }
                Ok(taken) => {
                    idle = 0;
                    has_waited = knows_min_wait && waits && taken == submit;
                }
                Err(Errno::TIME) => has_waited = knows_min_wait,
                Err(errno) => refused = Some(errno),
            }
        }
    }

    /// How many entries `enter` is to take: exactly those that the kernel has not taken yet. Asking for more would
    /// make it return without waiting.
    fn unsubmitted(&mut self) -> u32 {
        if self.polls_sq() { 0 } else { self.sq.unconsumed() }
    }

    /// One `enter`.
    fn enter(&mut self, submit: u32, want: u32, flags: EnterFlags, limit: Limit) -> Result<u32, Errno> {
        let flags = flags.with(self.enter_flags); // a wait has them already
        let enter = Enter { fd: self.enter_fd, submit, want, flags, limit };
        // SAFETY: our ring, as in `submit_and_wait`.
        let taken = unsafe { self.parts.enter(enter, || self.cq.refresh() < want) }?;
        if taken < submit {
            self.sever(taken);
        }
        Ok(taken)
    }

    /// After fewer entries were taken than there are: if that was in the middle of a chain, makes the rest of it fail.
    ///
    /// The kernel begins a new chain with each call, and stops in the middle of one where it is short of memory, or before
    /// 5.18 behind an entry that it refuses. The rest would start beside what it was to follow: a flush before its write.
    #[cold]
    fn sever(&mut self, taken: u32) {
        /// No kernel's operation: it is refused, and what is linked to it is cancelled.
        const NONE: Opcode = Opcode(u8::MAX);
        if taken == 0 {
            return;
        }
        // SAFETY: something was taken just now; nobody is in `enter`, because we are not, and a polling thread is not asked
        // to take a number.
        unsafe {
            self.sq.amend_next(|last, next| {
                if last.flags.intersects(SqeFlags::IO_LINK.with(SqeFlags::IO_HARDLINK)) {
                    next.opcode = NONE;
                }
            });
        }
    }

    /// For the drain: shows what there is and, for at most `moment`, waits for something.
    pub(super) fn enter_for_any(&mut self, moment: Duration) -> Result<(), Errno> {
        let submit = self.unsubmitted();
        let mut flags = EnterFlags::GETEVENTS;
        if self.polls_sq() && self.doorbell.must_ring() {
            flags |= EnterFlags::SQ_WAKEUP;
        }
        match self.enter(submit, 1, flags, Limit::timeout(moment)) {
            Ok(_) | Err(Errno::TIME | Errno::INTR | Errno::AGAIN | Errno::BUSY) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}
