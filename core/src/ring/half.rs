//! The two ends of a ring that is shared with somebody else: with the kernel, with [`Sim`](crate::sim), or
//! with another thread of a loom model.
//!
//! ```text
//!        head                tail (shared)    staged to here (ours alone)
//!          |                   |                |
//!  . . . . # # # # # # # # # # + + + + + + + + + . . . . . .
//!          └── the consumer's ─┘└── producer's, unseen ──┘
//! ```
//!
//! Both cursors count from 0 to 2³² − 1 and wrap; a slot is a cursor's low bits. Only differences of cursors
//! mean anything, and they are taken by `wrapping_sub`. The whole protocol is four accesses: each end stores
//! its own cursor with Release when it is done with slots, and loads the other's with Acquire before it
//! touches them.

mod consumer;
mod producer;

use core::ptr::NonNull;

pub use consumer::{Batch, Consumer};
pub use producer::{Full, Producer, Slots};

use crate::sync::{AtomicU32, UnsafeCell};

/// Where the parts of a ring are.
#[derive(Debug)]
pub struct Layout<T> {
    /// The consumer's cursor.
    pub head: NonNull<AtomicU32>,
    /// The producer's cursor.
    pub tail: NonNull<AtomicU32>,
    /// The first of `mask + 1` slots.
    pub slots: NonNull<UnsafeCell<T>>,
    /// How many slots there are, less one: all ones in binary.
    pub mask: u32,
}

impl<T> Clone for Layout<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Layout<T> {}

impl<T> Layout<T> {
    /// How many slots there are.
    const fn entries(&self) -> u32 {
        self.mask + 1
    }

    fn head(&self) -> &AtomicU32 {
        // SAFETY: valid for as long as the half that holds us, by the contract of its `new`.
        unsafe { self.head.as_ref() }
    }

    fn tail(&self) -> &AtomicU32 {
        // SAFETY: valid for as long as the half that holds us, by the contract of its `new`.
        unsafe { self.tail.as_ref() }
    }

    /// The slot of `position`, as a pointer that also reaches the slots beside it.
    #[inline(always)]
    fn pointer(&self, position: u32) -> NonNull<UnsafeCell<T>> {
        let index = (position & self.mask) as usize;
        // SAFETY: `index <= mask`, and there are `mask + 1` slots, by the contract of `new`.
        unsafe { self.slots.add(index) }
    }

    #[inline(always)]
    fn slot(&self, position: u32) -> &UnsafeCell<T> {
        // SAFETY: valid for as long as the half that holds us, by the contract of its `new`.
        unsafe { self.pointer(position).as_ref() }
    }
}

impl<T: Copy> Layout<T> {
    /// How many slots follow `position`, itself included, before the ring wraps.
    #[inline(always)]
    fn run(&self, position: u32) -> u32 {
        self.entries() - (position & self.mask)
    }

    /// Writes the slot that is `index` behind that of `position`.
    ///
    /// # Safety
    ///
    /// `index < self.run(position)`, and that slot is ours to write.
    #[inline(always)]
    unsafe fn fill(&self, position: u32, index: u32, entry: T) {
        // SAFETY: within the slots, by the caller's word.
        let slot = unsafe { self.pointer(position).add(index as usize) };
        // SAFETY: as above, and valid for as long as the half that holds us.
        unsafe { slot.as_ref() }.with_mut(|slot| {
            // SAFETY: ours to write, by the caller's word.
            unsafe { slot.write(entry) };
        });
    }
}
