//! Buffers that many can read.

use core::fmt;
use core::mem;
use core::ops::Deref;
use core::slice;

use super::buffer::{Buffer, Place};
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// How many share a slot, and which time it is that it is shared.
///
/// The generation changes each time the last reader goes, before the slot does. It is as wide as it is so that
/// it never comes round: at a change a nanosecond, in 584 years. That it may wrap is tried all the time, because
/// it starts just before its end.
#[derive(Debug)]
pub(in crate::pool) struct Count {
    readers: AtomicU32,
    generation: AtomicU64,
}

impl Count {
    pub(in crate::pool) fn new() -> Self {
        Self { readers: AtomicU32::new(0), generation: AtomicU64::new(u64::MAX - 1) }
    }

    /// Ends the time that the slot was shared. The caller was its last reader.
    fn end(&self) {
        // Relaxed, both: nobody else is left. Whoever comes next is ordered behind this by the slot's change of
        // owner, and a weak handle that still sees the old number finds no readers, or is told by the new ones.
        let generation = self.generation.load(Ordering::Relaxed);
        self.generation.store(generation.wrapping_add(1), Ordering::Relaxed);
    }
}

/// A buffer that many can read and nobody writes. Cloned, it is the same bytes; the last one to be dropped gives
/// them back to the slab.
///
/// ```
/// use bareio_core::pool::Slab;
/// use bareio_core::{Align, Linux};
///
/// let slab = Slab::map(Linux, 4096, 4, Align::KIB_4)?;
/// let mut buffer = slab.get(0)?;
/// buffer[..5].copy_from_slice(b"block");
///
/// let block = slab.share(buffer).expect("it is of this slab");
/// let reader = block.clone();
/// let cached = block.downgrade();
/// drop(block);
/// assert_eq!(&cached.upgrade().expect("there is still a reader")[..5], b"block");
/// drop(reader);
/// assert!(cached.upgrade().is_none());
/// assert_eq!(slab.free(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Shared<'s> {
    place: Place<'s>,
    /// At least 1, for us.
    count: &'s Count,
}

// SAFETY: it lets its bytes be read only, by any thread, until the last reader is gone; and whichever thread
// that is on, the slot goes back by an atomic operation.
unsafe impl Send for Shared<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shared<'_> {}

impl<'s> Shared<'s> {
    /// The most readers that one buffer can have: 2³¹.
    pub const MAX_READERS: u32 = 1 << 31;

    /// Shares `buffer`, whose count this is.
    pub(in crate::pool) fn new(buffer: Buffer<'s>, count: &'s Count) -> Self {
        // Release: pairs with the Acquire in `upgrade`, so that who upgrades sees the bytes, and the generation of
        // this time.
        count.readers.store(1, Ordering::Release);
        Self { place: buffer.into_place(), count }
    }

    /// A handle that does not keep the buffer from going back.
    pub fn downgrade(&self) -> Weak<'s> {
        // Relaxed: it does not change while we are a reader.
        let generation = self.count.generation.load(Ordering::Relaxed);
        Weak { place: self.place, count: self.count, generation }
    }

    /// The buffer, to be written again, if nobody else reads it.
    ///
    /// # Errors
    ///
    /// Itself, if it is not the only one. A weak handle of an earlier time that is being upgraded at this very
    /// moment counts as one.
    pub fn try_into_exclusive(self) -> Result<Buffer<'s>, Self> {
        // Acquire: pairs with the Release in `drop`, so that the other readers are done. Relaxed on failure:
        // nothing is done then.
        if self.count.readers.compare_exchange(1, 0, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return Err(self);
        }
        self.count.end();
        let place = self.place;
        mem::forget(self);
        // SAFETY: we were the last reader, and readers are all who use the place.
        Ok(unsafe { Buffer::from_place(place) })
    }

    /// How many readers there are, at this moment.
    pub fn readers(&self) -> u32 {
        // Relaxed: a number to look at.
        self.count.readers.load(Ordering::Relaxed)
    }

    /// Which slot of the slab it is.
    pub const fn index(&self) -> u32 {
        self.place.index
    }
}

impl Clone for Shared<'_> {
    /// Another reader of the same bytes.
    ///
    /// # Panics
    ///
    /// If there are [`MAX_READERS`](Self::MAX_READERS) already, which takes leaks.
    fn clone(&self) -> Self {
        // Relaxed: we are a reader, so the count is not 0 and stays so.
        let readers = self.count.readers.fetch_add(1, Ordering::Relaxed);
        let reader = Self { place: self.place, count: self.count };
        // Beyond the limit the new reader is dropped again, well before the count could wrap.
        assert!(
            readers < Self::MAX_READERS,
            "a buffer has more than 2³¹ readers; some must have been leaked"
        );
        reader
    }
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        // Release: our reads are done before whoever comes last lets the buffer go.
        if self.count.readers.fetch_sub(1, Ordering::Release) == 1 {
            // Acquire: pairs with the Release of every other reader, behind whose last change ours is. A load and no
            // fence, which ThreadSanitizer would not see.
            self.count.readers.load(Ordering::Acquire);
            self.count.end();
            // SAFETY: we were the last reader, and readers are all who use the place.
            drop(unsafe { Buffer::from_place(self.place) });
        }
    }
}

impl Deref for Shared<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the slot is initialised, and while there are readers nobody writes it.
        unsafe { slice::from_raw_parts(self.place.start.as_ptr(), self.place.len) }
    }
}

impl AsRef<[u8]> for Shared<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Shared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("index", &self.index())
            .field("readers", &self.readers())
            .finish_non_exhaustive()
    }
}

/// A buffer that may have gone back. See [`Shared::downgrade`].
#[derive(Clone)]
pub struct Weak<'s> {
    place: Place<'s>,
    count: &'s Count,
    generation: u64,
}

// SAFETY: what it names is reached only as a `Shared`.
unsafe impl Send for Weak<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for Weak<'_> {}

impl<'s> Weak<'s> {
    /// The buffer, if it still has readers. One that went back is never had again by this handle, not even when
    /// its slot is shared anew.
    pub fn upgrade(&self) -> Option<Shared<'s>> {
        // Relaxed: most who come too late are told here. It is asked again below.
        if self.count.generation.load(Ordering::Relaxed) != self.generation {
            return None;
        }
        // Nobody is left if the count is 0, and one more must not come beyond the limit.
        let join = |readers: u32| (1..Shared::MAX_READERS).contains(&readers).then(|| readers + 1);
        // Acquire: pairs with the Release in `Shared::new`. Relaxed on failure: nothing is read then.
        self.count.readers.fetch_update(Ordering::Acquire, Ordering::Relaxed, join).ok()?;
        let reader = Shared { place: self.place, count: self.count };
        // Relaxed: we are a reader now, of this time or of a later one, so the generation stands still. A reader
        // of a later time is dropped, and that time ends with it if all others went meanwhile.
        (self.count.generation.load(Ordering::Relaxed) == self.generation).then_some(reader)
    }
}

impl fmt::Debug for Weak<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weak").field("index", &self.place.index).finish_non_exhaustive()
    }
}
