//! What was granted of direct I/O.

use std::fmt;

use crate::error::Why;

/// What was granted of [`Direct`](crate::Direct).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// The file is read and written past the page cache, on the grid that [`File::align`](crate::file::File::align) names.
    Direct,
    /// Through it, and why.
    Buffered(Why),
}

impl Granted {
    /// Whether it is [`Direct`](Self::Direct).
    pub const fn is_direct(&self) -> bool {
        matches!(self, Self::Direct)
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Buffered(why) => write!(f, "buffered: {why}"),
        }
    }
}
