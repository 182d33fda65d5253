//! What can be done with a descriptor, a function each: no type to adopt, nothing kept between two calls.
//!
//! Everything here takes any `impl AsFd`: a [`File`](std::fs::File), an [`OwnedFd`], a [`SharedFile`]. Signals do not
//! show, offsets above `i64::MAX` are typed errors, and what a system cannot do says so or does nothing, as each
//! function tells.
//!
//! | to | there is |
//! |---|---|
//! | open, past the page cache or flushed at each write, and learn what was granted | [`open`], [`OpenOptions`], [`granted`] |
//! | make a file of a length | [`create_and_allocate`] |
//! | read and write on the file's grid | [`access`], [`pread`], [`pwrite`], [`pread_exact`], [`pwrite_all`] |
//! | learn the grid of direct I/O | [`direct_io_align`] |
//! | make it durable | [`sync_data`], [`sync_all`], [`sync_as_opened`] |
//! | reserve, free or zero space | [`allocate`], [`punch_hole`], [`zero_range`], [`truncate`] |
//! | say how it will be used | [`advise`] |
//! | copy, sharing blocks where that can be | [`copy_range`] |
//! | know its length, or a device's | [`size`], [`device`], [`discard`], [`atomic_writes`] |
//! | lend it to a ring, or own it together with operations | [`lend`], [`SharedFile`] |
//!
//! Whether an error may pass by itself, [`Error::is_transient`] tells.
#![expect(
    unsafe_code,
    reason = "the core takes descriptors as numbers, and here is where they are known to be open"
)]

mod advise;
mod allocate;
mod atomic;
mod copy;
mod device;
mod hole;
mod open;
mod range;
mod size;
mod sync;
mod transfer;
mod zero;

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use bareio_core::op::{OpError, Positions};
use bareio_core::ticket::OwnedFile;
use bareio_core::{BorrowedFd, Errno, Fd};

use crate::{Error, Result, Why, host, native};

pub use crate::direct::{Direct, Grid, Sync};
pub use advise::{Advice, advise};
pub use allocate::{Size, allocate, create_and_allocate};
pub use atomic::{AtomicWrites, atomic_writes};
pub use copy::copy_range;
pub use device::{Device, device, discard};
pub use hole::punch_hole;
pub use open::{Granted, OpenOptions, Opened, granted, open};
pub use size::{size, truncate};
pub use sync::{sync_all, sync_as_opened, sync_data};
pub use transfer::{Access, access, direct_io_align, pread, pread_exact, pwrite, pwrite_all};
pub use zero::zero_range;

/// Whether direct I/O refuses what is not on the file's [`Grid`]. It does on Linux; macOS has no grid.
pub const DIRECT_NEEDS_ALIGNMENT: bool = native::DIRECT_NEEDS_ALIGNMENT;
/// Whether [`advise`] does anything on this system. It does on Linux, macOS and FreeBSD.
pub const ADVICE_IS_EFFECTIVE: bool = native::ADVICE_IS_EFFECTIVE;
/// Whether a write must be followed by a flush to be durable, however the file was opened. On macOS it must: there the
/// flags of opening reach the drive, and not what it holds back.
pub const EXPLICIT_SYNC_NEEDED: bool = native::EXPLICIT_SYNC_NEEDED;

/// Makes `call` until no signal interrupts it, and gives its error our number and its name.
fn call<T>(name: &'static str, call: impl FnMut() -> rustix::io::Result<T>) -> Result<T> {
    rustix::io::retry_on_intr(call).map_err(|errno| Error::os(name, ours(errno)))
}

/// The same number by Linux's count.
fn ours(errno: rustix::io::Errno) -> Errno {
    host::from_raw(errno.raw_os_error()).unwrap_or(Errno::IO)
}

/// An error that says "cannot" becomes one that says what cannot.
fn cannot(what: &'static str) -> impl Fn(Error) -> Error {
    move |error| match (error.errno(), error.call()) {
        (Some(errno @ (Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOTTY)), call) => {
            Error::unsupported(what, Why::Errno(errno)).during(call.unwrap_or(what))
        }
        _ => error,
    }
}

/// What a pipe, a socket or a terminal says to an offset, as the typed error that it is.
fn stream(error: Error) -> Error {
    if error.errno() == Some(Errno::SPIPE) { located(OpError::Stream.into(), error.call()) } else { error }
}

fn located(error: Error, call: Option<&'static str>) -> Error {
    call.map_or(error, |call| error.during(call))
}

/// What offsets mean to `file`.
fn positions(file: impl AsFd) -> Result<Positions> {
    // SAFETY: `lend` says that it is open.
    unsafe { Positions::of(&host::NATIVE, lend(&file).fd()) }.map_err(|errno| Error::os("lseek", errno))
}

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
