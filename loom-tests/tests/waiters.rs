//! Waiting for an index, in every interleaving.
//!
//! Each of these changes to the pools makes the model beside it fail:
//!
//! | change | model |
//! |---|---|
//! | `Handle::put`: keeps more than its reserve | `an_idle_handle_never_blocks_a_waiter` |
//! | `after_put`: tells nobody | `a_number_that_is_put_wakes_too` |
//! | `tell`: counts nothing | `a_number_that_is_put_wakes_too` |
//! | `tell`: serves nobody | `a_number_that_is_put_wakes_too` |
//! | `serve`: does not look again after unlocking | `a_number_that_is_put_wakes_too` |
//! | `serve`: looks again with Acquire | `a_number_that_is_put_wakes_too` |
//! | `serve`: serves one at most | `two_puts_at_once_serve_two_waiters` |
//! | unlocking: Relaxed | `a_number_that_is_put_wakes_too` |
//! | locking: Relaxed | `a_number_that_is_put_wakes_too` |
//! | locking: AcqRel | `a_number_that_is_put_wakes_too` |
//! | a new waiter is not counted as a watcher | `a_number_that_is_put_wakes_too` |
//! | a new waiter does not serve | `a_number_that_is_put_wakes_too` |
//! | a waiter that collects does not serve | `a_second_look_hides_no_put` |
//! | a waiter that leaves does not serve | `a_waiter_that_leaves_during_a_put_lets_the_next_have_it` |
//! | a waiter that leaves keeps what it was given | `a_waiter_that_leaves_takes_nothing_along` |
//! | `close`: serves nobody | `closing_ends_every_wait` |
//! | `close`: counts nothing | `closing_ends_every_wait` |
//! | `Parker::wake`: does not wake | `a_thread_that_sleeps_or_is_about_to_is_woken_and_outlives_its_wakers` |
//! | `Frame::drop`: does not wait | `a_thread_that_sleeps_or_is_about_to_is_woken_and_outlives_its_wakers` |
//! | `Frame::drop`: Acquire dropped | `a_thread_that_sleeps_or_is_about_to_is_woken_and_outlives_its_wakers` |
//! | `Parker::let_go`: Release dropped | `a_thread_that_sleeps_or_is_about_to_is_woken_and_outlives_its_wakers` |
#![cfg(loom)]

mod fixture;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bareio_core::pool::Closed;
use bareio_core::sync::AtomicU32;
use bareio_core::{Errno, Kernel};
use fixture::{Fixture, Item, check};
use loom::sync::{Condvar, Mutex};
use loom::thread;

/// A put while somebody is about to wait wakes it, or is found by it. If neither, loom reports a deadlock.
#[test]
fn no_wake_up_is_lost() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let item = Arc::new(Item::new());
        let (theirs, their_item) = (pool.clone(), item.clone());
        let held = pool.take(0).unwrap().into_index();
        item.touch();
        let other = thread::spawn(move || {
            let held = block_on(theirs.acquire_async()).unwrap();
            their_item.touch();
            drop(held);
        });
        drop(pool.hold(held).unwrap());
        other.join().unwrap();
        item.touch();
        assert_eq!(pool.free(), 1);
    });
}

/// The same for an index that was put as a number.
#[test]
fn a_number_that_is_put_wakes_too() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let index = pool.get(0).unwrap();
        let theirs = pool.clone();
        let other = thread::spawn(move || drop(block_on(theirs.acquire_async()).unwrap()));
        pool.put(index).unwrap();
        other.join().unwrap();
        assert_eq!(pool.free(), 1);
    });
}

/// Two wait for one index, and the first hands on to the second.
#[test]
fn two_waiters_share_one_index_and_both_come_to_an_end() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let item = Arc::new(Item::new());
        let others = [(); 2].map(|()| {
            let (pool, item) = (pool.clone(), item.clone());
            thread::spawn(move || {
                let held = block_on(pool.acquire_async()).unwrap();
                item.touch();
                drop(held);
            })
        });
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(pool.free(), 1);
    });
}

/// Two puts at once, and two who wait: while one put serves, the other only leaves a note.
#[test]
fn two_puts_at_once_serve_two_waiters() {
    check(|| {
        let pool = Fixture::with_capacity(2);
        let (one, two) = (pool.get(0).unwrap(), pool.get(0).unwrap());
        let mut first = Box::pin(pool.acquire_async());
        let mut second = Box::pin(pool.acquire_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());

        let theirs = pool.clone();
        let other = thread::spawn(move || theirs.put(one).unwrap());
        pool.put(two).unwrap();
        other.join().unwrap();

        // The second first: a poll serves whom it can.
        assert!(second.as_mut().poll(&mut context).is_ready(), "a put was forgotten");
        assert!(first.as_mut().poll(&mut context).is_ready());
    });
}

/// A waiter leaves while it is served: the index goes to the next, or back.
#[test]
fn a_waiter_that_leaves_takes_nothing_along() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let index = pool.get(0).unwrap();
        let theirs = pool.clone();
        let other = thread::spawn(move || {
            let mut acquire = Box::pin(theirs.acquire_async());
            let poll = acquire.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            drop(acquire);
            drop(poll);
        });
        pool.put(index).unwrap();
        let held = block_on(pool.acquire_async()).unwrap();
        other.join().unwrap();
        drop(held);
        assert_eq!(pool.free(), 1);
    });
}

/// The first of two leaves while something is put: the second has it, whoever had the lock when.
#[test]
fn a_waiter_that_leaves_during_a_put_lets_the_next_have_it() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let index = pool.get(0).unwrap();
        let mut first = Box::pin(pool.acquire_async());
        let mut second = Box::pin(pool.acquire_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());

        let theirs = pool.clone();
        let other = thread::spawn(move || theirs.put(index).unwrap());
        drop(first);
        other.join().unwrap();
        assert!(second.as_mut().poll(&mut context).is_ready(), "a put was forgotten");
    });
}

/// A future that is polled again, for no reason, has the lock while something is put.
#[test]
fn a_second_look_hides_no_put() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let index = pool.get(0).unwrap();
        let mut first = Box::pin(pool.acquire_async());
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let mut context = Context::from_waker(&waker);
        assert!(first.as_mut().poll(&mut context).is_pending());

        let theirs = pool.clone();
        let other = thread::spawn(move || theirs.put(index).unwrap());
        let looked = first.as_mut().poll(&mut context);
        other.join().unwrap();
        let rung = *bell.rung.lock().unwrap();
        assert!(looked.is_ready() || rung, "a put was forgotten");
    });
}

/// What a handle has in reserve, idle or busy, is nothing that a waiter waits for.
#[test]
fn an_idle_handle_never_blocks_a_waiter() {
    check(|| {
        let pool = Fixture::with_capacity(2);
        let mut handle = pool.handle(1).unwrap();
        let held = handle.get().unwrap();
        let above = handle.get().unwrap();
        let theirs = pool.clone();
        let other = thread::spawn(move || drop(block_on(theirs.acquire_async()).unwrap()));
        handle.put(held).unwrap();
        handle.put(above).unwrap();
        // The handle lives on, its reserve full: the waiter must end all the same.
        other.join().unwrap();
        assert_eq!((handle.at_hand(), pool.free()), (1, 1));
    });
}

/// Nobody waits on a closed pool, whether it came before or after.
#[test]
fn closing_ends_every_wait() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let index = pool.get(0).unwrap();
        let theirs = pool.clone();
        let other = thread::spawn(move || assert_eq!(block_on(theirs.acquire_async()).unwrap_err(), Closed));
        pool.close();
        other.join().unwrap();
        pool.put(index).unwrap();
    });
}

/// The same by a thread that sleeps in its kernel. Whoever wakes it may still be at it when it is awake; its
/// frame waits for that.
#[test]
fn a_thread_that_sleeps_or_is_about_to_is_woken_and_outlives_its_wakers() {
    for asleep in [false, true] {
        check(move || {
            let pool = Fixture::with_capacity(1);
            let index = pool.get(0).unwrap();
            let kernel = Arc::new(Sleeping { asleep, ..Sleeping::default() });
            let (theirs, their_kernel) = (pool.clone(), kernel.clone());
            let other = thread::spawn(move || {
                let held = theirs.acquire(&*their_kernel, None).unwrap();
                their_kernel.frame.touch();
                drop(held);
            });
            kernel.meet();
            pool.put(index).unwrap();
            other.join().unwrap();
            assert_eq!(pool.free(), 1);
        });
    }
}

/// A kernel that sleeps on loom's own condition variable.
#[derive(Default)]
struct Sleeping {
    /// Whether `meet` waits for somebody who is asleep, or for somebody who is done with yielding.
    asleep: bool,
    met: Mutex<bool>,
    changed: Condvar,
    /// Stands for the frame of the thread that waits: read while it is woken, written when it has gone on.
    frame: Item,
}

impl Sleeping {
    /// Waits until somebody has got as far as waiting.
    fn meet(&self) {
        let mut met = self.met.lock().unwrap();
        while !*met {
            met = self.changed.wait(met).unwrap();
        }
    }
}

// SAFETY: it touches no memory but the words that it is given.
unsafe impl Kernel for Sleeping {
    fn wait(&self, word: &AtomicU32, expected: u32, _: Option<Duration>) -> Result<(), Errno> {
        let mut met = self.met.lock().unwrap();
        *met = true;
        self.changed.notify_all();
        while word.load(std::sync::atomic::Ordering::SeqCst) == expected {
            met = self.changed.wait(met).unwrap();
        }
        Ok(())
    }

    fn wake(&self, _: &AtomicU32, _: u32) -> Result<u32, Errno> {
        drop(self.met.lock().unwrap());
        self.changed.notify_all();
        self.frame.look();
        Ok(0)
    }

    fn yield_now(&self) -> Result<(), Errno> {
        if !self.asleep {
            *self.met.lock().unwrap() = true;
            self.changed.notify_all();
        }
        Err(Errno::NOSYS)
    }
}

/// Runs a future on a thread of the model, which sleeps on loom's own condition variable.
fn block_on<F: Future>(future: F) -> F::Output {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut rung = bell.rung.lock().unwrap();
        while !*rung {
            rung = bell.changed.wait(rung).unwrap();
        }
        *rung = false;
    }
}

#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_one();
    }
}
