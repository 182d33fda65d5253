//! Pools of anything.

use std::collections::BTreeSet;
use std::mem::{self, MaybeUninit};
use std::sync::Arc;
use std::thread;

use bareio_core::Align;
use bareio_core::pool::{Borrowed, CapacityError, IndexPool, Indexed, ItemPool, Line, Pool, Slab};

use crate::{lines, memory};

fn slots<T>(count: usize) -> Vec<MaybeUninit<T>> {
    std::iter::repeat_with(MaybeUninit::uninit).take(count).collect()
}

#[test]
fn the_constructor_is_called_once_for_each_item_and_every_item_is_dropped_once() {
    let alive = Arc::new(());
    let (mut lines, mut slots) = (lines(40), slots(40));
    let mut calls = Vec::new();
    let pool = ItemPool::new(&mut lines, &mut slots, |index| {
        calls.push(index);
        (index, alive.clone())
    })
    .unwrap();
    assert_eq!(calls, (0..40).collect::<Vec<_>>());
    let mut item = pool.get(9).unwrap();
    assert_eq!((item.index(), item.0), (9, 9));
    let old = item.replace((99, alive.clone()));
    assert_eq!((old.0, item.0), (9, 99));
    drop((old, item));
    assert_eq!(pool.get(9).unwrap().0, 99, "what one owner leaves, the next finds");
    mem::forget(pool.get(0).unwrap());
    assert_eq!(Arc::strong_count(&alive), 41);
    drop(pool);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn a_constructor_that_panics_leaves_nothing_behind() {
    let alive = Arc::new(());
    let (mut lines, mut slots) = (lines(4), slots(4));
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = ItemPool::new(&mut lines, &mut slots, |index| {
            assert!(index < 2, "on purpose");
            alive.clone()
        });
    }));
    assert!(made.is_err());
    assert_eq!(Arc::strong_count(&alive), 1);
    let none = ItemPool::<u8>::new(&mut lines, &mut [], |_| unreachable!()).unwrap_err();
    assert_eq!(none, CapacityError::Capacity { capacity: 0 });
}

#[test]
fn an_item_stays_where_it_is() {
    let (mut lines, mut slots) = (lines(2), slots(2));
    let pool = ItemPool::new(&mut lines, &mut slots, |_| [0_u8; 4096]).unwrap();
    let item = pool.get(0).unwrap();
    let at = std::ptr::from_ref(&*item);
    let index = item.into_index();
    let item = pool.hold(index).unwrap();
    assert_eq!(std::ptr::from_ref(&*item), at);
    assert!(pool.hold(index).is_err());
    drop(item);
    let mut handle = pool.handle(2).unwrap();
    let item = handle.get().unwrap();
    handle.put(item).unwrap();
    assert_eq!((pool.free(), pool.unreserved()), (0, 0));
}

/// One function for every pool, and one for those with numbers.
#[test]
fn code_can_be_written_for_any_pool() {
    fn all<P: Pool>(pool: &P) -> Vec<P::Guard<'_>> {
        let guards: Vec<_> = (0..pool.capacity()).map(|at| pool.get(at).unwrap()).collect();
        assert!(pool.get(0).is_err());
        guards
    }
    fn numbers<P: Indexed>(pool: &P) -> BTreeSet<u32> {
        let numbers: BTreeSet<u32> = all(pool).into_iter().map(P::into_index).collect();
        for &number in &numbers {
            assert_eq!(P::index(&pool.hold(number).unwrap()), number);
        }
        numbers
    }
    let (mut a, mut b, mut slots, mut bytes) = (lines(5), lines(5), slots(5), memory(8, 5));
    let indexes = IndexPool::new(&mut a, 5).unwrap();
    let items = ItemPool::new(&mut b, &mut slots, |index| index).unwrap();
    let slab = Slab::new(Borrowed::new(&mut bytes), 8, 5, Align::BYTE).unwrap();
    assert_eq!(numbers(&indexes), numbers(&items));
    assert_eq!(all(&slab).len(), 5);
    assert_eq!((indexes.free(), Pool::free(&items), Pool::free(&slab)), (5, 5, 5));
}

#[test]
fn who_makes_a_number_an_item_again_sees_what_was_written_before_it_became_one() {
    let mut lines = [const { Line::new() }; IndexPool::lines(1)];
    let mut slots = [const { MaybeUninit::uninit() }; 1];
    let pool = ItemPool::new(&mut lines, &mut slots, |_| 0_u64).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut item = pool.get(0).unwrap();
            *item = 7;
            let _index = item.into_index();
        });
        // Nobody tells us the number: there is but one, and `hold` itself must order us behind the other thread.
        let mut tries = 0;
        let item = loop {
            match pool.hold(0) {
                Ok(item) => break item,
                Err(_) => thread::yield_now(),
            }
            tries += 1;
            assert!(tries < 10_000_000, "it never became a number");
        };
        assert_eq!(*item, 7);
    });
}
