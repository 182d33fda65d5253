//! Operations on files.

use super::ZERO;
use crate::abi::{Opcode, Sqe};
use crate::iovec::IoVec;
use crate::kernel::Fd;

/// Reads up to `len` bytes at `offset` into the memory at `buf`. 5.6.
#[inline(always)]
pub fn read(fd: Fd, buf: *mut u8, len: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::READ, fd: fd.0, addr: address(buf), len, offset, ..ZERO }
}

/// Writes up to `len` bytes at `offset` from the memory at `buf`. 5.6.
#[inline(always)]
pub fn write(fd: Fd, buf: *const u8, len: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::WRITE, fd: fd.0, addr: address(buf), len, offset, ..ZERO }
}

/// Reads up to `len` bytes at `offset` into memory at `buf` within the fixed buffer `buf_index`. 5.1.
#[inline(always)]
pub fn read_fixed(fd: Fd, buf: *mut u8, len: u32, offset: u64, buf_index: u16) -> Sqe {
    Sqe { opcode: Opcode::READ_FIXED, fd: fd.0, addr: address(buf), len, offset, buf_index, ..ZERO }
}

/// Writes up to `len` bytes at `offset` from memory at `buf` within the fixed buffer `buf_index`. 5.1.
#[inline(always)]
pub fn write_fixed(fd: Fd, buf: *const u8, len: u32, offset: u64, buf_index: u16) -> Sqe {
    Sqe { opcode: Opcode::WRITE_FIXED, fd: fd.0, addr: address(buf), len, offset, buf_index, ..ZERO }
}

/// Reads at `offset` into `count` pieces of memory. 5.1.
#[inline(always)]
pub fn read_vectored(fd: Fd, pieces: *const IoVec, count: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::READV, fd: fd.0, addr: address(pieces), len: count, offset, ..ZERO }
}

/// Writes at `offset` from `count` pieces of memory. 5.1.
#[inline(always)]
pub fn write_vectored(fd: Fd, pieces: *const IoVec, count: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::WRITEV, fd: fd.0, addr: address(pieces), len: count, offset, ..ZERO }
}

/// Flushes the file's data and everything known of it to the disk. 5.1.
#[inline(always)]
pub const fn sync_all(fd: Fd) -> Sqe {
    Sqe { opcode: Opcode::FSYNC, fd: fd.0, ..ZERO }
}

/// Flushes the file's data, and of what is known of it only what reading the data needs. 5.1.
#[inline(always)]
pub const fn sync_data(fd: Fd) -> Sqe {
    Sqe { opcode: Opcode::FSYNC, fd: fd.0, op_flags: linux_raw_sys::io_uring::IORING_FSYNC_DATASYNC, ..ZERO }
}

/// The address as the kernel takes it. Exposed: the kernel will use it, and on `Sim` so does Rust code.
#[inline(always)]
pub(super) fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}
