//! Commands to drivers.

use super::{ZERO, address, pair};
use crate::abi::{CommandFlags, Opcode, Sqe};
use crate::kernel::Fd;

/// Sends the command `command` to the driver behind `fd`, with 16 bytes for it. What they mean is the
/// driver's affair. 5.19. `io_uring_enter(2)`.
#[inline(always)]
pub const fn command(fd: Fd, command: u32, payload: [u64; 2], flags: CommandFlags) -> Sqe {
    let [addr3, pad] = payload;
    Sqe {
        opcode: Opcode::URING_CMD,
        fd: fd.0,
        offset: pair(command, 0),
        op_flags: flags.bits(),
        addr3,
        pad,
        ..ZERO
    }
}

/// Reads the option `name` of `level` of a socket into the `len` bytes at `value`; completes with the length.
/// 6.7. `io_uring_prep_cmd(3)`, `getsockopt(2)`.
#[inline(always)]
pub fn socket_option(fd: Fd, level: u32, name: u32, value: *mut u8, len: u32) -> Sqe {
    option(fd, 2, level, name, value, len)
}

/// Sets the option `name` of `level` of a socket from the `len` bytes at `value`. 6.7.
/// `io_uring_prep_cmd(3)`, `setsockopt(2)`.
#[inline(always)]
pub fn set_socket_option(fd: Fd, level: u32, name: u32, value: *const u8, len: u32) -> Sqe {
    option(fd, 3, level, name, value, len)
}

/// Completes with how many bytes a socket has received and not yet given. 6.7. `SIOCINQ` of `tcp(7)`.
#[inline(always)]
pub const fn socket_unread(fd: Fd) -> Sqe {
    command(fd, 0, [0, 0], CommandFlags::NONE)
}

/// Completes with how many bytes a socket has taken and not yet sent. 6.7. `SIOCOUTQ` of `tcp(7)`.
#[inline(always)]
pub const fn socket_unsent(fd: Fd) -> Sqe {
    command(fd, 1, [0, 0], CommandFlags::NONE)
}

#[inline(always)]
fn option(fd: Fd, what: u32, level: u32, name: u32, value: *const u8, len: u32) -> Sqe {
    Sqe {
        opcode: Opcode::URING_CMD,
        fd: fd.0,
        offset: pair(what, 0),
        addr: pair(level, name),
        file_index: len,
        addr3: address(value),
        ..ZERO
    }
}

/// Tells a block device that `len` bytes from `offset` are not needed any more; both on its grid. 6.12.
/// `io_uring_prep_cmd_discard(3)`.
#[inline(always)]
pub const fn discard(fd: Fd, offset: u64, len: u64) -> Sqe {
    Sqe { addr: offset, ..command(fd, BLOCK_URING_CMD_DISCARD, [len, 0], CommandFlags::NONE) }
}

/// `_IO(0x12, 0)` of `linux/blkdev.h`; no data, so the direction bits are those of none, 1 << 29 on MIPS,
/// PowerPC and SPARC.
const BLOCK_URING_CMD_DISCARD: u32 =
    (if cfg!(any(target_arch = "powerpc64", target_arch = "mips64", target_arch = "sparc64")) {
        1 << 29
    } else {
        0
    }) | 0x12 << 8;

const _: () = {
    use linux_raw_sys::io_uring::io_uring_socket_op as op;
    assert!(op::SOCKET_URING_OP_SIOCINQ as u32 == 0);
    assert!(op::SOCKET_URING_OP_SIOCOUTQ as u32 == 1);
    assert!(op::SOCKET_URING_OP_GETSOCKOPT as u32 == 2);
    assert!(op::SOCKET_URING_OP_SETSOCKOPT as u32 == 3);
};
