//! Results as C reads them.

use core::ffi::c_char;

use bareio_core::Errno;
use bareio_core::ring::RingError;

/// A count, or a negative error number.
pub(crate) fn result(answer: Result<u32, Errno>) -> i32 {
    match answer {
        Ok(count) => i32::try_from(count).unwrap_or(i32::MAX),
        Err(errno) => -errno.number(),
    }
}

/// 0, or a negative error number.
pub(crate) fn done(answer: Result<(), Errno>) -> i32 {
    result(answer.map(|()| 0))
}

/// The error number that stands for what a ring says.
pub(crate) fn of_ring(error: RingError) -> Errno {
    match error {
        RingError::Full => Errno::AGAIN,
        RingError::Forked => Errno::PERM,
        RingError::Kernel(errno) => errno,
    }
}

/// Writes the name of an error number, as in `ENOENT`, to `to`, cut to `len` bytes, the last of which is a nul byte.
/// Takes both signs. Returns the length of the name, or 0 if it has none.
///
/// # Safety
///
/// `to` points to `len` bytes, at least one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_error_name(error: i32, to: *mut c_char, len: usize) -> usize {
    let name = Errno::new(error.unsigned_abs()).and_then(Errno::name).unwrap_or_default();
    let shown = name.len().min(len.saturating_sub(1));
    for (at, letter) in name.bytes().take(shown).enumerate() {
        // SAFETY: below `len`, of the caller's memory.
        unsafe { to.add(at).write(letter.cast_signed() as c_char) };
    }
    // SAFETY: `shown` is below `len`, which is at least one by the caller's word.
    unsafe { to.add(shown).write(0) };
    name.len()
}
