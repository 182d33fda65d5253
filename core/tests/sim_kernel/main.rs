//! The kernel in memory: what it does, and that it does what Linux does.
#![cfg(all(feature = "sim", not(loom)))]

mod fidelity;
mod files;
mod rig;
mod rings;
