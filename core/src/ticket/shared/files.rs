//! Files in numbered slots, and who may use a slot when.
//!
//! ```text
//!   slot 3    the file, or none │ what is accepted and has not ended │ a barrier, and what waits behind it
//!                                            │
//!             earlier ── drain ── fresh      └ counted in portions: each drain, and each close, ends one
//! ```
//!
//! A slot is one of the ring's registered files, or a descriptor in a table here; what uses it is told apart by a
//! generation, so that a handle never names a file that it was not made for. Three rules are kept:
//!
//! - What opens a file into a slot is accepted only if nothing else uses the slot; and until its chain has ended, whatever is
//!   accepted afterwards is held.
//! - A drain, and a close, ends when everything has that was accepted before it for its slot. It does not wait for its own
//!   chain, of which it is the last to run.
//! - What is held or waits is looked at again when it begins: if its file is not in the slot by then, it fails, and touches
//!   nothing.
//!
//! Whatever waits, waits for what was accepted before it, so there is no circle. And nobody is ever told by polling: what
//! may begin goes into a list, which is run by whoever put it there.

mod accept;
mod claims;
mod gate;
mod lists;
mod slots;

use core::fmt;

pub use gate::FileGate;
pub(super) use gate::Note;
pub(super) use slots::{Entry, Files, Leaving, Left};

/// How an operation uses a slot of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileUse {
    /// Which slot.
    pub slot: u32,
    /// Which of the files that are in it over time, as [`claim_file`](super::Shared::claim_file) said.
    pub generation: u64,
    /// For what.
    pub what: Use,
}

/// What an operation does with a slot of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Opens a file into it, in place of the one that is there.
    Open,
    /// Uses its file.
    Work,
    /// Ends when everything has that was accepted before. Its job does nothing.
    Drain,
    /// The same, and closes the file then.
    Close,
}

/// Why a slot of files cannot be used so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilesError {
    /// There are no slots.
    NoTable,
    /// There is no such slot.
    NoSlot {
        /// Which.
        slot: u32,
        /// How many there are.
        count: u32,
    },
    /// No slot is free.
    NoneFree {
        /// How many there are.
        count: u32,
    },
    /// Nothing was opened by this handle yet.
    NotOpen {
        /// Its slot.
        slot: u32,
    },
    /// This handle has had its file.
    Opened {
        /// Its slot.
        slot: u32,
    },
    /// The handle's file is not in the slot any more.
    Stale {
        /// Its slot.
        slot: u32,
    },
    /// A close of the file was accepted before.
    Closing {
        /// Its slot.
        slot: u32,
    },
    /// A file is to be opened into a slot with work that has not ended.
    Active {
        /// Which slot.
        slot: u32,
        /// How many operations.
        count: u32,
    },
    /// It stands behind a drain in its chain.
    BehindDrain,
    /// The handle is another scheduler's.
    Foreign,
}

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoTable => f.write_str("there are no slots for virtual files; ask for some"),
            Self::NoSlot { slot, count } => {
                write!(f, "there is no slot {slot} for virtual files, but {count}, from 0 on")
            }
            Self::NoneFree { count } => {
                write!(f, "none of {count} slots for virtual files is free; close one")
            }
            Self::NotOpen { slot } => write!(f, "nothing was opened into slot {slot} by this handle yet"),
            Self::Opened { slot } => {
                write!(f, "a file was opened into slot {slot} by this handle before; claim the slot anew")
            }
            Self::Stale { slot } => {
                write!(
                    f,
                    "the file of this handle is not in slot {slot} any more: it was closed, or replaced"
                )
            }
            Self::Closing { slot } => write!(f, "the file in slot {slot} is being closed"),
            Self::Active { slot, count } => write!(
                f,
                "{count} operations on slot {slot} have not ended, so nothing is opened into it; drain it before"
            ),
            Self::BehindDrain => f.write_str("a drain is the last operation of its chain"),
            Self::Foreign => f.write_str("the virtual file is another scheduler's"),
        }
    }
}

impl core::error::Error for FilesError {}

/// Where the files of slots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// In the ring's table of registered files, which has as many slots.
    Registered,
    /// In a table of descriptors here.
    Descriptors,
}
