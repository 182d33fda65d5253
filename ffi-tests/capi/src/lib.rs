//! `bareio-core` for C programs, freestanding ones too.
//!
//! The functions are documented as C programmers meet them, in `include/bareio.h`, which is written from this source.
//! `example/` has a program that needs no libc. To make and run it: `make -C ffi-tests/capi`.
#![no_std]

mod error;
mod file;
mod pool;
mod ring;

/// Ends the program: there is nothing above that could be told.
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction raises a fault, and touches nothing.
    unsafe {
        core::arch::asm!("ud2", options(noreturn))
    };
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("brk #1", options(noreturn))
    };
    #[cfg(target_arch = "riscv64")]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("unimp", options(noreturn))
    };
}
