//! What pools have in common.

use core::time::Duration;

use super::index::{AcquireError, Exhausted, Held, IndexPool, PutError};
use super::items::{Item, ItemPool};
use super::slab::{Buffer, Region, Slab};
use crate::kernel::Kernel;

/// A bounded pool, whatever is in it.
///
/// ```
/// use bareio_core::pool::{IndexPool, Line, Pool};
///
/// /// How many can be out at once: all of them.
/// fn drain<P: Pool>(pool: &P) -> usize {
///     let guards: Vec<P::Guard<'_>> = std::iter::from_fn(|| pool.get(0).ok()).collect();
///     guards.len()
/// }
///
/// let mut lines = [const { Line::new() }; IndexPool::lines(9)];
/// assert_eq!(drain(&IndexPool::new(&mut lines, 9)?), 9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Pool {
    /// What is drawn: its only owner, which puts it back when it is dropped.
    type Guard<'p>
    where
        Self: 'p;

    /// Draws, without waiting; see [`IndexPool::get`] for `hint`.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], as for an index pool.
    fn get(&self, hint: u32) -> Result<Self::Guard<'_>, Exhausted>;

    /// Draws, and waits if need be; see [`IndexPool::acquire`].
    ///
    /// # Errors
    ///
    /// [`AcquireError`], as for an index pool.
    fn acquire<K: Kernel + Sync>(
        &self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Self::Guard<'_>, AcquireError>;

    /// How many there are.
    fn capacity(&self) -> u32;

    /// How many are free and kept by no handle. Exact only while nobody draws or puts.
    fn free(&self) -> u32;
}

/// A pool whose guards can be passed through plain numbers.
///
/// A [`Slab`] is none: its buffers may be in use by the kernel while they are numbers, so making one a buffer
/// again is [`unsafe`](Slab::hold).
pub trait Indexed: Pool {
    /// The number of what is drawn, below the capacity.
    fn index(guard: &Self::Guard<'_>) -> u32;

    /// Makes a guard a plain number. Nothing is put back.
    fn into_index(guard: Self::Guard<'_>) -> u32;

    /// Makes a plain number a guard again.
    ///
    /// # Errors
    ///
    /// [`PutError`] if it is not the number of what is out as a number.
    fn hold(&self, index: u32) -> Result<Self::Guard<'_>, PutError>;
}

impl Pool for IndexPool<'_> {
    type Guard<'p>
        = Held<'p>
    where
        Self: 'p;

    fn get(&self, hint: u32) -> Result<Held<'_>, Exhausted> {
        self.take(hint)
    }

    fn acquire<K: Kernel + Sync>(
        &self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Held<'_>, AcquireError> {
        self.acquire(kernel, timeout)
    }

    fn capacity(&self) -> u32 {
        self.capacity()
    }

    fn free(&self) -> u32 {
        self.free()
    }
}

impl Indexed for IndexPool<'_> {
    fn index(guard: &Held<'_>) -> u32 {
        guard.index()
    }

    fn into_index(guard: Held<'_>) -> u32 {
        guard.into_index()
    }

    fn hold(&self, index: u32) -> Result<Held<'_>, PutError> {
        self.hold(index)
    }
}

impl<T> Pool for ItemPool<'_, T> {
    type Guard<'p>
        = Item<'p, T>
    where
        Self: 'p;

    fn get(&self, hint: u32) -> Result<Item<'_, T>, Exhausted> {
        self.get(hint)
    }

    fn acquire<K: Kernel + Sync>(
        &self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Item<'_, T>, AcquireError> {
        self.acquire(kernel, timeout)
    }

    fn capacity(&self) -> u32 {
        self.capacity()
    }

    fn free(&self) -> u32 {
        self.free()
    }
}

impl<T> Indexed for ItemPool<'_, T> {
    fn index(guard: &Item<'_, T>) -> u32 {
        guard.index()
    }

    fn into_index(guard: Item<'_, T>) -> u32 {
        guard.into_index()
    }

    fn hold(&self, index: u32) -> Result<Item<'_, T>, PutError> {
        self.hold(index)
    }
}

impl<R: Region> Pool for Slab<R> {
    type Guard<'p>
        = Buffer<'p>
    where
        Self: 'p;

    fn get(&self, hint: u32) -> Result<Buffer<'_>, Exhausted> {
        self.get(hint)
    }

    fn acquire<K: Kernel + Sync>(
        &self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Buffer<'_>, AcquireError> {
        self.acquire(kernel, timeout)
    }

    fn capacity(&self) -> u32 {
        self.count()
    }

    fn free(&self) -> u32 {
        self.free()
    }
}
