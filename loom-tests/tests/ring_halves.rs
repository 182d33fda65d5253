//! A producer and a consumer of one ring, in every interleaving.
#![cfg(loom)]

use bareio_core::ring::{Consumer, Full};
use bareio_loom_tests::{Held, Memory, check};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// An entry of two words that must arrive together.
type Entry = [u32; 2];

/// The `index`-th entry.
const fn entry(index: u32) -> Entry {
    [index, !index]
}

/// The cursors wrap within the first few entries.
const NEAR_WRAP: u32 = u32::MAX - 1;

/// Pops the next entry, however long it takes to come.
fn pop(consumer: &mut Held<Consumer<Entry>, Entry>) -> Entry {
    loop {
        if let Some(entry) = consumer.pop() {
            return entry;
        }
        thread::yield_now();
    }
}

#[test]
fn entries_arrive_whole_and_in_order_across_the_wrap() {
    check(|| {
        let (mut producer, mut consumer) = Memory::<Entry>::ends(2, NEAR_WRAP);
        let kernel = thread::spawn(move || {
            for index in 0..4 {
                assert_eq!(pop(&mut consumer), entry(index));
            }
            assert_eq!(consumer.pop(), None);
            assert_eq!(consumer.position(), NEAR_WRAP.wrapping_add(4));
        });
        for index in 0..4 {
            while producer.push(entry(index)) == Err(Full) {
                thread::yield_now();
            }
            producer.publish();
        }
        kernel.join().unwrap();
    });
}

#[test]
fn a_batch_gives_its_slots_back_after_they_were_read() {
    check(|| {
        let (mut producer, mut consumer) = Memory::<Entry>::ends(2, NEAR_WRAP);
        let kernel = thread::spawn(move || {
            let mut next = 0;
            while next < 4 {
                for seen in consumer.batch() {
                    assert_eq!(seen, entry(next));
                    next += 1;
                }
                thread::yield_now();
            }
        });
        for pair in 0..2 {
            loop {
                if let Ok(slots) = producer.reserve(2) {
                    slots.fill(|index| entry(2 * pair + index));
                    break;
                }
                thread::yield_now();
            }
            producer.publish();
        }
        kernel.join().unwrap();
    });
}

#[test]
fn a_chain_is_seen_whole_or_not_at_all() {
    check(|| {
        let (mut producer, mut consumer) = Memory::<Entry>::ends(4, u32::MAX);
        let kernel = thread::spawn(move || {
            let count = consumer.batch().count();
            assert!(count == 0 || count == 3, "{count} entries of a chain of 3");
        });
        let mut chain = producer.reserve(3).unwrap();
        for index in 0..3 {
            chain.push(entry(index));
        }
        chain.stage();
        producer.publish();
        kernel.join().unwrap();
    });
}

#[test]
fn what_is_not_published_is_not_seen() {
    check(|| {
        let (mut producer, mut consumer) = Memory::<Entry>::ends(4, u32::MAX);
        let kernel = thread::spawn(move || {
            let seen: Vec<_> = consumer.batch().collect();
            assert!(seen.is_empty() || seen == [entry(2)], "{seen:?}");
        });
        let mut given_up = producer.reserve(2).unwrap();
        given_up.push(entry(0));
        given_up.push(entry(1));
        let _ = given_up;
        producer.push(entry(2)).unwrap();
        producer.publish();
        producer.push(entry(3)).unwrap();
        drop(producer);
        kernel.join().unwrap();
    });
}

#[test]
fn a_full_ring_refuses_until_a_slot_was_read() {
    check(|| {
        let (mut producer, mut consumer) = Memory::<Entry>::ends(1, u32::MAX);
        producer.push(entry(0)).unwrap();
        producer.publish();
        let kernel = thread::spawn(move || {
            assert_eq!(pop(&mut consumer), entry(0));
            consumer
        });
        let pushed = producer.push(entry(1));
        if pushed.is_ok() {
            producer.publish();
        }
        let mut consumer = kernel.join().unwrap();
        assert_eq!(consumer.pop(), pushed.ok().map(|()| entry(1)));
        assert!(producer.push(entry(2)).is_ok());
    });
}

/// `free` teaches the producer where the head is, and the next push does not look again.
#[test]
fn a_slot_counted_as_free_can_be_written() {
    check(|| {
        let (mut producer, mut consumer) = Memory::<Entry>::ends(1, u32::MAX);
        producer.push(entry(0)).unwrap();
        producer.publish();
        let kernel = thread::spawn(move || assert_eq!(pop(&mut consumer), entry(0)));
        if producer.free() == 1 {
            producer.push(entry(1)).unwrap();
        }
        kernel.join().unwrap();
    });
}

/// As for `free`: what `unconsumed` learns, the next push builds on.
#[test]
fn a_slot_counted_as_consumed_can_be_written() {
    check(|| {
        let (mut producer, mut consumer) = Memory::<Entry>::ends(1, u32::MAX);
        producer.push(entry(0)).unwrap();
        producer.publish();
        let kernel = thread::spawn(move || assert_eq!(pop(&mut consumer), entry(0)));
        if producer.unconsumed() == 0 {
            producer.push(entry(1)).unwrap();
        }
        kernel.join().unwrap();
    });
}

#[test]
fn a_producer_that_takes_over_a_used_ring_writes_only_what_was_read() {
    check(|| {
        let memory = Memory::<Entry>::new(1, u32::MAX);
        // SAFETY: the only producer until it is dropped.
        let mut first = unsafe { Memory::producer(&memory) };
        // SAFETY: the only consumer.
        let mut consumer = unsafe { Memory::consumer(&memory) };
        first.push(entry(0)).unwrap();
        first.publish();
        drop(first);
        let kernel = thread::spawn(move || assert_eq!(pop(&mut consumer), entry(0)));
        // SAFETY: the first is gone.
        let mut second = unsafe { Memory::producer(&memory) };
        let _ = second.push(entry(1));
        kernel.join().unwrap();
    });
}

/// Without a polling thread the consumer runs only within `enter`; between two of them what it left can be
/// taken back.
#[test]
fn what_is_retracted_is_never_consumed() {
    check(|| {
        let (mut producer, consumer) = Memory::<Entry>::ends(2, NEAR_WRAP);
        let kernel = Arc::new(Mutex::new(consumer));
        let enter = |kernel: &Mutex<Held<Consumer<Entry>, Entry>>| -> Vec<Entry> {
            kernel.lock().unwrap().batch().take(1).collect()
        };
        producer.push(entry(0)).unwrap();
        producer.push(entry(1)).unwrap();
        producer.publish();
        let theirs = kernel.clone();
        let other = thread::spawn(move || enter(&theirs));
        let mut seen = other.join().unwrap();
        // SAFETY: nobody is in `enter`: the only thread that was is joined.
        assert_eq!(unsafe { producer.retract() }, 1);
        let theirs = kernel.clone();
        let other = thread::spawn(move || enter(&theirs));
        producer.push(entry(2)).unwrap();
        producer.publish();
        seen.extend(other.join().unwrap());
        seen.extend(enter(&kernel));
        assert_eq!(seen, [entry(0), entry(2)]);
    });
}
