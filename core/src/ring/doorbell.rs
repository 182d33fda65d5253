//! Waking a consumer that polls, and falls asleep when there is nothing to do.
//!
//! ```text
//! producer                         consumer
//! 1  tail.store(new, Release)      a  flags.store(NEED_WAKEUP)
//! 2  fence(SeqCst)                 b  fence(SeqCst)
//! 3  flags.load()                  c  tail.load()
//!    set? ring the doorbell           unchanged? sleep
//! ```
//!
//! Both sides store, then load what the other stores. Without both fences each may miss the other's store
//! (a store may be delayed past a later load, and Release and Acquire do not forbid that), and the entry lies
//! there while everybody sleeps. `io_uring_setup(2)` shows the recipe without the fence.

use core::ptr::NonNull;

use crate::abi::SqFlags;
use crate::sync::{AtomicU32, Ordering, fence};

/// The producer's side: says whether the consumer must be woken.
#[derive(Debug)]
pub struct Doorbell {
    flags: NonNull<AtomicU32>,
}

// SAFETY: by the contract of `new` the word outlives it, and it is only read, atomically.
unsafe impl Send for Doorbell {}
// SAFETY: as for `Send`.
unsafe impl Sync for Doorbell {}

impl Doorbell {
    /// Watches the flags word of a submission ring.
    ///
    /// # Safety
    ///
    /// `flags` is valid until the doorbell is dropped, and written by atomic operations only.
    pub const unsafe fn new(flags: NonNull<AtomicU32>) -> Self {
        Self { flags }
    }

    /// What the consumer says now.
    #[inline]
    pub fn flags(&self) -> SqFlags {
        // SAFETY: valid by the contract of `new`.
        let flags = unsafe { self.flags.as_ref() };
        // Relaxed: where the order matters, `must_ring` has a fence before it.
        SqFlags(flags.load(Ordering::Relaxed))
    }

    /// Whether the consumer slept, or was about to, when the entries just published became visible.
    ///
    /// To be asked after each [`publish`](super::Producer::publish).
    #[inline]
    pub fn must_ring(&self) -> bool {
        // SeqCst: pairs with the fence in `Sleeper::may_sleep`; see the table above.
        fence(Ordering::SeqCst);
        self.flags().contains(SqFlags::NEED_WAKEUP)
    }
}

/// The consumer's side, which in production is the kernel's. Ours is for kernels in memory and for models.
#[derive(Debug)]
pub struct Sleeper {
    flags: NonNull<AtomicU32>,
}

// SAFETY: by the contract of `new` the word outlives it, and it is accessed atomically only.
unsafe impl Send for Sleeper {}

impl Sleeper {
    /// Takes over the flags word of a submission ring.
    ///
    /// # Safety
    ///
    /// `flags` is valid until the sleeper is dropped, and nobody else writes it.
    pub const unsafe fn new(flags: NonNull<AtomicU32>) -> Self {
        Self { flags }
    }

    fn flags(&self) -> &AtomicU32 {
        // SAFETY: valid by the contract of `new`.
        unsafe { self.flags.as_ref() }
    }

    /// Announces sleep, then asks `is_empty` once more. If this says true, the producer will ring.
    pub fn may_sleep(&self, is_empty: impl FnOnce() -> bool) -> bool {
        // Relaxed: the fence orders it before the look at the tail.
        self.flags().fetch_or(SqFlags::NEED_WAKEUP.0, Ordering::Relaxed);
        // SeqCst: pairs with the fence in `Doorbell::must_ring`; see the table above.
        fence(Ordering::SeqCst);
        let sleep = is_empty();
        if !sleep {
            self.awake();
        }
        sleep
    }

    /// Takes the announcement back.
    pub fn awake(&self) {
        // Relaxed: a producer that still sees it rings once too often, which does no harm.
        self.flags().fetch_and(!SqFlags::NEED_WAKEUP.0, Ordering::Relaxed);
    }
}
