use alloc::sync::Arc;
use alloc::vec::Vec;

use super::file::OpenFile;
use crate::errno::{Errno, Result};
use crate::kernel::Fd;

/// What a descriptor leads to.
#[derive(Clone, Debug)]
pub(super) enum Descriptor {
    File(Arc<OpenFile>),
    /// A ring, by its number, which no other ring ever has.
    Ring(u64),
}

/// The open descriptors. A new one takes the lowest free number, as on Linux, so that a stale number soon names
/// somebody else's file.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<Option<Descriptor>>,
    limit: usize,
}

/// Numbers below are a terminal's, by custom.
const FIRST: usize = 3;

impl Table {
    pub(super) const fn new(limit: usize) -> Self {
        Self { slots: Vec::new(), limit }
    }

    pub(super) fn open(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    pub(super) fn insert(&mut self, descriptor: Descriptor) -> Result<Fd> {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        let number = i32::try_from(free + FIRST).map_err(|_| Errno::MFILE)?;
        if free >= self.limit {
            return Err(Errno::MFILE);
        }
        if free == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[free] = Some(descriptor);
        Ok(Fd(number))
    }

    pub(super) fn has_ring(&self, id: u64) -> bool {
        self.slots.iter().flatten().any(|open| matches!(open, Descriptor::Ring(ring) if *ring == id))
    }

    fn slot(fd: Fd) -> Option<usize> {
        usize::try_from(fd.0).ok()?.checked_sub(FIRST)
    }

    pub(super) fn get(&self, fd: Fd) -> Result<&Descriptor> {
        Self::slot(fd).and_then(|slot| self.slots.get(slot)?.as_ref()).ok_or(Errno::BADF)
    }

    pub(super) fn file(&self, fd: Fd) -> Result<Arc<OpenFile>> {
        match self.get(fd)? {
            Descriptor::File(file) => Ok(file.clone()),
            Descriptor::Ring(_) => Err(Errno::INVAL),
        }
    }

    pub(super) fn remove(&mut self, fd: Fd) -> Result<Descriptor> {
        Self::slot(fd).and_then(|slot| self.slots.get_mut(slot)?.take()).ok_or(Errno::BADF)
    }
}
