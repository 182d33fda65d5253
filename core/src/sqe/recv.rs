//! Operations that receive.
//!
//! What they have in common is set by [`Sqe::recv_flags`].

use super::{ZERO, address};
use crate::abi::{MsgFlags, MsgHdr, Opcode, RecvFlags, Sqe};
use crate::kernel::Fd;

/// Receives up to `len` bytes into the memory at `buf`. 5.6. `io_uring_prep_recv(3)`.
#[inline(always)]
pub fn recv(fd: Fd, buf: *mut u8, len: u32, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::RECV, fd: fd.0, addr: address(buf), len, op_flags: flags.bits(), ..ZERO }
}

/// Receives again and again, into provided buffers of the group `group`. 6.0.
/// `io_uring_prep_recv_multishot(3)`.
#[inline(always)]
pub const fn recv_multishot(fd: Fd, group: u16, flags: MsgFlags) -> Sqe {
    recv_selected(fd, 0, group, flags).recv_flags(RecvFlags::MULTISHOT)
}

/// Receives up to `len` bytes (0: as the buffers hold) into as many provided buffers of the group `group` as
/// it takes. 6.10. `io_uring_prep_recv(3)`.
#[inline(always)]
pub const fn recv_bundle(fd: Fd, len: u32, group: u16, flags: MsgFlags) -> Sqe {
    recv_selected(fd, len, group, flags).recv_flags(RecvFlags::BUNDLE)
}

#[inline(always)]
const fn recv_selected(fd: Fd, len: u32, group: u16, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::RECV, fd: fd.0, len, op_flags: flags.bits(), ..ZERO }.buffer_group(group)
}

/// Receives a message. 5.3. `io_uring_prep_recvmsg(3)`.
#[inline(always)]
pub fn recv_message(fd: Fd, message: *mut MsgHdr, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::RECVMSG, fd: fd.0, addr: address(message), len: 1, op_flags: flags.bits(), ..ZERO }
}

/// Receives messages again and again, into provided buffers of the group `group`, each behind a
/// [`RecvMsgOut`](crate::abi::RecvMsgOut). Of `message`, the lengths of name and control messages count. 6.0.
/// `io_uring_prep_recvmsg_multishot(3)`.
#[inline(always)]
pub fn recv_message_multishot(fd: Fd, message: *mut MsgHdr, group: u16, flags: MsgFlags) -> Sqe {
    recv_message(fd, message, flags).buffer_group(group).recv_flags(RecvFlags::MULTISHOT)
}

/// Receives again and again without copying, from the registered queue `queue` of a network device; up to
/// `len` bytes in all, 0 for no limit. The ring's completions are of 32 bytes. 6.15. `io_uring_enter(2)`.
#[inline(always)]
pub const fn recv_zero_copy(fd: Fd, len: u32, queue: u32) -> Sqe {
    Sqe { opcode: Opcode::RECV_ZC, fd: fd.0, len, file_index: queue, ..ZERO }.recv_flags(RecvFlags::MULTISHOT)
}
