//! Operations on names.
//!
//! A path is seen from the directory beside it, or from the working directory with [`Fd::CWD`]; it ends in a
//! nul byte.

use core::ffi::c_char;

use super::{ZERO, address};
use crate::abi::{AtFlags, FileSlot, Opcode, OpenHow, Sqe, Statx};
use crate::kernel::{Fd, OpenFlags, RenameFlags, UnlinkFlags};

/// Opens `path`, close-on-exec; completes with the descriptor. `mode` holds the permissions of a file that is
/// created. 5.6. `io_uring_prep_openat(3)`.
#[inline(always)]
pub fn open_at(dir: Fd, path: *const c_char, flags: OpenFlags, mode: u32) -> Sqe {
    let flags = flags.linux() | linux_raw_sys::general::O_CLOEXEC;
    Sqe { opcode: Opcode::OPENAT, fd: dir.0, addr: address(path), len: mode, op_flags: flags, ..ZERO }
}

/// Opens `path` into a slot of registered files. 5.15. `io_uring_prep_openat_direct(3)`.
///
/// Not close-on-exec: the kernel refuses that bit for a slot, which no `execve` can see anyway.
#[inline(always)]
pub fn open_at_direct(dir: Fd, path: *const c_char, flags: OpenFlags, mode: u32, slot: FileSlot) -> Sqe {
    Sqe { op_flags: flags.linux(), file_index: slot.encoded(), ..open_at(dir, path, flags, mode) }
}

/// Opens `path` as `how` says in full. 5.6. `io_uring_prep_openat2(3)`.
#[inline(always)]
pub fn open_at_how(dir: Fd, path: *const c_char, how: *const OpenHow) -> Sqe {
    const LEN: u32 = 24;
    const { assert!(size_of::<OpenHow>() == LEN as usize) };
    Sqe { opcode: Opcode::OPENAT2, fd: dir.0, addr: address(path), len: LEN, offset: address(how), ..ZERO }
}

/// Opens `path` as `how` says, into a slot of registered files. 5.15. `io_uring_prep_openat2_direct(3)`.
#[inline(always)]
pub fn open_at_how_direct(dir: Fd, path: *const c_char, how: *const OpenHow, slot: FileSlot) -> Sqe {
    Sqe { file_index: slot.encoded(), ..open_at_how(dir, path, how) }
}

/// Closes a descriptor. The number is free as soon as the operation starts. 5.6. `io_uring_prep_close(3)`.
#[inline(always)]
pub const fn close(fd: Fd) -> Sqe {
    Sqe { opcode: Opcode::CLOSE, fd: fd.0, ..ZERO }
}

/// Empties a slot of registered files. 5.15. `io_uring_prep_close_direct(3)`.
#[inline(always)]
pub const fn close_direct(slot: FileSlot) -> Sqe {
    Sqe { opcode: Opcode::CLOSE, file_index: slot.encoded(), ..ZERO }
}

/// Tells what is known of `path`, or with [`AtFlags::EMPTY_PATH`] of `dir` itself. `mask` says which fields
/// are wanted (`STATX_*`). 5.6. `io_uring_prep_statx(3)`.
#[inline(always)]
pub fn stat(dir: Fd, path: *const c_char, flags: AtFlags, mask: u32, stat: *mut Statx) -> Sqe {
    Sqe {
        opcode: Opcode::STATX,
        fd: dir.0,
        addr: address(path),
        len: mask,
        offset: address(stat),
        op_flags: flags.bits(),
        ..ZERO
    }
}

/// Renames. 5.11. `io_uring_prep_renameat(3)`.
#[inline(always)]
pub fn rename_at(
    from_dir: Fd,
    from: *const c_char,
    to_dir: Fd,
    to: *const c_char,
    flags: RenameFlags,
) -> Sqe {
    Sqe { opcode: Opcode::RENAMEAT, op_flags: flags.bits(), ..two_names(from_dir, from, to_dir, to) }
}

/// Makes a link. 5.15. `io_uring_prep_linkat(3)`.
#[inline(always)]
pub fn link_at(from_dir: Fd, from: *const c_char, to_dir: Fd, to: *const c_char, flags: AtFlags) -> Sqe {
    Sqe { opcode: Opcode::LINKAT, op_flags: flags.bits(), ..two_names(from_dir, from, to_dir, to) }
}

#[inline(always)]
fn two_names(from_dir: Fd, from: *const c_char, to_dir: Fd, to: *const c_char) -> Sqe {
    Sqe { fd: from_dir.0, addr: address(from), len: to_dir.0.cast_unsigned(), offset: address(to), ..ZERO }
}

/// Removes a name. 5.11. `io_uring_prep_unlinkat(3)`.
#[inline(always)]
pub fn unlink_at(dir: Fd, path: *const c_char, flags: UnlinkFlags) -> Sqe {
    Sqe { opcode: Opcode::UNLINKAT, fd: dir.0, addr: address(path), op_flags: flags.bits(), ..ZERO }
}

/// Makes a directory. 5.15. `io_uring_prep_mkdirat(3)`.
#[inline(always)]
pub fn make_dir_at(dir: Fd, path: *const c_char, mode: u32) -> Sqe {
    Sqe { opcode: Opcode::MKDIRAT, fd: dir.0, addr: address(path), len: mode, ..ZERO }
}

/// Makes `path` a symbolic link to `target`. 5.15. `io_uring_prep_symlinkat(3)`.
#[inline(always)]
pub fn symlink_at(target: *const c_char, dir: Fd, path: *const c_char) -> Sqe {
    Sqe { opcode: Opcode::SYMLINKAT, fd: dir.0, addr: address(target), offset: address(path), ..ZERO }
}
