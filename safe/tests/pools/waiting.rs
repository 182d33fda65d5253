//! Waiting for a buffer: in order, for a time, as a future, and until the pool closes.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bareio::ErrorKind;
use bareio::pool::{BufferPool, Tier};

const MOMENT: Duration = Duration::from_millis(20);

/// Waits until `count` threads and futures wait for `pool`.
fn until_waiting(pool: &BufferPool, count: u32) {
    while pool.stats().waiting < count {
        thread::yield_now();
    }
    // They are counted just before they are queued.
    thread::sleep(MOMENT);
}

#[test]
fn those_who_wait_are_served_in_the_order_in_which_they_came() {
    let pool = BufferPool::new(64, 1).unwrap();
    let held = pool.acquire().unwrap();
    let (told, order) = mpsc::channel();
    thread::scope(|scope| {
        for turn in 0..4 {
            let (pool, told) = (&pool, told.clone());
            scope.spawn(move || {
                let buf = pool.acquire().unwrap();
                told.send(turn).unwrap();
                drop(buf);
            });
            until_waiting(pool, turn + 1);
        }
        // Nobody who will not wait overtakes them.
        assert_eq!(pool.try_acquire().unwrap_err().kind(), ErrorKind::Exhausted);
        drop(held);
    });
    drop(told);
    assert_eq!(order.iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!((pool.stats().waited, pool.stats().waiting), (4, 0));
}

#[test]
fn a_timeout_is_kept_and_leaves_no_place_in_the_queue() {
    let pool = BufferPool::new(64, 1).unwrap();
    let held = pool.acquire().unwrap();
    let start = Instant::now();
    assert_eq!(pool.acquire_timeout(MOMENT).unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(start.elapsed() >= MOMENT);
    assert_eq!(pool.acquire_timeout(Duration::ZERO).unwrap_err().kind(), ErrorKind::TimedOut);
    drop(held);
    // What came back goes to who asks now, not to who has left.
    assert!(pool.acquire_timeout(Duration::MAX).is_ok());
    assert_eq!((pool.stats().timed_out, pool.stats().waiting), (2, 0));
}

#[test]
fn closing_wakes_whoever_waits_and_leaves_buffers_that_are_out_alone() {
    let pool = BufferPool::builder().tier(Tier::Nano, 1).tier(Tier::Small, 1).build().unwrap();
    let mut held = pool.acquire().unwrap();
    let other = pool.acquire_at_least(2000).unwrap();
    thread::scope(|scope| {
        let waiters = [1, 1, 2000].map(|len| {
            let pool = &pool;
            scope.spawn(move || pool.acquire_at_least(len).map(drop))
        });
        until_waiting(&pool, 3);
        pool.close();
        for waiter in waiters {
            assert!(waiter.join().unwrap().unwrap_err().is_closed());
        }
    });
    pool.close();
    assert!(pool.is_closed());
    held.extend_from_slice(b"fine").unwrap();
    let shared = held.share();
    drop((shared.clone(), other));
    assert_eq!((shared.as_slice(), pool.outstanding()), (&b"fine"[..], 1));
    drop(shared);
    // All are free, and nobody gets one, nor one with memory of its own.
    assert_eq!(pool.outstanding(), 0);
    assert!(pool.acquire().unwrap_err().is_closed());
    assert!(pool.try_acquire().unwrap_err().is_closed());
    assert!(pool.acquire_at_least(1 << 20).unwrap_err().is_closed());
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_future_is_woken_when_a_buffer_comes_back_and_owns_its_pool() {
    let pool = BufferPool::new(64, 1).unwrap();
    let held = pool.acquire().unwrap();
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    let future = pool.acquire_async();
    drop(pool);
    let mut future = pin!(future);
    assert!(future.as_mut().poll(&mut context).is_pending());
    assert!(!flag.0.load(Ordering::SeqCst));
    drop(held);
    assert!(flag.0.load(Ordering::SeqCst));
    let Poll::Ready(Ok(buf)) = future.poll(&mut context) else { panic!("it was woken for nothing") };
    assert_eq!(buf.capacity(), 64);
}

#[test]
fn a_future_that_is_dropped_hands_on_what_it_was_given() {
    let pool = BufferPool::new(64, 1).unwrap();
    let held = pool.acquire().unwrap();
    let mut future = Box::pin(pool.acquire_async());
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| pool.acquire().map(drop));
        until_waiting(&pool, 2);
        drop(held); // it is the future's now
        drop(future);
        waiter.join().unwrap().unwrap();
    });
    assert_eq!(pool.stats().waiting, 0);
}

#[test]
fn a_future_of_a_pool_may_go_to_another_thread() {
    fn sendable<T: Send + 'static>(value: T) -> T {
        value
    }
    let pool = BufferPool::new(64, 1).unwrap();
    let future = sendable(pool.acquire_at_least_async(10));
    let mut future = Box::pin(future);
    let polled = thread::spawn(move || match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(buf) => buf.map(|buf| buf.capacity()),
        Poll::Pending => panic!("one is free"),
    });
    assert_eq!(polled.join().unwrap().unwrap(), 64);
}

#[test]
fn a_slow_acquisition_is_told_of_once_for_each_threshold_and_keeps_its_place() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let told = Arc::clone(&told);
        move |slow: &bareio::pool::SlowAcquire<'_>| {
            told.lock().unwrap().push((slow.pool.to_owned(), slow.outstanding, slow.capacity, slow.waited));
        }
    };
    let pool = BufferPool::builder().name("slow").slots(64, 1).on_slow(MOMENT, hook).build().unwrap();
    let held = pool.acquire().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| pool.acquire().map(drop));
        while told.lock().unwrap().len() < 3 {
            thread::yield_now();
        }
        drop(held);
        waiter.join().unwrap().unwrap();
    });
    let told = told.lock().unwrap();
    for (time, (name, outstanding, capacity, waited)) in (1..).zip(told.iter()) {
        assert_eq!((name.as_str(), *outstanding, *capacity), ("slow", 1, 1));
        assert!(*waited >= MOMENT * time, "{waited:?} at the {time}. time");
    }
    assert_eq!(pool.stats().slow, told.len() as u64);
    // One that is fast is not told of.
    drop(pool.acquire().unwrap());
    assert_eq!(pool.stats().slow, told.len() as u64);
}

#[test]
fn a_hook_may_draw_from_another_pool_and_wait_there() {
    let other = BufferPool::new(64, 1).unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let hook = {
        let (other, calls) = (other.clone(), Arc::clone(&calls));
        move |_: &bareio::pool::SlowAcquire<'_>| {
            let _ = other.acquire_timeout(MOMENT);
            calls.fetch_add(1, Ordering::SeqCst);
        }
    };
    let pool = BufferPool::builder().slots(64, 1).on_slow(MOMENT, hook).build().unwrap();
    let (held, other_held) = (pool.acquire().unwrap(), other.acquire().unwrap());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| pool.acquire().map(drop));
        while calls.load(Ordering::SeqCst) < 1 {
            thread::yield_now();
        }
        drop(held);
        waiter.join().unwrap().unwrap();
    });
    drop(other_held);
}

#[test]
fn threads_and_more_of_them_than_buffers_all_come_to_their_turn() {
    let pool = BufferPool::new(64, 2).unwrap();
    let rounds = if cfg!(miri) { 5 } else { 2000 };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for round in 0..rounds {
                    let buf = match round % 3 {
                        0 => pool.acquire(),
                        1 => pool.acquire_timeout(Duration::from_secs(60)),
                        _ => pool.acquire_at_least(64),
                    };
                    drop(buf.unwrap());
                }
            });
        }
    });
    assert_eq!((pool.outstanding(), pool.stats().waiting), (0, 0));
}
