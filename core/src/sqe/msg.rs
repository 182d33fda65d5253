//! Messages to other rings.

use super::ZERO;
use crate::abi::{CqeFlags, FileSlot, MsgRingFlags, Opcode, Sqe};
use crate::kernel::Fd;

/// Posts a completion with `user_data` and `result` into the ring `ring`. 5.18. `io_uring_prep_msg_ring(3)`.
#[inline(always)]
pub const fn msg_ring(ring: Fd, result: i32, user_data: u64, flags: MsgRingFlags) -> Sqe {
    Sqe {
        opcode: Opcode::MSG_RING,
        fd: ring.0,
        len: result.cast_unsigned(),
        offset: user_data,
        op_flags: flags.bits(),
        ..ZERO
    }
}

/// The same, with flags for that completion. 6.3. `io_uring_prep_msg_ring_cqe_flags(3)`.
#[inline(always)]
pub const fn msg_ring_cqe_flags(
    ring: Fd,
    result: i32,
    user_data: u64,
    flags: MsgRingFlags,
    cqe_flags: CqeFlags,
) -> Sqe {
    Sqe {
        file_index: cqe_flags.bits(),
        ..msg_ring(ring, result, user_data, flags.with(MsgRingFlags::FLAGS_PASS))
    }
}

/// Puts our registered file `source`, counted from 0, into the slot `target` of the ring `ring`, where a
/// completion with `user_data` tells of it. 6.0. `io_uring_prep_msg_ring_fd(3)`.
#[inline(always)]
pub const fn msg_ring_fd(
    ring: Fd,
    source: u32,
    target: FileSlot,
    user_data: u64,
    flags: MsgRingFlags,
) -> Sqe {
    Sqe {
        opcode: Opcode::MSG_RING,
        fd: ring.0,
        addr: SEND_FD,
        offset: user_data,
        op_flags: flags.bits(),
        file_index: target.encoded(),
        addr3: source as u64,
        ..ZERO
    }
}

/// A file is sent; 0, where it is not set, posts a completion only.
const SEND_FD: u64 = linux_raw_sys::io_uring::io_uring_msg_ring_flags::IORING_MSG_SEND_FD as u64;
