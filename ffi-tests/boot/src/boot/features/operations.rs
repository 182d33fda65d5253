//! Operations of io_uring: those that a kernel says it has, and those that it then refuses.

use bareio_core::Errno;
use bareio_core::abi::{Opcode, Sqe};

use super::{Bench, Found};

/// Every operation newer than 5.10, and the release that first had it.
pub(super) const LIST: &[(Opcode, (u16, u16))] = &[
    (Opcode::SHUTDOWN, (5, 11)),
    (Opcode::RENAMEAT, (5, 11)),
    (Opcode::UNLINKAT, (5, 11)),
    (Opcode::MKDIRAT, (5, 15)),
    (Opcode::SYMLINKAT, (5, 15)),
    (Opcode::LINKAT, (5, 15)),
    (Opcode::MSG_RING, (5, 18)),
    (Opcode::FSETXATTR, (5, 19)),
    (Opcode::SETXATTR, (5, 19)),
    (Opcode::FGETXATTR, (5, 19)),
    (Opcode::GETXATTR, (5, 19)),
    (Opcode::SOCKET, (5, 19)),
    (Opcode::URING_CMD, (5, 19)),
    (Opcode::SEND_ZC, (6, 0)),
    (Opcode::SENDMSG_ZC, (6, 1)),
    (Opcode::READ_MULTISHOT, (6, 7)),
    (Opcode::WAITID, (6, 7)),
    (Opcode::FUTEX_WAIT, (6, 7)),
    (Opcode::FUTEX_WAKE, (6, 7)),
    (Opcode::FUTEX_WAITV, (6, 7)),
    (Opcode::FIXED_FD_INSTALL, (6, 8)),
    (Opcode::FTRUNCATE, (6, 9)),
    (Opcode::BIND, (6, 11)),
    (Opcode::LISTEN, (6, 11)),
    (Opcode::RECV_ZC, (6, 15)),
    (Opcode::EPOLL_WAIT, (6, 15)),
    (Opcode::READV_FIXED, (6, 15)),
    (Opcode::WRITEV_FIXED, (6, 15)),
    (Opcode::PIPE, (6, 16)),
];

/// Whether a kernel may be built without it.
pub(super) fn is_optional(opcode: Opcode) -> bool {
    opcode == Opcode::RECV_ZC
}

/// Whether the kernel says that it has `opcode`; and if not, how it refuses it.
pub(super) fn ask(bench: &mut Bench<'_>, opcode: Opcode) -> Found {
    if bench.ring.probe().is_ok_and(|probe| probe.has(opcode)) {
        return Found::Seen;
    }
    // SAFETY: the kernel refuses it before it looks at what it names, which is nothing.
    match unsafe { bench.answer(Sqe { opcode, fd: -1, ..Sqe::default() }) } {
        Some(Err(errno @ (Errno::INVAL | Errno::OPNOTSUPP))) => Found::Refused(errno),
        _ => Found::Odd,
    }
}
