//! What is done with files, and with memory.

use bareio_core::abi::{AdviseMemory, CancelFlags, Sqe};
use bareio_core::kernel::{RenameFlags, RwFlags, UnlinkFlags};
use bareio_core::map::Mapping;
use bareio_core::op::{Op, OpError};
use bareio_core::{Errno, Fd, Kernel, Linux, sqe};

use super::{Bench, Feature, Found, feature};
use crate::script::Place;

pub(super) const LIST: &[Feature] = &[
    feature("memory:POPULATE_WRITE", (5, 14), |_| populate()),
    feature("cancel:ANY", (5, 19), |bench| {
        let entry = sqe::cancel(0, CancelFlags::ANY | CancelFlags::ALL);
        // SAFETY: it points to nothing.
        unsafe { bench.answer(entry) }.map_or(Found::Odd, |answer| Found::of(answer, &[Errno::NOENT]))
    }),
    feature("op:make_dir_at", (5, 15), |bench| {
        bench.op(Op::make_dir_at(Fd::CWD, c"bareio-directory", 0o700))
    }),
    feature("op:rename_at", (5, 11), |bench| {
        // By a call: the ring may not have been able to.
        // SAFETY: the working directory is always there.
        let _ = unsafe { Linux.make_dir_at(Fd::CWD, c"bareio-directory", 0o700) };
        let (from, to) = (c"bareio-directory", c"bareio-renamed");
        bench.op(Op::rename_at(Fd::CWD, from, Fd::CWD, to, RenameFlags::NONE))
    }),
    feature("op:unlink_at", (5, 11), |bench| {
        let both = [c"bareio-renamed", c"bareio-directory"];
        let renamed = bench.op(Op::unlink_at(Fd::CWD, both[0], UnlinkFlags::REMOVE_DIR));
        for path in both {
            // SAFETY: the working directory is always there.
            let _ = unsafe { Linux.unlink_at(Fd::CWD, path, UnlinkFlags::REMOVE_DIR) };
        }
        renamed
    }),
    feature("op:truncate", (6, 9), |bench| match bench.file() {
        Some(place) => bench.op(Op::truncate(place.file, 8192)),
        None => Found::Odd,
    }),
    feature("rw:NOAPPEND-ring", (6, 9), |bench| write(bench, RwFlags::NOAPPEND)),
    feature("rw:NOAPPEND-call", (6, 9), |bench| call(bench, RwFlags::NOAPPEND)),
    Feature {
        optional: true, // it takes a device that can
        ..feature("rw:ATOMIC", (6, 11), |bench| write(bench, RwFlags::ATOMIC))
    },
    Feature {
        optional: true, // it takes a file system that can
        ..feature("rw:DONTCACHE", (6, 14), |bench| write(bench, RwFlags::DONTCACHE))
    },
];

impl Bench<'_> {
    /// What the ring answers to one entry; `None` if it does not.
    ///
    /// # Safety
    ///
    /// As `Ring::push`, until this returns.
    pub(super) unsafe fn answer(&mut self, entry: Sqe) -> Option<Result<u32, Errno>> {
        // SAFETY: the caller vouches for the entry.
        unsafe { self.ring.push(entry) }.ok()?;
        self.ring.submit_and_wait(1).ok()?;
        self.ring.pop().map(|cqe| cqe.result())
    }

    /// The same, of an operation whose memory is there for ever, or is not named.
    fn op(&mut self, op: Result<Op, OpError>) -> Found {
        let Ok(op) = op else { return Found::Odd };
        // SAFETY: its paths are literals, and its file stays open.
        unsafe { self.answer(op.encode()) }.map_or(Found::Odd, |answer| Found::of(answer, &[]))
    }

    /// A file that can be written to: on the disk's file system, if there is one.
    fn file(&self) -> Option<Place> {
        let named = ["ext4", "direct", "memory", "cached"];
        named.iter().find_map(|name| self.places.named(name))
    }
}

fn populate() -> Found {
    let Ok(page) = Mapping::new(Linux, 4096) else { return Found::Odd };
    // SAFETY: whole pages of ours; the advice changes nothing of what they hold.
    let answer = unsafe { Linux.advise(page.as_ptr(), page.len(), AdviseMemory::POPULATE_WRITE) };
    Found::of(answer.map(|()| 0), &[])
}

/// Writes a block with `flags`, by the ring.
fn write(bench: &mut Bench<'_>, flags: RwFlags) -> Found {
    let (Some(place), Ok(page)) = (bench.file(), Mapping::new(Linux, 4096)) else { return Found::Odd };
    let Ok(op) = Op::write(place.file, page.as_ptr().as_ptr(), 4096, 0) else { return Found::Odd };
    // SAFETY: the memory is ours until this returns, and the file stays open.
    let answer = unsafe { bench.answer(op.with_flags(flags).encode()) };
    answer.map_or(Found::Odd, |answer| Found::of(answer, &[]))
}

/// The same by a call.
fn call(bench: &Bench<'_>, flags: RwFlags) -> Found {
    let (Some(place), Ok(page)) = (bench.file(), Mapping::new(Linux, 4096)) else { return Found::Odd };
    let Ok(op) = Op::write(place.file, page.as_ptr().as_ptr(), 4096, 0) else { return Found::Odd };
    // SAFETY: the memory is ours until this returns, and the file stays open.
    Found::of(unsafe { op.with_flags(flags).perform(&Linux) }, &[])
}
