//! Whether what was written to a file can still be called durable.
//!
//! A flush that fails marks the pages clean that it could not write, and the next flush finds nothing to do and
//! succeeds. So the first failure is remembered, and every later flush of the same file says so.
//!
//! Of flushes that overlap, the kernel tells one:
//!
//! | one thread | another |
//! |---|---|
//! | flushes | flushes as well, and waits for the same pages |
//! | is told `EIO` | finds the error reported, and is told that all is well |
//! | | must not believe it |
//! | remembers the failure | |
//!
//! So, through the page cache, a flush that succeeded waits for those that began before it ended, and then looks whether one of them failed. Nobody
//! waits for a flush that begins later, so threads that flush in turns do so together, as the disk has them. Past the
//! page cache there are no pages to be marked: each call is told what became of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bareio_core::Errno;

use crate::error::{Error, ErrorKind, Result};

/// The number of the first flush that failed; 0 for none.
#[derive(Debug, Default)]
pub(crate) struct Poison(AtomicU32);

impl Poison {
    /// Which flush failed, if one did.
    pub(crate) fn get(&self) -> Option<Errno> {
        // Relaxed: the number is all there is; who must not miss it has waited for the flush that set it.
        Errno::new(self.0.load(Ordering::Relaxed))
    }

    /// Where it lies, for whoever sees flushes fail on behalf of others.
    pub(crate) const fn word(&self) -> *const AtomicU32 {
        &raw const self.0
    }

    /// Remembers that a flush failed. The first one counts.
    pub(crate) fn set(&self, errno: Errno) {
        let number = errno.number().unsigned_abs();
        // Relaxed, both: as in `get`.
        let _ = self.0.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// # Errors
    ///
    /// [`ErrorKind::Poisoned`].
    pub(crate) fn check(&self) -> Result<()> {
        match self.get() {
            None => Ok(()),
            Some(errno) => Err(Error::new(ErrorKind::Poisoned(errno))),
        }
    }
}

/// The flushes of one open file, and whether one has failed.
#[derive(Debug, Default)]
pub(crate) struct Durability {
    pub(crate) poison: Poison,
    flushes: Mutex<Flushes>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Flushes {
    /// How many have begun: what the next one is called.
    begun: u64,
    /// Those that have not ended.
    active: Vec<u64>,
}

impl Durability {
    /// Carries out something that flushes, and believes it only if no other has failed. An error with a number that
    /// `loses` is remembered.
    pub(crate) fn carry_out<T>(
        &self,
        loses: fn(Errno) -> bool,
        flush: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.poison.check()?;
        let active = self.begin();
        let result = flush();
        match &result {
            Ok(_) => active.end_with_those_before(),
            Err(error) => {
                if let Some(errno) = error.errno().filter(|errno| loses(*errno)) {
                    self.poison.set(errno);
                }
                drop(active);
            }
        }
        let value = result?;
        self.poison.check()?;
        Ok(value)
    }

    fn begin(&self) -> Active<'_> {
        let mut flushes = self.lock();
        let number = flushes.begun;
        flushes.begun += 1;
        flushes.active.push(number);
        Active { of: self, number }
    }

    fn lock(&self) -> MutexGuard<'_, Flushes> {
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A flush that has not ended. It ends when this is dropped, also by a panic.
struct Active<'d> {
    of: &'d Durability,
    number: u64,
}

impl Active<'_> {
    /// Ends it, and waits until all have ended that began before.
    fn end_with_those_before(self) {
        let of = self.of;
        drop(self);
        let mut flushes = of.lock();
        let begun = flushes.begun;
        while flushes.active.iter().any(|number| *number < begun) {
            flushes = of.ended.wait(flushes).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.of.lock().active.retain(|number| *number != self.number);
        self.of.ended.notify_all();
    }
}

/// Whether a flush that failed so may have lost something.
pub(crate) const fn loses(errno: Errno) -> bool {
    errno.loses_writes()
}

/// Whether a write that was to be durable and failed so may have lost something. The kernel does not tell whether the
/// write failed or the flush; so a failed device, and one without room, count as the flush.
pub(crate) const fn write_loses(errno: Errno) -> bool {
    matches!(errno, Errno::IO | Errno::NOSPC | Errno::DQUOT)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_flush_is_not_believed_before_those_that_overlap_it_have_ended() {
        let durability = Durability::default();
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel();
        std::thread::scope(|scope| {
            let durability = &durability;
            let failing = scope.spawn(move || {
                durability.carry_out(loses, || {
                    begun.send(()).unwrap();
                    // Told by the kernel by now, and not yet remembered.
                    released.recv().unwrap();
                    Err::<(), _>(Error::os("fsync", Errno::IO))
                })
            });
            has_begun.recv().unwrap();
            let late = scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(30));
                release.send(()).unwrap();
            });
            // Had it not waited, it would have been believed long before.
            let believed = durability.carry_out(loses, || Ok(()));
            assert_eq!(believed.unwrap_err().kind(), ErrorKind::Poisoned(Errno::IO));
            assert_eq!(failing.join().unwrap().unwrap_err().errno(), Some(Errno::IO));
            late.join().unwrap();
        });
    }

    #[test]
    fn a_flush_that_panics_has_ended() {
        let durability = Durability::default();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            durability.carry_out::<()>(loses, || panic!("in the middle"))
        }));
        assert!(panicked.is_err());
        durability.carry_out(loses, || Ok(())).unwrap();
    }

    #[test]
    fn what_cannot_be_flushed_at_all_has_lost_nothing() {
        let durability = Durability::default();
        for errno in [Errno::INVAL, Errno::NOSYS, Errno::CANCELED] {
            let refused: Result<()> = durability.carry_out(loses, || Err(Error::os("fsync", errno)));
            assert_eq!(refused.unwrap_err().errno(), Some(errno));
            assert_eq!(durability.poison.get(), None);
        }
    }
}
