//! Ways to wait.

use core::ptr;

use bareio_core::abi::{EnterFlags, GeteventsArg, Register, RsrcUpdate, Timespec};
use bareio_core::{Errno, Fd, Kernel, Linux};

use super::{Bench, Feature, Found, feature};

pub(super) const LIST: &[Feature] = &[
    feature("enter:EXT_ARG", (5, 11), |bench| timed(bench, EnterFlags::NONE, 0)),
    feature("enter:ABS_TIMER", (6, 12), |bench| timed(bench, EnterFlags::ABS_TIMER, 0)),
    feature("enter:min-wait", (6, 12), |bench| timed(bench, EnterFlags::NONE, 10)),
    feature("enter:NO_IOWAIT", (6, 15), quiet),
    feature("enter:REGISTERED_RING", (5, 18), registered),
];

/// Waits, for a millisecond, for a completion that does not come.
fn timed(bench: &mut Bench<'_>, flags: EnterFlags, min_wait_usec: u32) -> Found {
    let time = Timespec { sec: 0, nsec: 1_000_000 };
    let arg = GeteventsArg {
        sigmask: 0,
        sigmask_len: 8,
        min_wait_usec,
        timespec: ptr::from_ref(&time).addr() as u64,
    };
    let flags = flags | EnterFlags::GETEVENTS | EnterFlags::EXT_ARG;
    let (ring, len) = (bench.ring.fd(), size_of::<GeteventsArg>());
    // SAFETY: the ring is open and has nothing queued; the argument is what the flags say, of that length.
    let answer = unsafe { Linux.io_uring_enter(ring, 0, 1, flags, ptr::from_ref(&arg).cast(), len) };
    match answer {
        Ok(_) => Found::Odd, // nothing can have completed
        Err(Errno::TIME) => Found::Seen,
        Err(errno) => Found::Refused(errno),
    }
}

/// Waits for nothing.
fn quiet(bench: &mut Bench<'_>) -> Found {
    let flags = EnterFlags::GETEVENTS | EnterFlags::NO_IOWAIT;
    // SAFETY: the ring is open and has nothing queued, and there is no argument.
    let answer = unsafe { Linux.io_uring_enter(bench.ring.fd(), 0, 0, flags, ptr::null(), 0) };
    Found::of(answer, &[])
}

/// Registers the ring with this thread, enters it by its index, and undoes that.
fn registered(bench: &mut Bench<'_>) -> Found {
    let ring = bench.ring.fd();
    let mut update = RsrcUpdate { offset: u32::MAX, resv: 0, data: ring.0 as u64 };
    let arg = (&raw mut update).cast();
    // SAFETY: one update, which is ours.
    if let Err(errno) = unsafe { Linux.io_uring_register(ring, Register::RING_FDS, arg, 1) } {
        return Found::Refused(errno);
    }
    let index = Fd(update.offset.cast_signed());
    let flags = EnterFlags::GETEVENTS | EnterFlags::REGISTERED_RING;
    // SAFETY: registered just now; nothing is queued, and there is no argument.
    let answer = unsafe { Linux.io_uring_enter(index, 0, 0, flags, ptr::null(), 0) };
    update.data = 0;
    let arg = (&raw mut update).cast();
    // SAFETY: one update, which is ours.
    let undone = unsafe { Linux.io_uring_register(ring, Register::UNREGISTER_RING_FDS, arg, 1) };
    if undone == Ok(1) { Found::of(answer, &[]) } else { Found::Odd }
}
