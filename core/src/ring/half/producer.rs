//! The end of a ring that fills slots.

use core::fmt;

use super::Layout;
use crate::sync::Ordering;

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

    /// Passes `f` the entry that was consumed last, and the one that will be consumed next, to be changed; unless none is
    /// left.
    ///
    /// # Safety
    ///
    /// - Nobody consumes meanwhile; see [`retract`](Self::retract).
    /// - An entry was consumed, and nothing has been reserved since.
    pub(in crate::ring) unsafe fn amend_next(&mut self, f: impl FnOnce(T, &mut T)) {
        let next = self.tail.wrapping_sub(self.unconsumed());
        if next == self.tail {
            return;
        }
        let last = self.ring.slot(next.wrapping_sub(1)).with(|slot| {
            // SAFETY: we have written it, and the consumer is done with it.
            unsafe { slot.read() }
        });
        self.ring.slot(next).with_mut(|slot| {
            // SAFETY: we have written it, and nobody consumes it meanwhile.
            f(last, unsafe { &mut *slot });
        });
    }

    /// Takes back every entry that is staged and not yet published, and returns how many. The consumer never saw them.
    pub fn unstage(&mut self) -> u32 {
        // Relaxed: it is our own cursor.
        let published = self.ring.tail().load(Ordering::Relaxed);
        let count = self.tail.wrapping_sub(published);
        self.tail = published;
        count
    }

    /// The `count` entries that were taken back last, by a `retract` or an `unstage` that returned it, as long as nothing has
    /// been reserved since.
    pub(in crate::ring) fn taken_back(&self, count: u32) -> impl Iterator<Item = T> {
        (0..count).map(|index| {
            self.ring.slot(self.tail.wrapping_add(index)).with(|slot| {
                // SAFETY: we have written it, and it is nobody else's any more.
                unsafe { slot.read() }
            })
        })
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
