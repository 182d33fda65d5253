//! A lock for threads that share a processor.
//!
//! Whoever holds it may be taken off its processor at any moment, so whoever wants it must not burn one
//! meanwhile: it spins briefly, gives way to others, and then sleeps through [`Kernel::wait`] until it is woken. A host
//! that cannot wait is left to its scheduler.
//!
//! It is held for a few instructions at a time, and never across a call into the kernel but the one that wakes a waiter,
//! when it is free already.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::kernel::Kernel;
use crate::sync::{AtomicU32, Ordering, UnsafeCell, spin_loop, spins};

/// Nobody holds it.
const FREE: u32 = 0;
/// Somebody holds it, and nobody waits.
const HELD: u32 = 1;
/// Somebody holds it, and somebody may be asleep.
const AWAITED: u32 = 2;

/// A value that one thread at a time reaches.
///
/// A panic while it is held frees it, and leaves the value as it was then.
///
/// ```
/// use bareio_core::{Linux, lock::Lock};
///
/// let count = Lock::new(0);
/// # extern crate std;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| *count.lock(&Linux) += 1);
///     }
/// });
/// assert_eq!(count.into_inner(), 4);
/// ```
pub struct Lock<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: it owns its value.
unsafe impl<T: Send> Send for Lock<T> {}
// SAFETY: a shared lock gives out its value to one thread at a time, which is sending it back and forth.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// Holds `value`, free.
    pub fn new(value: T) -> Self {
        Self { state: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    /// The value; nobody else can hold it.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Waits until nobody else holds it. A thread that holds it already waits for ever.
    ///
    /// All threads that share a lock pass the same `kernel`.
    #[inline]
    pub fn lock<'l, K: Kernel>(&'l self, kernel: &'l K) -> Guard<'l, T, K> {
        match self.try_lock(kernel) {
            Some(guard) => guard,
            None => self.lock_contended(kernel),
        }
    }

    /// Holds it, if nobody else does.
    #[inline]
    pub fn try_lock<'l, K: Kernel>(&'l self, kernel: &'l K) -> Option<Guard<'l, T, K>> {
        // Acquire: pairs with the Release in the guard's drop, so that we see the value as its last holder left it.
        // Relaxed on failure: nothing is touched then.
        let taken = self.state.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed);
        taken.is_ok().then(|| self.guard(kernel))
    }

    #[cold]
    fn lock_contended<'l, K: Kernel>(&'l self, kernel: &'l K) -> Guard<'l, T, K> {
        let spins = spins();
        let yields = spins / 16;
        for attempt in 0..spins + yields {
            if attempt < spins {
                spin_loop();
            } else {
                let _ = kernel.yield_now(); // a host without threads spins on
            }
            // Relaxed: a guess; `try_lock` decides.
            if self.state.load(Ordering::Relaxed) == FREE {
                if let Some(guard) = self.try_lock(kernel) {
                    return guard;
                }
            }
        }
        // From here on we may not be the only one who sleeps, so we take it as awaited: at worst its release wakes
        // nobody.
        // Acquire: as in `try_lock`.
        while self.state.swap(AWAITED, Ordering::Acquire) != FREE {
            if kernel.wait(&self.state, AWAITED, None).is_err() {
                spin_loop();
                let _ = kernel.yield_now(); // as above
            }
        }
        self.guard(kernel)
    }

    /// For whoever has just taken it.
    fn guard<'l, K: Kernel>(&'l self, kernel: &'l K) -> Guard<'l, T, K> {
        let value = self.value.with_mut(|value| {
            // SAFETY: the pointer of a cell is not null.
            unsafe { NonNull::new_unchecked(value) }
        });
        Guard { lock: self, kernel, value, exclusive: PhantomData }
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: for people.
        let is_held = self.state.load(Ordering::Relaxed) != FREE;
        f.debug_struct("Lock").field("is_held", &is_held).finish_non_exhaustive()
    }
}

/// The value of a [`Lock`], until it is dropped. Leaked, nobody else gets it any more.
pub struct Guard<'l, T, K: Kernel> {
    lock: &'l Lock<T>,
    kernel: &'l K,
    value: NonNull<T>,
    /// It stands for this. The pointer keeps it on its thread.
    exclusive: PhantomData<&'l mut T>,
}

impl<T, K: Kernel> Deref for Guard<'_, T, K> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: we hold the lock.
        unsafe { self.value.as_ref() }
    }
}

impl<T, K: Kernel> DerefMut for Guard<'_, T, K> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: we hold the lock.
        unsafe { self.value.as_mut() }
    }
}

impl<T, K: Kernel> Drop for Guard<'_, T, K> {
    #[inline]
    fn drop(&mut self) {
        // Release: pairs with the Acquire of whoever takes it next.
        if self.lock.state.swap(FREE, Ordering::Release) == AWAITED {
            // A host that cannot wake has nobody asleep.
            let _ = self.kernel.wake(&self.lock.state, 1);
        }
    }
}

impl<T: fmt::Debug, K: Kernel> fmt::Debug for Guard<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
