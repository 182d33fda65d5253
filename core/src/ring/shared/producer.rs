//! The producing end of a ring, shared by threads.

use crate::errno::{Errno, Result};
use crate::kernel::Kernel;
use crate::lock::Lock;
use crate::ring::enter::{IDLE, PATIENCE};
use crate::ring::{Full, Producer};

/// The producing end of a ring that many threads push to.
///
/// What one call pushes is shown to the consumer in one piece, and whoever has the consumer run has it run for all. So
/// a chain is consumed whole, as long as the consumer is asked for everything: a thread that counted its own entries
/// would, after another's call took some of them, ask for the first of a third one's chain.
///
/// One case is left: a kernel that is short of memory, or before 5.18 refuses an entry, stops in the middle of a chain, and
/// the next call, perhaps of another thread, starts the rest as a chain of its own. What must not run beside what it follows (a
/// flush beside its write) is pushed when that has completed, as [`ticket::shared`](crate::ticket::shared) does it, or goes to a
/// [`Ring`](crate::ring::Ring) of one thread, which makes the rest fail.
#[derive(Debug)]
pub struct SharedProducer<T> {
    end: Lock<Producer<T>>,
    entries: u32,
}

impl<T: Copy> SharedProducer<T> {
    /// Shares `end`. What is staged in it is shown with the first push.
    pub fn new(end: Producer<T>) -> Self {
        let entries = end.entries();
        Self { end: Lock::new(end), entries }
    }

    /// The end itself, for one thread again.
    pub fn into_inner(self) -> Producer<T> {
        self.end.into_inner()
    }

    /// How many slots there are.
    pub const fn entries(&self) -> u32 {
        self.entries
    }

    /// Pushes `chain` and publishes it, all or nothing.
    ///
    /// # Errors
    ///
    /// [`Full`] if there are not so many free slots. Nothing was pushed.
    pub fn push(&self, kernel: &impl Kernel, chain: &[T]) -> core::result::Result<(), Full> {
        let count = u32::try_from(chain.len()).map_err(|_| Full)?;
        let mut end = self.end.lock(kernel);
        let mut slots = end.reserve(count)?;
        for entry in chain {
            slots.push(*entry);
        }
        slots.stage();
        end.publish();
        Ok(())
    }

    /// How many slots are free, at this moment.
    pub fn free(&self, kernel: &impl Kernel) -> u32 {
        self.end.lock(kernel).free()
    }

    /// How many entries were pushed, and how many of them are not consumed: both modulo 2³², since the ring was made.
    pub(in crate::ring) fn position(&self, kernel: &impl Kernel) -> (u32, u32) {
        let end = self.end.lock(kernel);
        (end.position(), end.unconsumed())
    }

    /// Has the consumer run until everything is consumed that was pushed before, by whichever thread's call.
    ///
    /// `enter` is passed the most entries that the consumer shall take, which is always all that the ring has room for,
    /// and returns how many it took. Two calls may run at a time; the lock is not held meanwhile.
    ///
    /// # Errors
    ///
    /// What `enter` answers, `INTR` apart, which is tried again. `AGAIN`, if time and again it takes nothing.
    pub fn submit(&self, kernel: &impl Kernel, mut enter: impl FnMut(u32) -> Result<u32>) -> Result<()> {
        let (goal, unconsumed) = self.position(kernel);
        if unconsumed == 0 {
            return Ok(());
        }
        let (mut again, mut idle) = (0, 0);
        loop {
            let taken = match enter(self.entries) {
                Ok(taken) => taken,
                Err(Errno::INTR) if again < PATIENCE => {
                    again += 1;
                    continue;
                }
                Err(errno) => return Err(errno),
            };
            let (position, unconsumed) = self.position(kernel);
            // What was pushed since the goal was set is not ours to wait for.
            if unconsumed <= position.wrapping_sub(goal) {
                return Ok(());
            }
            idle = if taken == 0 { idle + 1 } else { 0 };
            if idle >= IDLE {
                return Err(Errno::AGAIN);
            }
        }
    }
}
