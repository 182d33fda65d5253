//! The first instructions. The kernel enters with a stack and nothing else; `bareio_main` is called on it.

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and rsp, -16", // the kernel promises that; the call then misaligns it as every function expects
    "call bareio_main",
    "ud2",
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, xzr",
    "mov x30, xzr",
    "bl bareio_main",
    "brk #0",
);

#[cfg(target_arch = "riscv64")]
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    ".option push",
    ".option norelax", // what sets the pointer cannot be found by it
    "la gp, __global_pointer$",
    ".option pop",
    "andi sp, sp, -16",
    "call bareio_main",
    "unimp",
);

/// Named by the compiler's own run-time functions, which are compiled to unwind. Nothing unwinds here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// Asked by the compiler's own run-time functions for what the processor can do: the least, which is always right.
#[cfg(target_arch = "aarch64")]
#[unsafe(no_mangle)]
extern "C" fn getauxval(_: u64) -> u64 {
    0
}
