//! One constructor per operation, each setting every byte of its entry.
//!
//! The entries are plain data; what they point to must stay valid from the moment that they are pushed into a
//! ring until their last completion, as [`Ring::push`](crate::ring::Ring::push) says. With the feature bit
//! [`SUBMIT_STABLE`](crate::abi::Features::SUBMIT_STABLE), paths, times and lists of pieces (not the pieces
//! themselves) are free once the kernel has taken the entry.
//!
//! Lengths are bytes, counts are items, offsets are bytes in the file; an offset of `u64::MAX` is the current
//! position ([`RW_CUR_POS`](crate::abi::Features::RW_CUR_POS)). A descriptor is the index of a registered file
//! where [`Sqe::fixed_file`] is added. The kernel that first has an operation stands with it, and the manual
//! page of liburing's function or of the system call that it stands for; the fields are laid out as the kernel
//! reads them on the processor that this is compiled for.
//!
//! ```
//! use bareio_core::abi::Opcode;
//! use bareio_core::{Fd, sqe};
//!
//! let mut buf = [0; 512];
//! let entry = sqe::read(Fd(3), buf.as_mut_ptr(), 512, 4096).user_data(7);
//! assert_eq!((entry.opcode, entry.fd, entry.len, entry.offset), (Opcode::READ, 3, 512, 4096));
//! ```

#![expect(
    clippy::inline_always,
    reason = "an entry is made where it is used: inlined, it is a few stores into the ring"
)]

mod cancel;
mod command;
mod file;
mod fs;
mod futex;
mod memory;
mod msg;
mod net;
mod pipe;
mod poll;
mod process;
mod recv;
mod send;
mod slots;
mod time;
mod xattr;

pub use cancel::*;
pub use command::*;
pub use file::*;
pub use fs::*;
pub use futex::*;
pub use memory::*;
pub use msg::*;
pub use net::*;
pub use pipe::*;
pub use poll::*;
pub use process::*;
pub use recv::*;
pub use send::*;
pub use slots::*;
pub use time::*;
pub use xattr::*;

use crate::abi::{NopFlags, Opcode, Sqe, SqeFlags};

/// Does nothing, and completes with 0. 5.1. `io_uring_prep_nop(3)`.
#[inline(always)]
pub const fn nop() -> Sqe {
    Sqe { fd: -1, ..ZERO }
}

/// Does nothing but what `flags` say, and completes with `result` if they hold [`NopFlags::INJECT_RESULT`]:
/// a count, or a negated error number. 6.10.
///
/// For [`NopFlags::FILE`] and [`NopFlags::FIXED_BUFFER`], set `fd` and `buf_index`.
#[inline(always)]
pub const fn nop_with(flags: NopFlags, result: i32) -> Sqe {
    Sqe { fd: -1, len: result.cast_unsigned(), op_flags: flags.bits(), ..ZERO }
}

/// All bytes zero.
const ZERO: Sqe = Sqe {
    opcode: Opcode::NOP,
    flags: SqeFlags::NONE,
    ioprio: 0,
    fd: 0,
    offset: 0,
    addr: 0,
    len: 0,
    op_flags: 0,
    user_data: 0,
    buf_index: 0,
    personality: 0,
    file_index: 0,
    addr3: 0,
    pad: 0,
};

/// The address as the kernel takes it. Exposed: the kernel will use it, and on `Sim` so does Rust code.
#[inline(always)]
fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}

/// Two 32-bit fields that lie one behind the other where the entry has one of 64 bits.
#[inline(always)]
const fn pair(first: u32, second: u32) -> u64 {
    if cfg!(target_endian = "little") {
        (second as u64) << 32 | first as u64
    } else {
        (first as u64) << 32 | second as u64
    }
}

/// Two 16-bit fields that lie one behind the other where the entry has one of 32 bits.
#[inline(always)]
const fn pair16(first: u16, second: u16) -> u32 {
    if cfg!(target_endian = "little") {
        (second as u32) << 16 | first as u32
    } else {
        (first as u32) << 16 | second as u32
    }
}
