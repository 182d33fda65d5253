//! Which files keep to offsets.

use super::OpError;
use crate::errno::{Errno, Result};
use crate::kernel::{Fd, Kernel, OpenFlags, Seek};

/// What an offset means to a file.
///
/// Linux ignores an offset that means nothing to the file, in silence or not by way of the operation; so this is
/// asked once per file, and then checked before each positioned operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// Where to read and write.
    Kept,
    /// Where to read; writes go to the end of the file.
    ReadsOnly,
    /// Nothing: a pipe, a socket, a terminal.
    None,
}

impl Positions {
    /// Asks what an offset means to `fd`.
    ///
    /// # Errors
    ///
    /// The kernel's. `NOSYS`: this host cannot tell.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    /// # fn main() -> Result<(), Box<dyn core::error::Error>> {
    /// # use bareio_core::{Fd, Linux, op::{OpError, Positions}};
    /// use std::os::fd::AsRawFd;
    /// let (read, _write) = std::io::pipe()?;
    /// // SAFETY: the pipe is open.
    /// let positions = unsafe { Positions::of(&Linux, Fd(read.as_raw_fd())) }?;
    /// assert_eq!(positions.check_read(), Err(OpError::Stream));
    /// # Ok(()) }
    /// # #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
    /// # fn main() {}
    /// ```
    pub unsafe fn of<K: Kernel + ?Sized>(kernel: &K, fd: Fd) -> Result<Self> {
        // SAFETY: the caller vouches for the file; its position stays where it is.
        match unsafe { kernel.seek(fd, 0, Seek::Current) } {
            Ok(_) => {}
            Err(Errno::SPIPE) => return Ok(Self::None),
            Err(errno) => return Err(errno),
        }
        // SAFETY: the caller vouches for the file.
        let flags = unsafe { kernel.open_flags(fd) }?;
        Ok(if flags.contains(OpenFlags::APPEND) { Self::ReadsOnly } else { Self::Kept })
    }

    /// Checks a positioned read.
    ///
    /// # Errors
    ///
    /// [`OpError::Stream`].
    pub const fn check_read(self) -> Result<(), OpError> {
        match self {
            Self::Kept | Self::ReadsOnly => Ok(()),
            Self::None => Err(OpError::Stream),
        }
    }

    /// Checks a positioned write.
    ///
    /// # Errors
    ///
    /// [`OpError::Stream`], [`OpError::Append`].
    pub const fn check_write(self) -> Result<(), OpError> {
        match self {
            Self::Kept => Ok(()),
            Self::ReadsOnly => Err(OpError::Append),
            Self::None => Err(OpError::Stream),
        }
    }
}
