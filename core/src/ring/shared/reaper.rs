//! The role of whoever reads a shared ring's completions.

use super::{Reaped, SharedRing};
use crate::abi::{EnterFlags, Features, SetupFlags, SqFlags};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::lock::Guard;
use crate::ring::enter::PATIENCE;
use crate::ring::{Completions, Limit, RingError};

/// The right to read a [`SharedRing`]'s completions, and to wait for them, until it is dropped.
///
/// Leaked, nobody reaps any more; the ring can still be closed.
#[derive(Debug)]
pub struct Reaper<'r, K: Kernel> {
    ring: &'r SharedRing<K>,
    role: Guard<'r, Reaped, K>,
}

impl<'r, K: Kernel> Reaper<'r, K> {
    pub(super) fn new(ring: &'r SharedRing<K>, role: Guard<'r, Reaped, K>) -> Self {
        Self { ring, role }
    }

    /// Every completion that is there, to be read one by one; none in a forked child. See [`Ring::completions`].
    ///
    /// [`Ring::completions`]: crate::ring::Ring::completions
    pub fn completions(&mut self) -> Completions<'_> {
        let is_forked = self.ring.check().is_err();
        let Reaped { cq, more } = &mut *self.role;
        Completions::new(if is_forked { cq.empty_batch() } else { cq.batch() }, more)
    }

    /// Waits until `want` completions can be read, those from before included, and returns how many can be. It does
    /// not submit.
    ///
    /// It waits for ever if no thread submits enough; more than the completion queue has room for are never waited
    /// for.
    ///
    /// # Errors
    ///
    /// As [`Ring::submit_and_wait`](crate::ring::Ring::submit_and_wait).
    pub fn wait(&mut self, want: u32) -> Result<u32, RingError> {
        self.wait_within(want, Limit::default())
    }

    /// As [`wait`](Self::wait), for at most as long as `limit` says. Fewer completions than wanted mean that time ran
    /// out.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait). Time running out is no error.
    pub fn wait_within(&mut self, want: u32, limit: Limit) -> Result<u32, RingError> {
        self.ring.check()?;
        let kernel = self.ring.kernel();
        let cq = &mut self.role.cq;
        let want = want.min(cq.entries());
        let deadline = match limit.timeout {
            Some(timeout) => Some(kernel.now()?.saturating_add(timeout)),
            None => None,
        };
        let knows_min_wait = limit.min_wait.is_some() && self.ring.features().contains(Features::MIN_TIMEOUT);
        let (mut again, mut has_waited) = (0, false);
        loop {
            let there = cq.refresh();
            if there >= want || (there > 0 && has_waited && knows_min_wait) {
                return Ok(there);
            }
            let timeout = match deadline {
                Some(deadline) => Some(deadline.saturating_sub(kernel.now()?)),
                None => None,
            };
            if has_waited && timeout.is_some_and(|left| left.is_zero()) {
                return Ok(there);
            }
            let left = Limit { timeout, ..limit };
            // Nothing is submitted along with it: a wait that took fewer entries than it asked for would return at once.
            match self.ring.enter(0, want, self.ring.fields.wait_flags, left, || cq.refresh() < want) {
                // Time that ran out shows in the clock.
                Ok(_) | Err(Errno::TIME) => has_waited = true,
                Err(Errno::INTR) if again < PATIENCE => again += 1,
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Has the kernel show every completion that it can, without waiting. Returns how many can be read.
    ///
    /// # Errors
    ///
    /// [`RingError::Forked`], or the kernel's.
    pub fn poll(&mut self) -> Result<u32, RingError> {
        self.ring.check()?;
        let there = self.role.cq.refresh();
        let hidden = self.ring.setup().contains(SetupFlags::IOPOLL)
            || self.ring.fields.doorbell.flags().intersects(SqFlags::CQ_OVERFLOW.with(SqFlags::TASKRUN));
        if there > 0 || !hidden {
            return Ok(there);
        }
        match self.ring.enter(0, 0, EnterFlags::GETEVENTS, Limit::default(), || false) {
            Ok(_) | Err(Errno::INTR | Errno::BUSY | Errno::AGAIN) => Ok(self.role.cq.refresh()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// How many operations the kernel has consumed and not completed, as far as their completions were reaped; 0 in a
    /// forked child. Other threads may submit more at any time.
    pub fn in_flight(&self) -> u32 {
        if self.ring.check().is_err() {
            return 0;
        }
        let fields = &*self.ring.fields;
        let (position, unconsumed) = fields.sq.position(self.ring.kernel());
        // A polling thread may take them at any time.
        let waiting = if self.ring.polls_sq() { 0 } else { unconsumed };
        let Reaped { cq, more } = &*self.role;
        position
            .wrapping_sub(waiting)
            .wrapping_sub(cq.position())
            .wrapping_sub(fields.origin)
            .wrapping_add(*more)
            .wrapping_sub(fields.parts.ended_unseen())
    }
}
