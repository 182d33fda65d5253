//! Waiting on a word without a call for it: in one of a few queues, found by the address of the word.
//!
//! Whoever waits looks at the word with the queue locked, and sleeps by giving the lock up; whoever wakes has changed the
//! word, and then takes the lock. So either the word is seen to have changed, or the sleeper is there to be woken. Words
//! that share a queue wake each other's sleepers, who look again: a look too many, and never one too few.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bareio_core::sync::{AtomicU32, Ordering};

struct Queue {
    /// How many sleep.
    sleepers: Mutex<u32>,
    woken: Condvar,
}

/// A power of two, so that a multiplication spreads addresses over it.
const QUEUES: usize = 64;

static TABLE: [Queue; QUEUES] = [const { Queue { sleepers: Mutex::new(0), woken: Condvar::new() } }; QUEUES];

fn queue(word: &AtomicU32) -> &'static Queue {
    // Fibonacci hashing: neighbouring words fall into different queues.
    let hash = std::ptr::from_ref(word).addr().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    &TABLE[hash >> (usize::BITS - QUEUES.ilog2())]
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, u32> {
        // Nothing panics while it is held.
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sleeps while `*word == expected`, until woken, or for `timeout`; it may wake for no reason.
pub(crate) fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    let queue = queue(word);
    let mut sleepers = queue.lock();
    // Relaxed: the lock orders it after what a waker did before it took the lock; and before, it is the waker that finds
    // us asleep.
    if word.load(Ordering::Relaxed) != expected {
        return;
    }
    *sleepers += 1;
    let mut sleepers = match timeout {
        None => queue.woken.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
        Some(timeout) => {
            queue.woken.wait_timeout(sleepers, timeout).unwrap_or_else(PoisonError::into_inner).0
        }
    };
    *sleepers -= 1;
}

/// Wakes those who sleep on `word`, and those who share its queue. Returns how many, at most `count`.
pub(crate) fn wake(word: &AtomicU32, count: u32) -> u32 {
    let queue = queue(word);
    let sleepers = queue.lock();
    // All of them: one alone might be another word's, and this word's would sleep on.
    queue.woken.notify_all();
    count.min(*sleepers)
}
