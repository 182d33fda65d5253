//! Files and names, on this host's file systems and on the kernel in memory.
#![cfg(all(feature = "sim", unix, not(loom)))]

mod aligned;
mod durable;
mod edges;
mod faults;
mod opening;
mod power;
mod rig;
mod space;
mod speed;
mod transfers;
mod unaligned;
mod whole;
