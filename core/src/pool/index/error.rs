//! What an index pool refuses, and why.

use core::fmt;

/// Nothing is free that is not reserved for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is exhausted: everything in it is in use or reserved")
    }
}

impl core::error::Error for Exhausted {}

/// A number that cannot be put back, because nobody has drawn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutError {
    /// It is free already: put twice, or never drawn.
    Free {
        /// The number.
        index: u32,
    },
    /// A [`Handle`](super::Handle) keeps it, or a guard holds it: it was not drawn as a plain number.
    Held {
        /// The number.
        index: u32,
    },
    /// It is not of this pool.
    Foreign {
        /// The number.
        index: u32,
        /// How many indexes the pool has.
        capacity: u32,
    },
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free { index } => write!(f, "index {index} is free already, and can be put once per get"),
            Self::Held { index } => {
                write!(f, "index {index} is held by a guard or a handle, which puts it back")
            }
            Self::Foreign { index, capacity } => {
                write!(f, "index {index} is not of this pool, whose indexes are below {capacity}")
            }
        }
    }
}

impl core::error::Error for PutError {}

/// A pool that cannot be made as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapacityError {
    /// The capacity is zero, or above 2³¹.
    Capacity {
        /// What was asked for.
        capacity: u32,
    },
    /// The memory is too short.
    Lines {
        /// How many lines the capacity takes.
        needed: usize,
        /// How many were lent.
        given: usize,
    },
}

impl fmt::Display for CapacityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capacity { capacity } => {
                write!(f, "a pool of {capacity} indexes is not possible; it takes 1 to {}", 1_u32 << 31)
            }
            Self::Lines { needed, given } => {
                write!(f, "the pool needs {needed} lines of memory and was lent {given}")
            }
        }
    }
}

impl core::error::Error for CapacityError {}

/// A handle that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveError {
    /// More than [`MAX_RESERVE`](super::MAX_RESERVE).
    TooLarge {
        /// What was asked for.
        reserve: u32,
    },
    /// Other handles have reserved too much of the pool.
    Reserved {
        /// What was asked for.
        reserve: u32,
        /// How many indexes no handle has reserved.
        unreserved: u32,
    },
    /// Too few are free just now.
    InUse {
        /// What was asked for.
        reserve: u32,
        /// How many were found free.
        free: u32,
    },
}

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { reserve } => {
                write!(
                    f,
                    "a handle cannot reserve {reserve} indexes; it reserves at most {}",
                    super::MAX_RESERVE
                )
            }
            Self::Reserved { reserve, unreserved } => {
                write!(f, "cannot reserve {reserve} indexes: {unreserved} of the pool are not reserved yet")
            }
            Self::InUse { reserve, free } => {
                write!(f, "cannot reserve {reserve} indexes: {free} are free at this moment")
            }
        }
    }
}

impl core::error::Error for ReserveError {}
