//! Operations on files.

use super::{ZERO, address};
use crate::abi::{Opcode, Sqe};
use crate::iovec::IoVec;
use crate::kernel::{AdviseFile, Allocate, Fd, RwFlags, SyncRange};

/// Reads up to `len` bytes at `offset` into the memory at `buf`. 5.6. `io_uring_prep_read(3)`.
#[inline(always)]
pub fn read(fd: Fd, buf: *mut u8, len: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::READ, fd: fd.0, addr: address(buf), len, offset, ..ZERO }
}

/// Writes up to `len` bytes at `offset` from the memory at `buf`. 5.6. `io_uring_prep_write(3)`.
#[inline(always)]
pub fn write(fd: Fd, buf: *const u8, len: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::WRITE, fd: fd.0, addr: address(buf), len, offset, ..ZERO }
}

/// Reads up to `len` bytes at `offset` into memory at `buf` within the fixed buffer `buf_index`. 5.1.
/// `io_uring_prep_read_fixed(3)`.
#[inline(always)]
pub fn read_fixed(fd: Fd, buf: *mut u8, len: u32, offset: u64, buf_index: u16) -> Sqe {
    Sqe { opcode: Opcode::READ_FIXED, fd: fd.0, addr: address(buf), len, offset, buf_index, ..ZERO }
}

/// Writes up to `len` bytes at `offset` from memory at `buf` within the fixed buffer `buf_index`. 5.1.
/// `io_uring_prep_write_fixed(3)`.
#[inline(always)]
pub fn write_fixed(fd: Fd, buf: *const u8, len: u32, offset: u64, buf_index: u16) -> Sqe {
    Sqe { opcode: Opcode::WRITE_FIXED, fd: fd.0, addr: address(buf), len, offset, buf_index, ..ZERO }
}

/// Reads at `offset` into `count` pieces of memory. 5.1. `io_uring_prep_readv(3)`.
#[inline(always)]
pub fn read_vectored(fd: Fd, pieces: *const IoVec, count: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::READV, fd: fd.0, addr: address(pieces), len: count, offset, ..ZERO }
}

/// Writes at `offset` from `count` pieces of memory. 5.1. `io_uring_prep_writev(3)`.
#[inline(always)]
pub fn write_vectored(fd: Fd, pieces: *const IoVec, count: u32, offset: u64) -> Sqe {
    Sqe { opcode: Opcode::WRITEV, fd: fd.0, addr: address(pieces), len: count, offset, ..ZERO }
}

/// Reads at `offset` into `count` pieces, all within the fixed buffer `buf_index`. 6.15.
/// `io_uring_prep_readv_fixed(3)`.
#[inline(always)]
pub fn read_vectored_fixed(fd: Fd, pieces: *const IoVec, count: u32, offset: u64, buf_index: u16) -> Sqe {
    Sqe { opcode: Opcode::READV_FIXED, buf_index, ..read_vectored(fd, pieces, count, offset) }
}

/// Writes at `offset` from `count` pieces, all within the fixed buffer `buf_index`. 6.15.
/// `io_uring_prep_writev_fixed(3)`.
#[inline(always)]
pub fn write_vectored_fixed(fd: Fd, pieces: *const IoVec, count: u32, offset: u64, buf_index: u16) -> Sqe {
    Sqe { opcode: Opcode::WRITEV_FIXED, buf_index, ..write_vectored(fd, pieces, count, offset) }
}

/// Reads again and again, up to `len` bytes each time (0: as the buffer holds), into provided buffers of the
/// group `group`. For what can be polled: a pipe, a socket, a terminal. 6.7. `io_uring_prep_read_multishot(3)`.
#[inline(always)]
pub const fn read_multishot(fd: Fd, len: u32, offset: u64, group: u16) -> Sqe {
    Sqe { opcode: Opcode::READ_MULTISHOT, fd: fd.0, len, offset, ..ZERO }.buffer_group(group)
}

impl Sqe {
    /// Says how a read or write is done. 5.1; each flag as [`RwFlags`] says. `io_uring_prep_readv2(3)`.
    #[inline(always)]
    #[must_use]
    pub const fn rw_flags(mut self, flags: RwFlags) -> Self {
        self.op_flags = flags.bits();
        self
    }
}

/// Flushes the file's data and everything known of it to the disk. 5.1. `io_uring_prep_fsync(3)`.
#[inline(always)]
pub const fn sync_all(fd: Fd) -> Sqe {
    Sqe { opcode: Opcode::FSYNC, fd: fd.0, ..ZERO }
}

/// Flushes the file's data, and of what is known of it only what reading the data needs. 5.1.
/// `io_uring_prep_fsync(3)`.
#[inline(always)]
pub const fn sync_data(fd: Fd) -> Sqe {
    Sqe { opcode: Opcode::FSYNC, fd: fd.0, op_flags: linux_raw_sys::io_uring::IORING_FSYNC_DATASYNC, ..ZERO }
}

/// Starts or awaits writing back `len` bytes from `offset` (0: to the end). It paces large writes and makes
/// nothing durable. 5.2. `io_uring_prep_sync_file_range(3)`.
#[inline(always)]
pub const fn sync_range(fd: Fd, offset: u64, len: u32, how: SyncRange) -> Sqe {
    Sqe { opcode: Opcode::SYNC_FILE_RANGE, fd: fd.0, offset, len, op_flags: how.bits(), ..ZERO }
}

/// Reserves, frees or zeroes `len` bytes of the file's space from `offset`. 5.6. `io_uring_prep_fallocate(3)`.
#[inline(always)]
pub const fn allocate(fd: Fd, how: Allocate, offset: u64, len: u64) -> Sqe {
    Sqe { opcode: Opcode::FALLOCATE, fd: fd.0, offset, addr: len, len: how.bits(), ..ZERO }
}

/// Sets the size of the file to `len` bytes. 6.9. `io_uring_prep_ftruncate(3)`.
#[inline(always)]
pub const fn truncate(fd: Fd, len: u64) -> Sqe {
    Sqe { opcode: Opcode::FTRUNCATE, fd: fd.0, offset: len, ..ZERO }
}

/// Says how `len` bytes of the file from `offset` (0: to the end) will be used. 5.6.
/// `io_uring_prep_fadvise(3)`.
#[inline(always)]
pub const fn advise_file(fd: Fd, offset: u64, len: u32, advice: AdviseFile) -> Sqe {
    Sqe { opcode: Opcode::FADVISE, fd: fd.0, offset, len, op_flags: advice as u32, ..ZERO }
}

/// The same for more than 4 GiB. 6.11; older kernels take the length for 0, that is, to the end.
/// `io_uring_prep_fadvise64(3)`.
#[inline(always)]
pub const fn advise_file_64(fd: Fd, offset: u64, len: u64, advice: AdviseFile) -> Sqe {
    Sqe { opcode: Opcode::FADVISE, fd: fd.0, offset, addr: len, op_flags: advice as u32, ..ZERO }
}
