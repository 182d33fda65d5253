//! Words that have a cache line each.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::NonNull;
use core::slice;

use crate::sync::{AtomicBool, AtomicUsize, Ordering, UnsafeCell, const_unless_loom};

/// One word of an index pool, on a cache line of its own, so that threads that use different words do not
/// slow each other down.
///
/// 128 bytes where the processor has, or fetches, that much at once (x86-64, 64-bit Arm, POWER), else 64.
#[derive(Debug, Default)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "powerpc64"), repr(align(128)))]
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "powerpc64")),
    repr(align(64))
)]
pub struct Line {
    pub(in crate::pool) word: AtomicUsize,
}

impl Line {
    const_unless_loom! {
        /// A line whose word is zero.
        pub const fn new() -> Self {
            Self::with(0)
        }
    }

    const_unless_loom! {
        pub(in crate::pool) const fn with(word: usize) -> Self {
            Self { word: AtomicUsize::new(word) }
        }
    }
}

/// Lines that a pool has been lent. Kept by address, because those of a [`Slab`](super::Slab) lie in memory that
/// it owns, and a reference must not outlive what it refers to, not even unused.
#[derive(Clone, Copy, Debug)]
pub(in crate::pool) struct Lent<'m> {
    start: NonNull<Line>,
    count: usize,
    lines: PhantomData<&'m [Line]>,
}

// SAFETY: it stands for a `&'m [Line]`, and lines are `Sync`.
unsafe impl Send for Lent<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for Lent<'_> {}

impl<'m> Lent<'m> {
    pub(in crate::pool) fn new(lines: &'m mut [Line]) -> Self {
        Self { count: lines.len(), start: NonNull::from(lines).cast(), lines: PhantomData }
    }
}

impl Deref for Lent<'_> {
    type Target = [Line];

    #[inline]
    fn deref(&self) -> &[Line] {
        // SAFETY: lent for `'m`, which outlives us; or, in a slab, owned by what owns us.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.count) }
    }
}

/// `N` lines in a `static`, for a pool without an allocator. They can be taken once.
///
/// ```
/// use bareio_core::pool::{IndexPool, Lines};
///
/// const CAPACITY: u32 = 100;
/// static LINES: Lines<{ IndexPool::lines(CAPACITY) }> = Lines::new();
///
/// let pool = IndexPool::new(LINES.take().expect("nobody else takes them"), CAPACITY)?;
/// assert_eq!(pool.free(), 100);
/// assert!(LINES.take().is_none());
/// # Ok::<(), bareio_core::pool::CapacityError>(())
/// ```
#[derive(Debug)]
pub struct Lines<const N: usize> {
    taken: AtomicBool,
    lines: UnsafeCell<[MaybeUninit<Line>; N]>,
}

// SAFETY: the lines are reached only by whoever turned `taken` from false to true, which happens once.
unsafe impl<const N: usize> Sync for Lines<N> {}

impl<const N: usize> Lines<N> {
    const_unless_loom! {
        /// `N` lines.
        pub const fn new() -> Self {
            Self { taken: AtomicBool::new(false), lines: UnsafeCell::new([const { MaybeUninit::uninit() }; N]) }
        }
    }

    /// The lines, or `None` if somebody has taken them before.
    #[expect(clippy::mut_from_ref, reason = "whoever turns `taken` is the only one to come past it")]
    pub fn take(&self) -> Option<&mut [Line]> {
        // Relaxed: the flag alone decides, and nobody wrote to the lines before.
        if self.taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        let lines = self.lines.with_mut(|lines| {
            // SAFETY: `taken` was false and never will be again, so this is the only reference.
            unsafe { &mut *lines }
        });
        for line in &mut *lines {
            line.write(Line::new());
        }
        let start = lines.as_mut_ptr().cast::<Line>();
        // SAFETY: all `N` have just been written, and a `MaybeUninit<Line>` lies in memory as a `Line` does.
        Some(unsafe { slice::from_raw_parts_mut(start, N) })
    }
}

impl<const N: usize> Default for Lines<N> {
    fn default() -> Self {
        Self::new()
    }
}
