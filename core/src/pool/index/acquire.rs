//! Waiting for an index.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::IndexPool;
use super::backoff::{Backoff, Pause};
use super::handle::{Handle, Held};
use super::park::block_on;
use super::waiters::{Phase, Waiter};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::sync::spin_loop;

impl IndexPool<'_> {
    /// Draws an index, and waits for one if need be: on the processor first, then beside it, then asleep (see
    /// [`Backoff`]). For `timeout` at most, if there is one.
    ///
    /// Those who wait are served in order, each by one put, and each put wakes one of them. Only
    /// [`get`](Self::get), [`take`](Self::take) and handles, which never wait, may overtake them. What handles
    /// have in reserve is not waited for.
    ///
    /// ```
    /// use std::time::Duration;
    /// use bareio_core::Linux;
    /// use bareio_core::pool::{AcquireError, IndexPool, Line};
    ///
    /// let mut lines = [const { Line::new() }; IndexPool::lines(1)];
    /// let pool = IndexPool::new(&mut lines, 1)?;
    /// let held = pool.acquire(&Linux, None)?;
    /// let late = pool.acquire(&Linux, Some(Duration::from_millis(1)));
    /// assert_eq!(late.unwrap_err(), AcquireError::TimedOut);
    ///
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| pool.acquire(&Linux, None));
    ///     drop(held); // and the thread comes to an end
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Whoever puts an index back wakes the sleeper through its `kernel`, on a thread of its own, so one that threads cannot
    /// share will not do:
    ///
    /// ```compile_fail,E0277
    /// use bareio_core::{Kernel, pool::IndexPool};
    ///
    /// struct Counting(core::cell::Cell<u32>);
    /// // SAFETY: it grants nothing.
    /// unsafe impl Kernel for Counting {}
    /// fn wait(pool: &IndexPool<'_>, kernel: &Counting) {
    ///     let _ = pool.acquire(kernel, None);
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the time is over, the pool was closed, or there is a `timeout` and no clock.
    pub fn acquire<K: Kernel + Sync>(
        &self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Held<'_>, AcquireError> {
        let deadline = match timeout {
            // A time beyond all clocks is no limit.
            Some(timeout) => kernel.now().map_err(AcquireError::Clock)?.checked_add(timeout),
            None => None,
        };
        let mut backoff = Backoff::new();
        // Nobody overtakes who is asleep already.
        while self.waiters.is_empty() && !self.waiters.is_closed() {
            if let Ok(held) = self.take(0) {
                return Ok(held);
            }
            match backoff.pause() {
                Pause::Spin => {}
                Pause::Yield if kernel.yield_now().is_ok() => {}
                Pause::Yield | Pause::Wait => break,
            }
        }
        match block_on(kernel, self.acquire_async(), deadline) {
            Ok(Some(outcome)) => outcome.map_err(|Closed| AcquireError::Closed),
            Ok(None) => Err(AcquireError::TimedOut),
            Err(errno) => Err(AcquireError::Clock(errno)),
        }
    }

    /// Draws an index as soon as there is one: the same, for futures. It runs on any executor, takes its place
    /// in the order when it is first polled, and gives it up when it is dropped.
    pub fn acquire_async(&self) -> Acquire<'_> {
        Acquire { pool: self, waiter: Waiter::new(), is_watching: false }
    }

    /// Lets nobody wait for an index any more: who does now, or tries to later, is told [`Closed`]. What is out
    /// stays out until it is put back, and [`get`](Self::get) and handles work as before. Twice is fine.
    pub fn close(&self) {
        self.waiters.close();
        self.watch.changed();
        self.serve();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.waiters.is_closed()
    }
}

impl<'p> Handle<'p> {
    /// Draws an index as [`get`](Self::get) does, and if there is none, waits as [`IndexPool::acquire`] does.
    ///
    /// # Errors
    ///
    /// As for [`IndexPool::acquire`].
    pub fn acquire<K: Kernel + Sync>(
        &mut self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Held<'p>, AcquireError> {
        match self.at_hand() {
            0 => self.pool().acquire(kernel, timeout),
            _ => self.get().or_else(|_| self.pool().acquire(kernel, timeout)),
        }
    }
}

/// An index to come. See [`IndexPool::acquire_async`].
#[must_use = "a future does nothing until it is polled"]
pub struct Acquire<'p> {
    pool: &'p IndexPool<'p>,
    /// Structurally pinned.
    waiter: Waiter,
    /// Whether it is counted as a watcher: from when it enters the queue until it knows the outcome.
    is_watching: bool,
}

impl<'p> Future for Acquire<'p> {
    type Output = Result<Held<'p>, Closed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of it: `pool` and `is_watching` are plain, and `waiter` stays pinned.
        let this = unsafe { self.get_unchecked_mut() };
        let pool = this.pool;
        if !this.is_watching {
            if pool.is_closed() {
                return Poll::Ready(Err(Closed));
            }
            // Nobody overtakes who is queued already.
            if let Some(held) = pool.waiters.is_empty().then(|| pool.take(0).ok()).flatten() {
                return Poll::Ready(Ok(held));
            }
        }
        // Cloning and dropping a waker may run any code, so both are done without the lock.
        let waker = context.waker().clone();
        let Some(mut queue) = pool.waiters.lock_soon() else {
            // Whoever has it was preempted. That is for the executor to solve.
            waker.wake();
            return Poll::Pending;
        };
        if !this.is_watching {
            pool.watch.enter();
            this.is_watching = true;
            // SAFETY: `self` was pinned, and `waiter` with it. It leaves the queue when it is dropped.
            queue.push(unsafe { Pin::new_unchecked(&this.waiter) }, waker);
            drop(queue);
            // What was put before we were watching, nobody has told us of. If that serves us, it wakes us too.
            pool.serve();
            return Poll::Pending;
        }
        let (phase, unused) = queue.collect(&this.waiter, waker);
        drop(queue);
        drop(unused);
        pool.serve();
        if phase == Phase::Queued {
            return Poll::Pending;
        }
        this.is_watching = false;
        pool.watch.leave();
        Poll::Ready(match phase {
            Phase::Served(index) => Ok(Held::new(pool, index)),
            _ => Err(Closed),
        })
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if !self.is_watching {
            return;
        }
        // There is no way but to have the lock: the place in the queue is about to go.
        let mut queue = loop {
            match self.pool.waiters.lock_soon() {
                Some(queue) => break queue,
                None => spin_loop(),
            }
        };
        let (phase, unused) = queue.leave(&self.waiter);
        drop(queue);
        drop(unused);
        self.pool.watch.leave();
        if let Phase::Served(index) = phase {
            // It came too late for us, and goes to the next.
            self.pool.give_back(index);
        }
        self.pool.serve();
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("is_watching", &self.is_watching).finish_non_exhaustive()
    }
}

/// The pool was closed: nobody waits for it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed, and cannot be waited for")
    }
}

impl core::error::Error for Closed {}

/// Why waiting was in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcquireError {
    /// The time is over.
    TimedOut,
    /// The pool was closed.
    Closed,
    /// A timeout was asked for, and the clock refused.
    Clock(Errno),
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("nothing was put back into the pool in time"),
            Self::Closed => Closed.fmt(f),
            Self::Clock(errno) => write!(f, "a timeout needs a clock, which says {errno}"),
        }
    }
}

impl core::error::Error for AcquireError {}
