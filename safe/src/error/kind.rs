//! What can go wrong.

use std::fmt;

use bareio_core::op::OpError;
use bareio_core::pool::{PutError, SlotError};
use bareio_core::ring::SetupError;
use bareio_core::ticket::shared::FilesError;
use bareio_core::{AllocError, Errno, Misaligned, Overflow};

/// What went wrong, with the numbers that tell by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused.
    Os(Errno),
    /// An address, a length or an offset is not on the grid of direct I/O.
    Misaligned(Misaligned),
    /// An operation is wrong by itself: its offset, its length, its path, or what it is asked of. The operating
    /// system was not asked.
    Operation(OpError),
    /// The file ended before everything was read.
    ShortRead {
        /// How many bytes were asked for.
        wanted: u64,
        /// How many were there.
        got: u64,
    },
    /// Fewer bytes could be written than asked for, and no more.
    ShortWrite {
        /// How many bytes were to be written.
        wanted: u64,
        /// How many were.
        got: u64,
    },
    /// The operating system refused to go on, when part of it was done.
    Partly {
        /// What it said.
        errno: Errno,
        /// How many bytes were to be moved.
        wanted: u64,
        /// How many were.
        got: u64,
    },
    /// Memory could not be had.
    Alloc(AllocError),
    /// A thread could not be started, or ended before its time.
    Worker(Errno),
    /// A queue has no room, or too much is in flight. Wait for something to complete.
    Full,
    /// A pool has nothing left. Give something back.
    Exhausted,
    /// It was closed before.
    Closed,
    /// This is a forked child, and the thing belongs to its parent.
    Forked,
    /// An earlier flush failed, with this number, and what was written before it may be lost. Open the file anew, and
    /// write again what matters.
    Poisoned(Errno),
    /// So many bytes were written, and are there to be read, but the flush that was to make them durable failed with this
    /// number.
    NotDurable {
        /// How many bytes were written.
        written: u32,
        /// What the flush said.
        errno: Errno,
    },
    /// Not to be had here.
    Unsupported {
        /// What: `"io_uring"`, `"direct I/O"`.
        what: &'static str,
        /// Why.
        why: Why,
    },
    /// A length or an offset does not fit its type.
    Overflow,
    /// The two ranges of a copy within one file overlap.
    Overlap,
    /// Time ran out. What was begun goes on.
    TimedOut,
    /// It was not begun, because an operation before it failed.
    NotRun,
    /// A number is out of range.
    OutOfRange {
        /// Which number: `"ring depth"`.
        what: &'static str,
        /// What it is.
        value: u64,
        /// The least that it may be.
        least: u64,
        /// The most that it may be.
        most: u64,
        /// Whether only powers of two are allowed.
        power_of_two: bool,
    },
    /// An address is not that of a buffer of this pool.
    NotInPool(SlotError),
    /// A buffer is not out as an address: it was reclaimed before, or never given out.
    NotOut(PutError),
    /// A virtual file cannot be used so.
    Virtual(FilesError),
    /// A durable write stands in a chain. Link a flush behind it, which severs the chain if it fails.
    DurableInChain,
    /// The ring was given up while the kernel still had the operation: its buffer is leaked, and nobody knows what came
    /// of it.
    Lost,
}

/// Why something is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// A ring could not be set up.
    Setup(SetupError),
    /// The operating system said so.
    Errno(Errno),
    /// For a reason in words: what is missing, and what to do.
    Because(&'static str),
}

impl Why {
    /// The operating system's number, if there is one.
    pub const fn errno(&self) -> Option<Errno> {
        match self {
            Self::Setup(error) => Some(error.errno),
            Self::Errno(errno) => Some(*errno),
            Self::Because(_) => None,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(error) => error.fmt(f),
            Self::Errno(errno) => errno.fmt(f),
            Self::Because(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Os(errno) => errno.fmt(f),
            Self::Misaligned(error) => error.fmt(f),
            Self::Operation(error) => error.fmt(f),
            Self::ShortRead { wanted, got } => {
                write!(f, "the file ended after {got} of {wanted} bytes")
            }
            Self::ShortWrite { wanted, got } => write!(f, "only {got} of {wanted} bytes were written"),
            Self::Partly { errno, wanted, got } => write!(f, "{errno}, after {got} of {wanted} bytes"),
            Self::Alloc(error) => error.fmt(f),
            Self::Worker(errno) => write!(f, "a thread could not be had: {errno}"),
            Self::Full => f.write_str("there is no room for it now; wait for something to complete"),
            Self::Exhausted => f.write_str("nothing is left in the pool; give something back"),
            Self::Closed => f.write_str("it was closed before"),
            Self::Forked => f.write_str("this is a forked child, and it belongs to the parent; make one anew here"),
            Self::Poisoned(errno) => write!(
                f,
                "an earlier flush failed ({errno}), and what was written before it may be lost; open the file anew and \
                 write that again"
            ),
            Self::NotDurable { written, errno } => {
                write!(f, "{written} bytes were written, but the flush after that failed ({errno}); they may be lost")
            }
            Self::Unsupported { what, why } => write!(f, "{what} is not to be had here: {why}"),
            Self::Overflow => Overflow.fmt(f),
            Self::Overlap => f.write_str("both ranges are of one file, and overlap; copy in parts that do not"),
            Self::TimedOut => f.write_str("time ran out"),
            Self::NotRun => f.write_str("it was not begun, because an operation before it failed"),
            Self::OutOfRange { what, value, least, most, power_of_two } => {
                let form = if *power_of_two { "a power of two " } else { "" };
                write!(f, "{what} {value} is not {form}from {least} to {most}")
            }
            Self::NotInPool(error) => error.fmt(f),
            Self::NotOut(error) => error.fmt(f),
            Self::Virtual(error) => error.fmt(f),
            Self::DurableInChain => {
                f.write_str("a write in a chain is not made durable by itself; link a flush behind it")
            }
            Self::Lost => f.write_str(
                "the ring was given up while the kernel still had the operation; its buffer is leaked, and its outcome \
                 unknown",
            ),
        }
    }
}
