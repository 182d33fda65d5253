//! The memory of slots, made once.
#![expect(
    unsafe_code,
    reason = "slots that tickets and their machine share lie beside it, and are freed after it"
)]

use std::ptr::NonNull;

use bareio_core::ticket::shared::JobCell;
use bareio_core::ticket::{Slot, Table};

/// The slots, their table and their jobs. It frees nothing by itself.
#[derive(Debug)]
pub(super) struct Arena {
    slots: NonNull<[Slot]>,
    table: NonNull<Table<'static>>,
    jobs: NonNull<[JobCell]>,
}

// SAFETY: it owns what it points to, all of which may be shared by threads.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// `count` slots, and what the machine borrows of them.
    ///
    /// What is borrowed must not be used after [`free`](Self::free), which is why that is unsafe.
    pub(super) fn new(count: usize) -> (Self, &'static mut Table<'static>, &'static [JobCell]) {
        let slots: Box<[Slot]> = (0..count).map(|_| Slot::new()).collect();
        let slots = NonNull::from(Box::leak(slots));
        // SAFETY: just leaked, and borrowed by the table alone.
        let table = Box::new(Table::new(unsafe { &mut *slots.as_ptr() }));
        let table = NonNull::from(Box::leak(table));
        let jobs: Box<[JobCell]> = (0..count).map(|_| JobCell::new()).collect();
        let jobs = NonNull::from(Box::leak(jobs));
        // SAFETY: just leaked, and borrowed by the caller alone.
        let borrowed = unsafe { &mut *table.as_ptr() };
        // SAFETY: just leaked, and only shared from here on.
        let cells = unsafe { jobs.as_ref() };
        (Self { slots, table, jobs }, borrowed, cells)
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
    }
}
