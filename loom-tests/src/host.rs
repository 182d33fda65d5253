//! A host that threads of a model can wait on.

use std::time::Duration;

use bareio_core::errno::Result;
use bareio_core::sync::{AtomicU32, Ordering};
use bareio_core::{Errno, Kernel};
use loom::sync::{Condvar, Mutex};

/// What a model's threads wait and wake through: one queue of waiters for all words. It has no clock, so no wait ends by
/// itself.
#[derive(Debug)]
pub struct Host {
    queue: Mutex<()>,
    woken: Condvar,
}

impl Host {
    /// Nobody waits.
    pub fn new() -> Self {
        Self { queue: Mutex::new(()), woken: Condvar::new() }
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: it hands out neither memory nor descriptors.
unsafe impl Kernel for Host {
    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        assert_eq!(timeout, None, "there is no clock");
        let queue = self.queue.lock().map_err(|_| Errno::NOSYS)?;
        // Relaxed: as the kernel's own look at the word, which its own lock keeps from falling between another's change and
        // wake-up.
        if word.load(Ordering::Relaxed) == expected {
            drop(self.woken.wait(queue));
        }
        Ok(())
    }

    fn wake(&self, _: &AtomicU32, count: u32) -> Result<u32> {
        let _queue = self.queue.lock().map_err(|_| Errno::NOSYS)?;
        // A waiter on another word wakes for no reason, which it must bear.
        self.woken.notify_all();
        Ok(count)
    }

    fn yield_now(&self) -> Result<()> {
        loom::thread::yield_now();
        Ok(())
    }
}
