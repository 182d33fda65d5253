//! Operations on pipes.

use super::{ZERO, address};
use crate::abi::{FileSlot, Opcode, SocketFlags, SpliceFlags, Sqe};
use crate::kernel::Fd;

/// Moves up to `len` bytes from one descriptor to another, one of them a pipe. An offset is `u64::MAX` for a
/// pipe, and for the current position. 5.7. `io_uring_prep_splice(3)`.
#[inline(always)]
pub const fn splice(from: Fd, from_offset: u64, to: Fd, to_offset: u64, len: u32, flags: SpliceFlags) -> Sqe {
    Sqe { opcode: Opcode::SPLICE, offset: to_offset, addr: from_offset, ..tee(from, to, len, flags) }
}

/// Copies up to `len` bytes from one pipe to another; the source keeps them. 5.8. `io_uring_prep_tee(3)`.
#[inline(always)]
pub const fn tee(from: Fd, to: Fd, len: u32, flags: SpliceFlags) -> Sqe {
    Sqe {
        opcode: Opcode::TEE,
        fd: to.0,
        len,
        op_flags: flags.bits(),
        file_index: from.0.cast_unsigned(),
        ..ZERO
    }
}

/// Makes a pipe, and puts its two descriptors, reading end first, at `ends`. 6.16. `io_uring_prep_pipe(3)`.
#[inline(always)]
pub fn pipe(ends: *mut [Fd; 2], flags: SocketFlags) -> Sqe {
    Sqe { opcode: Opcode::PIPE, addr: address(ends), op_flags: flags.bits(), ..ZERO }
}

/// Makes a pipe in slots of registered files: `slot` and the one behind it, or any two with
/// [`FileSlot::ALLOC`], whose indices are put at `ends`. 6.16. `io_uring_prep_pipe_direct(3)`.
#[inline(always)]
pub fn pipe_direct(ends: *mut [Fd; 2], flags: SocketFlags, slot: FileSlot) -> Sqe {
    Sqe { file_index: slot.encoded(), ..pipe(ends, flags) }
}
