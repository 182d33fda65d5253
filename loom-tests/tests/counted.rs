//! Buffers with many readers, in every interleaving.
//!
//! Each of these changes to the pools makes the model beside it fail:
//!
//! | change | model |
//! |---|---|
//! | `Shared::new`: Release dropped | `a_weak_handle_never_has_a_later_buffer_of_its_slot` |
//! | `Shared::drop`: Release dropped | `the_next_owner_comes_after_the_last_reader` |
//! | `Shared::drop`: the load Relaxed | `the_next_owner_comes_after_the_last_reader` |
//! | `Shared::drop`: the generation stays | `a_weak_handle_never_has_a_later_buffer_of_its_slot` |
//! | `upgrade`: Acquire dropped | `a_weak_handle_never_has_a_later_buffer_of_its_slot` |
//! | `upgrade`: joins where nobody is left | `an_upgrade_races_with_the_last_reader` |
//! | `upgrade`: does not ask for the generation again | `a_weak_handle_never_has_a_later_buffer_of_its_slot` |
//! | `try_into_exclusive`: Acquire dropped | `a_buffer_becomes_exclusive_after_all_other_readers` |
//! | `try_into_exclusive`: the generation stays | `a_buffer_becomes_exclusive_after_all_other_readers` |
#![cfg(loom)]

mod fixture;

use std::sync::Arc;

use bareio_core::pool::Weak;
use fixture::{Item, check, leaked_slab};
use loom::thread;

/// Whoever draws the slot next comes after every reader.
#[test]
fn the_next_owner_comes_after_the_last_reader() {
    check(|| {
        let slab = leaked_slab(1);
        let item = Arc::new(Item::new());
        let ours = slab.share(slab.get(0).unwrap()).unwrap();
        let theirs = ours.clone();
        let their_item = item.clone();
        let other = thread::spawn(move || {
            their_item.look();
            drop(theirs);
        });
        item.look();
        drop(ours);
        if let Ok(buffer) = slab.get(0) {
            item.touch();
            drop(buffer);
        }
        other.join().unwrap();
        assert_eq!(slab.free(), 1);
    });
}

/// An upgrade while the last reader goes either makes a reader or comes too late, and in neither case is the
/// buffer lost or had twice.
#[test]
fn an_upgrade_races_with_the_last_reader() {
    check(|| {
        let slab = leaked_slab(1);
        let item = Arc::new(Item::new());
        item.touch();
        let shared = slab.share(slab.get(0).unwrap()).unwrap();
        let weak = shared.downgrade();
        let (theirs, their_item) = (slab, item.clone());
        let other = thread::spawn(move || {
            drop(shared);
            if let Ok(buffer) = theirs.get(0) {
                their_item.touch();
                drop(buffer);
            }
        });
        if let Some(reader) = weak.upgrade() {
            item.look();
            drop(reader);
        }
        other.join().unwrap();
        assert_eq!(slab.free(), 1);
    });
}

/// A slot that goes back and is shared anew is another buffer: a weak handle from before never has it.
#[test]
fn a_weak_handle_never_has_a_later_buffer_of_its_slot() {
    check(|| {
        let slab = leaked_slab(1);
        let item = Arc::new(Item::new());
        let shared = slab.share(slab.get(0).unwrap()).unwrap();
        let weak: Weak<'_> = shared.downgrade();
        let their_item = item.clone();
        let other = thread::spawn(move || {
            if let Some(reader) = weak.upgrade() {
                assert_eq!(their_item.look(), 0, "that is a later buffer");
                drop(reader);
            }
        });
        drop(shared);
        if let Ok(buffer) = slab.get(0) {
            item.touch();
            let anew = slab.share(buffer).unwrap();
            assert_eq!(item.look(), 1);
            drop(anew);
        }
        other.join().unwrap();
        assert_eq!(slab.free(), 1);
    });
}

/// The only reader may write again, and is the only one: what others read comes before.
#[test]
fn a_buffer_becomes_exclusive_after_all_other_readers() {
    check(|| {
        let slab = leaked_slab(1);
        let item = Arc::new(Item::new());
        let ours = slab.share(slab.get(0).unwrap()).unwrap();
        let theirs = ours.clone();
        let weak = ours.downgrade();
        let their_item = item.clone();
        let other = thread::spawn(move || {
            their_item.look();
            drop(theirs);
        });
        match ours.try_into_exclusive() {
            Ok(buffer) => {
                item.touch();
                assert!(weak.upgrade().is_none());
                let anew = slab.share(buffer).unwrap();
                assert!(weak.upgrade().is_none(), "that is a later buffer");
                drop(anew);
            }
            Err(shared) => drop(shared),
        }
        other.join().unwrap();
        assert_eq!(slab.free(), 1);
    });
}
