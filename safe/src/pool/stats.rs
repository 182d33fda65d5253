//! What happened in a pool.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What happened in a pool so far, and how it is now.
///
/// Draws that found a buffer at once are not counted: a counter that all threads share would cost as much as the draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// How many buffers it has.
    pub capacity: u32,
    /// How many are out, those of their own included.
    pub outstanding: u32,
    /// How many of those that are out have memory of their own, for they are longer than any of the pool's.
    pub oversize_outstanding: u32,
    /// How many threads and futures wait for one.
    pub waiting: u32,
    /// How many had to wait.
    pub waited: u64,
    /// How many waited in vain, because time ran out.
    pub timed_out: u64,
    /// How many would not wait and got none.
    pub exhausted: u64,
    /// How often an acquisition was called slow; see [`PoolBuilder::on_slow`](super::PoolBuilder::on_slow).
    pub slow: u64,
    /// How many buffers with memory of their own were made.
    pub oversize: u64,
}

/// An acquisition that takes long. See [`PoolBuilder::on_slow`](super::PoolBuilder::on_slow).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SlowAcquire<'p> {
    /// The pool's name.
    pub pool: &'p str,
    /// For how long it has waited.
    pub waited: Duration,
    /// How many buffers the pool has.
    pub capacity: u32,
    /// How many are out.
    pub outstanding: u32,
}

impl fmt::Display for SlowAcquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pool, waited, capacity, outstanding } = self;
        write!(f, "pool {pool:?}: waited {waited:?} for a buffer; {outstanding} of {capacity} are out")
    }
}

/// A number that is only counted up and looked at.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn increment(&self) {
        // Relaxed: a number for people; no memory access is ordered by it.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        // Relaxed: as above.
        self.0.load(Ordering::Relaxed)
    }
}
