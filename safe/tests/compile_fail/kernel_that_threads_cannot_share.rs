//! Whoever puts an index back wakes the sleeper through the sleeper's kernel, from another thread.

use std::cell::Cell;

use bareio::core::Kernel;
use bareio::core::pool::IndexPool;

struct Counting(Cell<u32>);

// SAFETY: it grants nothing.
unsafe impl Kernel for Counting {}

fn acquire(pool: &IndexPool<'_>, kernel: &Counting) {
    kernel.0.set(kernel.0.get() + 1);
    drop(pool.acquire(kernel, None));
}

fn main() {
    let _ = acquire;
}
