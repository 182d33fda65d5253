//! Many threads at once: the failures that pools of this kind are known for.

use std::sync::Barrier;
use std::sync::atomic::AtomicU32;
use std::thread;

use bareio_core::pool::{Exhausted, Held, IndexPool};

use crate::{ROUNDS, disown, lines, own};

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
