//! The kernel that this program runs on.
//!
//! [`Native`] is what every constructor uses unless it is told otherwise: on Linux the system calls themselves,
//! elsewhere [`Host`].

mod errno;
#[cfg(unix)]
mod library;
mod wait;
#[cfg(windows)]
mod windows;

pub(crate) use errno::{from_raw, to_raw};
#[cfg(unix)]
pub use library::Host;
#[cfg(windows)]
pub use windows::Host;

/// The kernel of this host. Its error numbers are Linux's, on every host.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub type Native = bareio_core::Linux;
/// The kernel of this host. Its error numbers are Linux's, on every host.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
pub type Native = Host;

/// [`Native`], to pass on.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub const NATIVE: Native = bareio_core::Linux;
/// [`Native`], to pass on.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
pub const NATIVE: Native = Host;
