//! How somebody who finds nothing learns of what is put back meanwhile.
//!
//! ```text
//! who puts                         who looks
//! 1  word |= bit       (SeqCst)    a  watchers += 1      (SeqCst)
//! 2  watchers != 0?    (SeqCst)       fence              (SeqCst)
//!    then changes += 1             b  seen = changes
//! who draws                        c  every word: nothing
//! 3  word &= !bit      (Release)      fence              (Acquire)
//!                                  d  changes == seen? then there was nothing
//! ```
//!
//! A look at one word after the other is not a look at all of them at once: an index may be put into a word
//! already passed while another is drawn from a word still ahead, and the pool seems empty although at no
//! moment it was. So whoever finds nothing has itself counted as a watcher and looks again until nothing was
//! put during the look.
//!
//! Steps 1 and a write, then 2 and c read what the other wrote, in the one order of `SeqCst`: if 2 does not see
//! a, then 1 is before the fence, and c sees it. If 2 does see a, and the index that 1 put made room for the draw
//! at 3 that c came upon, then d comes upon the change too. A put that is between 1 and 2 at d has not returned
//! yet, and counts as later.
//!
//! This costs who puts one load of a word that hardly ever changes.

use crate::sync::{AtomicUsize, Ordering, fence, load_seq_cst};

/// Who watches a pool, and how often it changed under their eyes.
#[derive(Debug, Default)]
pub(in crate::pool) struct Watch {
    watchers: AtomicUsize,
    changes: AtomicUsize,
}

impl Watch {
    pub(in crate::pool) fn new() -> Self {
        Self { watchers: AtomicUsize::new(0), changes: AtomicUsize::new(0) }
    }

    /// Says, after a put, whether somebody must be told by [`changed`](Self::changed).
    #[inline]
    pub(in crate::pool) fn is_watched(&self) -> bool {
        // SeqCst: step 2; pairs with the addition in `enter`.
        load_seq_cst(&self.watchers) != 0
    }

    /// Tells the watchers that something was put.
    pub(in crate::pool) fn changed(&self) {
        // SeqCst: step 1 in `waiters`. Release in it pairs with the Acquire in `changes`, so that who sees this
        // sees what was put.
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Becomes a watcher.
    pub(in crate::pool) fn enter(&self) {
        // SeqCst: step a; pairs with the load in `is_watched`.
        self.watchers.fetch_add(1, Ordering::SeqCst);
        // SeqCst: what is read after it, Relaxed or not, is no older than what was put by those who did not see us.
        fence(Ordering::SeqCst);
    }

    /// Is a watcher no more.
    pub(in crate::pool) fn leave(&self) {
        // Relaxed: a put that still sees us does a little more than it must.
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many changes there were, modulo 2⁶⁴. Only equality means anything.
    pub(in crate::pool) fn changes(&self) -> usize {
        // Acquire: pairs with the Release in `changed`.
        self.changes.load(Ordering::Acquire)
    }

    /// The same, of somebody who has just let go of the lock of [`Waiters`](super::waiters::Waiters).
    pub(in crate::pool) fn changes_after_unlocking(&self) -> usize {
        // SeqCst: step c in `waiters`; pairs with the addition in `changed`.
        load_seq_cst(&self.changes)
    }

    /// Looks until `look` finds something, or until nothing was put while it found nothing.
    ///
    /// It looks again only when somebody has put something, so all threads together make progress.
    #[cold]
    pub(in crate::pool) fn look<R>(&self, mut look: impl FnMut() -> Option<R>) -> Option<R> {
        self.enter();
        let found = loop {
            let seen = self.changes();
            if let Some(found) = look() {
                break Some(found);
            }
            // Acquire: pairs with the Release of every draw that left nothing for us; whoever drew had seen, or
            // done, the put that counted it in.
            fence(Ordering::Acquire);
            if self.changes() == seen {
                break None;
            }
        };
        self.leave();
        found
    }
}
