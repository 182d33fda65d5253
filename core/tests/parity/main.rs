//! Operations carried out in a ring and by calls, on the kernel that the tests run on: each way is the other's oracle.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#![cfg(not(miri))] // which executes no system call

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/direct.rs"]
mod direct;
#[path = "../common/fork.rs"]
mod fork;

mod act;
mod edges;
mod fallbacks;
mod files;
mod random;
mod way;
mod world;
