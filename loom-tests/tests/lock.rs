//! The lock that sleeps, in every interleaving.
#![cfg(loom)]

use bareio_core::lock::Lock;
use bareio_loom_tests::{Host, check};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// A number in a cell of loom's, which tells two accesses that are not ordered.
struct Counted(UnsafeCell<u32>);

impl Counted {
    fn increment(&self) {
        // SAFETY: whoever calls it holds the lock, which is what the models check.
        self.0.with_mut(|number| unsafe { *number += 1 });
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|number| unsafe { *number })
    }
}

fn new() -> Arc<(Lock<Counted>, Host)> {
    Arc::new((Lock::new(Counted(UnsafeCell::new(0))), Host::new()))
}

/// `threads` of them increment, this one included, each `times`.
fn all_increment(threads: usize, times: u32) {
    check(move || {
        let shared = new();
        let work = move |(lock, host): &(Lock<Counted>, Host)| {
            for _ in 0..times {
                lock.lock(host).increment();
            }
        };
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || work(&shared))
            })
            .collect();
        work(&shared);
        for other in others {
            other.join().unwrap();
        }
        let (lock, host) = &*shared;
        assert_eq!(lock.lock(host).get() as usize, threads * times as usize);
    });
}

#[test]
fn one_thread_at_a_time_holds_it_and_sees_what_the_last_one_did() {
    all_increment(2, 2);
}

#[test]
fn of_three_that_want_it_none_sleeps_for_ever() {
    all_increment(3, 1);
}

#[test]
fn a_try_takes_it_only_when_it_is_free_and_never_waits() {
    check(|| {
        let shared = new();
        let theirs = shared.clone();
        let other = thread::spawn(move || {
            let (lock, host) = &*theirs;
            lock.try_lock(host).map(|value| value.increment()).is_some()
        });
        let (lock, host) = &*shared;
        let taken = lock.try_lock(host).map(|value| value.increment()).is_some();
        let theirs = other.join().unwrap();
        assert!(taken || theirs, "one of two must find it free");
        assert_eq!(lock.lock(host).get(), u32::from(taken) + u32::from(theirs));
    });
}
