//! Batches where things go wrong, and what others got wrong.
#![cfg(unix)]

mod backends;
mod breakages;
mod durability;
mod faults;
#[cfg(not(miri))]
mod native;
mod rig;
