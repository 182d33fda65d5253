//! Operations on extended attributes.
//!
//! Names and paths end in a nul byte; values are bytes.

use core::ffi::c_char;

use super::{ZERO, address};
use crate::abi::{Opcode, Sqe, XattrFlags};
use crate::kernel::Fd;

/// Reads the attribute `name` of an open file into the `len` bytes at `value`; completes with its length,
/// which is all that it does if `len` is 0. 5.19. `io_uring_prep_fgetxattr(3)`.
#[inline(always)]
pub fn xattr(fd: Fd, name: *const c_char, value: *mut u8, len: u32) -> Sqe {
    Sqe { opcode: Opcode::FGETXATTR, fd: fd.0, ..attribute(name, value, len) }
}

/// The same of the file at `path`, seen from the working directory. 5.19. `io_uring_prep_getxattr(3)`.
#[inline(always)]
pub fn xattr_of_path(path: *const c_char, name: *const c_char, value: *mut u8, len: u32) -> Sqe {
    Sqe { opcode: Opcode::GETXATTR, addr3: address(path), ..attribute(name, value, len) }
}

/// Sets the attribute `name` of an open file to the `len` bytes at `value`. 5.19.
/// `io_uring_prep_fsetxattr(3)`.
#[inline(always)]
pub fn set_xattr(fd: Fd, name: *const c_char, value: *const u8, len: u32, flags: XattrFlags) -> Sqe {
    Sqe { opcode: Opcode::FSETXATTR, fd: fd.0, op_flags: flags.bits(), ..attribute(name, value, len) }
}

/// The same of the file at `path`, seen from the working directory. 5.19. `io_uring_prep_setxattr(3)`.
#[inline(always)]
pub fn set_xattr_of_path(
    path: *const c_char,
    name: *const c_char,
    value: *const u8,
    len: u32,
    flags: XattrFlags,
) -> Sqe {
    Sqe {
        opcode: Opcode::SETXATTR,
        op_flags: flags.bits(),
        addr3: address(path),
        ..attribute(name, value, len)
    }
}

#[inline(always)]
fn attribute(name: *const c_char, value: *const u8, len: u32) -> Sqe {
    Sqe { addr: address(name), offset: address(value), len, ..ZERO }
}
