//! What an index pool gives out and takes back.

use std::collections::BTreeSet;

use bareio_core::pool::{CapacityError, Exhausted, IndexPool, PutError};

use crate::lines;

#[test]
fn the_capacity_is_as_asked_and_every_index_is_given_out_once() {
    let long = if cfg!(miri) { 66 } else { 5000 };
    for capacity in [1, 2, 31, 32, 33, 63, 64, 65, 100, 2048, 2049, long].into_iter().filter(|&c| c <= long) {
        let mut lines = lines(capacity);
        let pool = IndexPool::new(&mut lines, capacity).unwrap();
        let drawn: BTreeSet<u32> = (0..capacity).map(|_| pool.get(7).unwrap()).collect();
        assert_eq!(drawn, (0..capacity).collect(), "of capacity {capacity}");
        assert_eq!(pool.get(0), Err(Exhausted));
        for index in drawn {
            pool.put(index).unwrap();
        }
        assert_eq!(pool.free(), capacity);
    }
}

#[test]
fn a_capacity_of_none_or_of_more_than_2_to_the_31_is_refused() {
    let mut few = lines(64);
    let error = IndexPool::new(&mut few, 0).unwrap_err();
    assert_eq!(error, CapacityError::Capacity { capacity: 0 });
    let error = IndexPool::new(&mut few, (1 << 31) + 1).unwrap_err();
    assert_eq!(error.to_string(), "a pool of 2147483649 indexes is not possible; it takes 1 to 2147483648");
    let error = IndexPool::new(&mut few, 1 << 31).unwrap_err();
    assert_eq!(error, CapacityError::Lines { needed: (1 << 26) + (1 << 20), given: 3 });
}

#[test]
fn a_hint_that_is_free_is_what_is_drawn_and_any_number_is_a_hint() {
    let mut lines = lines(100);
    let pool = IndexPool::new(&mut lines, 100).unwrap();
    for hint in [0, 31, 32, 77, 99] {
        assert_eq!(pool.get(hint), Ok(hint));
        pool.put(hint).unwrap();
    }
    for hint in [100, 127, 128, u32::MAX] {
        let index = pool.get(hint).unwrap();
        assert!(index < 100);
        pool.put(index).unwrap();
    }
}

#[test]
fn a_put_of_what_is_not_out_is_refused_and_changes_nothing() {
    let mut lines = lines(40);
    let pool = IndexPool::new(&mut lines, 40).unwrap();
    assert_eq!(pool.put(3), Err(PutError::Free { index: 3 }), "never drawn");
    assert_eq!(
        pool.put(40),
        Err(PutError::Foreign { index: 40, capacity: 40 }),
        "in the last word, but not there"
    );
    assert_eq!(pool.put(u32::MAX), Err(PutError::Foreign { index: u32::MAX, capacity: 40 }));
    let index = pool.get(3).unwrap();
    pool.put(index).unwrap();
    assert_eq!(pool.put(index), Err(PutError::Free { index }), "twice");
    let held = pool.take(5).unwrap();
    assert_eq!(pool.put(5), Err(PutError::Held { index: 5 }), "a guard has it");
    assert_eq!(pool.free(), 39);
    drop(held);
    let handle = pool.handle(32).unwrap();
    assert_eq!(pool.put(0), Err(PutError::Held { index: 0 }), "a handle keeps it");
    drop(handle);
    assert_eq!(pool.free(), 40);
}

#[test]
fn a_guard_becomes_a_number_and_a_number_a_guard_once() {
    let mut lines = lines(4);
    let pool = IndexPool::new(&mut lines, 4).unwrap();
    let index = pool.take(2).unwrap().into_index();
    assert_eq!(pool.free(), 3);
    let held = pool.hold(index).unwrap();
    assert_eq!(pool.hold(index).unwrap_err(), PutError::Held { index });
    drop(held);
    assert_eq!(pool.hold(index).unwrap_err(), PutError::Free { index });
    assert!(matches!(pool.hold(4), Err(PutError::Foreign { .. })));
    assert_eq!(pool.free(), 4);
}
