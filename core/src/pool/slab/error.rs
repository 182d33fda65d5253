//! What a slab refuses, and why.

use core::fmt;

use crate::align::Align;

/// A slab that cannot be made, with the memory that it was to be cut from.
pub struct SlabError<R> {
    /// The memory.
    pub memory: R,
    /// Why it cannot be made.
    pub why: SlabRefusal,
}

impl<R> fmt::Debug for SlabError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlabError").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<R> fmt::Display for SlabError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<R> core::error::Error for SlabError<R> {}

/// Why a slab cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlabRefusal {
    /// A number is zero, or together they are more than memory can hold.
    Size {
        /// The length of a slot, in bytes.
        slot_len: usize,
        /// How many slots.
        count: u32,
    },
    /// The memory does not begin on the grid.
    Misaligned {
        /// Where it begins.
        address: usize,
        /// The grid.
        align: Align,
    },
    /// The memory has too few bytes.
    TooShort {
        /// How many it takes.
        needed: usize,
        /// How many there are.
        given: usize,
    },
}

impl fmt::Display for SlabRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { slot_len, count } => {
                write!(
                    f,
                    "a slab of {count} slots of {slot_len} bytes is not possible; both must be at least 1, \
                    the count at most 2³¹, and all of it fit into memory"
                )
            }
            Self::Misaligned { address, align } => {
                write!(f, "the memory begins at {address:#x}, which is not a multiple of {align}")
            }
            Self::TooShort { needed, given } => {
                write!(f, "the slab needs {needed} bytes and was given {given}")
            }
        }
    }
}

impl core::error::Error for SlabRefusal {}

/// An address that is not that of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotError {
    /// It is outside the slab.
    Outside {
        /// The address.
        address: usize,
    },
    /// It is within a slot, and not where the slot begins.
    Within {
        /// The address.
        address: usize,
        /// The slot.
        index: u32,
        /// How many bytes into it.
        into: usize,
    },
}

impl fmt::Display for SlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { address } => write!(f, "address {address:#x} is outside the slab"),
            Self::Within { address, index, into } => {
                write!(f, "address {address:#x} is {into} bytes into slot {index}, not where it begins")
            }
        }
    }
}

impl core::error::Error for SlotError {}
