//! Operations on time.

use super::{ZERO, address};
use crate::abi::{Opcode, Sqe, TimeoutFlags, Timespec};

/// Completes after `time` with `TIME`, or with 0 once `count` other operations have completed (0: by time
/// only). With [`TimeoutFlags::MULTISHOT`], `count` is how often. 5.4. `io_uring_prep_timeout(3)`.
#[inline(always)]
pub fn timeout(time: *const Timespec, count: u32, flags: TimeoutFlags) -> Sqe {
    Sqe {
        opcode: Opcode::TIMEOUT,
        fd: -1,
        addr: address(time),
        len: 1,
        offset: u64::from(count),
        op_flags: flags.bits(),
        ..ZERO
    }
}

/// Ends the timeout that has this `user_data`. 5.5. `io_uring_prep_timeout_remove(3)`.
#[inline(always)]
pub const fn timeout_remove(user_data: u64) -> Sqe {
    Sqe { opcode: Opcode::TIMEOUT_REMOVE, fd: -1, addr: user_data, ..ZERO }
}

/// Gives the timeout that has this `user_data` another time, counted from now. 5.11.
/// `io_uring_prep_timeout_update(3)`.
#[inline(always)]
pub fn timeout_update(user_data: u64, time: *const Timespec, flags: TimeoutFlags) -> Sqe {
    Sqe {
        offset: address(time),
        op_flags: flags.with(TimeoutFlags::UPDATE).bits(),
        ..timeout_remove(user_data)
    }
}

/// The same for a [`link_timeout`]. 5.15. `io_uring_prep_timeout_update(3)`.
#[inline(always)]
pub fn link_timeout_update(user_data: u64, time: *const Timespec, flags: TimeoutFlags) -> Sqe {
    timeout_update(user_data, time, flags.with(TimeoutFlags::LINK_UPDATE))
}

/// Limits the time of the entry before it, which is linked to it: that one is cancelled when `time` is up.
/// 5.5. `io_uring_prep_link_timeout(3)`.
#[inline(always)]
pub fn link_timeout(time: *const Timespec, flags: TimeoutFlags) -> Sqe {
    Sqe { opcode: Opcode::LINK_TIMEOUT, fd: -1, addr: address(time), len: 1, op_flags: flags.bits(), ..ZERO }
}
