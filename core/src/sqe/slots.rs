//! Operations on registered files.

use super::{ZERO, address};
use crate::abi::{InstallFlags, Opcode, Sqe};
use crate::kernel::Fd;

/// Replaces `count` registered files from the index `first` on: −1 empties a slot,
/// [`FilesUpdate::SKIP`](crate::abi::FilesUpdate::SKIP) leaves it. Completes with how many were replaced.
/// 5.6. `io_uring_prep_files_update(3)`.
#[inline(always)]
pub fn update_files(files: *const Fd, count: u32, first: u32) -> Sqe {
    Sqe {
        opcode: Opcode::FILES_UPDATE,
        fd: -1,
        addr: address(files),
        len: count,
        offset: u64::from(first),
        ..ZERO
    }
}

/// Registers `count` files in slots that the kernel picks, and puts their indices in place of the descriptors.
/// 5.19. `io_uring_prep_files_update(3)`, `IORING_FILE_INDEX_ALLOC`.
#[inline(always)]
pub fn install_files(files: *mut Fd, count: u32) -> Sqe {
    Sqe { opcode: Opcode::FILES_UPDATE, fd: -1, addr: address(files), len: count, offset: u64::MAX, ..ZERO }
}

/// Makes a plain descriptor of the registered file `index`, counted from 0; completes with it. 6.8.
/// `io_uring_prep_fixed_fd_install(3)`.
#[inline(always)]
pub const fn install_fixed_fd(index: u32, flags: InstallFlags) -> Sqe {
    Sqe { opcode: Opcode::FIXED_FD_INSTALL, fd: index.cast_signed(), op_flags: flags.bits(), ..ZERO }
        .fixed_file()
}
