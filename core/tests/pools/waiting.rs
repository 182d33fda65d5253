//! Waiting for what is not there yet.

use std::future::Future;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bareio_core::pool::{AcquireError, Exhausted, IndexPool};
use bareio_core::{Errno, Kernel, Linux};

use crate::{ROUNDS, disown, lines, own};

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
#[cfg_attr(miri, ignore = "leaks on purpose, which Miri reports")]
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
