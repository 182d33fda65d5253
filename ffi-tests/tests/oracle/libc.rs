//! What C sees, in `c/oracle.c`: libc, and rings of liburing.

use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use core::ptr;

use bareio_core::{Errno, Fd, IoVec};

unsafe extern "C" {
    pub(crate) fn bareio_libc_open(dir: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> i64;
    pub(crate) fn bareio_libc_close(fd: c_int) -> i64;
    pub(crate) fn bareio_libc_read(fd: c_int, to: *mut u8, len: usize, at: i64) -> i64;
    pub(crate) fn bareio_libc_write(fd: c_int, from: *const u8, len: usize, at: i64) -> i64;
    pub(crate) fn bareio_libc_readv(fd: c_int, list: *const IoVec, count: c_int, at: i64) -> i64;
    pub(crate) fn bareio_libc_writev(fd: c_int, list: *const IoVec, count: c_int, at: i64) -> i64;
    pub(crate) fn bareio_libc_sync(fd: c_int) -> i64;
    pub(crate) fn bareio_libc_sync_data(fd: c_int) -> i64;
    pub(crate) fn bareio_libc_truncate(fd: c_int, len: i64) -> i64;
    pub(crate) fn bareio_libc_allocate(fd: c_int, how: c_int, at: i64, len: i64) -> i64;
    pub(crate) fn bareio_libc_seek(fd: c_int, at: i64, from: c_int) -> i64;
    pub(crate) fn bareio_libc_rename(
        dir: c_int,
        from: *const c_char,
        to: *const c_char,
        flags: c_uint,
    ) -> i64;
    pub(crate) fn bareio_libc_unlink(dir: c_int, path: *const c_char, flags: c_int) -> i64;
    pub(crate) fn bareio_libc_mkdir(dir: c_int, path: *const c_char, mode: c_uint) -> i64;
    pub(crate) fn bareio_libc_ioctl(fd: c_int, request: c_ulong) -> i64;
    pub(crate) fn bareio_libc_size(fd: c_int, blocks: *mut i64) -> i64;
    safe fn bareio_libc_error_name(error: c_int) -> *const c_char;
    safe fn bareio_libc_names_errors() -> c_int;

    fn bareio_theirs_make(made: *mut *mut c_void, flags: c_uint, other: c_int) -> c_int;
    fn bareio_theirs_free(ring: *mut c_void);
    fn bareio_theirs_fd(ring: *const c_void) -> c_int;
    fn bareio_theirs_wait(ring: *mut c_void, user_data: *mut u64, result: *mut i32, flags: *mut u32)
    -> c_int;
    fn bareio_theirs_read(
        ring: *mut c_void,
        fd: c_int,
        to: *mut u8,
        len: c_uint,
        at: u64,
        worker: c_int,
    ) -> c_int;
    fn bareio_theirs_write(
        ring: *mut c_void,
        fd: c_int,
        from: *const u8,
        len: c_uint,
        at: u64,
        worker: c_int,
    ) -> c_int;
    fn bareio_theirs_post(ring: *mut c_void, to: c_int, result: u32, user_data: u64) -> c_int;
    fn bareio_theirs_slots(ring: *mut c_void, count: c_uint) -> c_int;
    fn bareio_theirs_read_slot(ring: *mut c_void, slot: c_int, to: *mut u8, len: c_uint) -> c_int;
}

/// What a function of C answers, as ours would.
pub(crate) fn answer(value: impl Into<i64>) -> Result<u64, Errno> {
    let value = value.into();
    u64::try_from(value).map_err(|_| {
        let number = u32::try_from(value.unsigned_abs()).expect("error numbers are small");
        Errno::new(number).expect("error numbers are not zero")
    })
}

/// The name of an error number, by libc; `None` where this libc has none to give.
pub(crate) fn error_name(number: i32) -> Option<&'static str> {
    let name = bareio_libc_error_name(number);
    // SAFETY: null, or a string literal.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_str().expect("ASCII"))
}

/// Whether this libc tells names of error numbers.
pub(crate) fn names_errors() -> bool {
    bareio_libc_names_errors() != 0
}

/// A ring of liburing.
pub(crate) struct Theirs(*mut c_void);

impl Theirs {
    /// Makes one, which shares the workers of `other` if there is one.
    pub(crate) fn new(flags: u32, other: Option<Fd>) -> Result<Self, Errno> {
        let mut ring = ptr::null_mut();
        // SAFETY: room for one pointer.
        answer(unsafe { bareio_theirs_make(&raw mut ring, flags, other.map_or(-1, |fd| fd.0)) })?;
        Ok(Self(ring))
    }

    pub(crate) fn fd(&self) -> Fd {
        // SAFETY: made by `new`, and freed with us.
        Fd(unsafe { bareio_theirs_fd(self.0) })
    }

    /// The next completion: user data, result and flags.
    pub(crate) fn wait(&mut self) -> Result<(u64, i32, u32), Errno> {
        let (mut user_data, mut result, mut flags) = (0, 0, 0);
        // SAFETY: made by `new`; room for each.
        answer(unsafe { bareio_theirs_wait(self.0, &raw mut user_data, &raw mut result, &raw mut flags) })?;
        Ok((user_data, result, flags))
    }

    /// Reads, and waits for it; through a worker if that is asked for.
    pub(crate) fn read(&mut self, fd: Fd, to: &mut [u8], at: u64, worker: bool) -> Result<u64, Errno> {
        let len = to.len().try_into().expect("short");
        // SAFETY: made by `new`; the memory is ours until it returns.
        answer(unsafe { bareio_theirs_read(self.0, fd.0, to.as_mut_ptr(), len, at, worker.into()) })
    }

    /// Writes, and waits for it.
    pub(crate) fn write(&mut self, fd: Fd, from: &[u8], at: u64, worker: bool) -> Result<u64, Errno> {
        let len = from.len().try_into().expect("short");
        // SAFETY: made by `new`; the memory is ours until it returns.
        answer(unsafe { bareio_theirs_write(self.0, fd.0, from.as_ptr(), len, at, worker.into()) })
    }

    /// Posts a completion into the ring with the descriptor `to`.
    pub(crate) fn post(&mut self, to: Fd, result: u32, user_data: u64) -> Result<u64, Errno> {
        // SAFETY: made by `new`.
        answer(unsafe { bareio_theirs_post(self.0, to.0, result, user_data) })
    }

    /// Makes `count` empty slots for files.
    pub(crate) fn make_slots(&mut self, count: u32) -> Result<u64, Errno> {
        // SAFETY: made by `new`.
        answer(unsafe { bareio_theirs_slots(self.0, count) })
    }

    /// Reads from the file in a slot.
    pub(crate) fn read_slot(&mut self, slot: i32, to: &mut [u8]) -> Result<u64, Errno> {
        let len = to.len().try_into().expect("short");
        // SAFETY: made by `new`; the memory is ours until it returns.
        answer(unsafe { bareio_theirs_read_slot(self.0, slot, to.as_mut_ptr(), len) })
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and used by nobody any more.
        unsafe { bareio_theirs_free(self.0) };
    }
}
