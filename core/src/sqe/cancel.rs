//! Ending other operations.
//!
//! The completion of a cancellation says how many were found; it says nothing about their memory, which the
//! kernel lets go at their own last completions only.

use super::ZERO;
use crate::abi::{CancelFlags, Opcode, Sqe};
use crate::kernel::Fd;

/// Cancels the operations with this `user_data`, or with [`CancelFlags::ANY`] everything.
/// 5.5; flags 5.19. `io_uring_prep_cancel64(3)`.
#[inline(always)]
pub const fn cancel(user_data: u64, flags: CancelFlags) -> Sqe {
    Sqe { opcode: Opcode::ASYNC_CANCEL, fd: -1, addr: user_data, op_flags: flags.bits(), ..ZERO }
}

/// Cancels an operation on the descriptor `fd`, with [`CancelFlags::ALL`] every one; with
/// [`CancelFlags::FD_FIXED`], `fd` is an index of registered files. 5.19. `io_uring_prep_cancel_fd(3)`.
#[inline(always)]
pub const fn cancel_fd(fd: Fd, flags: CancelFlags) -> Sqe {
    Sqe { opcode: Opcode::ASYNC_CANCEL, fd: fd.0, op_flags: flags.with(CancelFlags::FD).bits(), ..ZERO }
}

/// Cancels an operation of the kind `opcode`, with [`CancelFlags::ALL`] every one. 6.6.
#[inline(always)]
pub const fn cancel_opcode(opcode: Opcode, flags: CancelFlags) -> Sqe {
    Sqe {
        opcode: Opcode::ASYNC_CANCEL,
        fd: -1,
        len: opcode.0 as u32,
        op_flags: flags.with(CancelFlags::OP).bits(),
        ..ZERO
    }
}
