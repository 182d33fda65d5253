//! What is known of one slot, and of one operation that uses slots.

use super::super::super::table::Id;
use crate::kernel::Fd;

/// No file, in place of a generation.
pub(super) const NONE: u64 = 0;

/// In place of a descriptor. No descriptor is negative.
pub(super) const CLOSED: Fd = Fd(-1);

/// One slot for a file.
///
/// `active` is the sum of `fresh` and of the portions that the drains in `drains` end.
#[derive(Debug)]
pub struct FileGate {
    /// Which file is in it.
    pub(super) generation: u64,
    /// The last generation that was given out.
    pub(super) issued: u64,
    /// The last generation that was opened.
    pub(super) latest: u64,
    /// Which is being opened, by an accepted chain that has not come to it.
    pub(super) opening: u64,
    /// Its descriptor, unless it is registered.
    pub(super) fd: Fd,
    /// How many handles there are that name it.
    pub(super) claims: u32,
    /// How many operations were accepted and have not ended.
    pub(super) active: u32,
    /// The number of the portion that `fresh` counts.
    pub(super) portion: u32,
    /// How many of `active` were accepted after the last drain.
    pub(super) fresh: u32,
    /// A chain that opens a file into it has not ended.
    pub(super) is_barred: bool,
    /// A close was accepted.
    pub(super) is_closing: bool,
    /// Its file has no handle any more, and is to be closed when nothing is active.
    pub(super) is_unwanted: bool,
    /// The next slot that the same chain opens a file into.
    pub(super) next_open: Option<u32>,
    /// What is held until the barrier is gone: of each chain the first operation that uses the slot.
    pub(super) held: List,
    /// Drains and closes that have not ended, in order.
    pub(super) drains: List,
}

impl FileGate {
    /// An empty slot.
    pub const fn new() -> Self {
        Self {
            generation: NONE,
            issued: NONE,
            latest: NONE,
            opening: NONE,
            fd: CLOSED,
            claims: 0,
            active: 0,
            portion: 0,
            fresh: 0,
            is_barred: false,
            is_closing: false,
            is_unwanted: false,
            next_open: None,
            held: List::new(),
            drains: List::new(),
        }
    }
}

impl Default for FileGate {
    fn default() -> Self {
        Self::new()
    }
}

/// The ends of a list of operations, each of whose notes names the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) front: Option<Id>,
    pub(super) back: Option<Id>,
}

impl List {
    pub(super) const fn new() -> Self {
        Self { front: None, back: None }
    }
}

/// What is noted of an operation that uses slots. It lies in the operation's cell, and is touched under the files' lock.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Note {
    /// The first operation of its chain.
    pub(super) head: Id,
    /// Of the first of a chain: for how many slots it is held.
    pub(super) holds: u32,
    /// The next that is held for the same slot, or may begin.
    pub(super) held_next: Option<Id>,
    /// The next drain of the same slot.
    pub(super) drain_next: Option<Id>,
    /// In which portion it is counted; of a drain, that is the one behind it.
    pub(super) portion: u32,
    /// Of a drain: how many of the portion that it ends have not.
    pub(super) earlier: u32,
    /// Of a drain: its turn in its chain has come.
    pub(super) has_arrived: bool,
    /// Of a drain: what it waits for has ended, or is not waited for any more.
    pub(super) has_passed: bool,
    /// It was handed to the engine.
    pub(super) is_begun: bool,
}

impl Note {
    pub(in super::super) const fn new() -> Self {
        Self {
            head: Id::from_user_data(0),
            holds: 0,
            held_next: None,
            drain_next: None,
            portion: 0,
            earlier: 0,
            has_arrived: false,
            has_passed: false,
            is_begun: false,
        }
    }
}

/// Which of its links a list goes by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Link {
    Held,
    Drain,
}

impl Note {
    pub(super) const fn next(&mut self, link: Link) -> &mut Option<Id> {
        match link {
            Link::Held => &mut self.held_next,
            Link::Drain => &mut self.drain_next,
        }
    }
}
