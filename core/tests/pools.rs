//! The pools, from outside.

use std::collections::BTreeSet;
use std::future::Future;
use std::mem::{self, MaybeUninit};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bareio_core::pool::{
    AcquireError, Borrowed, CapacityError, Exhausted, Foreign, Held, IndexPool, Indexed, ItemPool, Line,
    MapSlabError, Pool, PutError, ReserveError, Shared, Slab, SlabRefusal, SlotError, Tier, TierError, Tiers,
    Weak,
};
use bareio_core::{Align, Errno, Kernel, Linux};
use proptest::prelude::*;

/// How often the stress tests go round. Miri needs few rounds, because it looks at each of them closely.
const ROUNDS: u32 = if cfg!(miri) { 50 } else { 100_000 };

fn lines(capacity: u32) -> Vec<Line> {
    (0..IndexPool::lines(capacity)).map(|_| Line::new()).collect()
}

// ---- indexes ----------------------------------------------------------------------------------------

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

// ---- handles ----------------------------------------------------------------------------------------

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

// ---- many threads -----------------------------------------------------------------------------------

/// Marks an index as owned, and panics if it was.
fn own(owners: &[AtomicU32], index: u32) {
    assert_eq!(owners[index as usize].swap(1, Ordering::Relaxed), 0, "index {index} has two owners");
}

fn disown(owners: &[AtomicU32], index: u32) {
    assert_eq!(owners[index as usize].swap(0, Ordering::Relaxed), 1, "index {index} had no owner");
}

/// What a stack of free indexes with a tag too narrow gets wrong: an index is drawn, put and drawn again while
/// another thread is in the middle of drawing it.
#[test]
fn no_index_is_handed_out_twice_under_contention() {
    for capacity in [1, 2, 3, 33] {
        let mut lines = lines(capacity);
        let pool = IndexPool::new(&mut lines, capacity).unwrap();
        let owners: Vec<AtomicU32> = (0..capacity).map(|_| AtomicU32::new(0)).collect();
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for thread in 0..4 {
                let (pool, owners, barrier) = (&pool, &owners[..], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for round in 0..ROUNDS / 4 {
                        if (round + thread) % 2 == 0 {
                            let Ok(index) = pool.get(round) else { continue };
                            own(owners, index);
                            disown(owners, index);
                            pool.put(index).unwrap();
                        } else {
                            let Ok(held) = pool.take(round) else { continue };
                            own(owners, held.index());
                            disown(owners, held.index());
                            drop(held);
                        }
                    }
                });
            }
        });
        assert_eq!(pool.free(), capacity);
    }
}

/// The plain loop of two threads in which a pool with cursors that wait for each other hangs for ever.
#[test]
fn two_threads_that_draw_and_put_one_index_each_come_to_an_end() {
    let mut lines = lines(2);
    let pool = IndexPool::new(&mut lines, 2).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let index = pool.get(0).expect("two threads, two indexes");
                    pool.put(index).expect("there is always room for what was drawn");
                }
            });
        }
    });
}

/// Threads that together hold fewer than there are never find the pool exhausted, wherever the free ones are;
/// nor do puts ever find it full.
#[test]
fn a_pool_with_something_free_is_never_called_exhausted() {
    let capacity = 70; // three words
    let mut lines = lines(capacity);
    let pool = IndexPool::new(&mut lines, capacity).unwrap();
    let idle: Vec<u32> = (0..capacity - 4).map(|at| pool.get(at).unwrap()).collect();
    thread::scope(|scope| {
        for thread in 0..3_u32 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..ROUNDS / 4 {
                    let index = pool.get(round.wrapping_mul(31 + thread)).expect("4 indexes, 3 threads");
                    pool.put(index).unwrap();
                }
            });
        }
    });
    assert_eq!(pool.free(), 4);
    drop(idle);
}

#[test]
fn indexes_drawn_here_and_put_there_come_round() {
    let mut lines = lines(64);
    let pool = IndexPool::new(&mut lines, 64).unwrap();
    let owners: Vec<AtomicU32> = (0..64).map(|_| AtomicU32::new(0)).collect();
    let (sender, receiver) = std::sync::mpsc::sync_channel::<Held>(8);
    let (mut here, mut there) = (pool.handle(16).unwrap(), pool.handle(16).unwrap());
    thread::scope(|scope| {
        let owners = &owners;
        scope.spawn(move || {
            for _ in 0..ROUNDS / 4 {
                let held = loop {
                    match here.get() {
                        Ok(held) => break held,
                        Err(Exhausted) => thread::yield_now(),
                    }
                };
                own(owners, held.index());
                sender.send(held).unwrap();
            }
        });
        scope.spawn(move || {
            for held in receiver {
                disown(owners, held.index());
                there.put(held).unwrap();
            }
        });
    });
    assert_eq!((pool.free(), pool.unreserved()), (64, 64));
}

// ---- against a model --------------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Step {
    Get { hint: u32 },
    Put { index: u32 },
    Take { hint: u32 },
    DropHeld { at: usize },
    ToNumber { at: usize },
    Hold { index: u32 },
    HandleGet { handle: usize },
    HandlePut { handle: usize, at: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<u32>().prop_map(|hint| Step::Get { hint }),
        (0..80_u32).prop_map(|index| Step::Put { index }),
        any::<u32>().prop_map(|hint| Step::Take { hint }),
        any::<usize>().prop_map(|at| Step::DropHeld { at }),
        any::<usize>().prop_map(|at| Step::ToNumber { at }),
        (0..80_u32).prop_map(|index| Step::Hold { index }),
        (0..2_usize).prop_map(|handle| Step::HandleGet { handle }),
        (0..2_usize, any::<usize>()).prop_map(|(handle, at)| Step::HandlePut { handle, at }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// One thread's steps, against two sets: what is drawn as a number, and what is held.
    #[test]
    fn the_pool_is_a_set_whatever_the_order(
        capacity in 8..70_u32,
        reserves in [0..4_u32, 0..4_u32],
        steps in prop::collection::vec(step(), 1..if cfg!(miri) { 40 } else { 400 }),
    ) {
        let mut lines = lines(capacity);
        let pool = IndexPool::new(&mut lines, capacity).unwrap();
        let mut handles = reserves.map(|reserve| pool.handle(reserve).unwrap());
        let mut numbers = BTreeSet::new();
        let mut guards: Vec<Held> = Vec::new();
        for step in steps {
            let at_hand: u32 = handles.iter().map(bareio_core::pool::Handle::at_hand).sum();
            let out = u32::try_from(numbers.len() + guards.len()).unwrap();
            let free = capacity - out - at_hand;
            prop_assert_eq!(pool.free(), free);
            match step {
                Step::Get { hint } => if let Ok(index) = pool.get(hint) {
                    prop_assert!(index < capacity && numbers.insert(index));
                    prop_assert!(guards.iter().all(|held| held.index() != index));
                } else {
                    prop_assert_eq!(free, 0);
                },
                Step::Take { hint } => if let Ok(held) = pool.take(hint) {
                    prop_assert!(guards.iter().all(|other| other.index() != held.index()));
                    prop_assert!(!numbers.contains(&held.index()));
                    guards.push(held);
                } else {
                    prop_assert_eq!(free, 0);
                },
                Step::Put { index } => prop_assert_eq!(pool.put(index).is_ok(), numbers.remove(&index)),
                Step::Hold { index } => {
                    let held = pool.hold(index);
                    prop_assert_eq!(held.is_ok(), numbers.remove(&index));
                    guards.extend(held);
                }
                Step::DropHeld { at } if !guards.is_empty() => drop(guards.swap_remove(at % guards.len())),
                Step::ToNumber { at } if !guards.is_empty() => {
                    prop_assert!(numbers.insert(guards.swap_remove(at % guards.len()).into_index()));
                }
                Step::HandleGet { handle } => if let Ok(held) = handles[handle].get() {
                    prop_assert!(guards.iter().all(|other| other.index() != held.index()));
                    prop_assert!(!numbers.contains(&held.index()));
                    guards.push(held);
                } else {
                    prop_assert_eq!((free, handles[handle].at_hand()), (0, 0));
                },
                Step::HandlePut { handle, at } if !guards.is_empty() => {
                    let held = guards.swap_remove(at % guards.len());
                    prop_assert!(handles[handle].put(held).is_ok());
                    prop_assert!(handles[handle].at_hand() <= handles[handle].reserve());
                }
                _ => {}
            }
        }
        drop((guards, handles));
        for index in numbers {
            pool.put(index).unwrap();
        }
        prop_assert_eq!((pool.free(), pool.unreserved()), (capacity, capacity));
    }
}

// ---- slabs ------------------------------------------------------------------------------------------

/// Memory for a slab, somewhat more than it takes, on no particular boundary.
fn memory(slot_len: usize, count: u32) -> Vec<u8> {
    vec![0; Slab::<Borrowed>::region_len(slot_len, count, Align::BYTE).unwrap() + align_of::<Line>()]
}

#[test]
fn slots_are_equal_disjoint_and_inside_the_whole() {
    let mut memory = memory(24, 40);
    let slab = Slab::new(Borrowed::new(&mut memory), 24, 40, Align::BYTE).unwrap();
    let mut buffers: Vec<_> = (0..40).map(|_| slab.get(0).unwrap()).collect();
    assert_eq!(slab.get(0).unwrap_err(), Exhausted);
    let whole = slab.whole();
    assert_eq!((whole.len(), slab.slot_len(), slab.count()), (24 * 40, 24, 40));
    for (number, buffer) in (0..).zip(&mut buffers) {
        assert_eq!(slab.index_of(buffer.as_ptr()), Ok(buffer.index()));
        assert!(slab.contains(buffer.as_ptr()));
        buffer.fill(number);
    }
    for (number, buffer) in (0..).zip(&buffers) {
        assert!(buffer.iter().all(|&byte| byte == number), "slot {} was written by another", buffer.index());
    }
}

#[test]
fn slots_sit_on_the_grid_and_are_rounded_up_to_it() {
    let mut memory = vec![0_u8; 16 * 1024];
    let skip = memory.as_ptr().align_offset(4096);
    let slab = Slab::new(Borrowed::new(&mut memory[skip..]), 1000, 2, Align::KIB_4).unwrap();
    assert_eq!(slab.slot_len(), 4096);
    let (a, b) = (slab.get(0).unwrap(), slab.get(0).unwrap());
    assert_eq!((a.as_ptr().addr() % 4096, b.as_ptr().addr() % 4096), (0, 0));
}

#[test]
fn foreign_and_tampered_addresses_are_seen() {
    let mut memory = memory(64, 4);
    let slab = Slab::new(Borrowed::new(&mut memory), 64, 4, Align::BYTE).unwrap();
    let start = slab.whole().base().cast_const();
    let at = |offset: isize| start.wrapping_offset(offset);
    assert_eq!(slab.index_of(at(192)), Ok(3));
    assert_eq!(slab.index_of(at(256)), Err(SlotError::Outside { address: at(256).addr() }), "the end");
    assert_eq!(slab.index_of(at(-1)), Err(SlotError::Outside { address: at(-1).addr() }));
    assert_eq!(slab.index_of(at(-64)), Err(SlotError::Outside { address: at(-64).addr() }));
    let within = SlotError::Within { address: at(65).addr(), index: 1, into: 1 };
    assert_eq!(slab.index_of(at(65)), Err(within));
    assert!(slab.contains(at(255)) && !slab.contains(at(256)) && !slab.contains(at(-1)));
}

#[test]
fn a_slab_that_cannot_be_gives_its_memory_back() {
    let mut memory = vec![0_u8; 8192];
    let skip = memory.as_ptr().align_offset(4096);
    let memory = Borrowed::new(&mut memory[skip + 1..]);
    let error = Slab::new(memory, 512, 1, Align::KIB_4).unwrap_err();
    assert!(matches!(error.why, SlabRefusal::Misaligned { .. }), "{error}");
    let error = Slab::new(error.memory, 0, 1, Align::BYTE).unwrap_err();
    assert_eq!(error.why, SlabRefusal::Size { slot_len: 0, count: 1 });
    let error = Slab::new(error.memory, 1, 0, Align::BYTE).unwrap_err();
    assert_eq!(error.why, SlabRefusal::Size { slot_len: 1, count: 0 });
    let error = Slab::new(error.memory, usize::MAX, 2, Align::BYTE).unwrap_err();
    assert_eq!(error.why, SlabRefusal::Size { slot_len: usize::MAX, count: 2 });
    let error = Slab::new(error.memory, isize::MAX as usize, 1 << 31, Align::BYTE).unwrap_err();
    assert!(matches!(error.why, SlabRefusal::Size { .. }), "{error}");
    let error = Slab::new(error.memory, 8192, 1, Align::BYTE).unwrap_err();
    assert!(matches!(error.why, SlabRefusal::TooShort { needed: 8192.., .. }), "{error}");
    assert!(Slab::new(error.memory, 64, 8, Align::BYTE).is_ok());
}

#[test]
fn a_buffer_through_a_handle_is_the_one_just_put_and_zero_wipes_it() {
    let mut memory = memory(32, 8);
    let slab = Slab::new(Borrowed::new(&mut memory), 32, 8, Align::BYTE).unwrap();
    let mut handle = slab.handle(4).unwrap();
    let mut buffer = handle.get().unwrap();
    buffer[0] = 9;
    let index = buffer.index();
    handle.put(buffer).unwrap();
    let mut buffer = handle.get().unwrap();
    assert_eq!((buffer.index(), buffer[0]), (index, 9), "what was written stays until it is wiped");
    buffer.zero();
    assert!(buffer.iter().all(|&byte| byte == 0));
    assert_eq!((slab.free(), slab.unreserved()), (4, 4));
}

#[test]
fn a_buffer_passes_through_a_number() {
    let mut memory = memory(32, 2);
    let slab = Slab::new(Borrowed::new(&mut memory), 32, 2, Align::BYTE).unwrap();
    let mut buffer = slab.get(1).unwrap();
    buffer[31] = 5;
    let index = buffer.into_index();
    // SAFETY: the buffer became this number just above, and nothing else touches it.
    let buffer = unsafe { slab.hold(index) }.unwrap();
    assert_eq!(buffer[31], 5);
    // SAFETY: refused, because it is a buffer already.
    assert_eq!(unsafe { slab.hold(index) }.unwrap_err(), PutError::Held { index });
}

#[test]
fn a_slab_moves_with_its_memory_and_gives_it_back() {
    let mut memory = memory(16, 3);
    let slab = Slab::new(Borrowed::new(&mut memory), 16, 3, Align::BYTE).unwrap();
    let moved = Box::new(slab);
    moved.get(2).unwrap()[0] = 77;
    let memory = (*moved).into_memory();
    let again = Slab::new(memory, 16, 3, Align::BYTE).unwrap();
    assert_eq!(again.get(2).unwrap()[0], 77);
}

#[test]
fn buffers_cross_threads_and_come_back() {
    let mut memory = memory(64, 16);
    let slab = Slab::new(Borrowed::new(&mut memory), 64, 16, Align::BYTE).unwrap();
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let slab = &slab;
            scope.spawn(move || {
                let mut handle = slab.handle(2).unwrap();
                for round in 0..ROUNDS / 10 {
                    let mut buffer = handle.get().unwrap();
                    buffer.fill(thread);
                    assert!(buffer.iter().all(|&byte| byte == thread), "two owners in round {round}");
                    if round % 3 == 0 { drop(buffer) } else { handle.put(buffer).unwrap() }
                }
            });
        }
    });
    assert_eq!((slab.free(), slab.unreserved()), (16, 16));
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_mapped_slab_has_aligned_slots_and_leaves_its_lines_out_of_the_whole() {
    let slab = Slab::map(Linux, 5000, 100, Align::KIB_4).unwrap();
    assert_eq!((slab.slot_len(), slab.whole().len()), (8192, 819_200));
    assert!(slab.granted().resident);
    let mut buffers: Vec<_> = (0..100).map(|at| slab.get(at).unwrap()).collect();
    for buffer in &mut buffers {
        assert_eq!(buffer.as_ptr().addr() % 4096, 0);
        buffer.fill(0xff);
    }
    drop(buffers);
    assert_eq!(slab.free(), 100, "buffers filled to the brim leave the pool's own state alone");
    let error = Slab::map(Linux, usize::MAX, 2, Align::KIB_4).unwrap_err();
    assert!(matches!(error, MapSlabError::Refused(SlabRefusal::Size { .. })), "{error}");
}

// ---- tiers ------------------------------------------------------------------------------------------

#[test]
fn the_smallest_tier_that_fits_and_has_one_free_serves() {
    let (mut small, mut large) = (memory(512, 1), memory(8192, 1));
    let mut tiers = Tiers::new();
    assert_eq!(tiers.get(0).unwrap_err(), TierError::Missing { tier: Tier::Pico });
    let slab = Slab::new(Borrowed::new(&mut small), 512, 1, Align::BYTE).unwrap();
    let wrong = tiers.set(Tier::Small, slab).unwrap_err();
    assert_eq!(wrong.to_string(), "slots of 512 bytes are not of tier small, whose buffers have 2048");
    tiers.set(Tier::Micro, wrong.slab).unwrap();
    let slab = Slab::new(Borrowed::new(&mut large), 8192, 1, Align::BYTE).unwrap();
    assert!(tiers.set(Tier::Medium, slab).unwrap().is_none());

    let first = tiers.get(0).unwrap();
    let second = tiers.get(512).unwrap();
    assert_eq!((first.len(), second.len()), (512, 8192), "the small one is taken, so a larger one serves");
    assert_eq!(tiers.get(1).unwrap_err(), TierError::Exhausted(Exhausted));
    assert_eq!(tiers.get(8193).unwrap_err(), TierError::Missing { tier: Tier::Big });
    assert!(matches!(tiers.get(usize::MAX), Err(TierError::TooLong(_))));
}

// ---- waiting ----------------------------------------------------------------------------------------

/// `Linux` where there is one; under Miri, which has no system calls, a kernel that cannot wait.
#[derive(Clone, Copy)]
struct Host;

// SAFETY: what is implemented touches no memory, or is `Linux`'s.
unsafe impl Kernel for Host {
    fn now(&self) -> Result<Duration, Errno> {
        if cfg!(miri) {
            static START: OnceLock<Instant> = OnceLock::new();
            return Ok(START.get_or_init(Instant::now).elapsed());
        }
        Linux.now()
    }

    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<(), Errno> {
        if cfg!(miri) { Err(Errno::NOSYS) } else { Linux.wait(word, expected, timeout) }
    }

    fn wake(&self, word: &AtomicU32, count: u32) -> Result<u32, Errno> {
        if cfg!(miri) { Err(Errno::NOSYS) } else { Linux.wake(word, count) }
    }

    fn yield_now(&self) -> Result<(), Errno> {
        thread::yield_now();
        Ok(())
    }
}

#[test]
fn many_threads_share_few_indexes_by_waiting() {
    let mut lines = lines(2);
    let pool = IndexPool::new(&mut lines, 2).unwrap();
    let owners: Vec<AtomicU32> = (0..2).map(|_| AtomicU32::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..ROUNDS / 50 {
                    let held = pool.acquire(&Host, None).unwrap();
                    own(&owners, held.index());
                    disown(&owners, held.index());
                    drop(held);
                }
            });
        }
    });
    assert_eq!(pool.free(), 2);
}

#[test]
fn waiters_with_timeouts_that_come_and_go_lose_no_index() {
    let mut lines = lines(1);
    let pool = IndexPool::new(&mut lines, 1).unwrap();
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..ROUNDS / 200 {
                    let timeout = Duration::from_micros(u64::from(round) % 50 * thread);
                    match pool.acquire(&Host, Some(timeout)) {
                        Ok(held) => {
                            thread::yield_now();
                            drop(held);
                        }
                        Err(error) => assert_eq!(error, AcquireError::TimedOut),
                    }
                }
            });
        }
    });
    assert_eq!(pool.free(), 1);
    drop(pool.acquire(&Host, Some(Duration::ZERO)).expect("nobody waits any more, so it is there at once"));
}

#[test]
fn a_timeout_is_kept_and_a_kernel_without_a_clock_is_an_error() {
    /// Knows nothing.
    struct Bare;
    // SAFETY: nothing is implemented.
    unsafe impl Kernel for Bare {}

    let mut lines = lines(1);
    let pool = IndexPool::new(&mut lines, 1).unwrap();
    let held = pool.acquire(&Bare, None).unwrap();
    let start = Instant::now();
    let error = pool.acquire(&Host, Some(Duration::from_millis(20))).unwrap_err();
    assert_eq!(error, AcquireError::TimedOut);
    assert!(start.elapsed() >= Duration::from_millis(20));
    let error = pool.acquire(&Bare, Some(Duration::from_millis(20))).unwrap_err();
    assert_eq!(error, AcquireError::Clock(Errno::NOSYS));
    thread::scope(|scope| {
        scope.spawn(|| pool.acquire(&Bare, None).unwrap());
        thread::sleep(Duration::from_millis(5));
        drop(held);
    });
}

#[test]
fn waiters_are_served_in_order_and_one_for_each_put() {
    let mut lines = lines(2);
    let pool = IndexPool::new(&mut lines, 2).unwrap();
    let (first, second) = (pool.take(0).unwrap(), pool.take(0).unwrap());
    let bells: Vec<Arc<Bell>> = (0..4).map(|_| Arc::default()).collect();
    let mut waiting: Vec<_> = bells.iter().map(|_| Box::pin(pool.acquire_async())).collect();
    let mut ask =
        |at: usize| waiting[at].as_mut().poll(&mut Context::from_waker(&Waker::from(bells[at].clone())));
    let rung = || bells.iter().map(|bell| bell.0.load(Ordering::Relaxed)).collect::<Vec<_>>();
    for at in 0..4 {
        assert!(ask(at).is_pending());
    }
    drop(first);
    assert_eq!(rung(), [1, 0, 0, 0], "one put wakes one, the first");
    assert!(ask(1).is_pending(), "the others wait on, also if they are polled");
    drop(second);
    assert_eq!(rung(), [1, 1, 0, 0]);
    assert_eq!(pool.take(0).unwrap_err(), Exhausted, "what was put has an owner");
    let Poll::Ready(Ok(held)) = ask(0) else { panic!("the first was served") };
    drop(held);
    assert_eq!(rung(), [1, 1, 1, 0]);
    drop(waiting);
    assert_eq!(pool.free(), 2, "what waiters were given and did not fetch goes back");
}

#[test]
fn a_waiter_that_leaves_hands_on_what_it_was_given() {
    let mut lines = lines(1);
    let pool = IndexPool::new(&mut lines, 1).unwrap();
    let held = pool.take(0).unwrap();
    let bells: [Arc<Bell>; 3] = Default::default();
    let [mut first, mut second, mut third] = [(); 3].map(|()| Box::pin(pool.acquire_async()));
    for (acquire, bell) in [&mut first, &mut second, &mut third].into_iter().zip(&bells) {
        assert!(acquire.as_mut().poll(&mut Context::from_waker(&Waker::from(bell.clone()))).is_pending());
    }
    drop(second); // from the middle, with nothing
    drop(held);
    drop(first); // served, and gone
    let rung = bells.each_ref().map(|bell| bell.0.load(Ordering::Relaxed));
    assert_eq!(rung, [1, 0, 1]);
    let outcome = third.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(outcome, Poll::Ready(Ok(_))));
}

#[test]
fn closing_wakes_everybody_and_leaves_what_is_out_alone() {
    let mut lines = lines(1);
    let pool = IndexPool::new(&mut lines, 1).unwrap();
    let held = pool.take(0).unwrap();
    thread::scope(|scope| {
        let waiters = [(); 3].map(|()| scope.spawn(|| pool.acquire(&Host, None).map(drop)));
        thread::sleep(Duration::from_millis(if cfg!(miri) { 1 } else { 20 }));
        pool.close();
        pool.close();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Err(AcquireError::Closed));
        }
    });
    assert_eq!(pool.acquire(&Host, None).unwrap_err(), AcquireError::Closed);
    drop(held);
    assert!(pool.is_closed() && pool.get(0).is_ok());
}

#[test]
fn a_reserve_is_not_waited_for_and_does_not_keep_waiters_from_the_rest() {
    let mut lines = lines(3);
    let pool = IndexPool::new(&mut lines, 3).unwrap();
    let mut handle = pool.handle(1).unwrap();
    let (one, two) = (pool.take(0).unwrap(), pool.take(0).unwrap());
    assert_eq!(pool.acquire(&Host, Some(Duration::ZERO)).unwrap_err(), AcquireError::TimedOut);
    let own = handle.acquire(&Host, None).unwrap();
    let bell: Arc<Bell> = Arc::default();
    let mut waiting = Box::pin(pool.acquire_async());
    let waker = Waker::from(bell.clone());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    handle.put(own).unwrap();
    assert_eq!(bell.0.load(Ordering::Relaxed), 0, "that was the reserve");
    handle.put(one).unwrap();
    assert_eq!(bell.0.load(Ordering::Relaxed), 1, "that was above it");
    drop(two);
}

/// A waiter that is leaked stays in the queue, in memory that is leaked with it.
#[test]
fn a_leaked_waiter_loses_one_index_and_nothing_else() {
    let mut lines = lines(2);
    let pool = IndexPool::new(&mut lines, 2).unwrap();
    let both = (pool.take(0).unwrap(), pool.take(0).unwrap());
    let mut waiting = Box::pin(pool.acquire_async());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    mem::forget(waiting);
    drop(both);
    assert_eq!(pool.free(), 1);
    assert!(pool.acquire(&Host, None).is_ok());
}

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicU32);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// ---- items ------------------------------------------------------------------------------------------

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

// ---- counted buffers --------------------------------------------------------------------------------

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
