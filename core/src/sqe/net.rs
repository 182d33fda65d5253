//! Operations that make, join and end sockets.
//!
//! A socket address is the `len` bytes of some `struct sockaddr`.

use super::{ZERO, address};
use crate::abi::{AcceptFlags, FileSlot, Opcode, SocketFlags, Sqe};
use crate::kernel::Fd;

/// Makes a socket of `domain` (`AF_*`), `kind` (`SOCK_*`, without flags) and `protocol`; completes with the
/// descriptor. 5.19. `io_uring_prep_socket(3)`.
#[inline(always)]
pub const fn socket(domain: i32, kind: u32, protocol: u32, flags: SocketFlags) -> Sqe {
    Sqe { opcode: Opcode::SOCKET, fd: domain, offset: (kind | flags.bits()) as u64, len: protocol, ..ZERO }
}

/// Makes a socket in a slot of registered files. 5.19. `io_uring_prep_socket_direct(3)`.
#[inline(always)]
pub const fn socket_direct(domain: i32, kind: u32, protocol: u32, flags: SocketFlags, slot: FileSlot) -> Sqe {
    Sqe { file_index: slot.encoded(), ..socket(domain, kind, protocol, flags) }
}

/// Binds a socket to an address. 6.11. `io_uring_prep_bind(3)`.
#[inline(always)]
pub fn bind(fd: Fd, addr: *const u8, len: u32) -> Sqe {
    Sqe { opcode: Opcode::BIND, fd: fd.0, addr: address(addr), offset: u64::from(len), ..ZERO }
}

/// Listens for connections, of which `backlog` may wait to be accepted. 6.11. `io_uring_prep_listen(3)`.
#[inline(always)]
pub const fn listen(fd: Fd, backlog: u32) -> Sqe {
    Sqe { opcode: Opcode::LISTEN, fd: fd.0, len: backlog, ..ZERO }
}

/// Connects a socket to an address. 5.5. `io_uring_prep_connect(3)`.
#[inline(always)]
pub fn connect(fd: Fd, addr: *const u8, len: u32) -> Sqe {
    Sqe { opcode: Opcode::CONNECT, fd: fd.0, addr: address(addr), offset: u64::from(len), ..ZERO }
}

/// Accepts a connection; completes with its descriptor. The other side's address goes to `addr`, whose room
/// and length in bytes are in `len`; both may be null. 5.5. `io_uring_prep_accept(3)`.
#[inline(always)]
pub fn accept(fd: Fd, addr: *mut u8, len: *mut u32, flags: SocketFlags) -> Sqe {
    Sqe {
        opcode: Opcode::ACCEPT,
        fd: fd.0,
        addr: address(addr),
        offset: address(len),
        op_flags: flags.bits(),
        ..ZERO
    }
}

/// Accepts a connection into a slot of registered files. 5.15. `io_uring_prep_accept_direct(3)`.
#[inline(always)]
pub fn accept_direct(fd: Fd, addr: *mut u8, len: *mut u32, flags: SocketFlags, slot: FileSlot) -> Sqe {
    Sqe { file_index: slot.encoded(), ..accept(fd, addr, len, flags) }
}

/// Accepts connections again and again. 5.19. `io_uring_prep_multishot_accept(3)`.
#[inline(always)]
pub fn accept_multishot(fd: Fd, addr: *mut u8, len: *mut u32, flags: SocketFlags) -> Sqe {
    accept(fd, addr, len, flags).accept_flags(AcceptFlags::MULTISHOT)
}

/// Accepts connections again and again, into slots that the kernel picks. 5.19.
/// `io_uring_prep_multishot_accept_direct(3)`.
#[inline(always)]
pub fn accept_multishot_direct(fd: Fd, addr: *mut u8, len: *mut u32, flags: SocketFlags) -> Sqe {
    accept_direct(fd, addr, len, flags, FileSlot::ALLOC).accept_flags(AcceptFlags::MULTISHOT)
}

/// Which direction of a socket [`shutdown`] ends: `SHUT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Shutdown {
    /// Nothing more is received.
    Read = 0,
    /// Nothing more is sent.
    Write = 1,
    /// Neither.
    Both = 2,
}

/// Shuts a socket down. 5.11. `io_uring_prep_shutdown(3)`.
#[inline(always)]
pub const fn shutdown(fd: Fd, how: Shutdown) -> Sqe {
    Sqe { opcode: Opcode::SHUTDOWN, fd: fd.0, len: how as u32, ..ZERO }
}
