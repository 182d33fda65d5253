//! The buffers of a slab.

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::slice;

use crate::pool::index::{Exhausted, Foreign, Handle, Held, IndexPool};

/// One buffer of a [`Slab`](super::Slab), and the only owner of its bytes. Dropped, it goes back.
///
/// It borrows the slab, so the memory cannot go before it. What an earlier owner wrote is still there, until
/// it is overwritten or [`zero`](Self::zero) is called.
///
/// ```compile_fail,E0505
/// use bareio_core::Align;
/// use bareio_core::pool::{Borrowed, Slab};
///
/// let mut memory = vec![0; 4096];
/// let slab = Slab::new(Borrowed::new(&mut memory), 512, 4, Align::BYTE).unwrap();
/// let buffer = slab.get(0).unwrap();
/// drop(slab);
/// drop(buffer);
/// ```
#[must_use = "a buffer that is dropped goes back to its slab at once"]
pub struct Buffer<'s> {
    held: Held<'s>,
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: it is the only owner of its bytes, which are plain.
unsafe impl Send for Buffer<'_> {}
// SAFETY: a shared buffer lets its bytes be read only.
unsafe impl Sync for Buffer<'_> {}

impl<'s> Buffer<'s> {
    /// # Safety
    ///
    /// `held` is of the pool of a slab that lives for `'s`, with slots of `slot_len` bytes from `slots` on, one
    /// for each index, which are touched by the owner of the index only.
    #[inline]
    pub(in crate::pool) unsafe fn new(held: Held<'s>, slots: NonNull<u8>, slot_len: usize) -> Self {
        // SAFETY: there is a slot for each index.
        let start = unsafe { slots.add(held.index() as usize * slot_len) };
        Self { held, start, len: slot_len }
    }

    /// Which slot of the slab it is.
    #[inline]
    pub const fn index(&self) -> u32 {
        self.held.index()
    }

    /// The first byte, which is on the slab's grid. It stays there until the buffer goes back.
    #[inline]
    pub const fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// The first byte, for writing.
    #[inline]
    pub const fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Wipes what an earlier owner left.
    pub fn zero(&mut self) {
        self.fill(0);
    }

    /// Whether it is of the slab with this pool.
    pub(in crate::pool) fn is_of(&self, pool: &IndexPool<'_>) -> bool {
        self.held.is_of(pool)
    }

    /// Makes it a plain number, to be made a buffer again by [`Slab::hold`](super::Slab::hold): for
    /// passing it through something that carries numbers only.
    pub fn into_index(self) -> u32 {
        self.held.into_index()
    }
}

/// Where a buffer is, without owning it.
#[derive(Clone, Copy)]
pub(in crate::pool) struct Place<'s> {
    pool: &'s IndexPool<'s>,
    pub(in crate::pool) index: u32,
    pub(in crate::pool) start: NonNull<u8>,
    pub(in crate::pool) len: usize,
}

impl<'s> Buffer<'s> {
    /// Gives up owning it: it does not go back.
    pub(in crate::pool) fn into_place(self) -> Place<'s> {
        let Self { held, start, len } = self;
        let (pool, index) = held.into_parts();
        Place { pool, index, start, len }
    }

    /// # Safety
    ///
    /// The place came from [`into_place`](Self::into_place), and it is the caller's alone to own.
    pub(in crate::pool) unsafe fn from_place(place: Place<'s>) -> Self {
        let Place { pool, index, start, len } = place;
        Self { held: Held::new(pool, index), start, len }
    }
}

impl Deref for Buffer<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the slot is initialised, and ours alone while we hold its index.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for Buffer<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for Buffer<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl fmt::Debug for Buffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("index", &self.index()).field("len", &self.len).finish_non_exhaustive()
    }
}

/// One thread's way into a [`Slab`](super::Slab): as [`Handle`] is for indexes.
#[derive(Debug)]
pub struct SlabHandle<'s> {
    handle: Handle<'s>,
    slots: NonNull<u8>,
    slot_len: usize,
}

// SAFETY: the address is the slab's, which is shared by all threads.
unsafe impl Send for SlabHandle<'_> {}
// SAFETY: nothing is reached through a shared handle.
unsafe impl Sync for SlabHandle<'_> {}

impl<'s> SlabHandle<'s> {
    /// # Safety
    ///
    /// As for [`Buffer::new`], for every index that `handle` draws.
    pub(in crate::pool) unsafe fn new(handle: Handle<'s>, slots: NonNull<u8>, slot_len: usize) -> Self {
        Self { handle, slots, slot_len }
    }

    /// Draws a buffer: the last one put, or a new one from the slab.
    ///
    /// # Errors
    ///
    /// [`Exhausted`]: nothing is at hand, and nothing unreserved is free.
    #[inline]
    pub fn get(&mut self) -> Result<Buffer<'s>, Exhausted> {
        let held = self.handle.get()?;
        // SAFETY: by the contract of `new`.
        Ok(unsafe { Buffer::new(held, self.slots, self.slot_len) })
    }

    /// Puts a buffer back: into the reserve, or if that is full, into the slab.
    ///
    /// # Errors
    ///
    /// [`Foreign`], with the buffer, if it is of another slab.
    #[inline]
    pub fn put(&mut self, buffer: Buffer<'s>) -> Result<(), Foreign<Buffer<'s>>> {
        let Buffer { held, start, len } = buffer;
        self.handle.put(held).map_err(|Foreign(held)| Foreign(Buffer { held, start, len }))
    }

    /// How many buffers it reserves.
    pub const fn reserve(&self) -> u32 {
        self.handle.reserve()
    }

    /// How many of them are at hand.
    pub const fn at_hand(&self) -> u32 {
        self.handle.at_hand()
    }
}
