//! A ring with one write in flight.
#![expect(
    unsafe_code,
    reason = "lends borrowed memory to a ring, and waits until the kernel is done with it"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use bareio_core::abi::{Features, Sqe, SqeFlags};
use bareio_core::ring::{Builder, Ring, RingError, SharedRing};
use bareio_core::{Errno, Fd, IoVec, Kernel, sqe};

use super::options;
use crate::error::{Error, Result, Why};

/// How often an answer that means 'not now' is taken as such: with the pauses between, about a second.
const PATIENCE: u32 = 1000;

/// A ring that one write at a time goes through.
///
/// The lock stands for the whole write, and nobody waits for it but [`close`](Self::close): who finds it taken writes by a
/// call, so that a slow write delays no other. With one write in flight, its completion cannot be another's, and yet it is
/// matched by its tag: what does not match is not ours.
pub(super) struct Lane<K: Kernel> {
    /// Nothing, when it was closed, or the ring could no longer be entered.
    ring: Mutex<Option<SharedRing<K>>>,
    tags: AtomicU64,
}

/// What became of a write.
pub(super) enum Attempt {
    /// It has ended.
    Done(Result<usize, Errno>),
    /// It was not begun, and can be made by a call.
    NotBegun,
}

impl<K: Kernel> Lane<K> {
    /// Makes the ring and sends an operation through it: where `enter` is forbidden, making one says nothing.
    pub(super) fn new(kernel: K, depth: u32) -> Result<Self> {
        let ring = Builder::new(depth).shared(kernel)?;
        if !ring.features().contains(Features::RW_CUR_POS) {
            return Err(options::no_position());
        }
        let mut held = Some(ring);
        // SAFETY: a NOP points to nothing.
        match unsafe { run(&mut held, sqe::nop(), 0) } {
            Attempt::Done(Ok(0)) if held.is_some() => {}
            Attempt::Done(Err(errno)) => return Err(Error::unsupported("io_uring", Why::Errno(errno))),
            _ => {
                let why = "a ring can be made, and not be entered; allow io_uring_enter in the filter of system calls";
                return Err(Error::unsupported("io_uring", Why::Because(why)));
            }
        }
        Ok(Self { ring: Mutex::new(held), tags: AtomicU64::new(1) })
    }

    /// Writes `pieces` at the end of the file `fd`, if the ring is free, and waits for that.
    ///
    /// # Safety
    ///
    /// The descriptor is open, and the memory of each piece valid and written by nobody until this returns.
    pub(super) unsafe fn write(&self, fd: Fd, pieces: &[IoVec]) -> Attempt {
        let Some(mut held) = self.try_take() else { return Attempt::NotBegun };
        let Ok(count) = u32::try_from(pieces.len()) else { return Attempt::NotBegun };
        // Relaxed: each number is given out once. The top bit is the core's.
        let tag = self.tags.fetch_add(1, Ordering::Relaxed) & (u64::MAX >> 1);
        // By a thread of the kernel, which does all of it in one step. Tried without waiting first, it could be written in
        // two, and another's bytes come between.
        let write = sqe::write_vectored(fd, pieces.as_ptr(), count, u64::MAX).flags(SqeFlags::ASYNC);
        // SAFETY: the caller vouches for what it names until we return, and by then it has ended or was never begun.
        unsafe { run(&mut held, write, tag) }
    }

    /// Whether there is still a ring.
    pub(super) fn is_open(&self) -> bool {
        match self.ring.try_lock() {
            Ok(held) => held.is_some(),
            Err(TryLockError::Poisoned(held)) => held.into_inner().is_some(),
            Err(TryLockError::WouldBlock) => true,
        }
    }

    /// Gives the ring back, when the write that is in it has ended.
    pub(super) fn close(&self) {
        drop(self.ring.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn try_take(&self) -> Option<MutexGuard<'_, Option<SharedRing<K>>>> {
        match self.ring.try_lock() {
            Ok(held) => Some(held),
            Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// Ends the program if it is dropped: the kernel has memory that whoever unwinds is about to give away.
struct InFlight;

impl Drop for InFlight {
    fn drop(&mut self) {
        eprintln!("bareio: a panic while the kernel has borrowed memory; there is no sound way on");
        std::process::abort();
    }
}

/// Sends one operation through the ring, where nothing else is, and waits for it. A ring that can no longer be entered is
/// taken away, and the operation waited for all the same if the kernel has it.
///
/// # Safety
///
/// What `entry` names is valid until this returns.
unsafe fn run<K: Kernel>(held: &mut Option<SharedRing<K>>, entry: Sqe, tag: u64) -> Attempt {
    let Some(ring) = held else { return Attempt::NotBegun };
    // SAFETY: the caller vouches for what it names until we return, which is not before its completion, or its withdrawal.
    // It does not skip its completion.
    let Ok(()) = (unsafe { ring.push(&[entry.user_data(tag)]) }) else { return Attempt::NotBegun };
    let in_flight = InFlight;
    let answer = drive(ring, tag);
    let attempt = match (answer, held.take()) {
        (Ok(res), ring) => {
            *held = ring;
            Attempt::Done(count(res))
        }
        (Err(_), Some(ring)) => salvage(ring.into_ring(), tag),
        (Err(_), None) => Attempt::NotBegun,
    };
    std::mem::forget(in_flight);
    attempt
}

fn count(res: i32) -> Result<usize, Errno> {
    Errno::check_res(res).map(|count| count as usize)
}

/// Submits what was pushed, and waits for the completion with `tag`.
///
/// # Errors
///
/// The ring can no longer be entered.
fn drive<K: Kernel>(ring: &SharedRing<K>, tag: u64) -> Result<i32, RingError> {
    patiently(|| ring.submit())?;
    let mut reaper = ring.try_reaper().ok_or(RingError::Forked)?;
    loop {
        patiently(|| reaper.wait(1))?;
        let found = reaper.completions().filter(|cqe| cqe.user_data == tag && cqe.is_terminal()).last();
        if let Some(cqe) = found {
            return Ok(cqe.res);
        }
    }
}

/// Asks again for as long as the kernel is short of something. It never takes an entry twice: what it took, it says.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, RingError>) -> Result<T, RingError> {
    for time in 0..PATIENCE {
        match ask() {
            Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY)) if time < 16 => thread::yield_now(),
            Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY)) => thread::sleep(Duration::from_millis(1)),
            answer => return answer,
        }
    }
    Err(Errno::AGAIN.into())
}

/// Ends a ring that can no longer be entered. The operation was never taken, and then it is withdrawn; or the kernel has it, and
/// then it is waited for, for as long as a call would: its completion shows without our entering.
fn salvage<K: Kernel>(mut ring: Ring<K>, tag: u64) -> Attempt {
    loop {
        // Before the look at what there is: what completes in between is seen in the next round.
        let in_flight = ring.in_flight();
        while let Some(cqe) = ring.pop() {
            if cqe.user_data == tag && cqe.is_terminal() {
                return Attempt::Done(count(cqe.res));
            }
        }
        if in_flight == 0 {
            // Nobody else enters, so nobody takes it now; closing takes it out of the queue.
            let _ = ring.close(Duration::ZERO);
            return Attempt::NotBegun;
        }
        let _ = ring.poll();
        // On a kernel in memory, this is what makes anything happen.
        let _ = ring.kernel().yield_now();
        thread::sleep(Duration::from_millis(1));
    }
}
