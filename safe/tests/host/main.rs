//! The kernel made of the C library's calls: what it answers alone, and beside Linux's own calls, whose answers it must
//! give.
#![cfg(unix)]

mod alone;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"),
    not(miri) // which makes no system call
))]
mod beside_linux;
