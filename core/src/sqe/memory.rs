//! Operations on memory: advice, and buffers that the kernel picks from.

use super::{ZERO, address};
use crate::abi::{AdviseMemory, Opcode, Sqe};

/// Says how `len` bytes of memory from `addr` will be used, whole pages. 5.6. `io_uring_prep_madvise(3)`.
#[inline(always)]
pub fn advise_memory(addr: *mut u8, len: u32, advice: AdviseMemory) -> Sqe {
    Sqe { opcode: Opcode::MADVISE, fd: -1, addr: address(addr), len, op_flags: advice.bits(), ..ZERO }
}

/// The same for 4 GiB and more. 6.11; older kernels take the length for 0. `io_uring_prep_madvise64(3)`.
#[inline(always)]
pub fn advise_memory_64(addr: *mut u8, len: u64, advice: AdviseMemory) -> Sqe {
    Sqe { opcode: Opcode::MADVISE, fd: -1, addr: address(addr), offset: len, op_flags: advice.bits(), ..ZERO }
}

/// Gives the kernel `count` buffers of `len` bytes each, one behind the other from `addr`, for the group
/// `group`. They are numbered from `first` on. 5.7; a registered ring of buffers (5.19) costs less.
/// `io_uring_prep_provide_buffers(3)`.
#[inline(always)]
pub fn provide_buffers(addr: *mut u8, len: u32, count: u16, group: u16, first: u16) -> Sqe {
    Sqe {
        opcode: Opcode::PROVIDE_BUFFERS,
        fd: i32::from(count),
        addr: address(addr),
        len,
        offset: u64::from(first),
        buf_index: group,
        ..ZERO
    }
}

/// Takes up to `count` such buffers back; completes with how many. 5.7. `io_uring_prep_remove_buffers(3)`.
#[inline(always)]
pub const fn remove_buffers(count: u16, group: u16) -> Sqe {
    Sqe { opcode: Opcode::REMOVE_BUFFERS, fd: count as i32, buf_index: group, ..ZERO }
}
