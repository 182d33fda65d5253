//! Who has a slot: names that are given out, and given up.

use super::FilesError;
use super::gate::{CLOSED, NONE};
use super::slots::{Files, Left};
use crate::kernel::Fd;

impl<'t> Files<'t> {
    /// Gives out a name for a file that is to be opened into `slot`, or into one that is free.
    pub(in super::super) fn claim(&mut self, slot: Option<u32>) -> Result<(u32, u64), FilesError> {
        let slot = match slot {
            Some(slot) => self.check(slot).map(|()| slot)?,
            None => self.free()?,
        };
        let gate = &mut self.gates[slot as usize];
        gate.claims += 1;
        gate.issued += 1;
        Ok((slot, gate.issued))
    }

    fn free(&mut self) -> Result<u32, FilesError> {
        let count = self.count()?;
        for step in 0..self.gates.len() {
            let at = (self.hint + step) % self.gates.len();
            let gate = &self.gates[at];
            if gate.claims == 0 && gate.generation == NONE && gate.active == 0 && !gate.is_barred {
                self.hint = at + 1;
                return u32::try_from(at).map_err(|_| FilesError::NoneFree { count });
            }
        }
        Err(FilesError::NoneFree { count })
    }

    fn count(&self) -> Result<u32, FilesError> {
        match u32::try_from(self.gates.len()) {
            Ok(0) => Err(FilesError::NoTable),
            count => Ok(count.unwrap_or(u32::MAX)),
        }
    }

    pub(super) fn check(&self, slot: u32) -> Result<(), FilesError> {
        let count = self.count()?;
        if slot < count { Ok(()) } else { Err(FilesError::NoSlot { slot, count }) }
    }

    /// A name is not used any more, by anybody, and so neither is its file.
    pub(in super::super) fn release(&mut self, slot: u32, generation: u64) -> Option<Left> {
        let gate = &mut self.gates[slot as usize];
        gate.claims -= 1;
        if gate.generation != generation {
            return None;
        }
        if gate.active > 0 {
            // Somebody opens another file in its place, and may yet fail.
            gate.is_unwanted = true;
            return None;
        }
        Some(self.leave(slot))
    }

    /// The descriptors, for whoever closes them: nothing is in flight, nor will be.
    pub(in super::super) fn take_descriptors(self) -> impl Iterator<Item = Fd> + use<'t> {
        let fds = self.gates.iter().map(|gate| gate.fd);
        fds.filter(|fd| *fd != CLOSED)
    }
}
