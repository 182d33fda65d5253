//! The index pool, in every interleaving.
//!
//! Each of these changes to the pools makes the model beside it fail:
//!
//! | change | model |
//! |---|---|
//! | `put`: Release dropped | `a_put_happens_before_the_get_of_the_same_index` |
//! | `put`: a load and a store | `a_double_put_is_refused_whoever_comes_first` |
//! | `put`: looks at the free bit only | `a_put_of_what_was_never_drawn_is_refused_also_while_it_is_claimed` |
//! | `draw`: Acquire dropped | `a_put_happens_before_the_get_of_the_same_index` |
//! | `draw`: Release dropped | `an_index_that_moves_ahead_of_who_looks_for_it_is_found` |
//! | `draw`: a load and a store | `a_put_happens_before_the_get_of_the_same_index` |
//! | `claim_from`: Acquire dropped | `a_dropped_guard_happens_before_the_claim_of_its_index` |
//! | `claim_from`: Release dropped | `an_index_that_is_claimed_ahead_of_who_looks_for_it_is_found` |
//! | `claim_from`: takes what it wanted, not what it got | `a_dropped_guard_happens_before_the_claim_of_its_index` |
//! | `give_back`: Release dropped | `a_dropped_guard_happens_before_the_claim_of_its_index` |
//! | `mark_drawn`: nothing | `a_guard_handed_to_another_thread_comes_back` |
//! | `handle`: reserves without limit | `handles_made_at_once_reserve_no_more_than_there_is` |
//! | `Handle::drop`: keeps its indexes | `a_handle_gives_everything_back_on_drop` |
//! | `Handle::drop`: keeps its reservation | `a_handle_gives_everything_back_on_drop` |
//! | `Watch::enter`: no fence | `exhausted_is_said_only_when_it_is_so` |
//! | `Watch::is_watched`: Acquire | `an_index_that_moves_ahead_of_who_looks_for_it_is_found` |
//! | `Watch::look`: looks once | `an_index_that_moves_ahead_of_who_looks_for_it_is_found` |
//! | `Watch::look`: no fence before the count | `an_index_that_moves_ahead_of_who_looks_for_it_is_found` |
//! | `after_put`: tells nobody | `an_index_that_moves_ahead_of_who_looks_for_it_is_found` |
//! | `tell`: counts nothing | `an_index_that_moves_ahead_of_who_looks_for_it_is_found` |
#![cfg(loom)]

mod fixture;

use std::vec::Vec;

use bareio_core::pool::{Exhausted, Held, PutError};
use fixture::{Fixture, Item, check, check_bounded};
use loom::thread;

/// The schedule we fear: one thread claims a whole word into its handle while another puts an index of that
/// word back. Neither may lose the index, nor may both hold it.
#[test]
fn a_claim_and_a_put_never_share_an_index() {
    check(|| {
        let pool = Fixture::with_capacity(2);
        let given = pool.get(0).unwrap();

        let theirs = pool.clone();
        let other = thread::spawn(move || theirs.put(given).unwrap());

        let mut handle = pool.handle(1).unwrap();
        let ours: Vec<_> = [handle.get(), handle.get()].into_iter().flatten().collect();
        other.join().unwrap();

        assert!(ours.len() < 2 || ours[0].index() != ours[1].index(), "an index is held twice");
        assert_eq!(ours.len() as u32 + handle.at_hand() + pool.free(), 2, "an index is lost");
    });
}

/// What the last owner of an index wrote, the next owner sees: by plain numbers.
#[test]
fn a_put_happens_before_the_get_of_the_same_index() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let item = std::sync::Arc::new(Item::new());
        let (theirs, their_item) = (pool.clone(), item.clone());
        let other = thread::spawn(move || use_one(&theirs, &their_item));
        use_one(&pool, &item);
        other.join().unwrap();
    });

    fn use_one(pool: &Fixture, item: &Item) {
        if let Ok(index) = pool.get(0) {
            item.touch();
            pool.put(index).unwrap();
        }
    }
}

/// The same, by guards that are dropped and handles that claim.
#[test]
fn a_dropped_guard_happens_before_the_claim_of_its_index() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let item = std::sync::Arc::new(Item::new());
        let (theirs, their_item) = (pool.clone(), item.clone());
        let other = thread::spawn(move || use_one(&theirs, &their_item));
        use_one(&pool, &item);
        other.join().unwrap();
        assert_eq!(pool.free(), 1);
    });

    fn use_one(pool: &Fixture, item: &Item) {
        let mut handle = pool.handle(0).unwrap();
        if let Ok(held) = handle.get() {
            item.touch();
            drop(held);
        }
    }
}

/// An index drawn here and put there: by a number through the pool, while the other end claims.
#[test]
fn a_guard_handed_to_another_thread_comes_back() {
    check(|| {
        let pool = Fixture::with_capacity(2);
        let theirs = pool.clone();
        let other = thread::spawn(move || {
            let mut handle = theirs.handle(1).unwrap();
            let held = handle.get().unwrap();
            held.into_index()
        });
        let mut handle = pool.handle(1).unwrap();
        let own = handle.get().unwrap();
        let given = other.join().unwrap();
        assert_ne!(own.index(), given);
        handle.put(own).unwrap();
        let adopted = pool.hold(given).unwrap();
        handle.put(adopted).unwrap();
        assert_eq!((handle.at_hand(), pool.free()), (1, 1));
        drop(handle);
        assert_eq!((pool.unreserved(), pool.free()), (2, 2));
    });
}

/// Of two puts of one index, exactly one succeeds.
#[test]
fn a_double_put_is_refused_whoever_comes_first() {
    check(|| {
        let pool = Fixture::with_capacity(2);
        let index = pool.get(0).unwrap();
        let theirs = pool.clone();
        let other = thread::spawn(move || theirs.put(index));
        let ours = pool.put(index);
        let both = [ours, other.join().unwrap()];
        assert_eq!(both.iter().filter(|put| put.is_ok()).count(), 1, "{both:?}");
        assert!(both.contains(&Err(PutError::Free { index })), "{both:?}");
        assert_eq!(pool.free(), 2);
    });
}

/// A put of an index that a handle is about to claim, claims, or has claimed, was never drawn as a number.
#[test]
fn a_put_of_what_was_never_drawn_is_refused_also_while_it_is_claimed() {
    check(|| {
        let pool = Fixture::with_capacity(1);
        let theirs = pool.clone();
        let other = thread::spawn(move || theirs.put(0));
        let mut handle = pool.handle(1).unwrap();
        let held = handle.get().unwrap();
        assert_eq!(handle.get().unwrap_err(), Exhausted, "an index has two owners");
        handle.put(held).unwrap();
        drop(handle);
        let put = other.join().unwrap();
        assert!(matches!(put, Err(PutError::Free { index: 0 } | PutError::Held { index: 0 })), "{put:?}");
        assert_eq!(pool.free(), 1);
    });
}

/// Handles never reserve more than there is, and one that cannot be filled leaves nothing behind.
#[test]
fn handles_made_at_once_reserve_no_more_than_there_is() {
    check(|| {
        let pool = Fixture::with_capacity(3);
        let theirs = pool.clone();
        let other = thread::spawn(move || {
            let handle = theirs.handle(2);
            assert!(theirs.unreserved() <= 3, "more is reserved than there is");
            handle.map_or(0, |handle| handle.at_hand())
        });
        let handle = pool.handle(2);
        assert!(pool.unreserved() <= 3, "more is reserved than there is");
        let ours = handle.as_ref().map_or(0, |handle| handle.at_hand());
        let theirs = other.join().unwrap();
        assert!(ours + theirs >= 2, "one of them must get its reserve");
        drop(handle);
        assert_eq!((pool.unreserved(), pool.free()), (3, 3));
    });
}

/// Two handles of one index each draw from one word without a thought of each other.
#[test]
fn a_reservation_is_always_there() {
    check(|| {
        let pool = Fixture::with_capacity(2);
        let theirs = pool.clone();
        let mut handle = pool.handle(1).unwrap();
        let other = thread::spawn(move || {
            let index = theirs.get(0).unwrap();
            assert_eq!(theirs.get(0), Err(Exhausted), "the reserve was given away");
            theirs.put(index).unwrap();
        });
        for _ in 0..2 {
            let held = handle.get().expect("the reserve is ours");
            handle.put(held).unwrap();
        }
        other.join().unwrap();
    });
}

/// At no moment is this pool of two words empty, so nobody may find it so: not even who looks at the one word
/// before something is put there, and at the other after something was drawn there.
#[test]
fn exhausted_is_said_only_when_it_is_so() {
    check(|| {
        let pool = Fixture::with_capacity(33);
        let low: Vec<u32> = (0..32).map(|_| pool.get(0).unwrap()).collect();
        assert_eq!(pool.free(), 1, "index 32 is free, and everything in the first word drawn");

        let theirs = pool.clone();
        let other = thread::spawn(move || {
            theirs.put(low[0]).unwrap();
            assert!(theirs.get(32).is_ok(), "the other has drawn at most one of two");
        });
        // At each moment at least one of the two is free: ours to find.
        assert!(pool.get(0).is_ok(), "exhausted, although something was free all the time");
        other.join().unwrap();
        assert_eq!(pool.free(), 0);
    });
}

/// The same for somebody who is outrun: an index that goes to and fro is always where nobody looks just now.
#[test]
fn an_index_that_moves_ahead_of_who_looks_for_it_is_found() {
    outrun(32, 0, |pool, index| pool.get(index) == Ok(index));
}

/// The same where a handle claims what moves, out of the first word, which is where it looks first.
#[test]
fn an_index_that_is_claimed_ahead_of_who_looks_for_it_is_found() {
    outrun(0, 32, |pool, index| match index {
        0 => pool.handle(0).unwrap().get().map(Held::into_index) == Ok(0),
        _ => pool.get(index) == Ok(index),
    });
}

/// Moves the one free index of two words from `here` to `there`, back, and to `there`, while somebody looks for
/// it. `draw` draws the index that is wanted, or says that it has another.
fn outrun(here: u32, there: u32, draw: impl Fn(&Fixture, u32) -> bool + Copy + Send + Sync + 'static) {
    check_bounded(4, move || {
        let pool = Fixture::with_capacity(33);
        while pool.get(0).is_ok() {}
        pool.put(here).unwrap();
        let theirs = pool.clone();
        let other = thread::spawn(move || {
            for (put, drawn) in [(there, here), (here, there), (there, here)] {
                theirs.put(put).unwrap();
                if !draw(&theirs, drawn) {
                    return;
                }
            }
        });
        assert!(pool.get(there).is_ok(), "exhausted, although something was free all the time");
        other.join().unwrap();
    });
}

/// Everything that a handle kept is there when its thread has ended, whoever drew or put meanwhile.
#[test]
fn a_handle_gives_everything_back_on_drop() {
    check(|| {
        let pool = Fixture::with_capacity(2);
        let theirs = pool.clone();
        let other = thread::spawn(move || drop(theirs.handle(1)));
        let index = pool.get(1).unwrap();
        pool.put(index).unwrap();
        other.join().unwrap();
        assert_eq!((pool.unreserved(), pool.free()), (2, 2));
    });
}
