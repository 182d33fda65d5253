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

use core::fmt;
use core::ptr::NonNull;

use crate::sync::{AtomicU32, Ordering, UnsafeCell};

/// Where the parts of a ring are.
#[derive(Debug)]
pub struct Layout<T> {
    /// The consumer's cursor.
    pub head: NonNull<AtomicU32>,
    /// The producer's cursor.
    pub tail: NonNull<AtomicU32>,
    /// The first of `entries` slots.
    pub slots: NonNull<UnsafeCell<T>>,
    /// How many slots there are: a power of two.
    pub entries: u32,
}

impl<T> Clone for Layout<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Layout<T> {}

impl<T> Layout<T> {
    fn head(&self) -> &AtomicU32 {
        // SAFETY: valid for as long as the half that holds us, by the contract of its `new`.
        unsafe { self.head.as_ref() }
    }

    fn tail(&self) -> &AtomicU32 {
        // SAFETY: valid for as long as the half that holds us, by the contract of its `new`.
        unsafe { self.tail.as_ref() }
    }

    #[inline(always)]
    fn slot(&self, position: u32) -> &UnsafeCell<T> {
        let index = (position & (self.entries - 1)) as usize;
        // SAFETY: `index < entries`, and there are that many slots, by the contract of `new`.
        let slot = unsafe { self.slots.add(index) };
        // SAFETY: valid for as long as the half that holds us, by the contract of its `new`.
        unsafe { slot.as_ref() }
    }
}

/// Too few slots are free: nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ring has too few free entries; submit what is staged, or use a larger ring")
    }
}

impl core::error::Error for Full {}

/// The end of a ring that fills slots.
///
/// Slots are reserved, filled in place and staged, which nobody sees; then published, all at once. It never
/// publishes by itself, and dropping it publishes nothing.
#[derive(Debug)]
pub struct Producer<T> {
    ring: Layout<T>,
    /// The consumer's cursor as last seen. It is never ahead of the true one, so `free` never says too much.
    head: u32,
    /// Staged to here. At most `entries` ahead of `head`.
    tail: u32,
}

// SAFETY: the contract of `new` makes this the ring's only producer, so sending it to another thread sends
// the right to write `tail` and the free slots along with it.
unsafe impl<T: Send> Send for Producer<T> {}

impl<T: Copy> Producer<T> {
    /// Takes the producing end of `ring`, from where its cursors stand.
    ///
    /// # Safety
    ///
    /// - Every pointer in `ring` is valid until the producer is dropped, and `entries` is a power of two.
    /// - Nothing else produces into `ring`, and whatever consumes from it keeps to this protocol.
    /// - The tail is ahead of the head by at most `entries`.
    pub unsafe fn new(ring: Layout<T>) -> Self {
        debug_assert!(ring.entries.is_power_of_two());
        // Relaxed: it is our own cursor; whoever hands the ring over has ordered its last store before this.
        let tail = ring.tail().load(Ordering::Relaxed);
        // Acquire: pairs with the Release in `Consumer::release`.
        let head = ring.head().load(Ordering::Acquire);
        Self { ring, head, tail }
    }

    /// How many slots there are.
    pub const fn entries(&self) -> u32 {
        self.ring.entries
    }

    /// Slots known to be free, without a look at the consumer's cursor.
    #[inline(always)]
    fn known_free(&self) -> u32 {
        self.ring.entries - self.tail.wrapping_sub(self.head)
    }

    /// How many slots are free.
    pub fn free(&mut self) -> u32 {
        // Acquire: as in `reserve`.
        self.head = self.ring.head().load(Ordering::Acquire);
        self.known_free()
    }

    /// Reserves the next `count` slots, all or none, to be filled in place.
    ///
    /// # Errors
    ///
    /// [`Full`] if the consumer has freed fewer: nothing is reserved.
    #[inline(always)]
    pub fn reserve(&mut self, count: u32) -> Result<Slots<'_, T>, Full> {
        if self.known_free() < count {
            self.look_again(count)?;
        }
        Ok(Slots { next: self.tail, end: self.tail.wrapping_add(count), producer: self })
    }

    #[cold]
    fn look_again(&mut self, count: u32) -> Result<(), Full> {
        // Acquire: pairs with the Release in `Consumer::release`, so that the consumer is done reading the
        // slots we are about to overwrite. Only here: while the cached head leaves room, there is nothing to
        // learn from shared memory.
        self.head = self.ring.head().load(Ordering::Acquire);
        if self.known_free() < count { Err(Full) } else { Ok(()) }
    }

    /// Stages one entry.
    ///
    /// # Errors
    ///
    /// [`Full`] if no slot is free.
    #[inline(always)]
    pub fn push(&mut self, entry: T) -> Result<(), Full> {
        let mut slots = self.reserve(1)?;
        slots.push(entry);
        slots.stage();
        Ok(())
    }

    /// Shows the consumer everything staged so far.
    #[inline(always)]
    pub fn publish(&mut self) {
        // Release: pairs with the Acquire in `Consumer::available`; the entries are written before the tail
        // that covers them can be seen.
        self.ring.tail().store(self.tail, Ordering::Release);
    }

    /// How many entries are staged or published and not yet consumed.
    #[inline]
    pub fn unconsumed(&mut self) -> u32 {
        // Acquire: so that what this teaches about free slots holds for `reserve` too.
        self.head = self.ring.head().load(Ordering::Acquire);
        self.tail.wrapping_sub(self.head)
    }

    /// Where the next entry will be staged: how many were staged since the ring was made, modulo 2³².
    pub const fn position(&self) -> u32 {
        self.tail
    }

    /// Takes back every entry that is not yet consumed, staged or published, and returns how many.
    ///
    /// # Safety
    ///
    /// Nobody consumes meanwhile: for a ring of the kernel's, no thread is in `enter`, and there is no polling
    /// thread.
    pub unsafe fn retract(&mut self) -> u32 {
        let count = self.unconsumed();
        self.tail = self.head;
        self.publish();
        count
    }
}

/// Slots that are reserved and not yet staged. Dropped, they are free again.
#[derive(Debug)]
pub struct Slots<'p, T> {
    producer: &'p mut Producer<T>,
    next: u32,
    end: u32,
}

impl<T: Copy> Slots<'_, T> {
    /// How many are not yet filled.
    pub const fn left(&self) -> u32 {
        self.end.wrapping_sub(self.next)
    }

    /// Fills the next one.
    ///
    /// # Panics
    ///
    /// If all that were reserved are filled.
    #[inline(always)]
    pub fn push(&mut self, entry: T) {
        assert!(self.next != self.end, "more entries than slots were reserved");
        self.producer.ring.slot(self.next).with_mut(|slot| {
            // SAFETY: reserved: the consumer is done with the slot and will not look at it before it is
            // published, and we are the only producer.
            unsafe { slot.write(entry) };
        });
        self.next = self.next.wrapping_add(1);
    }

    /// Fills all that are left, with what `entry` returns for 0, 1, 2 …, and stages them.
    #[inline(always)]
    pub fn fill(mut self, mut entry: impl FnMut(u32) -> T) {
        for index in 0..self.left() {
            self.producer.ring.slot(self.next.wrapping_add(index)).with_mut(|slot| {
                // SAFETY: as in `push`; `index` is below the number of reserved slots.
                unsafe { slot.write(entry(index)) };
            });
        }
        self.next = self.end;
        self.stage();
    }

    /// Stages what was filled: the next [`publish`](Producer::publish) will show it.
    #[inline(always)]
    pub fn stage(self) {
        self.producer.tail = self.next;
    }
}

/// The end of a ring that empties slots.
#[derive(Debug)]
pub struct Consumer<T> {
    ring: Layout<T>,
    /// Read to here. The shared head may be behind it until the next `release`.
    head: u32,
    /// The producer's cursor as last seen; never behind `head`.
    tail: u32,
}

// SAFETY: the contract of `new` makes this the ring's only consumer, so sending it to another thread sends
// the right to write `head` and to read published slots along with it.
unsafe impl<T: Send> Send for Consumer<T> {}

impl<T: Copy> Consumer<T> {
    /// Takes the consuming end of `ring`, from where its cursors stand.
    ///
    /// # Safety
    ///
    /// - Every pointer in `ring` is valid until the consumer is dropped, and `entries` is a power of two.
    /// - Nothing else consumes from `ring`, and whatever produces into it keeps to this protocol.
    pub unsafe fn new(ring: Layout<T>) -> Self {
        debug_assert!(ring.entries.is_power_of_two());
        // Relaxed: it is our own cursor; whoever hands the ring over has ordered its last store before this.
        let head = ring.head().load(Ordering::Relaxed);
        Self { ring, head, tail: head }
    }

    /// How many slots there are.
    pub const fn entries(&self) -> u32 {
        self.ring.entries
    }

    /// How many entries can be read now.
    #[inline(always)]
    pub fn available(&mut self) -> u32 {
        if self.head == self.tail {
            // Acquire: pairs with the Release in `Producer::publish`, so that the entries are there that the
            // tail covers.
            self.tail = self.ring.tail().load(Ordering::Acquire);
        }
        // A producer that breaks the protocol cannot make us read more slots than there are.
        self.tail.wrapping_sub(self.head).min(self.ring.entries)
    }

    /// How many entries can be read now, after a look at the producer's cursor.
    #[inline(always)]
    pub fn refresh(&mut self) -> u32 {
        // Acquire: as in `available`.
        self.tail = self.ring.tail().load(Ordering::Acquire);
        self.tail.wrapping_sub(self.head).min(self.ring.entries)
    }

    /// Everything that can be read now, to be read one by one. Its slots are given back when it is dropped,
    /// all at once.
    #[inline(always)]
    pub fn batch(&mut self) -> Batch<'_, T> {
        let count = self.refresh();
        Batch { start: self.head, end: self.head.wrapping_add(count), consumer: self }
    }

    /// Nothing, whatever there is: shared memory is not looked at.
    pub(super) fn empty_batch(&mut self) -> Batch<'_, T> {
        Batch { start: self.head, end: self.head, consumer: self }
    }

    /// Reads the next entry and gives its slot back.
    pub fn pop(&mut self) -> Option<T> {
        if self.available() == 0 {
            return None;
        }
        let entry = self.read(self.head);
        self.head = self.head.wrapping_add(1);
        self.release();
        Some(entry)
    }

    /// Where the next entry will be read: how many were read since the ring was made, modulo 2³².
    pub const fn position(&self) -> u32 {
        self.head
    }

    #[inline(always)]
    fn read(&self, position: u32) -> T {
        self.ring.slot(position).with(|slot| {
            // SAFETY: published, and not given back: the producer wrote it before the tail that we loaded
            // with Acquire, and will not touch it before it sees our head go past.
            unsafe { slot.read() }
        })
    }

    #[inline(always)]
    fn release(&mut self) {
        // Release: pairs with the Acquire in `Producer::reserve`; our reads of the slots are done before the
        // producer can see them free.
        self.ring.head().store(self.head, Ordering::Release);
    }
}

/// Entries that can be read, in order. See [`Consumer::batch`].
#[derive(Debug)]
pub struct Batch<'c, T: Copy> {
    consumer: &'c mut Consumer<T>,
    start: u32,
    end: u32,
}

impl<T: Copy> Iterator for Batch<'_, T> {
    type Item = T;

    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        if self.consumer.head == self.end {
            return None;
        }
        let entry = self.consumer.read(self.consumer.head);
        self.consumer.head = self.consumer.head.wrapping_add(1);
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.wrapping_sub(self.consumer.head) as usize;
        (left, Some(left))
    }
}

impl<T: Copy> ExactSizeIterator for Batch<'_, T> {}

impl<T: Copy> Drop for Batch<'_, T> {
    /// Gives back the slots that were read; those that were not stay for the next batch.
    #[inline(always)]
    fn drop(&mut self) {
        if self.consumer.head != self.start {
            self.consumer.release();
        }
    }
}
