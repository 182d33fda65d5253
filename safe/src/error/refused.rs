//! An error with what it was about.

use std::{fmt, io};

use super::Error;

/// Something went wrong, and here is what was handed in: a buffer, an operation, a whole chain.
///
/// `?` leaves it behind and goes on with the [`Error`].
///
/// ```
/// use bareio::{Error, ErrorKind, Refused};
///
/// fn submit(buf: Vec<u8>) -> Result<(), Refused<Vec<u8>>> {
///     Err(Refused::new(ErrorKind::Full, buf))
/// }
/// fn try_it(buf: Vec<u8>) -> Result<(), Error> {
///     Ok(submit(buf)?)
/// }
/// assert!(try_it(vec![1]).unwrap_err().is_full());
/// assert_eq!(submit(vec![2]).unwrap_err().given, [2]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refused<T> {
    /// What went wrong.
    pub error: Error,
    /// What was handed in.
    pub given: T,
}

impl<T> Refused<T> {
    /// `error`, about `given`.
    pub fn new(error: impl Into<Error>, given: T) -> Self {
        Self { error: error.into(), given }
    }

    /// The same error, about something made of what was given.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Refused<U> {
        Refused { error: self.error, given: f(self.given) }
    }
}

impl<T> From<Refused<T>> for Error {
    fn from(refused: Refused<T>) -> Self {
        refused.error
    }
}

impl<T> From<Refused<T>> for io::Error {
    fn from(refused: Refused<T>) -> Self {
        refused.error.into()
    }
}

impl<T> fmt::Debug for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was given need not be `Debug`, or is megabytes.
        f.debug_struct("Refused").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> std::error::Error for Refused<T> {}
