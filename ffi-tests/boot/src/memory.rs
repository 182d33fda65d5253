//! The memory functions that the compiler calls by name. Byte by byte, and volatile, or it would find that each is a
//! call of itself.

/// # Safety
///
/// As C's: `len` bytes at both, which do not overlap.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    for at in 0..len {
        // SAFETY: below `len`, of the caller's memory.
        let byte = unsafe { from.add(at).read_volatile() };
        // SAFETY: as above.
        unsafe { to.add(at).write_volatile(byte) };
    }
    to
}

/// # Safety
///
/// As C's: `len` bytes at both.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= len {
        // SAFETY: going up, no byte is overwritten before it was read.
        return unsafe { memcpy(to, from, len) };
    }
    for at in (0..len).rev() {
        // SAFETY: below `len`, of the caller's memory.
        let byte = unsafe { from.add(at).read_volatile() };
        // SAFETY: as above.
        unsafe { to.add(at).write_volatile(byte) };
    }
    to
}

/// # Safety
///
/// As C's: `len` bytes at `to`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
    for at in 0..len {
        // SAFETY: below `len`, of the caller's memory.
        unsafe { to.add(at).write_volatile(byte.to_le_bytes()[0]) };
    }
    to
}

/// # Safety
///
/// As C's: `len` bytes at both.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, len: usize) -> i32 {
    for at in 0..len {
        // SAFETY: below `len`, of the caller's memory.
        let left = unsafe { left.add(at).read_volatile() };
        // SAFETY: as above.
        let right = unsafe { right.add(at).read_volatile() };
        if left != right {
            return i32::from(left) - i32::from(right);
        }
    }
    0
}

/// # Safety
///
/// As [`memcmp`].
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, len: usize) -> i32 {
    // SAFETY: the same contract.
    unsafe { memcmp(left, right, len) }
}
