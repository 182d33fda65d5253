//! All slots, and what happens at them.

use super::super::super::table::Id;
use super::super::engine::{Job, JobCell};
use super::gate::{CLOSED, FileGate, Link, List, NONE};
use super::lists::Removed;
use super::{FileUse, Keeping, Use};
use crate::errno::Errno;
use crate::kernel::Fd;
use crate::op::Then;

/// The slots for files. Whoever has it exclusively has the notes of all operations that use slots.
#[derive(Debug)]
pub(in super::super) struct Files<'t> {
    pub(super) gates: &'t mut [FileGate],
    pub(super) cells: &'t [JobCell],
    pub(in super::super) keeping: Keeping,
    /// Where to look for a free slot first.
    pub(super) hint: usize,
    /// What may begin, and has not been begun.
    pub(super) ready: List,
}

/// What becomes of an operation whose turn has come.
pub(in super::super) enum Entry {
    /// It is carried out, on this descriptor if its slot has one here.
    Go(Option<Fd>),
    /// It goes into the list of what may begin later.
    Wait,
    /// It is done.
    Done(i32),
}

/// An operation that is about to end: what has to be known of it afterwards, when its cell may be another's.
#[derive(Clone, Copy)]
pub(in super::super) struct Leaving {
    slot: u32,
    portion: u32,
    /// The file that it has replaced, to be closed.
    pub(in super::super) replaced: Option<Fd>,
}

/// A file that nobody wants, which whoever was told so closes, and says when [that is done](Files::emptied).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Left {
    pub(in super::super) slot: u32,
    /// `None`: it is registered.
    pub(in super::super) fd: Option<Fd>,
}

impl<'t> Files<'t> {
    pub(in super::super) fn new(gates: &'t mut [FileGate], cells: &'t [JobCell], keeping: Keeping) -> Self {
        Self { gates, cells, keeping, hint: 0, ready: List::new() }
    }

    /// The turn of an accepted operation has come.
    pub(in super::super) fn enter(&mut self, id: Id, file: FileUse) -> Entry {
        if matches!(file.what, Use::Drain | Use::Close) && !self.passes(id, file.slot) {
            self.note(id, |note| note.has_arrived = true);
            return Entry::Wait;
        }
        let FileGate { generation, fd, .. } = self.gates[file.slot as usize];
        let fd = (self.keeping == Keeping::Descriptors).then_some(fd);
        let entry = match file.what {
            Use::Open => Entry::Go(fd),
            Use::Drain => Entry::Done(0),
            Use::Work | Use::Close if generation == file.generation => Entry::Go(fd),
            // It is not opened, for want of a file; or replaced.
            Use::Work | Use::Close => Entry::Done(-Errno::BADF.number()),
        };
        self.note(id, |note| note.is_begun = matches!(entry, Entry::Go(_)));
        entry
    }

    /// The engine has not taken it after all.
    pub(in super::super) fn turned_away(&mut self, id: Id) {
        self.note(id, |note| note.is_begun = false);
    }

    /// Whether everything has ended that drain `id` waits for.
    fn passes(&mut self, id: Id, slot: u32) -> bool {
        let (has_passed, earlier) = self.note(id, |note| (note.has_passed, note.earlier));
        let mut drains = self.gates[slot as usize].drains;
        if has_passed || earlier > 0 || drains.front != Some(id) {
            return has_passed;
        }
        self.pop(&mut drains, Link::Drain);
        self.gates[slot as usize].drains = drains;
        self.note(id, |note| note.has_passed = true);
        true
    }

    /// Lets the drain go that is the first of a slot's, if it waits for nothing any more.
    fn pass_first(&mut self, slot: u32) {
        let Some(first) = self.gates[slot as usize].drains.front else { return };
        if self.note(first, |note| note.has_arrived) && self.passes(first, slot) {
            self.make_ready(first);
        }
    }

    /// Takes a drain out that does not wait any more. What it has not waited for, the next one does.
    fn skip(&mut self, id: Id, slot: u32) {
        let mut drains = self.gates[slot as usize].drains;
        let Removed::From(behind) = self.remove(&mut drains, Link::Drain, id) else { return };
        let gate = &mut self.gates[slot as usize];
        gate.drains = drains;
        let earlier = self.note(id, |note| {
            note.has_passed = true;
            core::mem::take(&mut note.earlier)
        });
        match behind {
            Some(behind) => self.note(behind, |note| note.earlier += earlier),
            None => self.gates[slot as usize].fresh += earlier,
        }
    }

    /// An operation ends with `res`, which is changed to what its ticket is to be told. Its cell is still its own.
    pub(in super::super) fn ending(&mut self, id: Id, file: FileUse, res: &mut i32) -> Leaving {
        let slot = file.slot;
        if matches!(file.what, Use::Drain | Use::Close) {
            self.skip(id, slot);
        }
        let (portion, is_begun) = self.note(id, |note| (note.portion, note.is_begun));
        let is_here = self.keeping == Keeping::Descriptors;
        let gate = &mut self.gates[slot as usize];
        let mut replaced = None;
        match file.what {
            Use::Open => {
                gate.opening = NONE;
                if *res >= 0 {
                    gate.generation = file.generation;
                    gate.latest = file.generation;
                    gate.is_unwanted = false;
                    if is_here {
                        replaced =
                            Some(core::mem::replace(&mut gate.fd, Fd(*res))).filter(|fd| *fd != CLOSED);
                    }
                    *res = 0;
                }
            }
            Use::Close => {
                gate.is_closing = false;
                // Closed for good whatever that came to, unless it was not begun.
                let was_closed = is_begun && *res != -Errno::CANCELED.number();
                if was_closed && gate.generation == file.generation {
                    gate.generation = NONE;
                    gate.fd = CLOSED;
                }
            }
            Use::Work | Use::Drain => {}
        }
        Leaving { slot, portion, replaced }
    }

    /// An operation has ended: its ticket can be taken.
    pub(in super::super) fn left(&mut self, leaving: Leaving) -> Option<Left> {
        let slot = leaving.slot;
        // The first drain that ends this portion or a later one: an earlier one is gone, and its portion was added to that.
        let mut at = self.gates[slot as usize].drains.front;
        loop {
            let Some(drain) = at else {
                self.gates[slot as usize].fresh -= 1;
                break;
            };
            // A drain is counted in the portion behind the one that it ends.
            let (ends, next) = self.note(drain, |note| (note.portion.wrapping_sub(1), note.drain_next));
            if ends.wrapping_sub(leaving.portion).cast_signed() >= 0 {
                self.note(drain, |note| note.earlier -= 1);
                break;
            }
            at = next;
        }
        self.gates[slot as usize].active -= 1;
        self.pass_first(slot);
        let gate = &mut self.gates[slot as usize];
        let is_left = gate.active == 0 && core::mem::take(&mut gate.is_unwanted);
        is_left.then(|| self.leave(slot))
    }

    /// Gives up the file in a slot that nothing uses. Until it is emptied, nothing is opened there.
    pub(super) fn leave(&mut self, slot: u32) -> Left {
        let is_here = self.keeping == Keeping::Descriptors;
        let gate = &mut self.gates[slot as usize];
        gate.generation = NONE;
        gate.active += 1;
        gate.fresh += 1;
        let fd = core::mem::replace(&mut gate.fd, CLOSED);
        Left { slot, fd: is_here.then_some(fd) }
    }

    /// What was left is closed.
    pub(in super::super) fn emptied(&mut self, left: Left) -> Option<Left> {
        let portion = self.gates[left.slot as usize].portion;
        self.left(Leaving { slot: left.slot, portion, replaced: None })
    }

    /// A chain has ended that opened files into slots: the first of them, which names the next.
    pub(in super::super) fn lift(&mut self, first: u32) {
        let mut at = Some(first);
        while let Some(slot) = at {
            let gate = &mut self.gates[slot as usize];
            gate.is_barred = false;
            at = gate.next_open.take();
            self.unhold(slot);
        }
    }

    /// Lets everything go that is held for a slot.
    fn unhold(&mut self, slot: u32) {
        let mut held = core::mem::replace(&mut self.gates[slot as usize].held, List::new());
        while let Some(id) = self.pop(&mut held, Link::Held) {
            let first = self.note(id, |note| note.head);
            let holds = self.note(first, |note| {
                note.holds -= 1;
                note.holds
            });
            if holds == 0 {
                self.make_ready(first);
            }
        }
    }

    /// Everything that waits may begin, to be told that it is over.
    pub(in super::super) fn let_go(&mut self) {
        for slot in (0..).take(self.gates.len()) {
            self.unhold(slot);
            let mut at = self.gates[slot as usize].drains.front;
            while let Some(id) = at {
                at = self.note(id, |note| note.drain_next);
                if self.note(id, |note| note.has_arrived) {
                    self.skip(id, slot);
                    self.make_ready(id);
                }
            }
        }
    }

    /// Lets one operation go that waits and was cancelled, if it does.
    ///
    /// What is linked hard goes on when it has been cancelled, so a chain with such a link is held until its turn comes.
    pub(in super::super) fn let_go_of(&mut self, id: Id) {
        let (is_held, waits) = self.note(id, |note| (note.holds > 0, note.has_arrived && !note.has_passed));
        if is_held {
            self.unhold_chain(id);
        } else if waits {
            // It waits, so that nobody else has its cell. Of one under way, others have.
            let Some(FileUse { slot, .. }) = self.job(id).file else { return };
            self.skip(id, slot);
            self.make_ready(id);
            self.pass_first(slot);
        }
    }

    fn unhold_chain(&mut self, head: Id) {
        let job = self.job(head);
        let mut link = job;
        while let Some(next) = link.next {
            if link.then == Then::Hard {
                return;
            }
            link = self.job(next);
        }
        let (mut id, mut link) = (head, job);
        loop {
            if let Some(file) = link.file {
                let mut list = self.gates[file.slot as usize].held;
                self.remove(&mut list, Link::Held, id);
                self.gates[file.slot as usize].held = list;
            }
            let Some(next) = link.next else { break };
            (id, link) = (next, self.job(next));
        }
        self.note(head, |note| note.holds = 0);
        self.make_ready(head);
    }

    /// The job of an operation that is held or waits, or of a chain that is held.
    fn job(&self, id: Id) -> Job {
        // SAFETY: it was not begun, or waits; and nobody begins it or goes on with it while we have the files.
        unsafe { self.cells[id.index()].get() }
    }
}
