//! What is accepted, and in which order it is counted.

use super::super::super::table::Id;
use super::super::MAX_CHAIN;
use super::gate::{FileGate, Link, NONE, Note};
use super::slots::{Files, Leaving, Left};
use super::{FileUse, FilesError, Use};

/// How the operations of a chain use slots, one after the other.
pub(in super::super) type Uses = [Option<FileUse>; MAX_CHAIN];

/// The first use of the same slot as `uses[at]`, before it.
fn is_first(uses: &Uses, at: usize, slot: u32) -> bool {
    !uses[..at].iter().flatten().any(|earlier| earlier.slot == slot)
}

impl Files<'_> {
    /// Accepts a chain, whole or not at all. Says whether it is held; else it is the caller's to begin.
    ///
    /// `ids` are the caller's, and were not begun.
    pub(in super::super) fn accept(&mut self, ids: &[Id], uses: &Uses) -> Result<bool, (usize, FilesError)> {
        for (at, file) in uses.iter().enumerate() {
            if let Some(file) = file {
                self.may(uses, at, *file).map_err(|error| (at, error))?;
            }
            let is_behind = |earlier: &FileUse| earlier.what == Use::Drain;
            if at < ids.len() && uses[..at].iter().flatten().any(is_behind) {
                return Err((at, FilesError::BehindDrain));
            }
        }
        let Some((&head, &last)) = ids.first().zip(ids.last()) else { return Ok(false) };
        let (mut holds, mut opens) = (0, None);
        for &id in ids {
            self.note(id, |note| *note = Note { head, ..Note::new() });
        }
        for (at, (&id, file)) in ids.iter().zip(uses).enumerate() {
            let Some(FileUse { slot, generation, what }) = *file else { continue };
            if is_first(uses, at, slot) {
                if self.gates[slot as usize].is_barred {
                    holds += 1;
                    let waiting = self.gates[slot as usize].held;
                    self.gates[slot as usize].held = self.push(waiting, Link::Held, id);
                }
                self.part(ids, uses, slot);
            }
            let gate = &mut self.gates[slot as usize];
            gate.active += 1;
            gate.fresh += 1;
            let portion = gate.portion;
            match what {
                Use::Open => {
                    gate.is_barred = true;
                    gate.opening = generation;
                    gate.next_open = opens.replace(slot);
                }
                Use::Close => gate.is_closing = true,
                Use::Work | Use::Drain => {}
            }
            self.note(id, |note| note.portion = portion);
        }
        self.note(head, |note| note.holds = holds);
        // SAFETY: not begun, and the caller's; whoever begins it comes through here.
        unsafe { self.cells[last.index()].change(|job| job.opens = opens) };
        Ok(holds > 0)
    }

    /// Ends a portion of a slot with the drain that the chain has for it, if it has one. The chain itself is counted behind it.
    fn part(&mut self, ids: &[Id], uses: &Uses, slot: u32) {
        let is_drain = |file: &Option<FileUse>| {
            file.is_some_and(|file| file.slot == slot && matches!(file.what, Use::Drain | Use::Close))
        };
        let Some(at) = uses.iter().position(is_drain) else { return };
        let gate = &mut self.gates[slot as usize];
        let earlier = core::mem::take(&mut gate.fresh);
        gate.portion = gate.portion.wrapping_add(1);
        let (portion, drains) = (gate.portion, gate.drains);
        self.gates[slot as usize].drains = self.push(drains, Link::Drain, ids[at]);
        self.note(ids[at], |note| {
            note.earlier = earlier;
            note.portion = portion;
        });
    }

    /// Whether the use at this place of its chain may be.
    fn may(&self, uses: &Uses, at: usize, file: FileUse) -> Result<(), FilesError> {
        let FileUse { slot, generation, what } = file;
        self.check(slot)?;
        let gate = &self.gates[slot as usize];
        let mut own = uses[..at].iter().flatten().filter(|earlier| earlier.slot == slot);
        if what == Use::Open {
            return match own.count() {
                0 => gate.may_open(slot, generation),
                count => {
                    let count = u32::try_from(count).unwrap_or(u32::MAX);
                    Err(FilesError::Active { slot, count })
                }
            };
        }
        let opened = own.clone().find(|earlier| earlier.what == Use::Open);
        let is_named = match opened {
            Some(opened) => opened.generation == generation,
            None => gate.generation == generation || (gate.opening == generation && generation != NONE),
        };
        if !is_named {
            return Err(gate.missing(slot, generation));
        }
        if gate.is_closing || own.any(|earlier| earlier.what == Use::Close) {
            return Err(FilesError::Closing { slot });
        }
        Ok(())
    }

    /// Takes back that a chain was accepted, nothing of which was begun.
    pub(in super::super) fn refuse(&mut self, ids: &[Id], uses: &Uses) -> [Option<Left>; MAX_CHAIN] {
        let mut all = [None; MAX_CHAIN];
        let mut opens = None;
        for ((&id, file), left) in ids.iter().zip(uses).zip(&mut all) {
            let Some(file) = *file else { continue };
            let mut res = -crate::errno::Errno::CANCELED.number();
            let leaving: Leaving = self.ending(id, file, &mut res);
            *left = self.left(leaving);
            if file.what == Use::Open {
                opens = Some(file.slot);
            }
        }
        if let Some(last) = opens {
            self.lift(last);
        }
        all
    }
}

impl FileGate {
    fn may_open(&self, slot: u32, generation: u64) -> Result<(), FilesError> {
        if self.active > 0 || self.is_barred {
            // Of a chain that opens a file here, the rest may be on others.
            return Err(FilesError::Active { slot, count: self.active.max(1) });
        }
        match generation {
            _ if generation == self.generation => Err(FilesError::Opened { slot }),
            _ if generation <= self.latest => Err(FilesError::Stale { slot }),
            _ => Ok(()),
        }
    }

    fn missing(&self, slot: u32, generation: u64) -> FilesError {
        if generation > self.latest { FilesError::NotOpen { slot } } else { FilesError::Stale { slot } }
    }
}
