//! The conformance script: what reads, writes, flushes and chains answer, on any kernel and either way. The tests of
//! `bareio-ffi-tests` run it on a host written in C.

use bareio_core::abi::Statx;
use bareio_core::kernel::{AdviseFile, OpenFlags, RwFlags, SyncRange};
use bareio_core::map::Mapping;
use bareio_core::op::{Op, OpError, Then};
use bareio_core::pool::Slab;
use bareio_core::{BorrowedFd, Errno, Fd, IoVec, Kernel};

use crate::tally::Tally;
use crate::way::Way;

/// A file or a device, of which the script has 64 KiB from `base` on.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) file: BorrowedFd<'static>,
    pub(crate) base: u64,
    /// Whether it ends where the script lets it end: a file of its own.
    pub(crate) ends: bool,
}

/// How large the buffers of its slab are.
pub(crate) const SLOT: usize = 16 << 10;
/// What it writes at a time: any device's block divides it.
const BLOCK: usize = 4096;

/// Bytes that differ from place to place, and from one `seed` to another.
fn fill(bytes: &mut [u8], seed: u8) {
    for (byte, step) in bytes.iter_mut().zip((0..251).cycle()) {
        *byte = seed.wrapping_add(step);
    }
}

/// Runs all of it.
pub(crate) fn run<K: Kernel>(way: &mut Way<K>, place: Place, slab: &Slab<Mapping<K>>, tally: &mut Tally) {
    tally.what = [if matches!(way, Way::Ring(_)) { "ring" } else { "calls" }, place.name];
    transfers(way, place, slab, tally);
    vectors(way, place, slab, tally);
    chains(way, place, slab, tally);
    flushes(way, place, tally);
    refusals(way, place, tally);
    if place.ends {
        endings(way, place, slab, tally);
    }
}

fn transfers<K: Kernel>(way: &mut Way<K>, place: Place, slab: &Slab<Mapping<K>>, tally: &mut Tally) {
    let (Ok(mut ours), Ok(mut back)) = (slab.get(0), slab.get(0)) else {
        tally.check("two buffers are free", false);
        return;
    };
    for (seed, fixed) in [(1, false), (2, true)] {
        fill(&mut ours, seed);
        back.zero();
        let (to, from, len, at) = (back.as_mut_ptr(), ours.as_ptr(), 2 * BLOCK, place.base);
        let (write, read) = if fixed {
            (Op::write_fixed(place.file, from, len, at, 0), Op::read_fixed(place.file, to, len, at, 0))
        } else {
            (Op::write(place.file, from, len, at), Op::read(place.file, to, len, at))
        };
        let (Ok(write), Ok(read)) = (write, read) else {
            tally.check("a transfer can be described", false);
            return;
        };
        // SAFETY: both buffers are ours until this returns, and of that length; the file stays open.
        let answer = unsafe { way.run_one(write) };
        tally.expect("a write", answer, Ok(8192));
        // SAFETY: as above.
        let answer = unsafe { way.run_one(read) };
        tally.expect("a read", answer, Ok(8192));
        tally.check("what was written is read", ours[..2 * BLOCK] == back[..2 * BLOCK]);
        tally.check("nothing behind it is touched", back[2 * BLOCK..].iter().all(|byte| *byte == 0));
    }
    fill(&mut ours, 77);
    let durable = Op::write(place.file, ours.as_ptr(), BLOCK, place.base);
    if let Ok(write) = durable.map(|write| write.with_flags(RwFlags::DATA_SYNC)) {
        // SAFETY: as above.
        let answer = unsafe { way.run_one(write) };
        tally.expect("a write that is flushed", answer, Ok(4096));
    }
}

fn vectors<K: Kernel>(way: &mut Way<K>, place: Place, slab: &Slab<Mapping<K>>, tally: &mut Tally) {
    let (Ok(mut ours), Ok(mut back)) = (slab.get(0), slab.get(0)) else {
        tally.check("two buffers are free", false);
        return;
    };
    fill(&mut ours, 40);
    let at = place.base + 8192;
    let pieces = [IoVec::of(&ours[..BLOCK]), IoVec::EMPTY, IoVec::of(&ours[2 * BLOCK..3 * BLOCK])];
    let Ok(write) = Op::write_vectored(place.file, &pieces, at) else { return };
    // SAFETY: the list and what it names are ours until this returns; the file stays open.
    let answer = unsafe { way.run_one(write) };
    tally.expect("a write from three pieces, one empty", answer, Ok(8192));

    // Read into pieces the other way round.
    let (first, second) = back.split_at_mut(BLOCK);
    let pieces = [IoVec::of_mut(&mut second[..BLOCK]), IoVec::of_mut(first)];
    let Ok(read) = Op::read_vectored(place.file, &pieces, at) else { return };
    // SAFETY: as above.
    let answer = unsafe { way.run_one(read) };
    tally.expect("a read into two pieces", answer, Ok(8192));
    let crossed = back[BLOCK..2 * BLOCK] == ours[..BLOCK] && back[..BLOCK] == ours[2 * BLOCK..3 * BLOCK];
    tally.check("pieces are filled in order", crossed);
}

fn chains<K: Kernel>(way: &mut Way<K>, place: Place, slab: &Slab<Mapping<K>>, tally: &mut Tally) {
    let (Ok(mut ours), Ok(mut back)) = (slab.get(0), slab.get(0)) else {
        tally.check("two buffers are free", false);
        return;
    };
    fill(&mut ours, 90);
    let at = place.base + 16384;
    let len = BLOCK;
    let (Ok(write), Ok(read), Ok(bad)) = (
        Op::write(place.file, ours.as_ptr(), len, at),
        Op::read(place.file, back.as_mut_ptr(), len, at),
        Op::read(Fd(-1), back.as_mut_ptr(), len, 0),
    ) else {
        return;
    };
    // SAFETY: both buffers are ours until this returns; the file stays open, and −1 is none.
    let answers = unsafe { way.run_two(write, Then::Soft, Op::sync_data(place.file)) };
    tally.expect("a write before a flush", answers[0], Ok(4096));
    tally.expect("a flush behind a write", answers[1], Ok(0));

    fill(&mut ours, 120);
    // SAFETY: as above.
    let answers = unsafe { way.run_two(bad, Then::Soft, write) };
    tally.expect("a read of no file", answers[0], Err(Errno::BADF));
    tally.expect("what is linked softly behind a failure", answers[1], Err(Errno::CANCELED));
    // SAFETY: as above.
    let answer = unsafe { way.run_one(read) };
    tally.expect("a read afterwards", answer, Ok(4096));
    tally.check("what was cancelled wrote nothing", back[0] == 90);

    // A failure that comes of carrying it out: before 5.17 a ring looks descriptors up when it takes a chain up, and
    // over one that is not open it cancels even what is linked firmly.
    let Some(folder) = folder(way.kernel()) else { return };
    let Ok(bad) = Op::read(folder, back.as_mut_ptr(), len, 0) else { return };
    // SAFETY: as above.
    let answers = unsafe { way.run_two(bad, Then::Hard, write) };
    tally.expect("a read of a directory", answers[0], Err(Errno::ISDIR));
    tally.expect("what is linked firmly behind a failure", answers[1], Ok(4096));
    // SAFETY: as above.
    let answers = unsafe { way.run_two(write, Then::Soft, read) };
    tally.expect("a write before a read", answers[0], Ok(4096));
    tally.expect("a read behind a write", answers[1], Ok(4096));
    tally.check("it reads what was written just before", back[0] == 120);
}

/// The working directory, open for as long as the program runs.
fn folder<K: Kernel>(kernel: &K) -> Option<Fd> {
    // SAFETY: the working directory is always there.
    unsafe { kernel.open_at(Fd::CWD, c".", OpenFlags::READ, 0) }.ok()
}

fn flushes<K: Kernel>(way: &mut Way<K>, place: Place, tally: &mut Tally) {
    // SAFETY: the file stays open.
    let answer = unsafe { way.run_one(Op::sync_all(place.file)) };
    tally.expect("a flush of everything", answer, Ok(0));
    // SAFETY: as above.
    let answer = unsafe { way.run_one(Op::Nop) };
    tally.expect("nothing", answer, Ok(0));
    if let Ok(range) = Op::sync_range(place.file, place.base, 4096, SyncRange::WRITE) {
        // SAFETY: as above.
        let answer = unsafe { way.run_one(range) };
        tally.expect("writing back", answer, Ok(0));
    }
    if let Ok(advise) = Op::advise_file(place.file, place.base, 4096, AdviseFile::DontNeed) {
        // SAFETY: as above.
        let answer = unsafe { way.run_one(advise) };
        tally.expect("advice", answer, Ok(0));
    }
}

fn refusals<K: Kernel>(way: &mut Way<K>, place: Place, tally: &mut Tally) {
    let mut byte = [0_u8];
    let wrong = Op::read(place.file, byte.as_mut_ptr(), 1, u64::MAX);
    tally.check("an offset of −1 is refused", wrong == Err(OpError::Offset { offset: u64::MAX }));
    let len = 1 << 31;
    let wrong = Op::read(place.file, byte.as_mut_ptr(), len, 0);
    tally.check("a length of 2 GiB is refused", wrong == Err(OpError::Length { len }));
    if let Ok(empty) = Op::read(Fd(-1), byte.as_mut_ptr(), 0, 0) {
        // SAFETY: it names no memory, and no file is looked at.
        let answer = unsafe { way.run_one(empty) };
        tally.expect("a transfer of no bytes", answer, Ok(0));
    }
}

fn endings<K: Kernel>(way: &mut Way<K>, place: Place, slab: &Slab<Mapping<K>>, tally: &mut Tally) {
    let Ok(mut back) = slab.get(0) else { return };
    // SAFETY: the file is open, and the script's own.
    let cut = unsafe { way.kernel().truncate(place.file.fd(), place.base + 6000) };
    tally.check("a file can be cut", cut.is_ok());
    let Ok(read) = Op::read(place.file, back.as_mut_ptr(), 2 * BLOCK, place.base + 4096) else { return };
    // SAFETY: the buffer is ours until this returns; the file stays open.
    let answers = unsafe { way.run_two(read, Then::Soft, Op::sync_data(place.file)) };
    tally.expect("a read over the end", answers[0], Ok(1904));
    tally.expect("what is linked behind a short read", answers[1], Err(Errno::CANCELED));
    let Ok(read) = Op::read(place.file, back.as_mut_ptr(), BLOCK, place.base + 8192) else { return };
    // SAFETY: as above.
    let answer = unsafe { way.run_one(read) };
    tally.expect("a read behind the end", answer, Ok(0));

    let mut stat = Statx::default();
    if let Ok(ask) = Op::stat(Fd::CWD, c"script", Statx::BASIC_STATS, &raw mut stat) {
        // SAFETY: the answer is ours until this returns; the path ends in a nul byte.
        let answer = unsafe { way.run_one(ask) };
        tally.expect("asking for the size of a name that is not there", answer, Err(Errno::NOENT));
    }
}
