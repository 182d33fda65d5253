use alloc::vec::Vec;

use super::random::Random;
use crate::errno::{Errno, Result};

/// A kind of call that can be made to fail, whether it is made directly or by an entry of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `io_uring_setup`.
    Setup,
    /// `io_uring_enter`.
    Enter,
    /// `io_uring_register`.
    Register,
    /// [`map`](crate::Kernel::map) and [`remap`](crate::Kernel::remap).
    Map,
    /// [`map_ring`](crate::Kernel::map_ring).
    MapRing,
    /// [`unmap`](crate::Kernel::unmap).
    Unmap,
    /// [`advise`](crate::Kernel::advise) and [`guard`](crate::Kernel::guard), and advice on memory by a ring.
    Advise,
    /// Opening.
    Open,
    /// Closing. The descriptor is closed all the same, as on Linux.
    Close,
    /// Reading, in all forms.
    Read,
    /// Writing, in all forms.
    Write,
    /// Flushing, in full or data only. With `IO`, `NOSPC` or `DQUOT` what was not flushed is forgotten: it can
    /// still be read, the next flush says nothing, and a crash may lose it.
    Sync,
    /// Writing back a range.
    SyncRange,
    /// Allocating, punching and zeroing.
    Allocate,
    /// Setting the size of a file.
    Truncate,
    /// Asking what is known of a file.
    Stat,
    /// Advice on the use of a file.
    AdviseFile,
    /// Copying between files.
    Copy,
    /// Moving the position, or finding data and holes.
    Seek,
    /// Removing a name.
    Unlink,
    /// Renaming.
    Rename,
    /// Making a directory.
    MakeDir,
    /// Entries of a ring that are none of the above: no-operation, timeouts, cancellations, slots.
    Other,
}

impl Call {
    const COUNT: usize = Self::Other as usize + 1;

    /// Whether it is an operation on a file, which rings and direct calls both know.
    const fn is_operation(self) -> bool {
        !matches!(
            self,
            Self::Setup
                | Self::Enter
                | Self::Register
                | Self::Map
                | Self::MapRing
                | Self::Unmap
                | Self::Advise
        )
    }
}

/// What goes wrong at a certain call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// The kind, or any operation.
    pub(super) call: Option<Call>,
    /// Counted from 1.
    pub(super) nth: u64,
    /// Whether all later ones fail too.
    pub(super) onwards: bool,
    pub(super) errno: Errno,
}

/// Counts calls, and says which of them fail.
#[derive(Debug)]
pub(super) struct Faults {
    plans: Vec<Plan>,
    calls: [u64; Call::COUNT],
    operations: u64,
}

impl Faults {
    pub(super) const fn new(plans: Vec<Plan>) -> Self {
        Self { plans, calls: [0; Call::COUNT], operations: 0 }
    }

    /// Counts one more call of this kind.
    pub(super) fn check(&mut self, call: Call) -> Result<()> {
        let nth = &mut self.calls[call as usize];
        *nth += 1;
        let nth = *nth;
        self.operations += u64::from(call.is_operation());
        let operations = self.operations;
        let hit = self.plans.iter().find(|plan| {
            let now = match plan.call {
                Some(kind) if kind == call => nth,
                None if call.is_operation() => operations,
                _ => return false,
            };
            now == plan.nth || (plan.onwards && now > plan.nth)
        });
        hit.map_or(Ok(()), |plan| Err(plan.errno))
    }

    /// How many calls of this kind there were.
    pub(super) const fn calls(&self, call: Call) -> u64 {
        self.calls[call as usize]
    }

    /// How many operations there were, of all kinds.
    pub(super) const fn operations(&self) -> u64 {
        self.operations
    }
}

/// Cuts a transfer of `len` bytes to fewer, at least one `unit`, now and then.
pub(super) fn shorten(random: &mut Random, one_in: u32, len: usize, unit: usize) -> usize {
    let units = len / unit;
    if units > 1 && random.one_in(one_in) { (1 + random.index(units - 1)) * unit } else { len }
}
