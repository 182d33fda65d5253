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

    #[inline(always)]
    fn slot(&self, position: u32) -> &UnsafeCell<T> {
        let index = (position & self.mask) as usize;
        // SAFETY: `index <= mask`, and there are `mask + 1` slots, by the contract of `new`.
        let slot = unsafe { self.slots.add(index) };
        // SAFETY: valid for as long as the half that holds us, by the contract of its `new`.
        unsafe { slot.as_ref() }
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
        let first = NonNull::from(self.slot(position));
        // SAFETY: within the slots, by the caller's word.
        let slot = unsafe { first.add(index as usize) };
        // SAFETY: as above, and valid for as long as the half that holds us.
        unsafe { slot.as_ref() }.with_mut(|slot| {
            // SAFETY: ours to write, by the caller's word.
            unsafe { slot.write(entry) };
        });
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
    /// One round ahead of the consumer's cursor as last seen: to here, slots are known to be free. Never ahead of
    /// the truth.
    limit: u32,
    /// Staged to here; never ahead of `limit`.
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
    /// - Every pointer in `ring` is valid until the producer is dropped, and `mask + 1` is a power of two.
    /// - Nothing else produces into `ring`, and whatever consumes from it keeps to this protocol.
    /// - The tail is ahead of the head by at most `mask + 1`.
    pub unsafe fn new(ring: Layout<T>) -> Self {
        debug_assert!(ring.entries().is_power_of_two());
        // Relaxed: it is our own cursor; whoever hands the ring over has ordered its last store before this.
        let tail = ring.tail().load(Ordering::Relaxed);
        let mut producer = Self { ring, limit: tail, tail };
        producer.look();
        producer
    }

    /// How many slots there are.
    pub const fn entries(&self) -> u32 {
        self.ring.entries()
    }

    /// Slots known to be free, without a look at the consumer's cursor.
    #[inline(always)]
    fn known_free(&self) -> u32 {
        self.limit.wrapping_sub(self.tail)
    }

    /// Looks where the consumer is, and returns that.
    #[inline(always)]
    fn look(&mut self) -> u32 {
        // Acquire: pairs with the Release in `Consumer::release`, so that the consumer is done reading the
        // slots that we may now overwrite.
        let head = self.ring.head().load(Ordering::Acquire);
        self.limit = head.wrapping_add(self.ring.entries());
        head
    }

    /// How many slots are free.
    pub fn free(&mut self) -> u32 {
        self.look();
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
        // Only here: while what we last saw leaves room, there is nothing to learn from shared memory.
        self.look();
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
    pub fn unconsumed(&self) -> u32 {
        // Relaxed: a count. What it says of free slots is not used; `look` asks again, with Acquire.
        self.tail.wrapping_sub(self.ring.head().load(Ordering::Relaxed))
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
        self.tail = self.tail.wrapping_sub(count);
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
        /// So many at a time: enough to make the loop's own instructions few.
        const STRIDE: u32 = 4;
        let ring = self.producer.ring;
        let left = self.left();
        if left > ring.run(self.next) {
            return fill_around(&ring, self.next, left, self.producer, entry);
        }
        let whole = left - left % STRIDE;
        for group in (0..whole).step_by(STRIDE as usize) {
            for index in group..group + STRIDE {
                // SAFETY: `run` says that so many slots follow this one, and `left` that they are reserved.
                unsafe { ring.fill(self.next, index, entry(index)) };
            }
        }
        for index in whole..left {
            // SAFETY: as above.
            unsafe { ring.fill(self.next, index, entry(index)) };
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

/// [`Slots::fill`] where the slots go round the end of the ring.
#[cold]
fn fill_around<T: Copy>(
    ring: &Layout<T>,
    next: u32,
    count: u32,
    producer: &mut Producer<T>,
    mut entry: impl FnMut(u32) -> T,
) {
    for index in 0..count {
        // SAFETY: every position has at least its own slot, and `count` of them are reserved.
        unsafe { ring.fill(next.wrapping_add(index), 0, entry(index)) };
    }
    producer.tail = next.wrapping_add(count);
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
    /// - Every pointer in `ring` is valid until the consumer is dropped, and `mask + 1` is a power of two.
    /// - Nothing else consumes from `ring`, and whatever produces into it keeps to this protocol.
    pub unsafe fn new(ring: Layout<T>) -> Self {
        debug_assert!(ring.entries().is_power_of_two());
        // Relaxed: it is our own cursor; whoever hands the ring over has ordered its last store before this.
        let head = ring.head().load(Ordering::Relaxed);
        Self { ring, head, tail: head }
    }

    /// How many slots there are.
    pub const fn entries(&self) -> u32 {
        self.ring.entries()
    }

    /// How many entries can be read now.
    #[inline(always)]
    pub fn available(&mut self) -> u32 {
        if self.head == self.tail { self.refresh() } else { self.tail.wrapping_sub(self.head) }
    }

    /// How many entries can be read now, after a look at the producer's cursor.
    #[inline(always)]
    pub fn refresh(&mut self) -> u32 {
        // Acquire: pairs with the Release in `Producer::publish`, so that the entries are there that the tail
        // covers.
        self.tail = self.ring.tail().load(Ordering::Acquire);
        self.tail.wrapping_sub(self.head)
    }

    /// Everything that can be read now, to be read one by one. The slots of what was read are given back when it
    /// is dropped, all at once. Forgotten, it gives nothing back, and the next batch begins where it began.
    #[inline(always)]
    pub fn batch(&mut self) -> Batch<'_, T> {
        // A producer that breaks the protocol cannot make us read more slots than there are.
        let left = self.refresh().min(self.ring.entries());
        Batch::new(self, left)
    }

    /// Nothing, whatever there is: shared memory is not looked at.
    pub(super) fn empty_batch(&mut self) -> Batch<'_, T> {
        Batch::new(self, 0)
    }

    /// Reads the next entry and gives its slot back.
    #[inline(always)]
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

    /// The next `count` entries, which stay. For what is rarely asked of them, so that reading need not look
    /// for it.
    pub(super) fn again(&self, count: u32) -> impl Iterator<Item = T> {
        (0..count).map(|index| self.read(self.head.wrapping_add(index)))
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
///
/// It keeps its own place, in registers if all goes well, and tells the consumer when it is dropped.
#[derive(Debug)]
pub struct Batch<'c, T: Copy> {
    /// The next to be read.
    next: *const UnsafeCell<T>,
    /// The end of the run of neighbours that `next` is in.
    run_end: *const UnsafeCell<T>,
    /// How many follow at the beginning of the slots, once that run is read.
    wrapped: u32,
    /// How many there were at first.
    count: u32,
    consumer: &'c mut Consumer<T>,
}

impl<'c, T: Copy> Batch<'c, T> {
    #[inline(always)]
    fn new(consumer: &'c mut Consumer<T>, count: u32) -> Self {
        let ring = consumer.ring;
        let first = count.min(ring.run(consumer.head));
        let next: *const UnsafeCell<T> = ring.slot(consumer.head);
        // At most one past the last slot, so in the same allocation.
        let run_end = next.wrapping_add(first as usize);
        Self { next, run_end, wrapped: count - first, count, consumer }
    }

    /// How many are not read yet.
    #[inline(always)]
    fn left(&self) -> u32 {
        let run = (self.run_end.addr() - self.next.addr()) / size_of::<UnsafeCell<T>>();
        #[expect(clippy::cast_possible_truncation, reason = "a run is no longer than the ring")]
        let run = run as u32;
        run + self.wrapped
    }

    /// Goes on at the beginning of the slots.
    #[cold]
    fn wrap(&mut self) {
        self.next = self.consumer.ring.slots.as_ptr();
        self.run_end = self.next.wrapping_add(self.wrapped as usize);
        self.wrapped = 0;
    }

    /// How many were read so far, and from where: see [`Consumer::again`].
    #[inline(always)]
    pub(super) fn read_so_far(&self) -> (&Consumer<T>, u32) {
        (self.consumer, self.count - self.left())
    }
}

impl<T: Copy> Iterator for Batch<'_, T> {
    type Item = T;

    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        if self.next == self.run_end {
            if self.wrapped == 0 {
                return None;
            }
            self.wrap();
        }
        // SAFETY: within the slots, so valid by the contract of `Consumer::new`.
        let slot = unsafe { &*self.next };
        self.next = self.next.wrapping_add(1);
        // SAFETY: as in `Consumer::read`: it is one of the `count` that were published.
        Some(slot.with(|slot| unsafe { slot.read() }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.left() as usize;
        (left, Some(left))
    }
}

impl<T: Copy> ExactSizeIterator for Batch<'_, T> {}

impl<T: Copy> Drop for Batch<'_, T> {
    /// Gives back the slots that were read; those that were not stay for the next batch.
    #[inline(always)]
    fn drop(&mut self) {
        let read = self.count - self.left();
        if read > 0 {
            self.consumer.head = self.consumer.head.wrapping_add(read);
            self.consumer.release();
        }
    }
}
