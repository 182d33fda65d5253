//! Registered files where there is no ring to register them with: a table in user space.

use crate::abi::FileSlot;
use crate::errno::{Errno, Result};
use crate::kernel::Fd;
use crate::sync::{AtomicI32, Ordering};

/// Where operations that are performed by calls find the files of [`Target::Slot`](super::Target::Slot).
///
/// It answers as the table of a ring does.
pub trait Files {
    /// The descriptor in `slot`.
    ///
    /// # Errors
    ///
    /// `BADF`: the slot is empty, or there is no such slot.
    fn get(&self, slot: u32) -> Result<Fd>;

    /// Puts `fd` into `slot`, or with [`FileSlot::ALLOC`] into one that is free.
    ///
    /// # Errors
    ///
    /// `NXIO`: there is no table. `INVAL`: it has no such slot. `NFILE`: no slot is free, or there is no table.
    fn put(&self, slot: FileSlot, fd: Fd) -> Result<Put>;

    /// Empties `slot`, and returns what was in it, to be closed.
    ///
    /// # Errors
    ///
    /// `NXIO`: there is no table. `INVAL`: it has no such slot. `BADF`: the slot is empty.
    fn take(&self, slot: u32) -> Result<Fd>;
}

/// Where [`Files::put`] has put a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// Its slot.
    pub slot: u32,
    /// What was there before, to be closed.
    pub replaced: Option<Fd>,
}

/// No registered files: every slot is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn get(&self, _: u32) -> Result<Fd> {
        Err(Errno::BADF)
    }

    fn put(&self, slot: FileSlot, _: Fd) -> Result<Put> {
        Err(if slot == FileSlot::ALLOC { Errno::NFILE } else { Errno::NXIO })
    }

    fn take(&self, _: u32) -> Result<Fd> {
        Err(Errno::NXIO)
    }
}

/// A table of `N` slots.
///
/// It holds numbers, not files: dropping it closes nothing, and nothing keeps a file open while an operation uses
/// it. That is the business of whoever orders the operations.
///
/// ```
/// use bareio_core::{Errno, Fd, abi::FileSlot, op::{FileTable, Files, Put}};
///
/// let table = FileTable::<2>::new();
/// assert_eq!(table.put(FileSlot::at(0), Fd(5)), Ok(Put { slot: 0, replaced: None }));
/// assert_eq!(table.put(FileSlot::ALLOC, Fd(6)), Ok(Put { slot: 1, replaced: None }));
/// assert_eq!(table.put(FileSlot::ALLOC, Fd(7)), Err(Errno::NFILE));
/// assert_eq!((table.get(1), table.take(1), table.get(1)), (Ok(Fd(6)), Ok(Fd(6)), Err(Errno::BADF)));
/// ```
#[derive(Debug)]
pub struct FileTable<const N: usize>([AtomicI32; N]);

impl<const N: usize> FileTable<N> {
    /// In place of a descriptor. No descriptor is negative.
    const EMPTY: i32 = -1;

    /// All slots are empty.
    pub fn new() -> Self {
        Self(core::array::from_fn(|_| AtomicI32::new(Self::EMPTY)))
    }

    fn slot(&self, slot: u32) -> Result<&AtomicI32> {
        let missing = if N == 0 { Errno::NXIO } else { Errno::INVAL };
        usize::try_from(slot).ok().and_then(|slot| self.0.get(slot)).ok_or(missing)
    }

    fn put_anywhere(&self, fd: Fd) -> Result<Put> {
        for (slot, held) in (0..).zip(&self.0) {
            // Relaxed, both: as in `get`; a failed exchange tells only to look further.
            if held.compare_exchange(Self::EMPTY, fd.0, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return Ok(Put { slot, replaced: None });
            }
        }
        Err(Errno::NFILE)
    }
}

impl<const N: usize> Default for FileTable<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Files for FileTable<N> {
    fn get(&self, slot: u32) -> Result<Fd> {
        // Relaxed: the number is all there is; no memory is reached through it.
        match self.slot(slot).map(|slot| slot.load(Ordering::Relaxed)) {
            Ok(fd) if fd != Self::EMPTY => Ok(Fd(fd)),
            _ => Err(Errno::BADF),
        }
    }

    fn put(&self, slot: FileSlot, fd: Fd) -> Result<Put> {
        let Some(index) = slot.index() else { return self.put_anywhere(fd) };
        // Relaxed: as in `get`. The exchange is what makes each number come out once.
        let before = self.slot(index)?.swap(fd.0, Ordering::Relaxed);
        Ok(Put { slot: index, replaced: (before != Self::EMPTY).then_some(Fd(before)) })
    }

    fn take(&self, slot: u32) -> Result<Fd> {
        // Relaxed: as in `put`.
        match self.slot(slot)?.swap(Self::EMPTY, Ordering::Relaxed) {
            Self::EMPTY => Err(Errno::BADF),
            fd => Ok(Fd(fd)),
        }
    }
}
