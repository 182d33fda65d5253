//! The kernel in memory: what it does, and that it does what Linux does.
#![cfg(feature = "sim")]

mod fidelity;
mod files;
mod rig;
mod rings;
