//! A pool of buffers.

use core::mem::MaybeUninit;

use bareio_core::map::Mapping;
use bareio_core::pool::{MapSlabError, Slab};
use bareio_core::{Align, Errno, Linux};

/// A bounded, lock-free pool of equal buffers, in memory of its own, on a grid of 4,096 bytes. Not to be looked into.
#[repr(C)]
pub struct bareio_pool {
    words: [u64; 24],
}

type Inner = Slab<Mapping<Linux>>;
const _: () = assert!(size_of::<Inner>() <= size_of::<bareio_pool>());
const _: () = assert!(align_of::<Inner>() <= align_of::<bareio_pool>());

/// A buffer that was drawn, the caller's until it is put back.
#[repr(C)]
pub struct bareio_buffer {
    /// Its first byte.
    pub start: *mut u8,
    /// How many bytes it has.
    pub len: usize,
    /// Its number in the pool.
    pub index: u32,
}

/// # Safety
///
/// `pool` was made by [`bareio_pool_make`] and not unmade since.
unsafe fn inner<'p>(pool: *const bareio_pool) -> &'p Inner {
    // SAFETY: the caller's word; it was written there as this type.
    unsafe { &*pool.cast::<Inner>() }
}

/// Makes a pool of `count` buffers of at least `len` bytes each, rounded up to 4,096, in memory that is mapped for it.
///
/// `EINVAL`: one of the numbers is zero, or too large. `ENOMEM`: there is not so much memory.
///
/// # Safety
///
/// `pool` points to memory for one, which holds none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_pool_make(pool: *mut bareio_pool, len: usize, count: u32) -> i32 {
    let made = match Slab::map(Linux, len, count, Align::KIB_4) {
        Ok(made) => made,
        Err(MapSlabError::Refused(_)) => return -Errno::INVAL.number(),
        Err(MapSlabError::Memory(_)) => return -Errno::NOMEM.number(),
    };
    // SAFETY: room for one, by the caller's word and the assertions above.
    unsafe { pool.cast::<Inner>().write(made) };
    0
}

/// Draws a buffer. What its last owner wrote is still in it. Any thread may call this.
///
/// `EAGAIN`: none is free.
///
/// # Safety
///
/// `pool` is one that was made, and `buffer` points to memory for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_pool_get(pool: *const bareio_pool, buffer: *mut bareio_buffer) -> i32 {
    // SAFETY: the caller's word.
    let pool = unsafe { inner(pool) };
    let Ok(mut drawn) = pool.get(0) else { return -Errno::AGAIN.number() };
    let (start, len) = (drawn.as_mut_ptr(), drawn.len());
    let index = drawn.into_index();
    // SAFETY: room for one, by the caller's word.
    unsafe { buffer.write(bareio_buffer { start, len, index }) };
    0
}

/// Puts a buffer back, by its number. Any thread may call this.
///
/// `EINVAL`: no buffer of that number is drawn; it was put back already, or there is no such number.
///
/// # Safety
///
/// `pool` is one that was made. Nobody uses the buffer any more, and no operation in flight does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_pool_put(pool: *const bareio_pool, index: u32) -> i32 {
    // SAFETY: the caller's word.
    let pool = unsafe { inner(pool) };
    // SAFETY: by the caller's word, nobody uses its bytes any more.
    match unsafe { pool.hold(index) } {
        Ok(buffer) => {
            drop(buffer); // which puts it back
            0
        }
        Err(_) => -Errno::INVAL.number(),
    }
}

/// How many buffers are free.
///
/// # Safety
///
/// `pool` is one that was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_pool_free(pool: *const bareio_pool) -> u32 {
    // SAFETY: the caller's word.
    unsafe { inner(pool) }.free()
}

/// Gives the pool's memory back.
///
/// `EBUSY`: a buffer is not back yet; the pool is as it was.
///
/// # Safety
///
/// `pool` is one that was made; if this succeeds, it is none any more. Nobody else uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_pool_unmake(pool: *mut bareio_pool) -> i32 {
    // SAFETY: the caller's word.
    let all_back = unsafe { inner(pool) };
    if all_back.free() != all_back.count() {
        return -Errno::BUSY.number();
    }
    let taken: *mut MaybeUninit<Inner> = pool.cast();
    // SAFETY: it holds one, which is taken out once, by the caller's word.
    drop(unsafe { taken.read().assume_init() });
    0
}
