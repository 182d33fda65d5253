//! What all handles of a pool share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bareio_core::map::Mapping;
use bareio_core::pool::{Buffer, Shared, Slab};
use bareio_core::{AllocError, Kernel};

use super::builder::{default_align, refused};
use super::lease::Lease;
use super::stats::{Count, PoolStats, SlowAcquire};
use super::{PoolBuf, waiting};
use crate::error::{ErrorKind, Result};

/// Buffers of one size.
pub(super) struct SlabOf<K: Kernel> {
    pub(super) slab: Slab<Mapping<K>>,
    /// How many wait for one of them: while there are any, nobody who is ready to wait overtakes them.
    pub(super) waiting: AtomicU32,
}

impl<K: Kernel> SlabOf<K> {
    pub(super) const fn new(slab: Slab<Mapping<K>>) -> Self {
        Self { slab, waiting: AtomicU32::new(0) }
    }
}

/// Who is told of slow acquisitions, and what is slow.
pub(super) struct SlowHook {
    pub(super) threshold: Duration,
    pub(super) call: Box<dyn Fn(&SlowAcquire<'_>) + Send + Sync>,
}

/// What all handles of a pool, and all its buffers, share.
pub(super) struct Inner<K: Kernel + Send + Sync + 'static> {
    name: String,
    kernel: K,
    /// From the smallest on. Never changed: buffers lead into it.
    slabs: Box<[SlabOf<K>]>,
    slow: Option<SlowHook>,
    closed: AtomicBool,
    oversize_outstanding: AtomicU32,
    pub(super) counts: Counts,
    of: Of<K>,
}

/// What the memory is for.
enum Of<K: Kernel + Send + Sync + 'static> {
    /// A pool.
    Pool,
    /// One buffer that is longer than any of the pool that it was drawn from.
    Oversize(Arc<Inner<K>>),
    /// One buffer.
    Nothing,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) waited: Count,
    pub(super) timed_out: Count,
    pub(super) exhausted: Count,
    pub(super) slow: Count,
    pub(super) oversize: Count,
}

/// A pool, whatever kernel its memory is of: what its buffers know of it.
pub(super) trait Owner: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// Whether it is a pool, and not the memory of one buffer that is of none.
    fn is_pool(&self) -> bool;

    /// Makes a buffer of the slab `at` one that many can read.
    ///
    /// # Panics
    ///
    /// If it is of another.
    fn share<'o>(&'o self, at: u8, buffer: Buffer<'o>) -> Shared<'o>;
}

impl<K: Kernel + Send + Sync + 'static> Inner<K> {
    pub(super) fn new(name: String, kernel: K, slabs: Vec<SlabOf<K>>, slow: Option<SlowHook>) -> Self {
        Self {
            name,
            kernel,
            slabs: slabs.into(),
            slow,
            closed: AtomicBool::new(false),
            oversize_outstanding: AtomicU32::new(0),
            counts: Counts::default(),
            of: Of::Pool,
        }
    }

    pub(super) fn slabs(&self) -> &[SlabOf<K>] {
        &self.slabs
    }

    pub(super) fn outstanding(&self) -> u32 {
        let out = |SlabOf { slab, .. }: &SlabOf<K>| slab.count() - slab.free();
        self.slabs.iter().map(out).sum::<u32>() + self.oversize_outstanding()
    }

    fn oversize_outstanding(&self) -> u32 {
        // Relaxed: a number to look at.
        self.oversize_outstanding.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> u32 {
        // Relaxed: a number to look at.
        self.slabs.iter().map(|slab| slab.waiting.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn stats(&self) -> PoolStats {
        let Counts { waited, timed_out, exhausted, slow, oversize } = &self.counts;
        PoolStats {
            capacity: self.slabs.iter().map(|slab| slab.slab.count()).sum(),
            outstanding: self.outstanding(),
            oversize_outstanding: self.oversize_outstanding(),
            waiting: self.waiting(),
            waited: waited.get(),
            timed_out: timed_out.get(),
            exhausted: exhausted.get(),
            slow: slow.get(),
            oversize: oversize.get(),
        }
    }

    /// Which slab has the smallest buffers of at least `len` bytes.
    pub(super) fn slab_for(&self, len: usize) -> Option<u8> {
        let at = self.slabs.iter().position(|slab| slab.slab.slot_len() >= len)?;
        // A pool has at most 255.
        u8::try_from(at).ok()
    }

    pub(super) fn close(&self) {
        // Relaxed: no memory is read on the strength of it; those who wait are told by the slabs themselves.
        self.closed.store(true, Ordering::Relaxed);
        self.slabs.iter().for_each(|slab| slab.slab.close());
    }

    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: as in `close`.
        self.closed.load(Ordering::Relaxed)
    }

    pub(super) fn check_open(&self) -> Result<()> {
        if self.is_closed() { Err(ErrorKind::Closed.into()) } else { Ok(()) }
    }

    pub(super) fn slow(&self) -> Option<&SlowHook> {
        self.slow.as_ref()
    }

    /// Tells of an acquisition that began at `since`.
    pub(super) fn tell_slow(&self, since: Instant) {
        let Some(SlowHook { call, .. }) = &self.slow else { return };
        self.counts.slow.increment();
        let stats = self.stats();
        call(&SlowAcquire {
            pool: &self.name,
            waited: since.elapsed(),
            capacity: stats.capacity,
            outstanding: stats.outstanding,
        });
    }

    /// A buffer of the slab `at`, without waiting.
    pub(super) fn take(self: &Arc<Self>, at: u8) -> Option<PoolBuf> {
        let buffer = self.slabs[usize::from(at)].slab.get(waiting::hint()).ok()?;
        Some(PoolBuf::new(Lease::new(self, at, buffer)))
    }

    /// A buffer with memory of its own, drawn from the pool `of` or from none.
    pub(super) fn alone(kernel: K, len: usize, of: Option<Arc<Self>>) -> Result<PoolBuf>
    where
        K: Clone,
    {
        if len == 0 {
            return Err(AllocError::Zero.into());
        }
        let slab = Slab::map(kernel.clone(), len, 1, default_align(len)).map_err(refused)?;
        let name = of.as_ref().map_or_else(String::new, |pool| pool.name.clone());
        if let Some(pool) = &of {
            pool.counts.oversize.increment();
            // Relaxed: a number to look at.
            pool.oversize_outstanding.fetch_add(1, Ordering::Relaxed);
        }
        let mut alone = Self::new(name, kernel, vec![SlabOf::new(slab)], None);
        alone.of = of.map_or(Of::Nothing, Of::Oversize);
        Arc::new(alone).take(0).ok_or_else(|| ErrorKind::Exhausted.into())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn kernel(&self) -> &K {
        &self.kernel
    }
}

impl<K: Kernel + Send + Sync + 'static> Owner for Inner<K> {
    fn name(&self) -> &str {
        self.name()
    }

    fn is_pool(&self) -> bool {
        matches!(self.of, Of::Pool)
    }

    fn share<'o>(&'o self, at: u8, buffer: Buffer<'o>) -> Shared<'o> {
        match self.slabs[usize::from(at)].slab.share(buffer) {
            Ok(shared) => shared,
            Err(_) => unreachable!("a lease names the slab that its buffer is of"),
        }
    }
}

impl<K: Kernel + Send + Sync + 'static> Drop for Inner<K> {
    fn drop(&mut self) {
        if let Of::Oversize(pool) = &self.of {
            // Relaxed: a number to look at.
            pool.oversize_outstanding.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
