//! Sound direct I/O and io_uring for storage engines, with the same meaning where io_uring is forbidden.
//!
//! The rings, the memory and the pools are in [`core`](bareio_core), which needs neither the standard library nor
//! an allocator; what is here makes them impossible to misuse.
#![deny(unsafe_code)]

pub use bareio_core as core;
pub use bareio_core::{Align, Errno, Misaligned, Overflow};
