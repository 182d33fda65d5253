//! The seam between this crate and whatever it runs on.
//!
//! Everything that this crate asks of the outside world, it asks through [`Kernel`]: a table of typed calls,
//! every one of which answers [`NOSYS`](crate::Errno::NOSYS) unless its implementor says otherwise. So `NOSYS`
//! is the whole fallback protocol: a kernel of 2010, a container that forbids io_uring and a unikernel that
//! never had it are one and the same case.
//!
//! ```
//! use bareio_core::{Errno, Kernel, kernel::Linux};
//!
//! /// Forbids io_uring, as many containers do.
//! #[derive(Clone, Copy)]
//! struct NoRings;
//! // SAFETY: what is implemented is forwarded to `Linux`, which keeps the contract.
//! unsafe impl Kernel for NoRings {
//!     fn page_len(&self) -> Result<usize, Errno> {
//!         Linux.page_len()
//!     }
//! }
//! assert!(NoRings.page_len().is_ok_and(usize::is_power_of_two));
//! assert_eq!(NoRings.now(), Err(Errno::NOSYS));
//! ```

mod calls;
mod fd;
mod forward;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
mod linux;
mod request;

pub use calls::Kernel;
pub use fd::{BorrowedFd, Fd};
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub use linux::Linux;
pub use request::{
    AdviseFile, Allocate, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, SyncRange, UnlinkFlags,
};
