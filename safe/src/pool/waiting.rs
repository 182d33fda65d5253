//! Threads that wait for a future of the core.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// How often a waiter looks again before it sleeps: some microseconds, in which most buffers come back if any do.
const SPINS: u32 = 200;

/// A thread that waits. One for each thread, so that waiting allocates once in its life.
struct Parked {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the Acquire in `sleep`, so that the sleeper sees what it was woken for. The core's queue
        // orders that by itself; a waker must not count on it.
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

thread_local! {
    static PARKED: (Arc<Parked>, Waker) = {
        let parked = Arc::new(Parked { thread: thread::current(), woken: AtomicBool::new(false) });
        (Arc::clone(&parked), Waker::from(parked))
    };
    /// The last buffer that this thread gave back, which is warm; before that, a place of its own.
    static HINT: Cell<u32> = const { Cell::new(UNKNOWN) };
}

const UNKNOWN: u32 = u32::MAX;

/// Which index to look for first.
pub(super) fn hint() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    HINT.with(|hint| {
        if hint.get() == UNKNOWN {
            // Relaxed: any number will do. Threads that begin 32 apart do not disturb each other.
            hint.set(NEXT.fetch_add(32, Ordering::Relaxed) & !(1 << 31));
        }
        hint.get()
    })
}

/// Takes note of an index that is given back.
pub(super) fn remember(index: u32) {
    HINT.with(|hint| hint.set(index));
}

/// Waits for `future` until `deadline`, if there is one. At each time that `alarm` names it is asked for the next one.
///
/// `None`: the deadline has passed. The future is dropped then, and gives up its place.
pub(super) fn block_on<F: Future>(
    future: F,
    deadline: Option<Instant>,
    mut next_alarm: Option<Instant>,
    mut alarm: impl FnMut() -> Option<Instant>,
) -> Option<F::Output> {
    let mut future = pin!(future);
    // While a thread ends it has none any more, and one is made for this wait.
    let (parked, waker) = PARKED.try_with(Clone::clone).unwrap_or_else(|_| {
        let parked = Arc::new(Parked { thread: thread::current(), woken: AtomicBool::new(false) });
        (Arc::clone(&parked), Waker::from(parked))
    });
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        while !sleep(&parked, earliest(deadline, next_alarm)) {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return None;
            }
            if next_alarm.is_some_and(|at| now >= at) {
                next_alarm = alarm();
                // It may have waited for something by itself, and eaten our wake-up.
                break;
            }
        }
    }
}

/// Waits for a wake-up until `limit`. Says whether there was one.
fn sleep(parked: &Parked, limit: Option<Instant>) -> bool {
    // Acquire: pairs with the Release in `wake_by_ref`.
    let is_woken = || parked.woken.swap(false, Ordering::Acquire);
    for spin in 0..SPINS {
        // Relaxed: a look; the exchange decides.
        if parked.woken.load(Ordering::Relaxed) {
            break;
        }
        if spin % 64 == 63 { thread::yield_now() } else { std::hint::spin_loop() }
    }
    if is_woken() {
        return true;
    }
    match limit {
        None => thread::park(),
        Some(limit) => {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left);
        }
    }
    is_woken()
}

fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
