//! Drawing, sharing, waiting and giving back.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use bareio::pool::{BufferPool, Tier};

use crate::allocations;

#[test]
fn drawing_sharing_and_giving_back_allocate_nothing() {
    let pool = BufferPool::builder().tier(Tier::Small, 4).tier(Tier::Big, 4).build().unwrap();
    let count = allocations(|| {
        let buf = pool.acquire().unwrap();
        let zeroed = pool.acquire_zeroed().unwrap();
        let big = pool.try_acquire_at_least(20_000).unwrap();
        let timed = pool.acquire_timeout(Duration::from_secs(1)).unwrap();
        let shared = big.share();
        let reader = shared.clone();
        let weak = shared.downgrade();
        drop(shared);
        let again = weak.upgrade().unwrap();
        drop((reader, weak));
        drop((buf, zeroed, timed, again.try_into_exclusive().unwrap()));
    });
    assert_eq!(count, 0);
}

#[test]
fn a_future_that_finds_a_buffer_allocates_nothing() {
    let pool = BufferPool::new(4096, 1).unwrap();
    let count = allocations(|| {
        let future = pin!(pool.acquire_async());
        let Poll::Ready(buf) = future.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("one is free")
        };
        drop(buf.unwrap());
    });
    assert_eq!(count, 0);
}

/// A thread allocates for the first wait of its life, and never again.
#[test]
fn waiting_for_a_buffer_allocates_nothing() {
    let pool = BufferPool::new(4096, 1).unwrap();
    let held = pool.acquire().unwrap();
    assert!(pool.acquire_timeout(Duration::from_millis(1)).is_err(), "the first wait of this thread");
    drop(held);
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let buf = pool.acquire().unwrap();
                while pool.stats().waiting == 0 && !ended.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                drop(buf);
            }
        });
        let count = allocations(|| {
            while pool.outstanding() == 0 {
                thread::yield_now();
            }
            drop(pool.acquire().unwrap());
        });
        ended.store(true, Ordering::Relaxed);
        assert_eq!(count, 0);
    });
    assert!(pool.stats().waited > 50, "hardly anybody waited: {:?}", pool.stats());
}
