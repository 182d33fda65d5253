//! One waker, shared by who waits and who completes.

use core::task::Waker;

use crate::sync::{AtomicU32, Ordering, UnsafeCell, const_unless_loom};

/// Nobody is at the cell.
const IDLE: u32 = 0;
/// Bit: a waiter is storing its waker.
const STORING: u32 = 1;
/// Bit: a completer wants the waker.
const WAKING: u32 = 2;

/// A cell for the waker of one waiter.
///
/// `register` and `wake` may race. Whoever sets its bit on an idle cell owns the cell until it clears it; one who
/// finds the other's bit leaves its own behind for the other to find. So a wake is never lost: it takes the waker
/// that is there, or it is seen by the waiter that is just storing one, who then wakes itself.
///
/// One waiter at a time registers; any number may wake.
#[derive(Debug)]
pub struct WakerCell {
    state: AtomicU32,
    waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: the cell inside is touched by the owner of the state only, as the type says, and a `Waker` may be used
// from any thread.
unsafe impl Sync for WakerCell {}
// SAFETY: as above.
unsafe impl Send for WakerCell {}

impl WakerCell {
    const_unless_loom! {
        /// An empty one.
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(IDLE), waker: UnsafeCell::new(None) }
        }
    }

    /// Stores `waker`, in place of the last one. Afterwards the waiter looks once more whether it still has to
    /// wait.
    pub fn register(&self, waker: &Waker) {
        // Acquire: pairs with the Release of the owner before us; and if it fails, with that of the completer, so that the waiter
        // sees what was completed when it looks again.
        match self.state.compare_exchange(IDLE, STORING, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => {
                let ours = Owned(self);
                self.waker.with_mut(|cell| {
                    // SAFETY: we own the cell until we clear our bit.
                    let cell = unsafe { &mut *cell };
                    if !cell.as_ref().is_some_and(|old| old.will_wake(waker)) {
                        *cell = Some(waker.clone());
                    }
                });
                core::mem::forget(ours);
                // Release: the waker is stored before the cell is given up. Acquire: pairs with the completer's
                // Release, if one came meanwhile.
                if self.state.compare_exchange(STORING, IDLE, Ordering::Release, Ordering::Acquire).is_err() {
                    // A completer came while we stored, and left the waking to us.
                    let taken = self.take();
                    // Release: the cell is empty before it is given up.
                    self.state.swap(IDLE, Ordering::Release);
                    if let Some(waker) = taken {
                        waker.wake();
                    }
                }
            }
            // A completer is at it right now: the waiter is to look again.
            Err(_) => waker.wake_by_ref(),
        }
    }

    /// Forgets the waker. For the waiter, when it goes.
    pub fn clear(&self) {
        // Acquire: pairs with the Release of the owner before us. If a completer is at it, it takes the waker.
        if self.state.compare_exchange(IDLE, STORING, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            let taken = self.take();
            // Release: the cell is empty before it is given up, also to a completer that came meanwhile and left
            // its bit, which has nobody to wake.
            self.state.swap(IDLE, Ordering::Release);
            drop(taken);
        }
    }

    /// Wakes whoever registered last, once.
    pub fn wake(&self) {
        if let Some(waker) = self.take_to_wake() {
            waker.wake();
        }
    }

    /// The waker of whoever registered last, which the caller wakes when it holds nothing that the waiter may want.
    /// `None`: nobody is to be woken, or the waiter will wake itself.
    pub fn take_to_wake(&self) -> Option<Waker> {
        // AcqRel: what was completed is visible to who finds our bit, and the stored waker to us.
        if self.state.fetch_or(WAKING, Ordering::AcqRel) != IDLE {
            return None;
        }
        let taken = self.take();
        // Release: the cell is empty before it is given up.
        self.state.fetch_and(!WAKING, Ordering::Release);
        taken
    }

    /// Empties the cell.
    fn take(&self) -> Option<Waker> {
        self.waker.with_mut(|cell| {
            // SAFETY: only its owner calls this.
            unsafe { (*cell).take() }
        })
    }
}

/// Gives the cell up if cloning a waker, or dropping an old one, panics: the next waiter shall find it idle.
struct Owned<'c>(&'c WakerCell);

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        // Release: we are done with the cell.
        self.0.state.swap(IDLE, Ordering::Release);
    }
}

impl Default for WakerCell {
    fn default() -> Self {
        Self::new()
    }
}
