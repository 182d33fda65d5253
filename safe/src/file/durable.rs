//! Whether what was written to a file can still be called durable.
//!
//! A flush that fails marks the pages clean that it could not write, and the next flush finds nothing to do and
//! succeeds. So the first failure is remembered, and every later flush of the same file says so.

use std::sync::atomic::{AtomicU32, Ordering};

use bareio_core::Errno;

use crate::error::{Error, ErrorKind, Result};

/// The number of the first flush that failed; 0 for none.
#[derive(Debug, Default)]
pub(crate) struct Poison(AtomicU32);

impl Poison {
    /// Which flush failed, if one did.
    pub(crate) fn get(&self) -> Option<Errno> {
        // Relaxed: the number is all there is; who may rely on it has waited for the flush that set it.
        Errno::new(self.0.load(Ordering::Relaxed))
    }

    /// Remembers that a flush failed. The first one counts.
    pub(crate) fn set(&self, errno: Errno) {
        // Relaxed, both: as in `get`.
        let _ =
            self.0.compare_exchange(0, errno.number().unsigned_abs(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// # Errors
    ///
    /// [`ErrorKind::Poisoned`].
    pub(crate) fn check(&self) -> Result<()> {
        match self.get() {
            None => Ok(()),
            Some(errno) => Err(Error::new(ErrorKind::Poisoned(errno))),
        }
    }
}

/// Whether a flush that failed so may have lost something. What cannot be flushed at all has lost nothing, and what
/// was cancelled was not begun.
pub(crate) const fn loses(errno: Errno) -> bool {
    !matches!(
        errno,
        Errno::INVAL
            | Errno::NOSYS
            | Errno::OPNOTSUPP
            | Errno::BADF
            | Errno::ROFS
            | Errno::CANCELED
            | Errno::INTR
    )
}
