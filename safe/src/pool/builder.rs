//! How a pool is to be made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bareio_core::map::MapOptions;
use bareio_core::pool::{MapSlabError, Slab, Tier};
use bareio_core::{Align, Kernel};

use super::inner::{Inner, SlabOf, SlowHook};
use super::{BufferPool, SlowAcquire};
use crate::error::{Error, ErrorKind, Result};
use crate::host::NATIVE;

/// How a [`BufferPool`] is to be made.
///
/// ```
/// use std::time::Duration;
/// use bareio::pool::BufferPool;
///
/// let pool = BufferPool::builder()
///     .name("log blocks")
///     .slots(16 << 10, 32)
///     .on_slow(Duration::from_millis(100), |slow| eprintln!("{slow}"))
///     .build()?;
/// assert_eq!(pool.capacity(), 32);
/// # Ok::<(), bareio::Error>(())
/// ```
#[must_use = "a pool is made by `build`"]
pub struct PoolBuilder {
    name: String,
    sizes: Vec<(usize, u32)>,
    align: Option<Align>,
    memory: MapOptions,
    slow: Option<SlowHook>,
}

impl PoolBuilder {
    pub(super) const fn new() -> Self {
        Self { name: String::new(), sizes: Vec::new(), align: None, memory: MapOptions::new(), slow: None }
    }

    /// Names it, for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Has `count` buffers of at least `len` bytes. Several sizes may be named; of one size, the last count holds.
    pub fn slots(mut self, len: usize, count: u32) -> Self {
        self.sizes.retain(|(other, _)| *other != len);
        self.sizes.push((len, count));
        self
    }

    /// Has `count` buffers of `tier`.
    pub fn tier(self, tier: Tier, count: u32) -> Self {
        self.slots(tier.len(), count)
    }

    /// Puts every buffer on the grid of `align`, and rounds its length up to that. Without, it is 4 KiB, and for shorter buffers
    /// the next power of two.
    pub fn align(mut self, align: Align) -> Self {
        self.align = Some(align);
        self
    }

    /// Has its memory mapped as `options` say, but for the alignment. Without, all of it is there before the first buffer
    /// is drawn, on the largest pages to be had.
    pub fn memory(mut self, options: MapOptions) -> Self {
        self.memory = options;
        self
    }

    /// Calls `hook` for an acquisition that takes long: on a thread that waits, each time that another `threshold` has
    /// passed; in a future, which has no clock to wake it, once, when it ends after more than that.
    ///
    /// The hook runs on whoever waits, which keeps its place in the queue meanwhile. It may use the pool, but for waiting
    /// there.
    pub fn on_slow(
        mut self,
        threshold: Duration,
        hook: impl Fn(&SlowAcquire<'_>) + Send + Sync + 'static,
    ) -> Self {
        // A threshold of nothing would call it without end.
        self.slow =
            Some(SlowHook { threshold: threshold.max(Duration::from_millis(1)), call: Box::new(hook) });
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// - [`OutOfRange`](ErrorKind::OutOfRange): there is no size, or a length or a count is 0, or a count above 2³¹.
    /// - [`Overflow`](ErrorKind::Overflow): more bytes than memory can have.
    /// - [`Alloc`](ErrorKind::Alloc): the memory cannot be had.
    pub fn build(self) -> Result<BufferPool> {
        self.make(NATIVE)
    }

    /// Makes it in the memory of `kernel`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "sim")]
    pub fn build_with_kernel<K>(self, kernel: K) -> Result<BufferPool<K>>
    where
        K: Kernel + Clone + Send + Sync + 'static,
    {
        self.make(kernel)
    }

    fn make<K: Kernel + Clone + Send + Sync + 'static>(self, kernel: K) -> Result<BufferPool<K>> {
        let Self { name, mut sizes, align, memory, slow } = self;
        sizes.sort_unstable();
        let number = |what, value: usize, least, most| {
            Error::new(ErrorKind::OutOfRange { what, value: value as u64, least, most, power_of_two: false })
        };
        if sizes.is_empty() || sizes.len() > usize::from(u8::MAX) {
            return Err(number("count of buffer sizes", sizes.len(), 1, u64::from(u8::MAX)));
        }
        let mut slabs: Vec<SlabOf<K>> = Vec::with_capacity(sizes.len());
        for (len, count) in sizes {
            if len == 0 {
                return Err(number("buffer length", len, 1, isize::MAX.unsigned_abs() as u64));
            }
            if count == 0 || count > 1 << 31 {
                return Err(number("count of buffers", count as usize, 1, 1 << 31));
            }
            let align = align.unwrap_or_else(|| default_align(len));
            let slab = Slab::map_with(kernel.clone(), len, count, align, memory).map_err(refused)?;
            slabs.push(SlabOf::new(slab));
        }
        Ok(BufferPool(Arc::new(Inner::new(name, kernel, slabs, slow))))
    }
}

/// 4 KiB, and for shorter buffers the next power of two.
pub(super) fn default_align(len: usize) -> Align {
    let bytes = len.checked_next_power_of_two().unwrap_or(usize::MAX).min(Align::KIB_4.len());
    Align::new(bytes as u64).unwrap_or(Align::KIB_4)
}

pub(super) fn refused(error: MapSlabError) -> Error {
    match error {
        MapSlabError::Memory(error) => error.into(),
        MapSlabError::Refused(_) => ErrorKind::Overflow.into(),
    }
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("name", &self.name)
            .field("sizes", &self.sizes)
            .field("align", &self.align)
            .finish_non_exhaustive()
    }
}
