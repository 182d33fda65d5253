//! What can be registered with a ring, or asked of it.

use core::ptr;

use bareio_core::abi::{
    BufReg, BufStatus, CancelFlags, ClockRegister, CloneBuffers, FileIndexRange, MemRegion, Napi, Opcode,
    RegionDesc, RegionFlags, Register, RsrcFlags, RsrcRegister, RsrcUpdate, Sqe, SyncCancel, Timespec,
};
use bareio_core::map::Mapping;
use bareio_core::{Errno, Fd, Kernel, Linux, kernel::MapFlags};

use super::{Bench, Feature, Found, feature};

pub(super) const LIST: &[Feature] = &[
    feature("register:IOWQ_AFF", (5, 14), |bench| {
        let mut first = [1_u64; 1];
        of(register(bench, Register::IOWQ_AFF, &raw mut first, 8))
    }),
    feature("register:IOWQ_MAX_WORKERS", (5, 15), |bench| {
        let mut keep = [0_u32; 2];
        of(register(bench, Register::IOWQ_MAX_WORKERS, &raw mut keep, 2))
    }),
    feature("register:FILES2-sparse", (5, 19), |bench| {
        let flags = RsrcFlags::SPARSE;
        let mut table = RsrcRegister { count: 4, flags, ..RsrcRegister::default() };
        let size = size_of::<RsrcRegister>() as u32;
        of(register(bench, Register::FILES2, &raw mut table, size))
    }),
    feature("register:FILE_ALLOC_RANGE", (6, 0), |bench| {
        let mut range = FileIndexRange { offset: 0, count: 2, resv: 0 };
        let answer = register(bench, Register::FILE_ALLOC_RANGE, &raw mut range, 0);
        let _ = bench.ring.unregister_files();
        of(answer)
    }),
    feature("register:PBUF_RING", (5, 19), |bench| provided(bench)),
    feature("register:PBUF_STATUS", (6, 8), |bench| {
        let mut status = BufStatus { group: 9, ..BufStatus::default() };
        Found::of(register(bench, Register::PBUF_STATUS, &raw mut status, 1), &[Errno::NOENT])
    }),
    feature("register:SYNC_CANCEL", (6, 0), |bench| {
        let flags = CancelFlags::ANY | CancelFlags::ALL;
        let timeout = Timespec { sec: -1, nsec: -1 }; // none
        let mut cancel =
            SyncCancel { user_data: 0, fd: -1, flags, timeout, opcode: 0, pad: [0; 7], pad2: [0; 3] };
        Found::of(register(bench, Register::SYNC_CANCEL, &raw mut cancel, 1), &[Errno::NOENT])
    }),
    Feature {
        optional: true, // a kernel can be built without polling of the network
        ..feature("register:NAPI", (6, 9), |bench| {
            let mut napi = Napi { busy_poll_to: 1, ..Napi::default() };
            of(register(bench, Register::NAPI, &raw mut napi, 1))
        })
    },
    feature("register:CLOCK", (6, 12), |bench| {
        let mut clock = ClockRegister { clock: 1, resv: [0; 3] };
        of(register(bench, Register::CLOCK, &raw mut clock, 0))
    }),
    feature("register:CLONE_BUFFERS", (6, 12), |bench| {
        let source_fd = bench.ring.fd().0.cast_unsigned();
        let mut clone = CloneBuffers { source_fd, ..CloneBuffers::default() };
        // The ring has no buffers to be cloned, which only a kernel can find that looks for them.
        Found::of(register(bench, Register::CLONE_BUFFERS, &raw mut clone, 1), &[Errno::NXIO, Errno::BUSY])
    }),
    feature("register:SEND_MSG_RING", (6, 13), send),
    feature("register:MEM_REGION", (6, 13), |bench| region(bench)),
    feature("register:QUERY", (6, 18), |_| {
        // SAFETY: a list of no questions.
        of(unsafe { Linux.io_uring_register(Fd(-1), Register::QUERY, ptr::null_mut(), 0) })
    }),
    feature("register:by-index", (6, 3), |bench| through(bench)),
];

fn of(answer: Result<u32, Errno>) -> Found {
    Found::of(answer, &[])
}

/// Registers `what`, whose argument is `arg`.
fn register<T>(bench: &Bench<'_>, what: Register, arg: *mut T, count: u32) -> Result<u32, Errno> {
    // SAFETY: the ring is open; each caller passes what `what` asks for, and nothing that outlives the call.
    unsafe { Linux.io_uring_register(bench.ring.fd(), what, arg.cast(), count) }
}

/// A ring of provided buffers, in a page of its own.
fn provided(bench: &Bench<'_>) -> Found {
    let Ok(page) = Mapping::new(Linux, 4096) else { return Found::Odd };
    let ring_addr = page.as_ptr().addr().get() as u64;
    let mut ring = BufReg { ring_addr, ring_entries: 8, group: 3, ..BufReg::default() };
    let answer = register(bench, Register::PBUF_RING, &raw mut ring, 1);
    if answer.is_ok() && register(bench, Register::UNREGISTER_PBUF_RING, &raw mut ring, 1).is_err() {
        return Found::Odd;
    }
    of(answer)
}

/// A completion from no ring into ours.
fn send(bench: &mut Bench<'_>) -> Found {
    let mut entry = Sqe {
        opcode: Opcode::MSG_RING,
        fd: bench.ring.fd().0,
        len: 5,
        offset: 1 << 63 | 7,
        ..Sqe::default()
    };
    // SAFETY: one entry, which is ours and points to nothing.
    let answer =
        unsafe { Linux.io_uring_register(Fd(-1), Register::SEND_MSG_RING, (&raw mut entry).cast(), 1) };
    if answer.is_ok() && bench.ring.pop().is_none_or(|cqe| cqe.result() != Ok(5)) {
        return Found::Odd;
    }
    of(answer)
}

/// Memory of ours as a region of the ring, which ends with it: a ring of its own, and memory that stays.
fn region(_: &Bench<'_>) -> Found {
    let len = Linux.page_len().unwrap_or(4096);
    let (Ok(ring), Ok(memory)) =
        (bareio_core::ring::Builder::new(4).build(Linux), Linux.map(len, MapFlags::NONE))
    else {
        return Found::Odd;
    };
    let mut region = RegionDesc {
        user_addr: memory.as_ptr().addr() as u64,
        size: len as u64,
        flags: RegionFlags::TYPE_USER,
        ..RegionDesc::default()
    };
    let mut arg = MemRegion { region: (&raw mut region).addr() as u64, ..MemRegion::default() };
    // SAFETY: the region is mapped, and never unmapped.
    of(unsafe { Linux.io_uring_register(ring.fd(), Register::MEM_REGION, (&raw mut arg).cast(), 1) })
}

/// Asks something through the index of the registered ring.
fn through(bench: &Bench<'_>) -> Found {
    let ring = bench.ring.fd();
    let mut update = RsrcUpdate { offset: u32::MAX, resv: 0, data: ring.0 as u64 };
    let arg = (&raw mut update).cast();
    // SAFETY: one update, which is ours.
    if let Err(errno) = unsafe { Linux.io_uring_register(ring, Register::RING_FDS, arg, 1) } {
        return Found::Refused(errno);
    }
    let index = Fd(update.offset.cast_signed());
    let mut keep = [0_u32; 2];
    let what = Register(Register::IOWQ_MAX_WORKERS.0 | Register::USE_REGISTERED_RING.0);
    // SAFETY: two numbers, which are ours.
    let answer = unsafe { Linux.io_uring_register(index, what, (&raw mut keep).cast(), 2) };
    // SAFETY: one update, which is ours.
    let _ = unsafe { Linux.io_uring_register(ring, Register::UNREGISTER_RING_FDS, arg, 1) };
    of(answer)
}
