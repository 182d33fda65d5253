//! io_uring rings, aligned memory and lock-free pools for programs that talk to the kernel directly.
#![no_std]

#[cfg(feature = "sim")]
extern crate alloc;

#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "bareio-core supports 64-bit targets only: file offsets and ring addresses are taken to fit a usize"
);

pub mod abi;
pub mod align;
pub mod buf;
pub mod errno;
pub mod iovec;
pub mod kernel;
pub mod lock;
pub mod map;
pub mod op;
pub mod pool;
pub mod ring;
pub mod scope;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sqe;
pub mod sync;
pub mod ticket;

pub use align::{Align, Misaligned, Overflow, Part};
pub use buf::AlignedBuf;
pub use errno::Errno;
pub use iovec::IoVec;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub use kernel::Linux;
pub use kernel::{BorrowedFd, Fd, Kernel};
pub use map::{AllocError, Mapping};
