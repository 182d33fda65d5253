//! A shared ring as what carries operations out.

use core::time::Duration;

use super::engine::{Cancelled, Engine, Event, Job, Started};
use crate::abi::{CancelFlags, Sqe, SqeFlags, TimeoutFlags, Timespec};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::ring::{Limit, RingError, SharedRing};
use crate::sqe;
use crate::sync::AtomicU32;

/// What entries carry that are of no operation: the top bit, which those of operations never have, and what they are.
const CANCEL: u64 = u64::MAX;
const KICK: u64 = u64::MAX - 1;
const LIMIT: u64 = u64::MAX - 2;

/// How long to wait where the kernel is short of memory and has nothing to complete.
const MOMENT: Duration = Duration::from_millis(1);

/// Operations by way of a ring that many threads share.
///
/// Every entry is pushed by itself, or together with its time limit: what is linked in a chain is started when what it
/// waits for has completed, by whoever reaped that. A kernel that stops in the middle of what it is given can so never
/// make a flush run beside its write, which no comparison of results would find out.
#[derive(Debug)]
pub struct RingEngine<K: Kernel> {
    ring: SharedRing<K>,
}

impl<K: Kernel> RingEngine<K> {
    /// Operations by way of `ring`, on which nothing is in flight.
    pub const fn new(ring: SharedRing<K>) -> Self {
        Self { ring }
    }

    /// The ring.
    pub const fn ring(&self) -> &SharedRing<K> {
        &self.ring
    }

    /// The ring again.
    pub fn into_ring(self) -> SharedRing<K> {
        self.ring
    }

    /// Pushes entries, submitting what is in the way.
    fn push(&self, entries: &[Sqe]) -> Result<(), RingError> {
        for _ in 0..2 {
            // SAFETY: the caller of `start` vouches for what they name; the others point to nothing.
            match unsafe { self.ring.push(entries) } {
                Err(RingError::Full) => self.ring.submit()?,
                answer => return answer,
            }
        }
        // SAFETY: as above.
        unsafe { self.ring.push(entries) }
    }
}

// SAFETY: the ring completes what was pushed when the kernel is done with it; the kernel orders submitter and reaper.
unsafe impl<K: Kernel + Send + Sync> Engine for RingEngine<K> {
    fn is_turned(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), RingError> {
        self.ring.check()
    }

    unsafe fn start(&self, user_data: u64, job: &Job, within: *const Timespec) -> Result<Started, RingError> {
        let entry = job.op.encode().user_data(user_data).priority(job.priority);
        let entry = if job.by_worker { entry.flags(SqeFlags::ASYNC) } else { entry };
        if job.is_limited() {
            let limit = sqe::link_timeout(within, TimeoutFlags::NONE).user_data(LIMIT);
            self.push(&[entry.flags(SqeFlags::IO_LINK), limit])?;
        } else {
            self.push(&[entry])?;
        }
        Ok(Started::Pending)
    }

    fn flush(&self) -> Result<(), RingError> {
        match self.ring.submit() {
            // It stays queued, for the driver's next turn.
            Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY)) => Ok(()),
            answer => answer,
        }
    }

    fn cancel(&self, user_data: u64) -> Result<Cancelled, RingError> {
        self.push(&[sqe::cancel(user_data, CancelFlags::NONE).user_data(CANCEL)])?;
        self.flush()?;
        Ok(Cancelled::Asked)
    }

    fn cancel_all(&self) {
        let everything = sqe::cancel(0, CancelFlags::ANY | CancelFlags::ALL).user_data(CANCEL);
        // What cannot be asked now is asked again.
        let _ = self.push(&[everything]).and_then(|()| self.flush());
    }

    fn kick(&self) {
        let _ = self.push(&[sqe::nop().user_data(KICK)]).and_then(|()| self.flush());
    }

    fn empty_slot(&self, slot: u32) -> Result<(), RingError> {
        self.ring.empty_file_slot(slot)
    }

    fn turn(&self, sleep: Option<Limit>, each: &mut dyn FnMut(Event) -> bool) -> Result<(), RingError> {
        let is_short = match self.ring.submit() {
            Ok(()) => false,
            // What completes makes room.
            Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY)) => true,
            Err(error) => return Err(error),
        };
        let Some(mut reaper) = self.ring.try_reaper() else {
            // Only in a child: the role is ours.
            return self.ring.check();
        };
        if reaper.poll()? == 0 {
            match sleep {
                Some(_) if is_short => {
                    let _ = self.ring.kernel().wait(&AtomicU32::new(0), 0, Some(MOMENT));
                    reaper.poll()?;
                }
                Some(limit) => drop(reaper.wait_within(1, limit)?),
                None => {}
            }
        }
        for cqe in reaper.completions() {
            let event = match cqe.user_data {
                CANCEL => Event::Cancel,
                KICK => Event::Kick,
                LIMIT => Event::Limit,
                _ => Event::Completion(cqe),
            };
            if !each(event) {
                break;
            }
        }
        Ok(())
    }
}
