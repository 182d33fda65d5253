//! Operations that send.
//!
//! What they have in common is set by [`Sqe::send_flags`], and the receiver, where the socket is not
//! connected, by [`Sqe::destination`].

use super::{ZERO, address, pair16};
use crate::abi::{MsgFlags, MsgHdr, Opcode, SendFlags, Sqe};
use crate::kernel::Fd;

/// Sends up to `len` bytes from the memory at `buf`. 5.6. `io_uring_prep_send(3)`.
#[inline(always)]
pub fn send(fd: Fd, buf: *const u8, len: u32, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::SEND, fd: fd.0, addr: address(buf), len, op_flags: flags.bits(), ..ZERO }
}

/// Sends up to `len` bytes (0: all there are) from as many provided buffers of the group `group` as it takes.
/// 6.10. `io_uring_prep_send_bundle(3)`.
#[inline(always)]
pub const fn send_bundle(fd: Fd, len: u32, group: u16, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::SEND, fd: fd.0, len, op_flags: flags.bits(), ..ZERO }
        .buffer_group(group)
        .send_flags(SendFlags::BUNDLE)
}

/// Sends up to `len` bytes at `buf` without copying them. 6.0. `io_uring_prep_send_zc(3)`.
///
/// It completes twice: with the count, and, if that completion says
/// [`MORE`](crate::abi::CqeFlags::MORE), once the memory is free, with
/// [`NOTIF`](crate::abi::CqeFlags::NOTIF).
#[inline(always)]
pub fn send_zero_copy(fd: Fd, buf: *const u8, len: u32, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::SEND_ZC, ..send(fd, buf, len, flags) }
}

/// The same from memory at `buf` within the fixed buffer `buf_index`. 6.0. `io_uring_prep_send_zc_fixed(3)`.
#[inline(always)]
pub fn send_zero_copy_fixed(fd: Fd, buf: *const u8, len: u32, flags: MsgFlags, buf_index: u16) -> Sqe {
    Sqe { buf_index, ..send_zero_copy(fd, buf, len, flags) }.send_flags(SendFlags::FIXED_BUF)
}

/// Sends a message. 5.3. `io_uring_prep_sendmsg(3)`.
#[inline(always)]
pub fn send_message(fd: Fd, message: *const MsgHdr, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::SENDMSG, fd: fd.0, addr: address(message), len: 1, op_flags: flags.bits(), ..ZERO }
}

/// Sends a message without copying its pieces; completes as [`send_zero_copy`] does. 6.1.
/// `io_uring_prep_sendmsg_zc(3)`.
#[inline(always)]
pub fn send_message_zero_copy(fd: Fd, message: *const MsgHdr, flags: MsgFlags) -> Sqe {
    Sqe { opcode: Opcode::SENDMSG_ZC, ..send_message(fd, message, flags) }
}

impl Sqe {
    /// Sends to this address: the `len` bytes of some `struct sockaddr`. For [`send`] (6.2) and
    /// [`send_zero_copy`] (6.0). `io_uring_prep_send_set_addr(3)`.
    #[inline(always)]
    #[must_use]
    pub fn destination(mut self, addr: *const u8, len: u16) -> Self {
        self.offset = address(addr);
        self.file_index = pair16(len, 0);
        self
    }
}
