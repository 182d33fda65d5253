//! The same in memory that Miri can watch: what guards hold on to, and what they let go of last.
#![cfg(feature = "sim")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use bareio::buf::{Held, IoBufMut};
use bareio::core::sim::Sim;
use bareio::core::ticket::StableBufMut;
use bareio::pool::BufferPool;

fn pool(count: u32) -> (Sim, BufferPool<Sim>) {
    let sim = Sim::builder().seed(1).calm().build();
    let pool = BufferPool::builder().slots(64, count).build_with_kernel(sim.clone()).unwrap();
    (sim, pool)
}

#[test]
fn the_memory_of_a_pool_goes_with_its_last_guard_whatever_kind_that_is() {
    for last in 0..4 {
        let (sim, pool) = pool(3);
        let mut buf = pool.acquire().unwrap();
        buf.extend_from_slice(b"bytes").unwrap();
        let shared = pool.acquire().unwrap().share();
        let weak = shared.downgrade();
        let oversize = pool.acquire_at_least(1000).unwrap();
        let other = weak.clone();
        drop(pool);
        match last {
            0 => {
                drop((shared, oversize));
                assert_eq!(buf.as_slice(), b"bytes");
                thread::spawn(move || drop(buf)).join().unwrap();
            }
            1 => {
                drop((buf, oversize));
                let again = weak.upgrade().unwrap();
                drop(shared);
                drop(again.try_into_exclusive().unwrap());
            }
            2 => {
                drop((buf, shared));
                drop(oversize.share());
            }
            _ => {
                drop((oversize, shared));
                // As an operation has it, which moves it about.
                let mut held = Held::new(buf);
                let (first, room) = held.room();
                // SAFETY: within the room that was just named.
                unsafe { first.wrapping_add(room - 1).write(1) };
                let mut buf = held.into_inner();
                assert_eq!(buf.room().1, 64);
                drop(buf);
            }
        }
        assert!(weak.upgrade().is_none() && other.clone().upgrade().is_none());
        assert_eq!(sim.census().mappings, 0, "memory is left over, in round {last}");
    }
}

#[test]
fn a_waiting_thread_and_a_waiting_future_are_served_and_hold_on_to_the_pool() {
    let (_sim, pool) = pool(1);
    let held = pool.acquire().unwrap();
    let mut future = pin!(pool.acquire_async());
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| pool.acquire().map(drop));
        drop(held);
        let Poll::Ready(Ok(buf)) = future.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it came first")
        };
        drop(buf);
        waiter.join().unwrap().unwrap();
    });
}
