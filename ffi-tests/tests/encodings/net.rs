//! Operations on sockets.

use super::args::Args;
use super::newer::{Case, made};
use super::shim;
use bareio_core::abi::{FileSlot, MsgFlags, SendFlags, SocketFlags};
use bareio_core::sqe::{self, Shutdown};

pub(super) const CASES: &[Case] = &[
    ("socket", |a, e| {
        let (domain, kind, protocol, flags) = (a.fd().0, a.below(16), a.u32(), socket_flags(a));
        let known =
            shim::bareio_socket(e, domain, (kind | flags.bits()).cast_signed(), protocol.cast_signed());
        made(sqe::socket(domain, kind, protocol, flags), known)
    }),
    ("socket_direct", |a, e| {
        let (domain, kind, protocol, index) = (a.fd().0, a.below(16), a.u32(), a.index());
        let known = shim::bareio_socket_direct(e, domain, kind.cast_signed(), protocol.cast_signed(), index);
        made(sqe::socket_direct(domain, kind, protocol, SocketFlags::NONE, FileSlot::at(index)), known)
    }),
    ("socket_direct in any slot", |a, e| {
        let (domain, kind, protocol) = (a.fd().0, a.below(16), a.u32());
        let known = shim::bareio_socket_direct_alloc(e, domain, kind.cast_signed(), protocol.cast_signed());
        made(sqe::socket_direct(domain, kind, protocol, SocketFlags::NONE, FileSlot::ALLOC), known)
    }),
    ("connect", |a, e| {
        let (fd, addr, len) = (a.fd(), a.ptr(), a.u32());
        made(sqe::connect(fd, addr, len), shim::bareio_connect(e, fd.0, addr, len))
    }),
    ("accept", |a, e| {
        let (fd, addr, len, flags) = (a.fd(), a.ptr(), a.ptr(), socket_flags(a));
        let known = shim::bareio_accept(e, fd.0, addr, len, flags.bits().cast_signed());
        made(sqe::accept(fd, addr, len, flags), known)
    }),
    ("accept_direct", |a, e| {
        let (fd, addr, len, flags, index) = (a.fd(), a.ptr(), a.ptr(), socket_flags(a), a.index());
        let known = shim::bareio_accept_direct(e, fd.0, addr, len, flags.bits().cast_signed(), index);
        made(sqe::accept_direct(fd, addr, len, flags, FileSlot::at(index)), known)
    }),
    ("accept_multishot", |a, e| {
        let (fd, addr, len, flags) = (a.fd(), a.ptr(), a.ptr(), socket_flags(a));
        let known = shim::bareio_accept_multishot(e, fd.0, addr, len, flags.bits().cast_signed());
        made(sqe::accept_multishot(fd, addr, len, flags), known)
    }),
    ("accept_multishot_direct", |a, e| {
        let (fd, addr, len, flags) = (a.fd(), a.ptr(), a.ptr(), socket_flags(a));
        let known = shim::bareio_accept_multishot_direct(e, fd.0, addr, len, flags.bits().cast_signed());
        made(sqe::accept_multishot_direct(fd, addr, len, flags), known)
    }),
    ("shutdown", |a, e| {
        let fd = a.fd();
        let how = [Shutdown::Read, Shutdown::Write, Shutdown::Both][a.below(3) as usize];
        made(sqe::shutdown(fd, how), shim::bareio_shutdown(e, fd.0, how as i32))
    }),
    ("send", |a, e| {
        let (fd, buf, len, flags) = (a.fd(), a.ptr(), a.u32(), a.u32());
        let known = shim::bareio_send(e, fd.0, buf, len, flags.cast_signed());
        made(sqe::send(fd, buf, len, MsgFlags(flags)), known)
    }),
    ("send_zero_copy with send_flags", |a, e| {
        let (fd, buf, len, flags, how) = (a.fd(), a.ptr(), a.u32(), a.u32(), a.u16());
        let known = shim::bareio_send_zc(e, fd.0, buf, len, flags.cast_signed(), how.into());
        made(sqe::send_zero_copy(fd, buf, len, MsgFlags(flags)).send_flags(SendFlags(how)), known)
    }),
    ("send_zero_copy_fixed", |a, e| {
        let (fd, buf, len, flags, how, index) = (a.fd(), a.ptr(), a.u32(), a.u32(), a.u16(), a.u16());
        let known =
            shim::bareio_send_zc_fixed(e, fd.0, buf, len, flags.cast_signed(), how.into(), index.into());
        let ours = sqe::send_zero_copy_fixed(fd, buf, len, MsgFlags(flags), index);
        made(ours.send_flags(SendFlags(how)), known)
    }),
    ("send with destination", |a, e| {
        let (fd, buf, len, flags, addr, addr_len) = (a.fd(), a.ptr(), a.u32(), a.u32(), a.ptr(), a.u16());
        let known = shim::bareio_send_to(e, fd.0, buf, len, flags.cast_signed(), addr, addr_len);
        made(sqe::send(fd, buf, len, MsgFlags(flags)).destination(addr, addr_len), known)
    }),
    ("send_message", |a, e| {
        let (fd, message, flags) = (a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_sendmsg(e, fd.0, message, flags);
        made(sqe::send_message(fd, message, MsgFlags(flags)), known)
    }),
    ("send_message_zero_copy", |a, e| {
        let (fd, message, flags) = (a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_sendmsg_zc(e, fd.0, message, flags);
        made(sqe::send_message_zero_copy(fd, message, MsgFlags(flags)), known)
    }),
    ("recv", |a, e| {
        let (fd, buf, len, flags) = (a.fd(), a.ptr(), a.u32(), a.u32());
        let known = shim::bareio_recv(e, fd.0, buf, len, flags.cast_signed());
        made(sqe::recv(fd, buf, len, MsgFlags(flags)), known)
    }),
    ("recv_multishot", |a, e| {
        let (fd, group, flags) = (a.fd(), a.u16(), a.u32());
        let known = shim::bareio_recv_multishot(e, fd.0, group, flags.cast_signed());
        made(sqe::recv_multishot(fd, group, MsgFlags(flags)), known)
    }),
    ("recv_message", |a, e| {
        let (fd, message, flags) = (a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_recvmsg(e, fd.0, message, flags);
        made(sqe::recv_message(fd, message, MsgFlags(flags)), known)
    }),
    ("recv_message_multishot", |a, e| {
        let (fd, message, group, flags) = (a.fd(), a.ptr(), a.u16(), a.u32());
        let known = shim::bareio_recvmsg_multishot(e, fd.0, message, group, flags);
        made(sqe::recv_message_multishot(fd, message, group, MsgFlags(flags)), known)
    }),
];

fn socket_flags(args: &mut Args) -> SocketFlags {
    [
        SocketFlags::NONE,
        SocketFlags::NONBLOCK,
        SocketFlags::CLOEXEC,
        SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
    ][args.below(4) as usize]
}
