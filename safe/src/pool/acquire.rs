//! Drawing from a pool.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bareio_core::Kernel;

use super::inner::Inner;
use super::lease::Lease;
use super::{BufferPool, PoolBuf, waiting};
use crate::error::{ErrorKind, Result};

impl<K: Kernel + Clone + Send + Sync + 'static> BufferPool<K> {
    /// Draws a buffer, of the smallest size there is, and waits for one if need be: first come, first served.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed), before or meanwhile.
    pub fn acquire(&self) -> Result<PoolBuf> {
        self.acquire_at_least(0)
    }

    /// The same, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut), [`Closed`](ErrorKind::Closed).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<PoolBuf> {
        self.acquire_at_least_timeout(0, timeout)
    }

    /// Draws a buffer if there is one.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](ErrorKind::Exhausted): all of that size are out, or promised to somebody who waits.
    /// [`Closed`](ErrorKind::Closed).
    pub fn try_acquire(&self) -> Result<PoolBuf> {
        self.try_acquire_at_least(0)
    }

    /// Draws a buffer as soon as there is one: as [`acquire`](Self::acquire), for futures. On any executor; dropped, it gives
    /// up its place.
    ///
    /// ```
    /// # use bareio::pool::BufferPool;
    /// async fn read_ahead(pool: &BufferPool) -> Result<(), bareio::Error> {
    ///     let buf = pool.acquire_async().await?;
    ///     # drop(buf);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_async(&self) -> impl Future<Output = Result<PoolBuf>> + Send + use<K> {
        self.acquire_at_least_async(0)
    }

    /// Draws a buffer, as [`acquire`](Self::acquire) does, and wipes it: it holds zeroes up to its capacity.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_zeroed(&self) -> Result<PoolBuf> {
        let mut buf = self.acquire()?;
        buf.zero();
        buf.set_len(buf.capacity())?;
        Ok(buf)
    }

    /// Draws a buffer of at least `len` bytes, of the smallest size that holds them, and waits for one if need be. If no size
    /// does, it is a buffer with memory of its own, at once: those are counted and not bounded.
    ///
    /// ```
    /// # use bareio::pool::BufferPool;
    /// let pool = BufferPool::new(4096, 1)?;
    /// assert!(pool.acquire_at_least(100)?.is_pooled());
    /// let long = pool.acquire_at_least(5000)?;
    /// assert!(!long.is_pooled() && long.capacity() >= 5000);
    /// assert_eq!(pool.stats().oversize_outstanding, 1);
    /// # Ok::<(), bareio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire); for a buffer with memory of its own, [`Alloc`](ErrorKind::Alloc) and
    /// [`Overflow`](ErrorKind::Overflow) too.
    pub fn acquire_at_least(&self, len: usize) -> Result<PoolBuf> {
        self.acquire_until(len, None)
    }

    /// The same, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`acquire_at_least`](Self::acquire_at_least), and [`TimedOut`](ErrorKind::TimedOut).
    pub fn acquire_at_least_timeout(&self, len: usize, timeout: Duration) -> Result<PoolBuf> {
        // A time beyond all clocks is no limit.
        self.acquire_until(len, Instant::now().checked_add(timeout))
    }

    /// The same, until `deadline`, or without end if there is none.
    ///
    /// # Errors
    ///
    /// As [`acquire_at_least_timeout`](Self::acquire_at_least_timeout).
    pub fn acquire_until(&self, len: usize, deadline: Option<Instant>) -> Result<PoolBuf> {
        let inner = &self.0;
        let Some(at) = inner.slab_for(len) else { return self.oversize(len) };
        inner.check_open()?;
        if let Some(buf) = inner.take_unless_awaited(at) {
            return Ok(buf);
        }
        let place = &inner.slabs()[usize::from(at)];
        let _waiting = Waiting::new(&place.waiting);
        let since = Instant::now();
        let next_alarm = |from: Instant| from.checked_add(inner.slow()?.threshold);
        let alarm = || {
            inner.tell_slow(since);
            next_alarm(Instant::now())
        };
        let future = place.slab.acquire_async();
        let Some(outcome) = waiting::block_on(future, deadline, next_alarm(since), alarm) else {
            inner.counts.timed_out.increment();
            return Err(ErrorKind::TimedOut.into());
        };
        inner.counts.waited.increment();
        Ok(PoolBuf::new(Lease::new(inner, at, outcome?)))
    }

    /// Draws a buffer of at least `len` bytes if there is one: as [`acquire_at_least`](Self::acquire_at_least), and never
    /// waits.
    ///
    /// # Errors
    ///
    /// As [`acquire_at_least`](Self::acquire_at_least), and [`Exhausted`](ErrorKind::Exhausted).
    pub fn try_acquire_at_least(&self, len: usize) -> Result<PoolBuf> {
        let Some(at) = self.0.slab_for(len) else { return self.oversize(len) };
        self.0.check_open()?;
        self.0.take_unless_awaited(at).ok_or_else(|| {
            self.0.counts.exhausted.increment();
            ErrorKind::Exhausted.into()
        })
    }

    /// Draws a buffer of at least `len` bytes as soon as there is one: as [`acquire_at_least`](Self::acquire_at_least), for
    /// futures.
    ///
    /// # Errors
    ///
    /// As [`acquire_at_least`](Self::acquire_at_least).
    pub fn acquire_at_least_async(
        &self,
        len: usize,
    ) -> impl Future<Output = Result<PoolBuf>> + Send + use<K> {
        let this = self.clone();
        async move {
            let inner = &this.0;
            let Some(at) = inner.slab_for(len) else { return this.oversize(len) };
            inner.check_open()?;
            if let Some(buf) = inner.take_unless_awaited(at) {
                return Ok(buf);
            }
            let place = &inner.slabs()[usize::from(at)];
            let _waiting = Waiting::new(&place.waiting);
            let since = Instant::now();
            let buffer = place.slab.acquire_async().await?;
            inner.counts.waited.increment();
            let buf = PoolBuf::new(Lease::new(inner, at, buffer));
            if inner.slow().is_some_and(|slow| since.elapsed() > slow.threshold) {
                inner.tell_slow(since);
            }
            Ok(buf)
        }
    }

    /// A buffer with memory of its own.
    fn oversize(&self, len: usize) -> Result<PoolBuf> {
        self.0.check_open()?;
        Inner::alone(self.0.kernel().clone(), len, Some(Arc::clone(&self.0)))
    }
}

impl<K: Kernel + Send + Sync + 'static> Inner<K> {
    /// A buffer of the slab `at` if one is free and nobody waits for it.
    fn take_unless_awaited(self: &Arc<Self>, at: u8) -> Option<PoolBuf> {
        // Relaxed: a hint. Who comes between a waiter's count and its place in the queue overtakes it, once.
        if self.slabs()[usize::from(at)].waiting.load(Ordering::Relaxed) > 0 {
            return None;
        }
        self.take(at)
    }
}

/// One who waits, counted until it is dropped.
struct Waiting<'s>(&'s AtomicU32);

impl<'s> Waiting<'s> {
    fn new(count: &'s AtomicU32) -> Self {
        // Relaxed: as in `take_unless_awaited`.
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Relaxed: as in `take_unless_awaited`.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
