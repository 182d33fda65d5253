//! The two halves of a ring against each other, on plain memory; this also runs under Miri.

use std::ptr::NonNull;

use bareio_core::ring::{Consumer, Full, Layout, Producer};
use bareio_core::sync::{AtomicU32, UnsafeCell};

/// A ring of eight numbers, both of whose cursors stand at `start`.
struct Memory {
    cursors: [AtomicU32; 2],
    slots: [UnsafeCell<u64>; 8],
}

impl Memory {
    fn at(start: u32) -> Self {
        Self {
            cursors: [AtomicU32::new(start), AtomicU32::new(start)],
            slots: std::array::from_fn(|_| UnsafeCell::new(0)),
        }
    }

    fn halves(&self) -> (Producer<u64>, Consumer<u64>) {
        let slots = NonNull::from(&self.slots).cast();
        let [head, tail] = self.cursors.each_ref().map(NonNull::from);
        let layout = Layout { head, tail, slots, mask: 7 };
        // SAFETY: the memory outlives the halves in every test here, and is asked for them once.
        let producer = unsafe { Producer::new(layout) };
        // SAFETY: as above.
        let consumer = unsafe { Consumer::new(layout) };
        (producer, consumer)
    }
}

#[test]
fn what_goes_in_comes_out_wherever_the_cursors_stand() {
    for start in [0, 1, 5, u32::MAX - 3, u32::MAX] {
        let memory = Memory::at(start);
        let (mut producer, mut consumer) = memory.halves();
        for count in [1, 3, 8, 7] {
            producer.reserve(count).unwrap().fill(u64::from);
            assert_eq!(consumer.available(), 0, "staged and not published");
            producer.publish();
            let read: Vec<u64> = consumer.batch().collect();
            assert_eq!(read, (0..u64::from(count)).collect::<Vec<_>>(), "{count} from {start}");
        }
    }
}

#[test]
fn a_batch_that_is_dropped_half_way_keeps_the_rest() {
    let memory = Memory::at(6);
    let (mut producer, mut consumer) = memory.halves();
    producer.reserve(5).unwrap().fill(u64::from);
    producer.publish();
    assert_eq!(consumer.batch().take(3).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(consumer.pop(), Some(3));
    assert_eq!(consumer.batch().collect::<Vec<_>>(), [4]);
    assert_eq!(consumer.pop(), None);
}

#[test]
fn a_full_ring_takes_no_more_until_it_is_read() {
    let memory = Memory::at(0);
    let (mut producer, mut consumer) = memory.halves();
    producer.reserve(8).unwrap().fill(u64::from);
    assert_eq!(producer.push(8), Err(Full));
    producer.publish();
    assert_eq!(consumer.pop(), Some(0));
    assert_eq!(producer.reserve(2).map(drop), Err(Full));
    assert_eq!(producer.push(8), Ok(()));
}
