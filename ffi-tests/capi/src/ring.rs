//! A ring of one thread.

use core::mem::MaybeUninit;
use core::time::Duration;

use bareio_core::op::{Chain, Op, OpError};
use bareio_core::ring::{Builder, PushError, Ring};
use bareio_core::{Errno, Fd, Linux};

use crate::error::{done, of_ring, result};

/// A ring that the thread which made it submits to and reaps from. Not to be looked into.
#[repr(C)]
pub struct bareio_ring {
    words: [u64; 64],
}

type Inner = Ring<Linux>;
const _: () = assert!(size_of::<Inner>() <= size_of::<bareio_ring>());
const _: () = assert!(align_of::<Inner>() <= align_of::<bareio_ring>());

/// What became of an operation.
#[repr(C)]
pub struct bareio_completion {
    /// As it was pushed.
    pub user_data: u64,
    /// How many bytes were moved, or 0, or a negative error number.
    pub result: i32,
    /// Of io_uring: 0 for everything that can be pushed here.
    pub flags: u32,
}

/// # Safety
///
/// `ring` was made by [`bareio_ring_make`] on this thread, and not unmade since; nobody else uses it meanwhile.
unsafe fn inner<'r>(ring: *mut bareio_ring) -> &'r mut Inner {
    // SAFETY: the caller's word; it was written there as this type.
    unsafe { &mut *ring.cast::<Inner>() }
}

/// Makes a ring of `entries` submission entries, rounded up to a power of two, and twice as many completions.
///
/// `ENOSYS`: the kernel has no io_uring. `EPERM`: it is forbidden. `ENOMEM`: no memory, or too little may be locked.
///
/// # Safety
///
/// `ring` points to memory for one, which holds none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_ring_make(ring: *mut bareio_ring, entries: u32) -> i32 {
    match Builder::new(entries).build(Linux) {
        Ok(made) => {
            // SAFETY: room for one, by the caller's word and the assertions above.
            unsafe { ring.cast::<Inner>().write(made) };
            0
        }
        Err(error) => -error.errno.number(),
    }
}

/// Cancels what is in flight, waits for all of it for at most `milliseconds`, and gives the ring back. Completions are
/// thrown away.
///
/// `EBUSY`: something is in flight still; the ring is as it was, and what its operations use must stay.
///
/// # Safety
///
/// `ring` is one of this thread; if this succeeds, it is none any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_ring_unmake(ring: *mut bareio_ring, milliseconds: u64) -> i32 {
    let place: *mut MaybeUninit<Inner> = ring.cast();
    // SAFETY: it holds one, by the caller's word, and is written to again if that is not given back.
    let taken = unsafe { place.read().assume_init() };
    match taken.close(Duration::from_millis(milliseconds)) {
        Ok(()) => 0,
        Err(busy) => {
            // SAFETY: room for one, which was taken out just now.
            unsafe { ring.cast::<Inner>().write(busy.ring) };
            -Errno::BUSY.number()
        }
    }
}

/// Stages one operation.
///
/// # Safety
///
/// `ring` is one of this thread, and the operation keeps the contract of `Ring::push`.
unsafe fn push(ring: *mut bareio_ring, op: Result<Op, OpError>, user_data: u64) -> i32 {
    let Ok(op) = op else { return -Errno::INVAL.number() };
    // SAFETY: the caller's word.
    let ring = unsafe { inner(ring) };
    // SAFETY: the caller's word.
    let pushed = unsafe { ring.push(op.encode().user_data(user_data)) };
    done(pushed.map_err(of_ring))
}

/// Stages a read of up to `len` bytes at `offset` into the memory at `to`. The next submission takes it along.
///
/// `EAGAIN`: the ring is full; submit first. `EINVAL`: `len` or `offset` is more than an operation can have; an offset of
/// −1 does not mean the current position.
///
/// # Safety
///
/// Until the operation's completion has been popped, or the ring was given back: `file` stays open; the memory is valid,
/// and nobody else touches it. `user_data` is not `UINT64_MAX`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_push_read(
    ring: *mut bareio_ring,
    file: i32,
    to: *mut u8,
    len: usize,
    offset: u64,
    user_data: u64,
) -> i32 {
    // SAFETY: the caller's word.
    unsafe { push(ring, Op::read(Fd(file), to, len, offset), user_data) }
}

/// Stages a write of up to `len` bytes at `offset` from the memory at `from`. Errors as of `bareio_push_read`.
///
/// # Safety
///
/// As of `bareio_push_read`, but that others may read the memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_push_write(
    ring: *mut bareio_ring,
    file: i32,
    from: *const u8,
    len: usize,
    offset: u64,
    user_data: u64,
) -> i32 {
    // SAFETY: the caller's word.
    unsafe { push(ring, Op::write(Fd(file), from, len, offset), user_data) }
}

/// Stages a flush of the file's data, and of what reading it back needs. It starts at once, and says nothing of writes
/// that have not completed by then. `EAGAIN` as of `bareio_push_read`.
///
/// # Safety
///
/// `file` stays open until the completion has been popped. `user_data` is not `UINT64_MAX`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_push_sync(ring: *mut bareio_ring, file: i32, user_data: u64) -> i32 {
    // SAFETY: the caller's word.
    unsafe { push(ring, Ok(Op::sync_data(Fd(file))), user_data) }
}

/// Stages a write, and behind it a flush that runs if all of it was written. Both complete: the write with `user_data`,
/// the flush with `user_data + 1`. The bytes are durable if the write says `len` and the flush says 0. Both are staged,
/// or none; errors as of `bareio_push_read`.
///
/// # Safety
///
/// As of `bareio_push_write`, until both completions have been popped. `user_data` is below `UINT64_MAX - 1`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_push_durable_write(
    ring: *mut bareio_ring,
    file: i32,
    from: *const u8,
    len: usize,
    offset: u64,
    user_data: u64,
) -> i32 {
    let chain = Op::write(Fd(file), from, len, offset).ok();
    let Some(Ok(chain)) = chain.map(|write| Chain::<2>::durable_write(write, Fd(file))) else {
        return -Errno::INVAL.number();
    };
    // SAFETY: the caller's word.
    let ring = unsafe { inner(ring) };
    // SAFETY: the caller's word.
    match unsafe { ring.push_chain(chain.links(), |index| user_data.wrapping_add(index as u64)) } {
        Ok(()) => 0,
        Err(PushError::Ring(error)) => -of_ring(error).number(),
        Err(PushError::Chain(_)) => -Errno::INVAL.number(),
    }
}

/// Submits everything that is staged, and waits until `want` completions can be popped. Returns how many can be.
///
/// It waits for ever if fewer are in flight than wanted.
///
/// # Safety
///
/// `ring` is one of this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_submit(ring: *mut bareio_ring, want: u32) -> i32 {
    // SAFETY: the caller's word.
    let ring = unsafe { inner(ring) };
    result(ring.submit_and_wait(want).map_err(of_ring))
}

/// Takes the next completion, if one is there: returns 1 and fills `completion`, or returns 0.
///
/// # Safety
///
/// `ring` is one of this thread, and `completion` points to memory for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bareio_pop(ring: *mut bareio_ring, completion: *mut bareio_completion) -> i32 {
    // SAFETY: the caller's word.
    let Some(cqe) = unsafe { inner(ring) }.pop() else { return 0 };
    let (user_data, result, flags) = (cqe.user_data, cqe.res, cqe.flags.bits());
    // SAFETY: room for one, by the caller's word.
    unsafe { completion.write(bareio_completion { user_data, result, flags }) };
    1
}
