//! One constructor per operation, each setting every byte of its entry.
//!
//! The entries are plain data; what they point to must stay valid from the moment that they are pushed into a
//! ring until their last completion, as [`Ring::push`](crate::ring::Ring::push) says.

mod file;

pub use file::*;

use crate::abi::{Opcode, Sqe};

/// Does nothing, and completes. 5.1.
#[inline(always)]
pub const fn nop() -> Sqe {
    Sqe { fd: -1, ..ZERO }
}

/// Cancels whatever `matching` says, a set of `IORING_ASYNC_CANCEL_*`: by `user_data`, or with
/// [`CANCEL_ANY`] everything. 5.5 by user data; 5.19 for the flags.
///
/// Its own completion says how many were found; it says nothing about their memory, which the kernel lets go
/// at their own last completions only.
#[inline(always)]
pub const fn cancel(user_data: u64, matching: u32) -> Sqe {
    Sqe { opcode: Opcode::ASYNC_CANCEL, fd: -1, addr: user_data, op_flags: matching, ..ZERO }
}

/// For [`cancel`]: all that match, not only the first. 5.19.
pub const CANCEL_ALL: u32 = linux_raw_sys::io_uring::IORING_ASYNC_CANCEL_ALL;
/// For [`cancel`]: anything matches. 5.19.
pub const CANCEL_ANY: u32 = linux_raw_sys::io_uring::IORING_ASYNC_CANCEL_ANY;

/// All bytes zero.
const ZERO: Sqe = Sqe {
    opcode: Opcode::NOP,
    flags: crate::abi::SqeFlags::NONE,
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
