//! The pools, from outside.

mod counted;
mod handles;
mod indexes;
mod items;
mod model;
mod slabs;
mod threads;
mod tiers;
mod waiting;

use std::sync::atomic::{AtomicU32, Ordering};

use bareio_core::Align;
use bareio_core::pool::{Borrowed, IndexPool, Line, Slab};

/// How often the stress tests go round. Miri needs few rounds, because it looks at each of them closely.
const ROUNDS: u32 = if cfg!(miri) { 50 } else { 100_000 };

/// Memory for an index pool.
fn lines(capacity: u32) -> Vec<Line> {
    (0..IndexPool::lines(capacity)).map(|_| Line::new()).collect()
}

/// Memory for a slab, somewhat more than it takes, on no particular boundary.
fn memory(slot_len: usize, count: u32) -> Vec<u8> {
    vec![0; Slab::<Borrowed>::region_len(slot_len, count, Align::BYTE).unwrap() + align_of::<Line>()]
}

/// Marks an index as owned, and panics if it was.
fn own(owners: &[AtomicU32], index: u32) {
    assert_eq!(owners[index as usize].swap(1, Ordering::Relaxed), 0, "index {index} has two owners");
}

fn disown(owners: &[AtomicU32], index: u32) {
    assert_eq!(owners[index as usize].swap(0, Ordering::Relaxed), 1, "index {index} had no owner");
}
