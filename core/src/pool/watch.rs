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

use crate::sync::{AtomicUsize, Ordering, between_seq_cst, fence};

/// Who watches a pool, and how often it changed under their eyes.
#[derive(Debug, Default)]
pub(super) struct Watch {
    watchers: AtomicUsize,
    changes: AtomicUsize,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { watchers: AtomicUsize::new(0), changes: AtomicUsize::new(0) }
    }

    /// Says, after a put, whether somebody must be told by [`changed`](Self::changed).
    #[inline]
    pub(super) fn is_watched(&self) -> bool {
        between_seq_cst();
        // SeqCst: step 2; pairs with the addition in `enter`.
        self.watchers.load(Ordering::SeqCst) != 0
    }

    /// Tells the watchers that something was put.
    pub(super) fn changed(&self) {
        // SeqCst: step 1 in `waiters`. Release in it pairs with the Acquire in `changes`, so that who sees this
        // sees what was put.
        self.changes.fetch_add(1, Ordering::SeqCst);
        between_seq_cst();
    }

    /// Becomes a watcher.
    pub(super) fn enter(&self) {
        // SeqCst: step a; pairs with the load in `is_watched`.
        self.watchers.fetch_add(1, Ordering::SeqCst);
        // SeqCst: what is read after it, Relaxed or not, is no older than what was put by those who did not see us.
        fence(Ordering::SeqCst);
    }

    /// Is a watcher no more.
    pub(super) fn leave(&self) {
        // Relaxed: a put that still sees us does a little more than it must.
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many changes there were, modulo 2⁶⁴. Only equality means anything.
    pub(super) fn changes(&self) -> usize {
        // SeqCst: step c in `waiters`. Acquire in it pairs with the Release in `changed`.
        self.changes.load(Ordering::SeqCst)
    }

    /// Looks until `look` finds something, or until nothing was put while it found nothing.
    ///
    /// It looks again only when somebody has put something, so all threads together make progress.
    #[cold]
    pub(super) fn look<R>(&self, mut look: impl FnMut() -> Option<R>) -> Option<R> {
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
