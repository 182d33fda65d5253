//! The end of a ring that empties slots.

use super::Layout;
use crate::sync::{Ordering, UnsafeCell};

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
    pub(crate) fn empty_batch(&mut self) -> Batch<'_, T> {
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
    pub(crate) fn again(&self, count: u32) -> impl Iterator<Item = T> {
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
        let next: *const UnsafeCell<T> = ring.pointer(consumer.head).as_ptr();
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
    pub(crate) fn read_so_far(&self) -> (&Consumer<T>, u32) {
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
