//! Sound direct I/O and io_uring for storage engines, with the same meaning where io_uring is forbidden.
//!
//! # Which to reach for
//!
//! | you want | take |
//! |---|---|
//! | to read and write a file at offsets, past the page cache or through it | [`File`]: one system call each |
//! | to replace a file whole, to list, make, rename, and flush names | [`fs`] |
//! | several operations at once, on memory that is borrowed until all have ended | [`batch`] |
//! | operations of many threads or futures, each waited for by itself | [`Scheduler`] |
//! | to append many pieces, or many small events, to a log | [`writer`] |
//! | so many buffers and no more | [`pool`] |
//! | to do something to a descriptor of your own | `fd` (on Unix) |
//! | to drive a ring by hand, without `std` | `scope`, and [`core`] |
//! | to know what this host can do, and why not more | [`probe()`] |
//!
//! ```
//! use bareio::{File, fs};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("data");
//! let file = File::create(&path)?;
//! file.write_all_at(b"some bytes", 0)?;
//! file.sync_data()?;
//! fs::sync_dir(folder.path())?; // now its name is durable too
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whatever fails says so with one [`Error`], which carries its numbers; what was handed in comes back with it, as
//! [`Refused`] or with the result. Nothing here rests on a destructor: tickets, guards and futures can be dropped and
//! forgotten.
//!
//! Where io_uring is missing or forbidden, the same operations go by plain calls, with the same results; who demands it
//! gets an error that says why it is not to be had.
//!
//! # Features
//!
//! All are off by default: `bytes` (buffers of that crate), `log` and `tracing` (the one line of a vectored writer), `sim`
//! (everything on a kernel in memory, to test on).
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
pub use sched::{Scheduler, shards::Shards};

/// The examples of the README, so that they compile.
#[cfg(all(
    doctest,
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#[doc = include_str!("../../README.md")]
struct Readme;
