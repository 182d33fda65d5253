//! Waiting for readiness.

use super::{ZERO, address};
use crate::abi::{EpollEvent, Opcode, PollEvents, PollFlags, Sqe};
use crate::kernel::Fd;

/// Completes when one of `events` is so on `fd`, with those that are. 5.1; over 16 bits of events 5.9.
/// `io_uring_prep_poll_add(3)`.
#[inline(always)]
pub const fn poll(fd: Fd, events: PollEvents) -> Sqe {
    Sqe { opcode: Opcode::POLL_ADD, fd: fd.0, op_flags: poll_bits(events), ..ZERO }
}

/// The same, again and again. 5.13. `io_uring_prep_poll_multishot(3)`.
#[inline(always)]
pub const fn poll_multishot(fd: Fd, events: PollEvents) -> Sqe {
    Sqe { len: PollFlags::ADD_MULTI.bits(), ..poll(fd, events) }
}

/// Ends the wait that has this `user_data`. 5.1. `io_uring_prep_poll_remove(3)`.
#[inline(always)]
pub const fn poll_remove(user_data: u64) -> Sqe {
    Sqe { opcode: Opcode::POLL_REMOVE, fd: -1, addr: user_data, ..ZERO }
}

/// Changes the wait that has this `user_data`: with [`PollFlags::UPDATE_EVENTS`] its events, with
/// [`PollFlags::UPDATE_USER_DATA`] its user data. What is not changed is to be 0 here. 5.13.
/// `io_uring_prep_poll_update(3)`.
#[inline(always)]
pub const fn poll_update(user_data: u64, new_user_data: u64, events: PollEvents, flags: PollFlags) -> Sqe {
    Sqe { offset: new_user_data, len: flags.bits(), op_flags: poll_bits(events), ..poll_remove(user_data) }
}

/// The kernel wants the low half first, whatever the processor.
#[inline(always)]
const fn poll_bits(events: PollEvents) -> u32 {
    if cfg!(target_endian = "little") { events.bits() } else { events.bits().rotate_left(16) }
}

/// What [`epoll_control`] does: `EPOLL_CTL_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EpollControl {
    /// Adds a descriptor.
    Add = linux_raw_sys::general::EPOLL_CTL_ADD,
    /// Takes one out; the event is not looked at.
    Delete = linux_raw_sys::general::EPOLL_CTL_DEL,
    /// Changes what is waited for.
    Modify = linux_raw_sys::general::EPOLL_CTL_MOD,
}

/// Changes the set `epoll` with regard to `fd`. 5.6. `io_uring_prep_epoll_ctl(3)`.
#[inline(always)]
pub fn epoll_control(epoll: Fd, what: EpollControl, fd: Fd, event: *const EpollEvent) -> Sqe {
    Sqe {
        opcode: Opcode::EPOLL_CTL,
        fd: epoll.0,
        addr: address(event),
        len: what as u32,
        offset: u64::from(fd.0.cast_unsigned()),
        ..ZERO
    }
}

/// Waits for events of the set `epoll`, and puts up to `count` of them at `events`; completes with how many.
/// 6.15. `io_uring_prep_epoll_wait(3)`.
#[inline(always)]
pub fn epoll_wait(epoll: Fd, events: *mut EpollEvent, count: u32) -> Sqe {
    Sqe { opcode: Opcode::EPOLL_WAIT, fd: epoll.0, addr: address(events), len: count, ..ZERO }
}
