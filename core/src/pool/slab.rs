//! Buffers of one size, cut from one piece of memory.

mod buffer;
mod counted;
mod error;
mod mapped;
mod region;

use core::ptr::NonNull;
use core::slice;
use core::time::Duration;

pub use buffer::{Buffer, SlabHandle};
use counted::Count;
pub use counted::{Shared, Weak};
pub use error::{SlabError, SlabRefusal, SlotError};
pub use mapped::MapSlabError;
pub use region::{Borrowed, Region};

use super::index::{AcquireError, Closed, Exhausted, Foreign, IndexPool, Line, PutError, ReserveError};
use crate::align::{Align, Overflow};
use crate::iovec::IoVec;
use crate::kernel::Kernel;

/// A bounded, lock-free pool of buffers: equal slots of one memory region.
///
/// ```text
/// start                                          count × slot_len
/// ┌─────────┬─────────┬─────────┬─────┬─────────┐─────┬───────┬────────┐
/// │ slot 0  │ slot 1  │ slot 2  │  …  │         │ gap │ lines │ counts │   one region
/// └─────────┴─────────┴─────────┴─────┴─────────┘─────┴───────┴────────┘
///  └────────────── whole(): one fixed buffer ──┘
/// ```
///
/// A buffer has one owner at a time, its [`Buffer`]; dropping that puts it back. Drawing never waits and never
/// allocates. What a buffer held is not wiped when it is put back: the next owner reads what the last one
/// wrote, unless it calls [`Buffer::zero`].
///
/// All slots together are one range, to be registered with a ring as one fixed buffer; what the pool keeps for
/// itself is outside it.
///
/// ```
/// use bareio_core::Align;
/// use bareio_core::pool::{Borrowed, Line, Slab};
///
/// // The pool's own lines need their alignment, which this memory need not have.
/// let len = Slab::<Borrowed>::region_len(512, 8, Align::BYTE)? + align_of::<Line>();
/// let mut memory = vec![0; len];
/// let slab = Slab::new(Borrowed::new(&mut memory), 512, 8, Align::BYTE).map_err(|error| error.why)?;
/// let mut buffer = slab.get(0)?;
/// buffer[..5].copy_from_slice(b"hello");
/// assert_eq!((buffer.len(), slab.free()), (512, 7));
/// drop(buffer);
/// assert_eq!(slab.free(), 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Slab<R: Region> {
    /// Its lines are in `memory`, behind the slots. The lifetime is that of the slab, which never lends it out
    /// for longer.
    pool: IndexPool<'static>,
    slot_len: usize,
    /// One for each slot, behind the lines.
    counts: NonNull<Count>,
    /// Never lent out, not even shared: what it is may have safe ways to its bytes.
    memory: R,
}

// SAFETY: the counts are in the region, which it owns, and are atomic; the rest is sent as it is.
unsafe impl<R: Region + Send> Send for Slab<R> {}
// SAFETY: as for `Send`.
unsafe impl<R: Region + Sync> Sync for Slab<R> {}

impl<R: Region> Slab<R> {
    /// How many bytes of memory `count` slots of `slot_len` bytes take, if the memory sits on the grid of
    /// `align` and of a [`Line`]. `slot_len` is rounded up to `align`.
    ///
    /// # Errors
    ///
    /// [`Overflow`] if that is more than one object can have.
    pub const fn region_len(slot_len: usize, count: u32, align: Align) -> Result<usize, Overflow> {
        match Self::layout(slot_len, count, align) {
            Ok(layout) => Ok(layout.total),
            Err(overflow) => Err(overflow),
        }
    }

    const fn layout(slot_len: usize, count: u32, align: Align) -> Result<Layout, Overflow> {
        let slot_len = match align.ceil_len(slot_len) {
            Ok(slot_len) => slot_len,
            Err(overflow) => return Err(overflow),
        };
        let Some(slots) = slot_len.checked_mul(count as usize) else { return Err(Overflow) };
        let Some(lines_at) = slots.checked_next_multiple_of(align_of::<Line>()) else { return Err(Overflow) };
        let Some(counts_at) = lines_at.checked_add(IndexPool::lines(count) * size_of::<Line>()) else {
            return Err(Overflow);
        };
        let Some(total) = counts_at.checked_add(count as usize * size_of::<Count>()) else {
            return Err(Overflow);
        };
        if total > isize::MAX.unsigned_abs() {
            Err(Overflow)
        } else {
            Ok(Layout { slot_len, lines_at, total })
        }
    }

    /// Cuts `memory` into `count` slots of at least `slot_len` bytes each, every one on the grid of `align`.
    ///
    /// # Errors
    ///
    /// [`SlabError`], with the memory, if a number is zero or too large, or the memory is too short, or it
    /// does not begin on the grid.
    pub fn new(memory: R, slot_len: usize, count: u32, align: Align) -> Result<Self, SlabError<R>> {
        let refuse = |memory, why| Err(SlabError { memory, why });
        if slot_len == 0 || count == 0 || count > IndexPool::MAX_CAPACITY {
            return refuse(memory, SlabRefusal::Size { slot_len, count });
        }
        let Ok(layout) = Self::layout(slot_len, count, align) else {
            return refuse(memory, SlabRefusal::Size { slot_len, count });
        };
        let start = memory.start();
        if !align.divides(start.addr().get() as u64) {
            return refuse(memory, SlabRefusal::Misaligned { address: start.addr().get(), align });
        }
        // The lines need their own alignment, which the memory need not have.
        let after_slots = start.addr().get() + layout.lines_at;
        let gap = after_slots.wrapping_neg() % align_of::<Line>();
        let needed = layout.total + gap;
        if memory.len() < needed {
            let given = memory.len();
            return refuse(memory, SlabRefusal::TooShort { needed, given });
        }
        // SAFETY: `lines_at + gap` is below `needed`, which the region has.
        let first = unsafe { start.add(layout.lines_at + gap) }.cast::<Line>();
        for at in 0..IndexPool::lines(count) {
            // SAFETY: `needed` bytes hold that many lines behind `lines_at + gap`.
            let line = unsafe { first.add(at) };
            // SAFETY: within the region, which is writable and ours alone, and aligned by `gap`.
            unsafe { line.write(Line::new()) };
        }
        // SAFETY: the counts follow the lines, and `needed` has room for them.
        let counts = unsafe { first.add(IndexPool::lines(count)) }.cast::<Count>();
        for at in 0..count as usize {
            // SAFETY: `needed` bytes hold that many counts behind the lines.
            let place = unsafe { counts.add(at) };
            // SAFETY: as for the lines, whose alignment is a multiple of that of a count.
            unsafe { place.write(Count::new()) };
        }
        // SAFETY: just written; they are ours for as long as `memory` lives, which is at least as long as the
        // pool, and neither slots nor counts overlap them.
        let lines = unsafe { slice::from_raw_parts_mut(first.as_ptr(), IndexPool::lines(count)) };
        match IndexPool::new(lines, count) {
            Ok(pool) => Ok(Self { pool, slot_len: layout.slot_len, counts, memory }),
            Err(_) => refuse(memory, SlabRefusal::Size { slot_len, count }),
        }
    }

    /// Draws a buffer; see [`IndexPool::get`] for `hint`.
    ///
    /// # Errors
    ///
    /// [`Exhausted`]: there was a moment during the call at which none was free, but for those that handles
    /// keep in reserve.
    #[inline]
    pub fn get(&self, hint: u32) -> Result<Buffer<'_>, Exhausted> {
        let held = self.pool.take(hint)?;
        // SAFETY: the guard is of our pool, whose every index has a slot.
        Ok(unsafe { Buffer::new(held, self.start(), self.slot_len) })
    }

    /// A handle that keeps `reserve` buffers for itself; see [`IndexPool::handle`].
    ///
    /// # Errors
    ///
    /// [`ReserveError`], as for an index pool.
    pub fn handle(&self, reserve: u32) -> Result<SlabHandle<'_>, ReserveError> {
        let handle = self.pool.handle(reserve)?;
        // SAFETY: the handle is of our pool, whose every index has a slot.
        Ok(unsafe { SlabHandle::new(handle, self.start(), self.slot_len) })
    }

    /// The buffer that was turned into the number `index` by [`Buffer::into_index`].
    ///
    /// # Errors
    ///
    /// [`PutError`] if no buffer of this slab is a mere number of that value now.
    ///
    /// # Safety
    ///
    /// Whoever turned the buffer into a number has passed it on to the caller, and nothing, the kernel
    /// included, touches its bytes any more.
    pub unsafe fn hold(&self, index: u32) -> Result<Buffer<'_>, PutError> {
        let held = self.pool.hold(index)?;
        // SAFETY: as in `get`.
        Ok(unsafe { Buffer::new(held, self.start(), self.slot_len) })
    }

    /// Draws a buffer, and waits for one if need be; see [`IndexPool::acquire`].
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the time is over, the slab was closed, or there is a `timeout` and no clock.
    pub fn acquire<K: Kernel + Sync>(
        &self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Buffer<'_>, AcquireError> {
        let held = self.pool.acquire(kernel, timeout)?;
        // SAFETY: as in `get`.
        Ok(unsafe { Buffer::new(held, self.start(), self.slot_len) })
    }

    /// Draws a buffer as soon as there is one; see [`IndexPool::acquire_async`].
    ///
    /// # Errors
    ///
    /// [`Closed`] if the slab was closed.
    pub async fn acquire_async(&self) -> Result<Buffer<'_>, Closed> {
        let held = self.pool.acquire_async().await?;
        // SAFETY: as in `get`.
        Ok(unsafe { Buffer::new(held, self.start(), self.slot_len) })
    }

    /// Lets nobody wait for a buffer any more; see [`IndexPool::close`].
    pub fn close(&self) {
        self.pool.close();
    }

    /// Makes a buffer one that many can read. It goes back when the last of them is dropped.
    ///
    /// # Errors
    ///
    /// [`Foreign`], with the buffer, if it is of another slab.
    pub fn share<'s>(&'s self, buffer: Buffer<'s>) -> Result<Shared<'s>, Foreign<Buffer<'s>>> {
        if !buffer.is_of(&self.pool) {
            return Err(Foreign(buffer));
        }
        // SAFETY: there is a count for each index.
        let count = unsafe { self.counts.add(buffer.index() as usize) };
        // SAFETY: it was written when the slab was made, lives as long as the slab, and is atomic.
        Ok(Shared::new(buffer, unsafe { count.as_ref() }))
    }

    /// The index of the slot that begins at `address`.
    ///
    /// # Errors
    ///
    /// [`SlotError`] if the address is outside the slots, or within one but not at its beginning.
    pub fn index_of(&self, address: *const u8) -> Result<u32, SlotError> {
        let address = address.addr();
        let offset = address.wrapping_sub(self.start().addr().get());
        match u32::try_from(offset / self.slot_len) {
            Ok(index) if index < self.count() => match offset % self.slot_len {
                0 => Ok(index),
                into => Err(SlotError::Within { address, index, into }),
            },
            _ => Err(SlotError::Outside { address }),
        }
    }

    /// Whether `address` is in one of its slots.
    pub fn contains(&self, address: *const u8) -> bool {
        address.addr().wrapping_sub(self.start().addr().get()) < self.whole().len()
    }

    /// All slots as one range, to be registered as one fixed buffer.
    pub fn whole(&self) -> IoVec {
        IoVec::new(self.start().as_ptr(), self.slot_len * self.count() as usize)
    }

    /// The length of a slot in bytes: what was asked for, rounded up to the grid.
    pub const fn slot_len(&self) -> usize {
        self.slot_len
    }

    /// How many slots there are.
    pub const fn count(&self) -> u32 {
        self.pool.capacity()
    }

    /// How many slots are free and kept by no handle. Exact only while nobody draws or puts.
    pub fn free(&self) -> u32 {
        self.pool.free()
    }

    /// How many slots no handle has reserved.
    pub fn unreserved(&self) -> u32 {
        self.pool.unreserved()
    }

    /// The memory that it was cut from, back. No buffer is left to use it.
    pub fn into_memory(self) -> R {
        self.memory
    }

    /// The memory. For looking at what it is, never at its bytes, which have owners of their own.
    pub(in crate::pool) const fn mapping(&self) -> &R {
        &self.memory
    }

    #[inline]
    fn start(&self) -> NonNull<u8> {
        self.memory.start()
    }
}

/// Where the parts of a slab are, from its start on.
struct Layout {
    slot_len: usize,
    lines_at: usize,
    total: usize,
}
