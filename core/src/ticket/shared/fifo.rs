//! Operations one after the other, linked through their cells.

use super::super::table::Id;
use super::engine::JobCell;

/// A list of operations, in order. It takes no memory: the cell of each names the one behind it.
///
/// Invariant: an operation is in one list at most, and as long as it is in one, its cell belongs to whoever has the list.
#[derive(Debug, Default)]
pub(super) struct Fifo {
    /// The first and the last.
    ends: Option<(Id, Id)>,
}

impl Fifo {
    pub(super) const fn new() -> Self {
        Self { ends: None }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    /// Everything that is in it, which is then empty.
    pub(super) const fn take(&mut self) -> Self {
        Self { ends: self.ends.take() }
    }

    pub(super) fn first(&self) -> Option<Id> {
        self.ends.map(|(first, _)| first)
    }

    /// Puts an operation at the end.
    ///
    /// # Safety
    ///
    /// It is in no list, and its cell is the caller's, who gives it to the list.
    pub(super) unsafe fn push(&mut self, jobs: &[JobCell], id: Id) {
        self.ends = match self.ends {
            None => Some((id, id)),
            Some((first, last)) => {
                // SAFETY: in the list, so its cell is ours.
                unsafe { jobs[last.index()].change(|job| job.mate = Some(id)) };
                Some((first, id))
            }
        };
    }

    /// Takes the first operation out. Its cell is then the caller's.
    pub(super) fn pop(&mut self, jobs: &[JobCell]) -> Option<Id> {
        let (first, last) = self.ends?;
        let mut next = None;
        // SAFETY: in the list, so its cell is ours.
        unsafe { jobs[first.index()].change(|job| next = job.mate.take()) };
        self.ends = next.map(|next| (next, last));
        Some(first)
    }
}
