//! Which call fails, and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Flushing a file.
    Sync,
    /// Flushing a directory.
    SyncDir,
    /// Reserving, freeing or zeroing space.
    Allocate,
    /// Setting a file's size.
    Truncate,
    /// Giving a file another name.
    Rename,
    /// Making a file.
    Create,
    /// Removing a name.
    Remove,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this error number.
    Error(i32),
    /// It moves so many bytes at most.
    Short(usize),
    /// It is carried out, and answered so much later.
    Delay(Duration),
}

#[derive(Debug, Default)]
pub(crate) struct Plan(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<Call, u64>,
    at: BTreeMap<(Call, u64), Fault>,
    always: BTreeMap<Call, Fault>,
}

impl Plan {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn at(&self, call: Call, nth: u64, fault: Fault) {
        let mut state = self.state();
        let so_far = state.counts.get(&call).copied().unwrap_or(0);
        state.at.insert((call, so_far + nth), fault);
    }

    pub(crate) fn always(&self, call: Call, fault: Fault) {
        self.state().always.insert(call, fault);
    }

    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.at.clear();
        state.always.clear();
    }

    pub(crate) fn count(&self, call: Call) -> u64 {
        self.state().counts.get(&call).copied().unwrap_or(0)
    }

    /// Counts a call, and says what happens to it.
    pub(crate) fn meet(&self, call: Call) -> Option<Fault> {
        let mut state = self.state();
        let count = state.counts.entry(call).or_default();
        let nth = *count;
        *count += 1;
        state.at.remove(&(call, nth)).or_else(|| state.always.get(&call).copied())
    }
}
