//! Operations on borrowed memory, begun one by one, in a scope that waits for all of them.
//!
//! The core's [`scope`](bareio_core::scope), with the standard library's descriptors. A [`Batch`](crate::batch::Batch) is
//! for operations that are known beforehand; a scope begins each when it likes, and goes on while they run:
//!
//! ```no_run
//! use bareio::fd::lend;
//! use bareio::host::NATIVE;
//! use bareio::scope::{Builder, Slot};
//!
//! let file = std::fs::File::open("Cargo.toml")?;
//! let mut ring = Builder::new(8).build(NATIVE)?;
//! let mut slots = [const { Slot::new() }; 8];
//! let mut blocks = [[0; 64]; 4];
//!
//! let lens = ring.scope(&mut slots, |s| -> bareio::Result<Vec<u32>> {
//!     let mut tickets = Vec::new();
//!     for (block, offset) in blocks.iter_mut().zip((0..).step_by(64)) {
//!         tickets.push(s.read(lend(&file), block, offset)?);
//!     }
//!     s.submit()?;
//!     // … something else, while the kernel reads …
//!     tickets.into_iter().map(|ticket| Ok(s.wait(ticket).0?)).collect()
//! })?;
//! println!("{lens:?}"); // as many as each read, which may be short
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whatever the closure does, be it that it returns early, panics, or forgets its tickets, `scope` returns only when the
//! kernel is done with all that was lent. So a buffer that dies within it cannot be lent:
//!
//! ```compile_fail,E0597
//! # use bareio::scope::{Ring, Slot};
//! # fn example(ring: &mut Ring<bareio::Native>, slots: &mut [Slot], file: &std::fs::File) {
//! ring.scope(slots, |s| {
//!     let mut block = [0; 64];
//!     let _ = s.read(bareio::fd::lend(file), &mut block, 0);
//! });
//! # }
//! ```
//!
//! and a file cannot be closed that is in use:
//!
//! ```compile_fail,E0505
//! # use bareio::scope::{Ring, Slot};
//! # fn example(ring: &mut Ring<bareio::Native>, slots: &mut [Slot], file: std::fs::File) {
//! let mut block = [0; 64];
//! ring.scope(slots, |s| {
//!     let ticket = s.read(bareio::fd::lend(&file), &mut block, 0);
//!     drop(file);
//!     let _ = ticket;
//! });
//! # }
//! ```
//!
//! What a scope leaves to its caller, and a batch does not: a transfer may be short, offsets of pipes are not refused, and
//! there is no way without io_uring.

pub use bareio_core::ring::{Builder, Ring};
pub use bareio_core::scope::{Chain, Loan, Refused, Scope, Slot, Started, Ticket};
