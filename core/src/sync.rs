//! Atomics, cells and locks, in one place, so that loom can take their place.
//!
//! Built with `--cfg loom`, everything here is loom's instrumented counterpart, and the lock-free parts of
//! this crate run in every interleaving that loom explores. This is the only file that names either.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicBool, AtomicI32, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, fence};

pub use core::sync::atomic::Ordering;

use core::sync::atomic::AtomicUsize as NativeUsize;

/// How often to look at something that another thread is about to change, before doing something else. Once
/// under loom, which tries every number of looks there may be.
pub const SPIN_LIMIT: u32 = if cfg!(loom) { 1 } else { 100 };

/// Tells the processor that this thread is spinning; under loom, lets another thread run.
pub fn spin_loop() {
    #[cfg(not(loom))]
    core::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}

/// How often a thread looks at a word that another is about to change before it gives up its processor. Under
/// loom never: a look more is an interleaving more, and shows nothing new.
pub const fn spins() -> u32 {
    if cfg!(loom) { 0 } else { 64 }
}

/// Loads `word` with `SeqCst`, after a `SeqCst` store or exchange of another word by the same thread.
///
/// If another thread writes this word and then reads that one, both with `SeqCst`, at least one of the two sees
/// what the other wrote. Loom takes `SeqCst` accesses for `AcqRel` ones and cannot know that. So under loom this
/// is one of two things that it does know, as `stand_in_by_fence` says, each of which orders a little more than
/// the truth, and not the same: what one hides, models see with the other.
#[inline]
pub fn load_seq_cst(word: &AtomicUsize) -> usize {
    #[cfg(loom)]
    if !stand_in::fence() {
        return word.fetch_add(0, Ordering::AcqRel);
    }
    word.load(Ordering::SeqCst)
}

/// Turns `word` from false to true with `SeqCst`, if it is false: as [`load_seq_cst`], where the second access
/// is an exchange.
#[inline]
pub fn turn_seq_cst(word: &AtomicBool) -> bool {
    #[cfg(loom)]
    stand_in::fence();
    word.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

#[cfg(loom)]
mod stand_in {
    use super::Ordering;

    pub(super) static BY_FENCE: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(true);

    /// The fence, if that is what stands in. Says whether it is.
    pub(super) fn fence() -> bool {
        let by_fence = BY_FENCE.load(Ordering::Relaxed);
        if by_fence {
            super::fence(Ordering::SeqCst);
        }
        by_fence
    }
}

/// Under loom: what stands in for a `SeqCst` load from now on, a fence before it or an exchange in its place.
#[cfg(loom)]
pub fn stand_in_by_fence(by_fence: bool) {
    stand_in::BY_FENCE.store(by_fence, Ordering::Relaxed);
}

/// Makes functions `const` wherever atomics can be made in constants: everywhere but under loom.
#[cfg(not(loom))]
macro_rules! const_unless_loom {
    ($(#[$meta:meta])* $vis:vis const fn $($rest:tt)*) => { $(#[$meta])* $vis const fn $($rest)* };
}
#[cfg(loom)]
macro_rules! const_unless_loom {
    ($(#[$meta:meta])* $vis:vis const fn $($rest:tt)*) => { $(#[$meta])* $vis fn $($rest)* };
}
pub(crate) use const_unless_loom;

/// Shared mutable memory, reached by raw pointer within a closure.
///
/// The closure form is loom's: it lets loom see where an access begins and ends, and so tell two accesses
/// that may overlap from two that may not. Outside loom it costs nothing.
#[cfg(not(loom))]
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// Passes `f` a pointer for reading.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Passes `f` a pointer for writing.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

#[cfg(loom)]
pub use loom::cell::UnsafeCell;

/// Whether these are loom's types, which are larger than the processor's.
pub const IS_LOOM: bool = cfg!(loom);

/// A number that is only counted up and looked at, for statistics. Never loom's, so that it can be a `static`.
#[derive(Debug, Default)]
pub struct Counter(NativeUsize);

impl Counter {
    /// Starts at zero.
    pub const fn new() -> Self {
        Self(NativeUsize::new(0))
    }

    /// Adds one.
    pub fn increment(&self) {
        // Relaxed: a number for people; no memory access is ordered by it.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> usize {
        // Relaxed: as above.
        self.0.load(Ordering::Relaxed)
    }
}

/// A lock for kernels in memory, which hold it for the length of one call and never while they wait.
///
/// A spinning one: `core` has no other way to wait for a thread, and the holder is never descheduled for long.
/// It is not among what loom instruments.
#[cfg(feature = "sim")]
pub(crate) use spin::Mutex;

#[cfg(all(feature = "sim", loom))]
compile_error!(
    "the feature `sim` shares raw memory between two sides, which loom cannot model; leave it out"
);
