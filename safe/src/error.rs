//! What goes wrong, with the numbers, and what would be right.
//!
//! There is one [`Error`] for the whole crate. Its [`kind`](Error::kind) says what happened, with the numbers; beside
//! it stand the call that failed and, for an operation of several, its index. Where something was handed in, a
//! buffer or an operation, the error comes as [`Refused`], with that in it.
//!
//! ```
//! use bareio::{Error, ErrorKind, Errno};
//!
//! let error = Error::os("fdatasync", Errno::IO);
//! assert_eq!(error.errno(), Some(Errno::IO));
//! assert_eq!(error.to_string(), "fdatasync: EIO: the device failed to read or write");
//! // And as the standard library has it: the kind, and the raw number.
//! let error = std::io::Error::from(error);
//! # #[cfg(target_os = "linux")]
//! assert_eq!(error.raw_os_error(), Some(5));
//! ```

mod convert;
mod kind;
mod refused;

use std::fmt;

use bareio_core::Errno;

pub use kind::{ErrorKind, Why};
pub use refused::Refused;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, and where.
///
/// Small and `Copy`: nothing is allocated to fail. The questions that a caller asks most are predicates:
///
/// ```
/// use bareio::{Error, Errno};
///
/// let busy = Error::os("open", Errno::MFILE);
/// assert!(busy.is_transient() && !busy.is_unsupported());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    call: Option<&'static str>,
    index: Option<u32>,
}

impl Error {
    /// Of a kind, and nothing else known.
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, call: None, index: None }
    }

    /// What the operating system said to `call`.
    pub const fn os(call: &'static str, errno: Errno) -> Self {
        Self::new(ErrorKind::Os(errno)).during(call)
    }

    /// Something that is not to be had here: `what`, and `why`.
    pub const fn unsupported(what: &'static str, why: Why) -> Self {
        Self::new(ErrorKind::Unsupported { what, why })
    }

    /// The same, during `call`.
    #[must_use]
    pub const fn during(mut self, call: &'static str) -> Self {
        self.call = Some(call);
        self
    }

    /// The same, of the operation with this index among several, counted from 0.
    #[must_use]
    pub const fn at(mut self, index: u32) -> Self {
        self.index = Some(index);
        self
    }

    /// What happened, with its numbers.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Which call failed, such as `"pread"`, where there was one.
    pub const fn call(&self) -> Option<&'static str> {
        self.call
    }

    /// Which operation of several failed, counted from 0.
    pub const fn index(&self) -> Option<u32> {
        self.index
    }

    /// The operating system's number, if it was asked; Linux's number on every host.
    pub const fn errno(&self) -> Option<Errno> {
        match self.kind {
            ErrorKind::Os(errno)
            | ErrorKind::Worker(errno)
            | ErrorKind::Poisoned(errno)
            | ErrorKind::Partly { errno, .. }
            | ErrorKind::NotDurable { errno, .. } => Some(errno),
            ErrorKind::Alloc(error) => error.errno(),
            ErrorKind::Unsupported { why, .. } => why.errno(),
            _ => None,
        }
    }

    /// Whether trying again may succeed: the number is one of `EINTR`, `EAGAIN`, `EBUSY`, `EMFILE`, `ENFILE`,
    /// `ENOMEM` and `ETIMEDOUT`, or something is full, exhausted or timed out.
    pub const fn is_transient(&self) -> bool {
        match self.kind {
            ErrorKind::Full | ErrorKind::Exhausted | ErrorKind::TimedOut => true,
            ErrorKind::Os(errno) | ErrorKind::Worker(errno) | ErrorKind::Partly { errno, .. } => {
                errno.is_transient()
            }
            ErrorKind::Alloc(error) => match error.errno() {
                Some(errno) => errno.is_transient(),
                None => false,
            },
            _ => false,
        }
    }

    /// Whether an address, a length or an offset is off the grid of direct I/O.
    pub const fn is_misaligned(&self) -> bool {
        matches!(self.kind, ErrorKind::Misaligned(_))
    }

    /// Whether fewer bytes were moved than asked for.
    pub const fn is_short(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::ShortRead { .. } | ErrorKind::ShortWrite { .. } | ErrorKind::Partly { .. }
        )
    }

    /// Whether the host, the file or the device cannot do it at all.
    pub const fn is_unsupported(&self) -> bool {
        matches!(self.kind, ErrorKind::Unsupported { .. })
    }

    /// Whether there was no room: a queue is [`Full`](ErrorKind::Full), or a pool [`Exhausted`](ErrorKind::Exhausted).
    pub const fn is_full(&self) -> bool {
        matches!(self.kind, ErrorKind::Full | ErrorKind::Exhausted)
    }

    /// Whether it was closed before.
    pub const fn is_closed(&self) -> bool {
        matches!(self.kind, ErrorKind::Closed)
    }

    /// Whether this is a forked child, and the thing is its parent's.
    pub const fn is_forked(&self) -> bool {
        matches!(self.kind, ErrorKind::Forked)
    }

    /// Whether an earlier flush failed, so that nothing is called durable any more.
    pub const fn is_poisoned(&self) -> bool {
        matches!(self.kind, ErrorKind::Poisoned(_))
    }

    /// Whether it was cancelled, on request or because an earlier link of its chain failed.
    pub const fn is_canceled(&self) -> bool {
        matches!(self.kind, ErrorKind::Os(Errno::CANCELED))
    }

    /// Whether time ran out.
    pub const fn is_timed_out(&self) -> bool {
        matches!(self.kind, ErrorKind::TimedOut)
    }

    /// Whether no file has that name.
    pub const fn is_not_found(&self) -> bool {
        matches!(self.kind, ErrorKind::Os(Errno::NOENT))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.index {
            write!(f, "operation {index}: ")?;
        }
        if let Some(call) = self.call {
            write!(f, "{call}: ")?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use bareio_core::{Align, Part};

    use super::*;

    #[test]
    fn an_error_says_which_operation_which_call_and_by_how_much() {
        let short = Error::new(ErrorKind::ShortWrite { wanted: 4096, got: 512 }).during("pwrite").at(3);
        assert_eq!(short.to_string(), "operation 3: pwrite: only 512 of 4096 bytes were written");
        assert_eq!((short.index(), short.call(), short.errno()), (Some(3), Some("pwrite"), None));
        assert!(short.is_short() && !short.is_transient());

        let misaligned = Error::from(Align::KIB_4.check(Part::Length, 100).unwrap_err());
        assert!(misaligned.to_string().starts_with("buffer length 100 is not a multiple of 4096"));
        assert!(misaligned.is_misaligned());
    }

    #[test]
    fn an_error_is_small() {
        assert!(size_of::<Error>() <= 80, "{} bytes", size_of::<Error>());
    }

    #[test]
    fn the_standard_librarys_error_keeps_the_kind_and_the_number_or_the_words() {
        use std::io;

        let full = io::Error::from(Error::os("pwrite", Errno::NOSPC));
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        #[cfg(target_os = "linux")]
        assert_eq!(full.raw_os_error(), Some(28));

        let short = io::Error::from(Error::new(ErrorKind::ShortRead { wanted: 8, got: 5 }));
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        let back = short.get_ref().and_then(|error| error.downcast_ref::<Error>()).copied();
        assert_eq!(back.map(|error| error.kind()), Some(ErrorKind::ShortRead { wanted: 8, got: 5 }));

        // Which operation it was would be lost with the number alone; so here the words are kept, and the number in them.
        let third = io::Error::from(Error::os("pwrite", Errno::NOSPC).at(2));
        assert_eq!(third.kind(), io::ErrorKind::StorageFull);
        assert!(third.to_string().contains("operation 2: pwrite: ENOSPC"));
    }
}
