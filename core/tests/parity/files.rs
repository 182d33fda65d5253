//! Files to try operations on.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;

use bareio_core::Fd;

use crate::common::Scratch;

pub(crate) fn fd(file: &impl AsRawFd) -> Fd {
    Fd(file.as_raw_fd())
}

/// A new file that can be read and written.
pub(crate) fn file(scratch: &Scratch, name: &str) -> File {
    File::options().read(true).write(true).create(true).truncate(true).open(scratch.path(name)).unwrap()
}

pub(crate) fn path(scratch: &Scratch, name: &str) -> CString {
    CString::new(scratch.path(name).as_os_str().as_bytes()).unwrap()
}

/// A file of `len` bytes that cannot grow: a write over its end is short, one behind it fails.
pub(crate) fn sealed(len: usize) -> File {
    unsafe extern "C" {
        fn memfd_create(name: *const core::ffi::c_char, flags: u32) -> i32;
        fn fcntl(fd: i32, command: i32, ...) -> i32;
    }
    const MFD_ALLOW_SEALING: u32 = 2;
    const F_ADD_SEALS: i32 = 1033;
    const F_SEAL_GROW: i32 = 4;
    // SAFETY: the name ends in a nul byte.
    let number = unsafe { memfd_create(c"sealed".as_ptr(), MFD_ALLOW_SEALING) };
    assert!(number >= 0, "memfd_create failed");
    // SAFETY: the descriptor is new.
    let file = unsafe { File::from_raw_fd(number) };
    file.set_len(len as u64).unwrap();
    // SAFETY: the descriptor is open; the command takes a number.
    assert_eq!(unsafe { fcntl(number, F_ADD_SEALS, F_SEAL_GROW) }, 0);
    file
}
