//! Descriptors of the standard library, lent to rings or owned together with operations.
#![expect(
    unsafe_code,
    reason = "the core takes descriptors as numbers, and here is where they are known to be open"
)]

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use bareio_core::ticket::OwnedFile;
use bareio_core::{BorrowedFd, Fd};

/// Lends the descriptor of `file`, for as long as `file` is borrowed.
///
/// ```
/// let file = std::fs::File::open("Cargo.toml")?;
/// let lent = bareio::fd::lend(&file);
/// # use std::os::fd::AsRawFd;
/// assert_eq!(lent.fd().0, file.as_raw_fd());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// What is lent cannot be closed meanwhile:
///
/// ```compile_fail,E0505
/// let file = std::fs::File::open("Cargo.toml").unwrap();
/// let lent = bareio::fd::lend(&file);
/// drop(file);
/// println!("{lent:?}");
/// ```
pub fn lend(file: &impl AsFd) -> BorrowedFd<'_> {
    let fd = Fd(file.as_fd().as_raw_fd());
    // SAFETY: `as_fd` says that the descriptor is open for as long as `file` is borrowed, which is the lifetime of
    // what we return.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// A file that its owners keep open together: the last one closes it. For operations that own what they use.
///
/// ```
/// use bareio::fd::SharedFile;
///
/// let file = SharedFile::from(std::fs::File::open("Cargo.toml")?);
/// let for_an_operation = file.clone();
/// # drop(for_an_operation);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SharedFile(Arc<OwnedFd>);

impl<F: Into<OwnedFd>> From<F> for SharedFile {
    fn from(file: F) -> Self {
        Self(Arc::new(file.into()))
    }
}

// SAFETY: the descriptor is open for as long as one of its owners lives, and `OwnedFd` never changes its number.
unsafe impl OwnedFile for SharedFile {
    fn fd(&self) -> Fd {
        Fd(self.0.as_raw_fd())
    }
}

impl AsFd for SharedFile {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}
