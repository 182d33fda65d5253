//! From the core's errors, and to and from the standard library's.

use std::io;

use bareio_core::op::OpError;
use bareio_core::pool::{AcquireError, Closed, Exhausted};
use bareio_core::ring::{RingError, SetupError};
use bareio_core::ticket::Lost;
use bareio_core::{AllocError, Errno, Misaligned, Overflow};

use super::{Error, ErrorKind, Why};
use crate::host;

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Self::new(ErrorKind::Os(errno))
    }
}

impl From<Misaligned> for Error {
    fn from(error: Misaligned) -> Self {
        Self::new(ErrorKind::Misaligned(error))
    }
}

impl From<OpError> for Error {
    fn from(error: OpError) -> Self {
        Self::new(ErrorKind::Operation(error))
    }
}

impl From<AllocError> for Error {
    fn from(error: AllocError) -> Self {
        Self::new(ErrorKind::Alloc(error))
    }
}

impl From<Overflow> for Error {
    fn from(_: Overflow) -> Self {
        Self::new(ErrorKind::Overflow)
    }
}

impl From<Exhausted> for Error {
    fn from(_: Exhausted) -> Self {
        Self::new(ErrorKind::Exhausted)
    }
}

impl From<Closed> for Error {
    fn from(_: Closed) -> Self {
        Self::new(ErrorKind::Closed)
    }
}

impl From<AcquireError> for Error {
    fn from(error: AcquireError) -> Self {
        Self::new(match error {
            AcquireError::TimedOut => ErrorKind::TimedOut,
            AcquireError::Closed => ErrorKind::Closed,
            AcquireError::Clock(errno) => ErrorKind::Os(errno),
        })
    }
}

impl From<Lost> for Error {
    fn from(_: Lost) -> Self {
        Self::new(ErrorKind::Lost)
    }
}

impl From<RingError> for Error {
    fn from(error: RingError) -> Self {
        match error {
            RingError::Full => Self::new(ErrorKind::Full),
            RingError::Forked => Self::new(ErrorKind::Forked),
            RingError::Kernel(errno) => Self::os("io_uring_enter", errno),
        }
    }
}

/// What was to be lent is left behind.
impl<B> From<bareio_core::scope::Refused<B>> for Error {
    fn from(refused: bareio_core::scope::Refused<B>) -> Self {
        refused.error.into()
    }
}

impl From<SetupError> for Error {
    fn from(error: SetupError) -> Self {
        Self::unsupported("io_uring", Why::Setup(error))
    }
}

/// Keeps what the standard library can: the raw number if there is nothing else to tell, so that
/// [`raw_os_error`](io::Error::raw_os_error) answers; else the whole [`Error`], which
/// [`get_ref`](io::Error::get_ref) finds.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match (error.kind(), error.index()) {
            (ErrorKind::Os(errno), None) => match host::to_raw(errno) {
                Some(raw) => Self::from_raw_os_error(raw),
                None => Self::new(named_kind(errno), error),
            },
            _ => Self::new(kind(&error), error),
        }
    }
}

/// What the standard library would call it.
fn kind(error: &Error) -> io::ErrorKind {
    match error.kind() {
        ErrorKind::Os(errno) | ErrorKind::Worker(errno) | ErrorKind::Partly { errno, .. } => os_kind(errno),
        ErrorKind::Operation(OpError::Stream) => io::ErrorKind::NotSeekable,
        ErrorKind::Misaligned(_)
        | ErrorKind::OutOfRange { .. }
        | ErrorKind::Overflow
        | ErrorKind::Overlap
        | ErrorKind::NotInPool(_)
        | ErrorKind::NotOut(_)
        | ErrorKind::Operation(_)
        | ErrorKind::Virtual(_)
        | ErrorKind::DurableInChain => io::ErrorKind::InvalidInput,
        ErrorKind::ShortRead { .. } => io::ErrorKind::UnexpectedEof,
        ErrorKind::ShortWrite { .. } => io::ErrorKind::WriteZero,
        ErrorKind::Alloc(_) => io::ErrorKind::OutOfMemory,
        ErrorKind::Full | ErrorKind::Exhausted => io::ErrorKind::WouldBlock,
        ErrorKind::Unsupported { .. } => io::ErrorKind::Unsupported,
        ErrorKind::TimedOut => io::ErrorKind::TimedOut,
        ErrorKind::Closed
        | ErrorKind::Forked
        | ErrorKind::Poisoned(_)
        | ErrorKind::NotRun
        | ErrorKind::NotDurable { .. }
        | ErrorKind::Lost => io::ErrorKind::Other,
    }
}

fn os_kind(errno: Errno) -> io::ErrorKind {
    match host::to_raw(errno) {
        Some(raw) => io::Error::from_raw_os_error(raw).kind(),
        None => named_kind(errno),
    }
}

/// The kind of a number that this host has none for.
const fn named_kind(errno: Errno) -> io::ErrorKind {
    match errno {
        Errno::NOENT => io::ErrorKind::NotFound,
        Errno::EXIST => io::ErrorKind::AlreadyExists,
        Errno::PERM | Errno::ACCESS => io::ErrorKind::PermissionDenied,
        Errno::INVAL => io::ErrorKind::InvalidInput,
        Errno::NOSPC => io::ErrorKind::StorageFull,
        Errno::NOMEM => io::ErrorKind::OutOfMemory,
        Errno::INTR => io::ErrorKind::Interrupted,
        Errno::AGAIN => io::ErrorKind::WouldBlock,
        Errno::TIMEDOUT => io::ErrorKind::TimedOut,
        Errno::NOSYS | Errno::OPNOTSUPP => io::ErrorKind::Unsupported,
        _ => io::ErrorKind::Other,
    }
}

/// The other way: the raw number, or the [`Error`] that is inside.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return *inner;
        }
        let errno = error.raw_os_error().and_then(host::from_raw);
        Self::new(ErrorKind::Os(errno.unwrap_or(match error.kind() {
            io::ErrorKind::OutOfMemory => Errno::NOMEM,
            io::ErrorKind::InvalidInput => Errno::INVAL,
            io::ErrorKind::Unsupported => Errno::OPNOTSUPP,
            io::ErrorKind::NotFound => Errno::NOENT,
            io::ErrorKind::WouldBlock => Errno::AGAIN,
            _ => Errno::IO,
        })))
    }
}
