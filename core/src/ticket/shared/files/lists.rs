//! Lists of operations, linked through their notes; and the one of those that may begin.

use super::super::super::table::Id;
use super::gate::{Link, List, Note};
use super::slots::Files;

/// What was taken out of a list.
pub(super) enum Removed {
    /// It was not in it.
    Nothing,
    /// An operation that had this one behind it.
    From(Option<Id>),
}

impl Files<'_> {
    /// The note of an operation.
    pub(super) fn note<R>(&mut self, id: Id, f: impl FnOnce(&mut Note) -> R) -> R {
        // SAFETY: we have the files exclusively, and with them all notes.
        unsafe { self.cells[id.index()].note(f) }
    }

    pub(super) fn push(&mut self, mut list: List, link: Link, id: Id) -> List {
        self.note(id, |note| *note.next(link) = None);
        match list.back {
            Some(back) => self.note(back, |note| *note.next(link) = Some(id)),
            None => list.front = Some(id),
        }
        list.back = Some(id);
        list
    }

    /// Takes `id` out, wherever in the list it is, and says what is behind it; unless it is not in the list.
    pub(super) fn remove(&mut self, list: &mut List, link: Link, id: Id) -> Removed {
        let (mut before, mut at) = (None, list.front);
        while at != Some(id) {
            let Some(other) = at else { return Removed::Nothing };
            before = at;
            at = self.note(other, |note| *note.next(link));
        }
        let behind = self.note(id, |note| note.next(link).take());
        match before {
            Some(before) => self.note(before, |note| *note.next(link) = behind),
            None => list.front = behind,
        }
        if behind.is_none() {
            list.back = before;
        }
        Removed::From(behind)
    }

    pub(super) fn pop(&mut self, list: &mut List, link: Link) -> Option<Id> {
        let first = list.front?;
        self.remove(list, link, first);
        Some(first)
    }

    /// Puts what may begin where it is found.
    pub(super) fn make_ready(&mut self, id: Id) {
        self.ready = self.push(self.ready, Link::Held, id);
    }

    pub(in super::super) const fn has_ready(&self) -> bool {
        self.ready.front.is_some()
    }

    /// Something that may begin, and is the caller's to begin.
    pub(in super::super) fn pop_ready(&mut self) -> Option<Id> {
        let mut ready = self.ready;
        let id = self.pop(&mut ready, Link::Held);
        self.ready = ready;
        id
    }
}
