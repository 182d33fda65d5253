//! Buffers that are counted: so many and no more, and whoever finds none waits for one.
//!
//! ```text
//! BufferPool ──acquire──► PoolBuf ──share──► SharedBuf ──clone──► SharedBuf …       the last one gives it back
//!     │                    one owner              └───downgrade──► WeakBuf ──upgrade──► SharedBuf, or None
//!     └── one size, or up to twelve tiers; committed before the first is drawn
//! ```
//!
//! A fixed number of buffers is back-pressure: who produces faster than the disk writes waits in
//! [`acquire`](BufferPool::acquire), in order, and not in an allocator that gives and gives. Drawing and giving back
//! allocate nothing. The guards own a share of their pool, so they may go to any thread, into an operation of any
//! length, and outlive every other handle of the pool.
//!
//! ```
//! use bareio::pool::BufferPool;
//!
//! let pool = BufferPool::new(64 << 10, 8)?;
//! let mut buf = pool.acquire()?;
//! buf.extend_from_slice(b"one block")?;
//! assert_eq!((buf.len(), buf.capacity(), pool.outstanding()), (9, 64 << 10, 1));
//!
//! // Many may read it; it goes back with the last of them.
//! let block = buf.share();
//! let reader = block.clone();
//! let cached = block.downgrade();
//! drop((block, reader));
//! assert_eq!(pool.outstanding(), 0);
//! assert!(cached.upgrade().is_none());
//! # Ok::<(), bareio::Error>(())
//! ```
//!
//! What a buffer held is **not wiped** when it goes back: its next owner finds it empty, and can make the old bytes
//! visible by [`set_len`](PoolBuf::set_len). [`acquire_zeroed`](BufferPool::acquire_zeroed) wipes.
//!
//! In front of a ring, [`FixedBuffers`] registers the memory of whole pools and finds the fixed buffer that a guard lies
//! in, so that nobody counts indexes.

mod acquire;
mod buf;
mod builder;
mod fixed;
mod inner;
mod lease;
mod raw;
mod shared;
mod stats;
mod waiting;

use std::fmt;
use std::sync::Arc;

use bareio_core::{IoVec, Kernel};

pub use bareio_core::pool::{Tier, TooLong};
pub use buf::PoolBuf;
pub use builder::PoolBuilder;
pub use fixed::{FixedBuffers, Registration};
use inner::Inner;
pub use shared::{SharedBuf, WeakBuf};
pub use stats::{PoolStats, SlowAcquire};

use crate::error::Result;
use crate::host::{NATIVE, Native};

/// A bounded pool of buffers, of one size or of up to twelve. Cloned, it is the same pool.
///
/// A pool of several sizes is several pools under one name: a buffer of at least so many bytes comes from the smallest
/// size that holds them, and who finds that one exhausted waits for it. It does not take a larger one, which somebody else
/// counts on.
///
/// ```
/// use bareio::pool::{BufferPool, Tier};
///
/// let pool = BufferPool::builder().name("cache").tier(Tier::Medium, 64).tier(Tier::Large, 8).build()?;
/// assert_eq!(pool.acquire_at_least(10_000)?.capacity(), Tier::Large.len());
/// assert_eq!((pool.name(), pool.capacity(), pool.outstanding()), ("cache", 72, 0));
/// # Ok::<(), bareio::Error>(())
/// ```
pub struct BufferPool<K: Kernel + Send + Sync + 'static = Native>(Arc<Inner<K>>);

impl BufferPool {
    /// A pool of `count` buffers of at least `len` bytes each. From 4 KiB on they are fit for direct I/O on any disk.
    ///
    /// # Errors
    ///
    /// As [`PoolBuilder::build`].
    pub fn new(len: usize, count: u32) -> Result<Self> {
        Self::builder().slots(len, count).build()
    }

    /// Says how a pool is to be made.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    /// A buffer of the same type that is of no pool: `len` bytes or a little more, by themselves.
    ///
    /// ```
    /// let buf = bareio::pool::BufferPool::standalone(100_000)?;
    /// assert!(!buf.is_pooled() && buf.capacity() >= 100_000);
    /// # Ok::<(), bareio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Alloc`](crate::ErrorKind::Alloc) if the memory cannot be had, or `len` is 0.
    pub fn standalone(len: usize) -> Result<PoolBuf> {
        Inner::alone(NATIVE, len, None)
    }
}

impl<K: Kernel + Send + Sync + 'static> BufferPool<K> {
    /// Its name; empty if it was given none.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// How many buffers it has, of all sizes.
    pub fn capacity(&self) -> u32 {
        self.0.slabs().iter().map(|slab| slab.slab.count()).sum()
    }

    /// How many buffers are out, those of their own included. Exact only while nobody draws or gives back.
    pub fn outstanding(&self) -> u32 {
        self.0.outstanding()
    }

    /// How many buffers of at least `len` bytes could be drawn at this moment; 0 for a length that would get a buffer
    /// of its own.
    pub fn available(&self, len: usize) -> u32 {
        self.0.slab_for(len).map_or(0, |at| self.0.slabs()[usize::from(at)].slab.free())
    }

    /// The sizes of its buffers in bytes and how many it has of each, from the smallest on.
    ///
    /// ```
    /// # use bareio::pool::{BufferPool, Tier};
    /// let pool = BufferPool::builder().tier(Tier::Large, 2).tier(Tier::Small, 4).build()?;
    /// assert!(pool.sizes().eq([(2 << 10, 4), (128 << 10, 2)]));
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn sizes(&self) -> impl Iterator<Item = (usize, u32)> {
        self.0.slabs().iter().map(|slab| (slab.slab.slot_len(), slab.slab.count()))
    }

    /// What happened in it so far.
    pub fn stats(&self) -> PoolStats {
        self.0.stats()
    }

    /// Ends it for whoever draws: those who wait, and all who come later, are told
    /// [`Closed`](crate::ErrorKind::Closed). Buffers that are out stay valid and go back when they are dropped; the memory goes with
    /// the last of them. Twice is fine.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// The memory of its buffers, one piece for each size, to be registered as fixed buffers: see [`FixedBuffers`]. A piece
    /// beyond the gibibyte that a fixed buffer may have comes as several, cut between buffers.
    pub fn regions(&self) -> impl Iterator<Item = IoVec> {
        self.0.slabs().iter().flat_map(|slab| fixed::cut(slab.slab.whole(), slab.slab.slot_len()))
    }
}

impl<K: Kernel + Send + Sync + 'static> Clone for BufferPool<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Kernel + Send + Sync + 'static> fmt::Debug for BufferPool<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferPool")
            .field("name", &self.name())
            .field("capacity", &self.capacity())
            .field("outstanding", &self.outstanding())
            .finish_non_exhaustive()
    }
}
