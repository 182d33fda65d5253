//! What this host can do, found by trying it.
//!
//! [`probe`] makes a ring, sends an operation through it, and takes it down again; what does not work comes with its
//! reason and with what to change. It is a report for people (`Display`) and a value for programs.
//!
//! ```
//! let host = bareio::probe();
//! println!("{host}");
//! match &host.io_uring {
//!     Ok(ring) => assert!(ring.entries >= 1),
//!     Err(refusal) => println!("{refusal}"),
//! }
//! ```
//!
//! `cargo run --example probe` prints it; with files behind it, also how each of them does direct I/O.
#![expect(unsafe_code, reason = "registers one page, to see whether that is allowed")]

mod clues;
mod report;

use std::time::Duration;

use bareio_core::abi::{Features, SetupFlags};
use bareio_core::ring::{Builder, Probe, Ring, RingError};
use bareio_core::{IoVec, Kernel, Mapping};

pub use clues::{Clues, Limit};

use crate::error::{Error, Why};
use crate::host::NATIVE;

/// What a host can do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Capabilities {
    /// The system: its name, its release and its processor, as in `"Linux 6.18.44 x86_64"`.
    pub system: String,
    /// The size of a page of memory, in bytes, if the host tells.
    pub page_len: Option<usize>,
    /// What a ring can do, or why there is none.
    pub io_uring: Result<IoUring, Refusal>,
    /// Settings and limits that decide about rings.
    pub clues: Clues,
}

/// What a ring can do here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IoUring {
    /// How many submission entries a ring was granted that asked for [`DEPTH`].
    pub entries: u32,
    /// How it was set up: what was asked, less what the kernel does not know.
    pub setup: SetupFlags,
    /// What the kernel says that it can do.
    pub features: Features,
    /// Which operations it has, if it may be asked (5.6, and `io_uring_register` not forbidden).
    pub operations: Result<Probe, Error>,
    /// Whether memory may be registered, so that reads and writes need not look its pages up.
    pub fixed_buffers: Result<(), Error>,
}

/// How many entries the ring has that is tried.
pub const DEPTH: u32 = 64;

/// Why there is no ring, and what to change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// What went wrong.
    pub error: Error,
    /// What would change it, each a sentence without a full stop; the likeliest first.
    pub remedies: Vec<String>,
}

/// Tries what this host can do. It takes a millisecond or two; the answer does not change while a program runs, but for limits
/// that it changes itself.
pub fn probe() -> Capabilities {
    probe_kernel(NATIVE)
}

/// As [`probe`], on another kernel. What is read from the system's own files is this host's.
#[cfg(feature = "sim")]
pub fn probe_with_kernel<K: Kernel + Clone>(kernel: K) -> Capabilities {
    probe_kernel(kernel)
}

fn probe_kernel<K: Kernel + Clone>(kernel: K) -> Capabilities {
    let page_len = kernel.page_len().ok();
    let clues = Clues::collect();
    let io_uring = try_ring(kernel, page_len.unwrap_or(4096))
        .map_err(|error| Refusal { error, remedies: clues.remedies(&error) });
    Capabilities { system: clues.system(), page_len, io_uring, clues }
}

fn try_ring<K: Kernel + Clone>(kernel: K, page_len: usize) -> Result<IoUring, Error> {
    let mut ring = Builder::new(DEPTH).patience(Duration::from_millis(100)).build(kernel)?;
    // Some filters let a ring be made and then refuse to have it entered.
    ring.try_nop().map_err(|error| match error {
        RingError::Kernel(errno) => {
            Error::unsupported("io_uring", Why::Errno(errno)).during("io_uring_enter")
        }
        other => other.into(),
    })?;
    let operations = ring.probe().map_err(in_register);
    let fixed_buffers = try_fixed(&mut ring, page_len);
    Ok(IoUring {
        entries: ring.entries(),
        setup: ring.setup(),
        features: ring.features(),
        operations,
        fixed_buffers,
    })
}

/// Registers one page, and lets go of it again.
fn try_fixed<K: Kernel + Clone>(ring: &mut Ring<K>, page_len: usize) -> Result<(), Error> {
    let page = Mapping::new(ring.kernel().clone(), page_len)?;
    // SAFETY: the page is mapped until the end of this function; it is let go of before, and no operation uses it.
    unsafe { ring.register_buffers(&[IoVec::new(page.as_ptr().as_ptr(), page.len())]) }
        .map_err(in_register)?;
    ring.unregister_buffers().map_err(in_register)
}

fn in_register(error: RingError) -> Error {
    match error {
        RingError::Kernel(errno) => Error::os("io_uring_register", errno),
        other => other.into(),
    }
}
