//! Opening and closing.

use core::ffi::{CStr, c_char};

use bareio_core::kernel::OpenFlags;
use bareio_core::{Errno, Fd, Kernel, Linux};

use crate::error;

/// Open for reading. Added to others.
pub const BAREIO_READ: u32 = 1 << 0;
/// Open for writing.
pub const BAREIO_WRITE: u32 = 1 << 1;
/// Make the file if it is not there.
pub const BAREIO_CREATE: u32 = 1 << 2;
/// Empty it.
pub const BAREIO_TRUNCATE: u32 = 1 << 4;
/// Go past the page cache: addresses, lengths and offsets must then be multiples of the device's block.
pub const BAREIO_DIRECT: u32 = 1 << 6;

const _: () = {
    assert!(BAREIO_READ == OpenFlags::READ.bits() && BAREIO_WRITE == OpenFlags::WRITE.bits());
    assert!(BAREIO_CREATE == OpenFlags::CREATE.bits() && BAREIO_TRUNCATE == OpenFlags::TRUNCATE.bits());
    assert!(BAREIO_DIRECT == OpenFlags::DIRECT.bits());
};

/// Opens a file with the flags above, and permissions `mode` if it is made. Returns its descriptor, close-on-exec.
///
/// `EINVAL`: a flag that is not above, or the file system cannot go past the cache.
///
/// # Safety
///
/// `path` ends in a nul byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_open(path: *const c_char, flags: u32, mode: u32) -> i32 {
    let known = BAREIO_READ | BAREIO_WRITE | BAREIO_CREATE | BAREIO_TRUNCATE | BAREIO_DIRECT;
    if flags & !known != 0 {
        return -Errno::INVAL.number();
    }
    // SAFETY: the caller's word.
    let path = unsafe { CStr::from_ptr(path) };
    // SAFETY: the working directory is always there.
    let opened = unsafe { Linux.open_at(Fd::CWD, path, OpenFlags(flags), mode) };
    error::result(opened.map(|file| file.0.unsigned_abs()))
}

/// Closes a descriptor. Its number is free afterwards, whatever is returned.
///
/// # Safety
///
/// It is the caller's to close, and no operation in flight is on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_close(file: i32) -> i32 {
    // SAFETY: the caller's word.
    error::done(unsafe { Linux.close(Fd(file)) })
}
