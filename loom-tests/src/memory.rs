//! Ring memory that is made of loom's cells.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use bareio_core::ring::{Consumer, Doorbell, Layout, Producer, Sleeper};
use bareio_core::sync::{AtomicU32, UnsafeCell};
use loom::sync::Arc;

/// What a ring shares: two cursors, a word of flags, and slots.
///
/// It stands where on Linux the kernel's mapping stands. Made within a model, on the heap, and kept by
/// whoever holds an end of it.
pub struct Memory<T> {
    head: AtomicU32,
    tail: AtomicU32,
    flags: AtomicU32,
    slots: Box<[UnsafeCell<T>]>,
}

// SAFETY: the slots are reached through the ends only, which see to it that one thread at a time touches one;
// that they do is what the models check.
unsafe impl<T: Send> Sync for Memory<T> {}

impl<T> fmt::Debug for Memory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("entries", &self.slots.len()).finish_non_exhaustive()
    }
}

impl<T: Copy + Default> Memory<T> {
    /// A ring of `entries` slots (a power of two), empty, with both cursors at `start`.
    ///
    /// # Panics
    ///
    /// If `entries` is no power of two.
    pub fn new(entries: u32, start: u32) -> Arc<Self> {
        assert!(entries.is_power_of_two(), "{entries} is not a power of two");
        Arc::new(Self {
            head: AtomicU32::new(start),
            tail: AtomicU32::new(start),
            flags: AtomicU32::new(0),
            slots: (0..entries).map(|_| UnsafeCell::new(T::default())).collect(),
        })
    }

    /// A new ring and its two ends.
    pub fn ends(entries: u32, start: u32) -> (Held<Producer<T>, T>, Held<Consumer<T>, T>) {
        let memory = Self::new(entries, start);
        // SAFETY: the ring is new, so these are the only ends.
        let producer = unsafe { Self::producer(&memory) };
        // SAFETY: as above.
        let consumer = unsafe { Self::consumer(&memory) };
        (producer, consumer)
    }

    /// Where its parts are.
    ///
    /// # Panics
    ///
    /// Never: `new` took the number of slots as a `u32`.
    pub fn layout(&self) -> Layout<T> {
        Layout {
            head: NonNull::from(&self.head),
            tail: NonNull::from(&self.tail),
            slots: NonNull::from(&*self.slots).cast(),
            mask: u32::try_from(self.slots.len() - 1).expect("made from a u32"),
        }
    }

    /// Takes the producing end.
    ///
    /// # Safety
    ///
    /// There is no other producer.
    pub unsafe fn producer(this: &Arc<Self>) -> Held<Producer<T>, T> {
        // SAFETY: the memory is held for as long as the end; the only producer, by the caller's word.
        let end = unsafe { Producer::new(this.layout()) };
        Held { end, memory: this.clone() }
    }

    /// Takes the consuming end.
    ///
    /// # Safety
    ///
    /// There is no other consumer.
    pub unsafe fn consumer(this: &Arc<Self>) -> Held<Consumer<T>, T> {
        // SAFETY: the memory is held for as long as the end; the only consumer, by the caller's word.
        let end = unsafe { Consumer::new(this.layout()) };
        Held { end, memory: this.clone() }
    }

    /// The producer's look at the flags.
    pub fn doorbell(this: &Arc<Self>) -> Held<Doorbell, T> {
        // SAFETY: the memory is held for as long as the doorbell; the word is atomic.
        let end = unsafe { Doorbell::new(NonNull::from(&this.flags)) };
        Held { end, memory: this.clone() }
    }

    /// The consumer's hand on the flags.
    ///
    /// # Safety
    ///
    /// There is no other sleeper.
    pub unsafe fn sleeper(this: &Arc<Self>) -> Held<Sleeper, T> {
        // SAFETY: the memory is held for as long as the sleeper; nobody else writes the flags, by the caller's
        // word.
        let end = unsafe { Sleeper::new(NonNull::from(&this.flags)) };
        Held { end, memory: this.clone() }
    }
}

/// An end of a ring, together with the memory that it points to.
#[derive(Debug)]
pub struct Held<E, T> {
    end: E,
    #[expect(dead_code, reason = "held so that the pointers in `end` stay valid")]
    memory: Arc<Memory<T>>,
}

impl<E, T> Deref for Held<E, T> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.end
    }
}

impl<E, T> DerefMut for Held<E, T> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.end
    }
}
