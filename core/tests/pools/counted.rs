//! Buffers with many readers.

use std::thread;

use bareio_core::Align;
use bareio_core::pool::{Borrowed, Foreign, Shared, Slab, Weak};

use crate::{ROUNDS, memory};

#[test]
fn a_shared_buffer_goes_back_with_its_last_reader() {
    let mut memory = memory(16, 2);
    let slab = Slab::new(Borrowed::new(&mut memory), 16, 2, Align::BYTE).unwrap();
    let mut buffer = slab.get(0).unwrap();
    buffer.fill(3);
    let shared = slab.share(buffer).unwrap();
    let readers: Vec<Shared> = (0..5).map(|_| shared.clone()).collect();
    assert_eq!((shared.readers(), slab.free()), (6, 1));
    let shared = shared.try_into_exclusive().unwrap_err();
    thread::scope(|scope| {
        for reader in readers {
            scope.spawn(move || assert!(reader.iter().all(|&byte| byte == 3)));
        }
    });
    let mut buffer = shared.try_into_exclusive().unwrap();
    buffer[0] = 4;
    let shared = slab.share(buffer).unwrap();
    assert_eq!((shared[0], slab.free()), (4, 1));
    drop(shared);
    assert_eq!(slab.free(), 2);
}

/// A weak handle names one time that a slot was shared, also across the end of the generation's range, near
/// which every slot starts.
#[test]
fn a_weak_handle_fails_once_its_buffer_was_released_though_the_slot_is_shared_anew() {
    let mut memory = memory(16, 1);
    let slab = Slab::new(Borrowed::new(&mut memory), 16, 1, Align::BYTE).unwrap();
    let mut stale: Vec<Weak> = Vec::new();
    for round in 0..6 {
        let shared = slab.share(slab.get(0).unwrap()).unwrap();
        let weak = shared.downgrade();
        assert_eq!(weak.upgrade().unwrap().index(), 0);
        assert!(stale.iter().all(|weak| weak.upgrade().is_none()), "in round {round}");
        assert_eq!(shared.readers(), 1);
        stale.push(weak);
        if round % 2 == 0 {
            drop(shared);
        } else {
            drop(shared.try_into_exclusive().unwrap());
        }
        assert!(stale.iter().all(|weak| weak.upgrade().is_none()), "after round {round}");
    }
    assert_eq!(slab.free(), 1);
}

#[test]
fn readers_that_come_and_go_on_many_threads_see_one_time_each() {
    let mut memory = memory(32, 2);
    let slab = Slab::new(Borrowed::new(&mut memory), 32, 2, Align::BYTE).unwrap();
    for round in 0..ROUNDS / 1000 {
        #[expect(clippy::cast_possible_truncation, reason = "any byte will do")]
        let mark = round as u8;
        let mut buffer = slab.get(0).unwrap();
        buffer.fill(mark);
        let shared = slab.share(buffer).unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                let weak = shared.downgrade();
                let slab = &slab;
                scope.spawn(move || {
                    while let Some(reader) = weak.upgrade() {
                        assert!(reader.iter().all(|&byte| byte == mark));
                        drop(reader);
                    }
                    // The slot may have a new owner now.
                    if let Ok(mut buffer) = slab.get(0) {
                        buffer.fill(!mark);
                    }
                });
            }
            drop(shared);
        });
        assert_eq!(slab.free(), 2);
    }
}

#[test]
fn a_buffer_of_another_slab_cannot_be_shared_here() {
    let (mut here, mut there) = (memory(8, 1), memory(8, 1));
    let here = Slab::new(Borrowed::new(&mut here), 8, 1, Align::BYTE).unwrap();
    let there = Slab::new(Borrowed::new(&mut there), 8, 1, Align::BYTE).unwrap();
    let Foreign(buffer) = here.share(there.get(0).unwrap()).unwrap_err();
    drop(buffer);
    assert_eq!((here.free(), there.free()), (1, 1));
}
