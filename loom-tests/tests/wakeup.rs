//! A consumer that polls and falls asleep, as the kernel's polling thread does, and a producer that wakes it.
#![cfg(loom)]

use bareio_core::ring::{Consumer, Sleeper};
use bareio_loom_tests::{Held, Memory, check};
use loom::sync::{Arc, Notify};
use loom::thread;

/// Consumes `count` entries, asleep whenever there is none. A wake-up that is lost leaves it asleep for ever,
/// which loom reports.
fn poll(consumer: &mut Held<Consumer<u32>, u32>, sleeper: &Sleeper, bell: &Notify, count: u32) {
    let mut next = 0;
    while next < count {
        if let Some(entry) = consumer.pop() {
            assert_eq!(entry, next);
            next += 1;
        } else if sleeper.may_sleep(|| consumer.available() == 0) {
            bell.wait();
            sleeper.awake();
        }
    }
}

/// The producer publishes `count` entries one by one and rings where it is told to.
fn no_wakeup_is_lost(count: u32) {
    check(move || {
        let memory = Memory::<u32>::new(2, u32::MAX);
        let bell = Arc::new(Notify::new());
        // SAFETY: the only producer.
        let mut producer = unsafe { Memory::producer(&memory) };
        // SAFETY: the only consumer.
        let mut consumer = unsafe { Memory::consumer(&memory) };
        // SAFETY: the only sleeper.
        let sleeper = unsafe { Memory::sleeper(&memory) };
        let doorbell = Memory::doorbell(&memory);

        let theirs = bell.clone();
        let kernel = thread::spawn(move || poll(&mut consumer, &sleeper, &theirs, count));
        for entry in 0..count {
            producer.push(entry).unwrap();
            producer.publish();
            if doorbell.must_ring() {
                bell.notify();
            }
        }
        kernel.join().unwrap();
    });
}

/// The schedule that we fear: the consumer announces sleep and looks at the tail, the producer moves the tail and
/// looks at the flags, and each misses what the other did.
#[test]
fn an_entry_is_never_left_while_the_consumer_sleeps() {
    no_wakeup_is_lost(1);
}

#[test]
fn a_consumer_that_was_woken_can_fall_asleep_again() {
    no_wakeup_is_lost(2);
}

/// Ringing is a system call: a consumer that found something after all, or was woken, is not rung for.
#[test]
fn a_consumer_that_is_awake_is_not_rung_for() {
    check(|| {
        let memory = Memory::<u32>::new(1, 0);
        // SAFETY: the only sleeper.
        let sleeper = unsafe { Memory::sleeper(&memory) };
        let doorbell = Memory::doorbell(&memory);
        let kernel = thread::spawn(move || {
            assert!(sleeper.may_sleep(|| true));
            sleeper.awake();
            assert!(!sleeper.may_sleep(|| false));
        });
        kernel.join().unwrap();
        assert!(!doorbell.must_ring());
    });
}
