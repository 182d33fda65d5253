//! Somebody who waits for a wake-up, and loses one if it is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};

use loom::sync::{Condvar, Mutex};
use loom::thread::ThreadId;

/// A thread of a model that sleeps until it is woken. The model fails, with every thread blocked, if it never is.
#[derive(Debug)]
pub struct Waiter {
    woken: Mutex<bool>,
    changed: Condvar,
    /// Not loom's: what is counted here orders nothing in the model.
    wakes: AtomicU32,
    by_itself: AtomicU32,
    thread: ThreadId,
}

impl Waiter {
    /// The thread that calls this.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            woken: Mutex::new(false),
            changed: Condvar::new(),
            wakes: AtomicU32::new(0),
            by_itself: AtomicU32::new(0),
            thread: loom::thread::current().id(),
        })
    }

    /// A waker for it.
    pub fn waker(self: &Arc<Self>) -> Waker {
        self.clone().into()
    }

    /// Sleeps until it is woken; not at all if that was since the last sleep.
    ///
    /// # Panics
    ///
    /// If another thread of the model has.
    pub fn sleep(&self) {
        let mut woken = self.woken.lock().unwrap();
        if *woken {
            // By whom it must wait for, who is to get on.
            *woken = false;
            drop(woken);
            loom::thread::yield_now();
            return;
        }
        while !*woken {
            woken = self.changed.wait(woken).unwrap();
        }
        *woken = false;
    }

    /// How often it was woken.
    pub fn wakes(&self) -> u32 {
        // Relaxed: loom runs one thread at a time.
        self.wakes.load(Ordering::Relaxed)
    }

    /// How often its own thread woke it.
    pub fn wakes_by_itself(&self) -> u32 {
        // Relaxed: as above.
        self.by_itself.load(Ordering::Relaxed)
    }
}

impl Wake for Waiter {
    fn wake(self: Arc<Self>) {
        // Relaxed, both: as above.
        self.wakes.fetch_add(1, Ordering::Relaxed);
        let by_itself = loom::thread::current().id() == self.thread;
        self.by_itself.fetch_add(by_itself.into(), Ordering::Relaxed);
        *self.woken.lock().unwrap() = true;
        self.changed.notify_one();
    }
}
