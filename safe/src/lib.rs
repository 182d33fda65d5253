//! Sound direct I/O and io_uring for storage engines, with the same meaning where io_uring is forbidden.
//!
//! That is what this crate is to become. **Today it is thin**: it hands on [`core`], which has the rings, the
//! memory, the pools, and operations that cannot outlive what they use; the names that are needed most; and with [`fd`]
//! the descriptors of the standard library, lent or shared. Files, a scheduler, batches and a log, over `std` and without `unsafe` for whoever calls them, are not there yet.
//!
//! So begin with [`core`]: its first page says which layer is for what. The example `copy` is a program that
//! is built on it, by way of this crate, and shows the fallback to plain calls as well.
#![deny(unsafe_code)]

pub mod batch;
pub mod buf;
mod direct;
pub mod error;
#[cfg(unix)]
pub mod fd;
pub mod file;
pub mod fs;
pub mod host;
#[cfg(unix)]
mod native;
pub mod pool;
pub mod probe;
pub mod sched;
#[cfg(unix)]
pub mod scope;
pub mod writer;

pub use bareio_core as core;
pub use bareio_core::{Align, AlignedBuf, Errno, Misaligned, Overflow, Part};
pub use direct::{Direct, Grid};
pub use error::{Error, ErrorKind, Refused, Result, Why};
pub use file::File;
pub use host::Native;
pub use probe::probe;
pub use sched::Scheduler;

/// The examples of the README, so that they compile.
#[cfg(all(
    doctest,
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#[doc = include_str!("../../README.md")]
struct Readme;
