//! Handles and their guards.

use std::collections::BTreeSet;
use std::mem;

use bareio_core::pool::{Exhausted, Foreign, Held, IndexPool, ReserveError};

use crate::lines;

#[test]
fn a_reservation_leaves_the_advertised_capacity_for_as_long_as_the_handle_lives() {
    let mut lines = lines(8);
    let pool = IndexPool::new(&mut lines, 8).unwrap();
    assert_eq!(pool.handle(33).unwrap_err(), ReserveError::TooLarge { reserve: 33 });
    assert_eq!(pool.handle(9).unwrap_err(), ReserveError::Reserved { reserve: 9, unreserved: 8 });
    let handle = pool.handle(6).unwrap();
    assert_eq!((handle.at_hand(), pool.unreserved(), pool.free()), (6, 2, 2));
    assert_eq!(pool.handle(3).unwrap_err(), ReserveError::Reserved { reserve: 3, unreserved: 2 });
    let taken = [pool.get(0).unwrap(), pool.get(0).unwrap()];
    assert_eq!(pool.get(0), Err(Exhausted), "the rest is reserved");
    assert_eq!(pool.handle(2).unwrap_err(), ReserveError::InUse { reserve: 2, free: 0 });
    assert_eq!(pool.unreserved(), 2, "a handle that was refused leaves nothing behind");
    drop(handle);
    for index in taken {
        pool.put(index).unwrap();
    }
    assert_eq!((pool.unreserved(), pool.free()), (8, 8));
}

#[test]
fn a_handle_draws_beyond_its_reserve_and_keeps_no_more_than_it() {
    let mut lines = lines(100);
    let pool = IndexPool::new(&mut lines, 100).unwrap();
    let mut handle = pool.handle(4).unwrap();
    let mut all: Vec<Held> = (0..100).map(|_| handle.get().unwrap()).collect();
    assert_eq!(handle.get().unwrap_err(), Exhausted);
    let numbers: BTreeSet<u32> = all.iter().map(Held::index).collect();
    assert_eq!(numbers.len(), 100);
    for held in all.drain(..) {
        handle.put(held).unwrap();
    }
    assert_eq!((handle.at_hand(), pool.free()), (4, 96));
}

#[test]
fn a_handle_without_a_reserve_keeps_nothing() {
    let mut lines = lines(2);
    let pool = IndexPool::new(&mut lines, 2).unwrap();
    let mut handle = pool.handle(0).unwrap();
    let (a, b) = (handle.get().unwrap(), handle.get().unwrap());
    assert_ne!(a.index(), b.index());
    assert_eq!(handle.get().unwrap_err(), Exhausted);
    handle.put(a).unwrap();
    drop(b);
    assert_eq!(pool.free(), 2);
}

#[test]
fn the_last_index_put_is_the_first_drawn() {
    let mut lines = lines(64);
    let pool = IndexPool::new(&mut lines, 64).unwrap();
    let mut handle = pool.handle(8).unwrap();
    let (first, second) = (handle.get().unwrap(), handle.get().unwrap());
    let (one, two) = (first.index(), second.index());
    handle.put(second).unwrap();
    handle.put(first).unwrap();
    let drawn = [handle.get().unwrap(), handle.get().unwrap()];
    assert_eq!(drawn.map(|held| held.index()), [one, two]);
}

#[test]
fn a_guard_of_another_pool_is_given_back() {
    let (mut here, mut there) = (lines(1), lines(1));
    let (here, there) = (IndexPool::new(&mut here, 1).unwrap(), IndexPool::new(&mut there, 1).unwrap());
    let mut handle = here.handle(1).unwrap();
    let Foreign(held) = handle.put(there.take(0).unwrap()).unwrap_err();
    assert_eq!((there.free(), here.free()), (0, 0));
    drop(held);
    assert_eq!(there.free(), 1);
}

#[test]
fn what_is_leaked_is_lost_and_nothing_else() {
    let mut lines = lines(10);
    let pool = IndexPool::new(&mut lines, 10).unwrap();
    mem::forget(pool.handle(4).unwrap());
    mem::forget(pool.take(0).unwrap());
    let rest: BTreeSet<u32> = std::iter::from_fn(|| pool.get(0).ok()).collect();
    assert_eq!((rest.len(), pool.unreserved()), (5, 6));
}

#[test]
fn guards_outlive_the_handle_they_were_drawn_from() {
    let mut lines = lines(4);
    let pool = IndexPool::new(&mut lines, 4).unwrap();
    let mut handle = pool.handle(2).unwrap();
    let held = handle.get().unwrap();
    drop(handle);
    assert_eq!(pool.free(), 3);
    drop(held);
    assert_eq!(pool.free(), 4);
}
