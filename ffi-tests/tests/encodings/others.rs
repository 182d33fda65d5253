//! Operations on pipes, readiness, time and other operations.

use super::newer::{Case, made};
use super::shim;
use bareio_core::abi::{CancelFlags, MsgRingFlags, PollEvents, PollFlags, SpliceFlags, TimeoutFlags};
use bareio_core::sqe::{self, EpollControl};

pub(super) const CASES: &[Case] = &[
    ("nop", |_, e| made(sqe::nop(), shim::bareio_nop(e))),
    ("cancel", |a, e| {
        let (user_data, flags) = (a.u64(), a.u32());
        let known = shim::bareio_cancel(e, user_data, flags.cast_signed());
        made(sqe::cancel(user_data, CancelFlags(flags)), known)
    }),
    ("cancel_fd", |a, e| {
        let (fd, flags) = (a.fd(), a.u32());
        made(sqe::cancel_fd(fd, CancelFlags(flags)), shim::bareio_cancel_fd(e, fd.0, flags))
    }),
    ("splice", |a, e| {
        let (from, from_at, to, to_at, len, flags) = (a.fd(), a.u64(), a.fd(), a.u64(), a.u32(), a.u32());
        let known = shim::bareio_splice(e, from.0, from_at, to.0, to_at, len, flags);
        made(sqe::splice(from, from_at, to, to_at, len, SpliceFlags(flags)), known)
    }),
    ("tee", |a, e| {
        let (from, to, len, flags) = (a.fd(), a.fd(), a.u32(), a.u32());
        let known = shim::bareio_tee(e, from.0, to.0, len, flags);
        made(sqe::tee(from, to, len, SpliceFlags(flags)), known)
    }),
    ("poll", |a, e| {
        let (fd, events) = (a.fd(), a.u32());
        made(sqe::poll(fd, PollEvents(events)), shim::bareio_poll(e, fd.0, events))
    }),
    ("poll_multishot", |a, e| {
        let (fd, events) = (a.fd(), a.u32());
        made(sqe::poll_multishot(fd, PollEvents(events)), shim::bareio_poll_multishot(e, fd.0, events))
    }),
    ("poll_remove", |a, e| {
        let user_data = a.u64();
        made(sqe::poll_remove(user_data), shim::bareio_poll_remove(e, user_data))
    }),
    ("poll_update", |a, e| {
        let (old, new, events, flags) = (a.u64(), a.u64(), a.u32(), a.u32());
        let known = shim::bareio_poll_update(e, old, new, events, flags);
        made(sqe::poll_update(old, new, PollEvents(events), PollFlags(flags)), known)
    }),
    ("epoll_control", |a, e| {
        let what = [EpollControl::Add, EpollControl::Delete, EpollControl::Modify][a.below(3) as usize];
        let (epoll, fd, event) = (a.fd(), a.fd(), a.ptr());
        let known = shim::bareio_epoll_control(e, epoll.0, fd.0, what as i32, event);
        made(sqe::epoll_control(epoll, what, fd, event), known)
    }),
    ("timeout", |a, e| {
        let (time, count, flags) = (a.ptr(), a.u32(), a.u32());
        let known = shim::bareio_timeout(e, time, count, flags);
        made(sqe::timeout(time, count, TimeoutFlags(flags)), known)
    }),
    ("timeout_remove", |a, e| {
        let user_data = a.u64();
        made(sqe::timeout_remove(user_data), shim::bareio_timeout_remove(e, user_data))
    }),
    ("timeout_update", |a, e| {
        let (user_data, time, flags) = (a.u64(), a.ptr(), a.u32());
        let known = shim::bareio_timeout_update(e, user_data, time, flags);
        made(sqe::timeout_update(user_data, time, TimeoutFlags(flags)), known)
    }),
    ("link_timeout_update", |a, e| {
        let (user_data, time, flags) = (a.u64(), a.ptr(), a.u32());
        let known = shim::bareio_link_timeout_update(e, user_data, time, flags);
        // liburing sets `IORING_TIMEOUT_UPDATE` too, and the kernel wants that: it is one mask of two bits.
        made(sqe::link_timeout_update(user_data, time, TimeoutFlags(flags)), known)
    }),
    ("link_timeout", |a, e| {
        let (time, flags) = (a.ptr(), a.u32());
        let known = shim::bareio_link_timeout(e, time, flags);
        made(sqe::link_timeout(time, TimeoutFlags(flags)), known)
    }),
    ("msg_ring", |a, e| {
        let (ring, result, user_data, flags) = (a.fd(), a.u32(), a.u64(), a.u32());
        let known = shim::bareio_msg_ring(e, ring.0, result, user_data, flags);
        made(sqe::msg_ring(ring, result.cast_signed(), user_data, MsgRingFlags(flags)), known)
    }),
];
