//! The memory of slots, made once.
#![expect(
    unsafe_code,
    reason = "slots that tickets and their machine share lie beside it, and are freed after it"
)]

use std::ptr::NonNull;

use bareio_core::IoVec;
use bareio_core::ticket::shared::{FileGate, Flushing, Group, JobCell, Memory, Wave};
use bareio_core::ticket::{Slot, Table};

/// The slots, their table and their jobs. It frees nothing by itself.
#[derive(Debug)]
pub(super) struct Arena {
    slots: NonNull<[Slot]>,
    table: NonNull<Table<'static>>,
    jobs: NonNull<[JobCell]>,
    pieces: NonNull<[IoVec]>,
    groups: NonNull<[Group]>,
    waves: NonNull<[Wave]>,
    gates: NonNull<[FileGate]>,
}

/// How much of everything there is to be.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Operations.
    pub(super) slots: usize,
    /// Pieces of vectored writes.
    pub(super) pieces: usize,
    /// Files whose flushes are shared at a time.
    pub(super) waves: usize,
    /// Slots for files.
    pub(super) gates: usize,
    pub(super) flushing: Flushing,
}

/// What the machine borrows of an [`Arena`].
pub(super) struct Borrowed {
    pub(super) table: &'static mut Table<'static>,
    pub(super) jobs: &'static [JobCell],
    pub(super) memory: Memory<'static>,
    pub(super) gates: &'static mut [FileGate],
}

/// Hands a box over to whoever has the pointer.
fn leak<T: ?Sized>(owned: Box<T>) -> NonNull<T> {
    NonNull::from(Box::leak(owned))
}

// SAFETY: it owns what it points to, all of which may be shared by threads.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// Slots, the room for what they gather, and slots for files; and what the machine borrows of that.
    ///
    /// What is borrowed must not be used after [`free`](Self::free), which is why that is unsafe.
    pub(super) fn new(room: Room) -> (Self, Borrowed) {
        let Room { slots, pieces, waves, gates, flushing } = room;
        let slots = leak((0..slots).map(|_| Slot::new()).collect::<Box<[_]>>());
        // SAFETY: just leaked, and borrowed by the table alone.
        let table = leak(Box::new(Table::new(unsafe { &mut *slots.as_ptr() })));
        let jobs = leak((0..slots.len()).map(|_| JobCell::new()).collect::<Box<[_]>>());
        let groups = leak((0..pieces / 16).map(|_| Group::default()).collect::<Box<[_]>>());
        let pieces = leak(vec![IoVec::EMPTY; pieces].into_boxed_slice());
        let waves = leak((0..waves).map(|_| Wave::new()).collect::<Box<[_]>>());
        let gates = leak((0..gates).map(|_| FileGate::new()).collect::<Box<[_]>>());
        let memory = Memory {
            // SAFETY: just leaked, and borrowed by the caller alone.
            pieces: unsafe { &mut *pieces.as_ptr() },
            // SAFETY: as above.
            groups: unsafe { &mut *groups.as_ptr() },
            // SAFETY: as above.
            waves: unsafe { &mut *waves.as_ptr() },
            flushing,
        };
        let borrowed = Borrowed {
            // SAFETY: just leaked, and borrowed by the caller alone.
            table: unsafe { &mut *table.as_ptr() },
            // SAFETY: just leaked, and only shared from here on.
            jobs: unsafe { jobs.as_ref() },
            memory,
            // SAFETY: just leaked, and borrowed by the caller alone.
            gates: unsafe { &mut *gates.as_ptr() },
        };
        (Self { slots, table, jobs, pieces, groups, waves, gates }, borrowed)
    }

    /// Frees it all.
    ///
    /// # Safety
    ///
    /// Nobody uses what was borrowed any more, the kernel included.
    pub(super) unsafe fn free(&self) {
        // SAFETY: a box, leaked above, that nobody uses any more.
        drop(unsafe { Box::from_raw(self.table.as_ptr()) });
        // SAFETY: as above; the table that borrowed it is gone.
        drop(unsafe { Box::from_raw(self.slots.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.jobs.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.pieces.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.groups.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.waves.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.gates.as_ptr()) });
    }
}
