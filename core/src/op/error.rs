use core::fmt;

use crate::iovec::{IOV_MAX, MAX_RW_LEN};

/// What is wrong with an operation, found before any kernel was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpError {
    /// The offset is above `i64::MAX`. The kernel would take the largest ones for the current position.
    Offset {
        /// What it is.
        offset: u64,
    },
    /// The range ends above `i64::MAX`.
    Range {
        /// Where it begins.
        offset: u64,
        /// How many bytes it has.
        len: u64,
    },
    /// More bytes than one read or write moves. The kernel would cut it.
    Length {
        /// How many; `usize::MAX` if the sum of the pieces is more.
        len: usize,
    },
    /// More pieces of memory than one call takes.
    Pieces {
        /// How many.
        count: usize,
    },
    /// The path is empty.
    EmptyPath,
    /// The path is longer than the kernel takes.
    LongPath {
        /// How many bytes it has, without the nul byte.
        len: usize,
    },
    /// A positioned operation on a file that has no positions: a pipe, a socket, a terminal.
    Stream,
    /// A positioned write on a descriptor that writes at the end of the file, whatever the offset says.
    Append,
}

impl OpError {
    /// The most bytes that a path may have, without its nul byte.
    pub const PATH_MAX: usize = linux_raw_sys::general::PATH_MAX as usize - 1;
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset { offset } => write!(f, "offset {offset} is above {}", i64::MAX),
            Self::Range { offset, len } => {
                write!(f, "{len} bytes from offset {offset} end above {}", i64::MAX)
            }
            Self::Length { len } => {
                write!(f, "{len} bytes are more than the {MAX_RW_LEN} that one transfer moves; split it")
            }
            Self::Pieces { count } => {
                write!(f, "{count} pieces of memory are more than the {IOV_MAX} of one call; split them")
            }
            Self::EmptyPath => f.write_str("the path is empty"),
            Self::LongPath { len } => {
                write!(f, "a path of {len} bytes is longer than {} bytes; go by a directory", Self::PATH_MAX)
            }
            Self::Stream => {
                f.write_str("the file has no positions; read and write it at its current position")
            }
            Self::Append => {
                f.write_str("the file was opened to append, so an offset means nothing; open it without")
            }
        }
    }
}

impl core::error::Error for OpError {}
