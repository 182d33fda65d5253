//! Putting a thread to sleep until a future of its own is woken.

use core::future::Future;
use core::pin::pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use core::time::Duration;

use super::backoff::{Backoff, Pause};
use crate::errno::{Errno, Result};
use crate::kernel::Kernel;
use crate::sync::{AtomicU32, Ordering, spin_loop};

/// A thread asleep, or about to be, in the frame of that thread.
///
/// Its wakers point into that frame. So they are counted, and the thread does not leave before the last one is
/// gone: whoever wakes it may be preempted between waking and letting go.
struct Parker<'k, K: Kernel> {
    kernel: &'k K,
    /// 1 if it was woken since it last slept.
    woken: AtomicU32,
    /// How many wakers there are.
    wakers: AtomicU32,
}

/// Drives `future`, which keeps its state behind a lock, to its end on this thread, which sleeps meanwhile, until `deadline` at most. `None`: the
/// deadline came first. The kernel is shared with whoever wakes this thread.
///
/// # Errors
///
/// The clock's, if there is a deadline.
pub(in crate::pool) fn block_on<K: Kernel + Sync, F: Future>(
    kernel: &K,
    future: F,
    deadline: Option<Duration>,
) -> Result<Option<F::Output>> {
    let parker = Parker { kernel, woken: AtomicU32::new(0), wakers: AtomicU32::new(1) };
    // Dropped in the opposite order, also when something unwinds: the future with the wakers that it has passed
    // on, our own waker, and last this, which waits for wakers that somebody else still has.
    let frame = Frame { parker: &parker };
    let waker = frame.waker();
    let mut future = pin!(future);
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(Some(output));
        }
        let left = match deadline {
            None => None,
            Some(deadline) => match deadline.checked_sub(kernel.now()?) {
                Some(left) if !left.is_zero() => Some(left),
                _ => return Ok(None),
            },
        };
        parker.park(left);
    }
}

/// Has `f` sleep on this thread: with a waker that ends the sleep, and a function that sleeps, until woken, for at most
/// a given time, or for no reason. Nothing that `f` leaves behind may hold the waker for long: this returns when the
/// last one is gone.
pub(crate) fn asleep<K: Kernel + Sync, R>(
    kernel: &K,
    f: impl FnOnce(&Waker, &dyn Fn(Option<Duration>)) -> R,
) -> R {
    let parker = Parker { kernel, woken: AtomicU32::new(0), wakers: AtomicU32::new(1) };
    // Dropped in the opposite order, as in `block_on`.
    let frame = Frame { parker: &parker };
    let waker = frame.waker();
    f(&waker, &|timeout| parker.park(timeout))
}

/// Waits, when dropped, until no waker is left.
struct Frame<'p, 'k, K: Kernel> {
    parker: &'p Parker<'k, K>,
}

impl<K: Kernel> Frame<'_, '_, K> {
    /// The first waker, which is counted already.
    fn waker(&self) -> Waker {
        // SAFETY: the table keeps the contract of `RawWaker`, and the parker stays until all wakers are gone. It may be used by
        // any thread: beside atomics it holds a `&K` with `K: Sync`, as `block_on` demands.
        unsafe { Waker::from_raw(self.parker.raw()) }
    }
}

impl<K: Kernel> Drop for Frame<'_, '_, K> {
    fn drop(&mut self) {
        // Acquire: pairs with the Release in `let_go`: whoever held a waker does not touch the frame any more.
        while self.parker.wakers.load(Ordering::Acquire) != 0 {
            if self.parker.kernel.yield_now().is_err() {
                spin_loop();
            }
        }
    }
}

impl<K: Kernel> Parker<'_, K> {
    const TABLE: RawWakerVTable = RawWakerVTable::new(
        |parker| {
            let parker = Self::of(&parker);
            // Relaxed: whoever clones a waker has one, so the count is not 0 and stays so.
            parker.wakers.fetch_add(1, Ordering::Relaxed);
            parker.raw()
        },
        |parker| {
            Self::of(&parker).wake();
            Self::of(&parker).let_go();
        },
        |parker| Self::of(&parker).wake(),
        |parker| Self::of(&parker).let_go(),
    );

    fn raw(&self) -> RawWaker {
        RawWaker::new(ptr::from_ref(self).cast(), &Self::TABLE)
    }

    /// The parker behind the pointer of a waker that has not let go yet.
    fn of(parker: &*const ()) -> &Self {
        // SAFETY: the pointer is from `raw`, and the frame of the parker waits for every waker that points there.
        unsafe { &*parker.cast() }
    }

    fn wake(&self) {
        // Relaxed: it says to look again, no more. What there is to see is behind the future's own lock.
        if self.woken.swap(1, Ordering::Relaxed) == 0 {
            // NOSYS: nobody can be asleep.
            let _ = self.kernel.wake(&self.woken, 1);
        }
    }

    /// The last access of a waker to the frame.
    fn let_go(&self) {
        // Release: pairs with the Acquire in `Frame::drop`.
        self.wakers.fetch_sub(1, Ordering::Release);
    }

    /// Returns when woken, or when `timeout` is over, or for no reason.
    fn park(&self, timeout: Option<Duration>) {
        let mut backoff = Backoff::new();
        // Relaxed: as in `wake`.
        while self.woken.swap(0, Ordering::Relaxed) == 0 {
            match backoff.pause() {
                Pause::Spin => {}
                Pause::Yield => self.pass(),
                Pause::Wait => {
                    if self.kernel.wait(&self.woken, 0, timeout) == Err(Errno::NOSYS) {
                        self.pass();
                    }
                    // The caller looks at the clock.
                    if timeout.is_some() {
                        return;
                    }
                }
            }
        }
    }

    /// Lets another thread run, where there are threads.
    fn pass(&self) {
        if self.kernel.yield_now().is_err() {
            spin_loop();
        }
    }
}
