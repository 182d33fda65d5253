//! Files: what we write is what libc reads, and the reverse.

use std::fs::File;
use std::os::fd::AsRawFd;

use bareio_core::abi::Statx;
use bareio_core::kernel::{Allocate, RwFlags, Seek};
use bareio_core::op::Op;
use bareio_core::{BorrowedFd, Errno, Fd, IoVec, Kernel, Linux};

use crate::libc::{
    answer, bareio_libc_allocate, bareio_libc_read, bareio_libc_readv, bareio_libc_seek, bareio_libc_size,
    bareio_libc_sync, bareio_libc_sync_data, bareio_libc_truncate, bareio_libc_write, bareio_libc_writev,
};
use crate::ring;

/// Lengths and offsets around everything that has a boundary.
const LENS: [usize; 7] = [1, 511, 512, 4095, 4096, 4097, 70_001];
const OFFSETS: [u64; 5] = [0, 1, 4095, 65_536, (1 << 33) + 5];

pub(crate) fn file() -> File {
    tempfile::tempfile().expect("the temporary folder can be written to")
}

pub(crate) fn fd(file: &File) -> Fd {
    Fd(file.as_raw_fd())
}

/// Bytes that no other round has.
fn bytes(len: usize, round: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from((at * 7 + round * 13) % 251).expect("below 251")).collect()
}

/// How one of us writes or reads: a ring, calls, or libc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Ring,
    Calls,
    Libc,
}

fn write(who: Who, file: &File, from: &[u8], at: u64) -> Result<u64, Errno> {
    if who == Who::Libc {
        let at = i64::try_from(at).expect("below i64::MAX");
        // SAFETY: the bytes are ours until it returns.
        return answer(unsafe { bareio_libc_write(file.as_raw_fd(), from.as_ptr(), from.len(), at) });
    }
    // SAFETY: open until we return.
    let lent = unsafe { BorrowedFd::borrow_raw(fd(file)) };
    let op = Op::write(lent, from.as_ptr(), from.len(), at).expect("in range");
    // SAFETY: the bytes are ours until it returns.
    unsafe { carry_out(who, op) }
}

fn read(who: Who, file: &File, to: &mut [u8], at: u64) -> Result<u64, Errno> {
    if who == Who::Libc {
        let at = i64::try_from(at).expect("below i64::MAX");
        // SAFETY: the bytes are ours until it returns.
        return answer(unsafe { bareio_libc_read(file.as_raw_fd(), to.as_mut_ptr(), to.len(), at) });
    }
    // SAFETY: open until we return.
    let lent = unsafe { BorrowedFd::borrow_raw(fd(file)) };
    let op = Op::read(lent, to.as_mut_ptr(), to.len(), at).expect("in range");
    // SAFETY: the bytes are ours until it returns.
    unsafe { carry_out(who, op) }
}

/// # Safety
///
/// As `Op::perform`.
unsafe fn carry_out(who: Who, op: Op) -> Result<u64, Errno> {
    if who == Who::Calls {
        // SAFETY: the caller's word.
        return unsafe { op.perform(&Linux) }.map(u64::from);
    }
    let mut ring = ring().expect("asked for only where there are rings");
    // SAFETY: the caller's word; it is waited for.
    unsafe { ring.push(op.encode()) }.expect("room");
    ring.submit_and_wait(1).expect("it is submitted");
    ring.pop().expect("waited for").result().map(u64::from)
}

/// Those that this host has.
fn everybody() -> Vec<Who> {
    let ring = ring().map(|_| Who::Ring);
    [ring, Some(Who::Calls), Some(Who::Libc)].into_iter().flatten().collect()
}

#[test]
fn what_anybody_writes_anybody_else_reads() {
    let everybody = everybody();
    let mut round = 0;
    for writer in &everybody {
        for reader in everybody.iter().filter(|reader| *reader != writer) {
            let file = file();
            for (len, at) in LENS.iter().zip(OFFSETS.iter().cycle()) {
                round += 1;
                let (ours, mut back) = (bytes(*len, round), vec![0; *len]);
                let what = format!("{writer:?} to {reader:?}, {len} bytes at {at}");
                assert_eq!(write(*writer, &file, &ours, *at), Ok(*len as u64), "{what}");
                assert_eq!(read(*reader, &file, &mut back, *at), Ok(*len as u64), "{what}");
                assert!(ours == back, "{what}: other bytes");
            }
        }
    }
}

#[test]
fn the_end_of_a_file_is_the_same_to_everybody() {
    let file = file();
    assert_eq!(write(Who::Libc, &file, &bytes(5000, 1), 0), Ok(5000));
    for (at, expected) in [(0, 4096), (4096, 904), (4999, 1), (5000, 0), (9000, 0)] {
        for who in everybody() {
            let mut back = [0; 4096];
            assert_eq!(read(who, &file, &mut back, at), Ok(expected), "{who:?} at {at}");
        }
    }
}

#[test]
fn lists_of_pieces_are_libcs() {
    let (one, two) = (bytes(1000, 3), bytes(3000, 4));
    let pieces = [IoVec::of(&one), IoVec::EMPTY, IoVec::of(&two)];
    let file = file();
    // Ours, read by theirs; at another place theirs, read by ours.
    // SAFETY: every piece is valid, and the file is open.
    assert_eq!(unsafe { Linux.write_vectored(fd(&file), &pieces, 7, RwFlags::NONE) }, Ok(4000));
    // SAFETY: as above.
    let theirs = unsafe { bareio_libc_writev(file.as_raw_fd(), pieces.as_ptr(), 3, 10_000) };
    assert_eq!(theirs, 4000);
    let (mut front, mut back) = (vec![0; 3500], vec![0; 500]);
    let into = [IoVec::of_mut(&mut front), IoVec::of_mut(&mut back)];
    // SAFETY: every piece is valid, and the file is open.
    assert_eq!(unsafe { bareio_libc_readv(file.as_raw_fd(), into.as_ptr(), 2, 7) }, 4000);
    let theirs = [front.clone(), back.clone()].concat();
    // SAFETY: as above.
    assert_eq!(unsafe { Linux.read_vectored(fd(&file), &into, 10_000, RwFlags::NONE) }, Ok(4000));
    let ours = [front, back].concat();
    assert!(ours == [one, two].concat() && theirs == ours);
}

#[test]
fn sizes_blocks_and_holes_are_the_same_to_both() {
    let file = file();
    let (ours, theirs) = (fd(&file), file.as_raw_fd());
    assert_eq!(write(Who::Calls, &file, &[1; 8192], 65_536), Ok(8192));
    // SAFETY: the file is open, here and below.
    unsafe { Linux.allocate(ours, Allocate::KEEP_SIZE, 0, 4096) }.expect("the file system reserves");
    // SAFETY: as above.
    assert_eq!(unsafe { bareio_libc_sync(theirs) }, 0);

    let (mut stat, mut blocks) = (Statx::default(), 0);
    // SAFETY: as above.
    unsafe { Linux.stat(ours, c"", Statx::BASIC_STATS, &mut stat) }.expect("it is open");
    // SAFETY: as above; room for one number.
    let size = unsafe { bareio_libc_size(theirs, &raw mut blocks) };
    assert_eq!((answer(size), answer(blocks)), (Ok(stat.size), Ok(stat.blocks)));
    assert_eq!(stat.size, 73_728);

    for at in [0, 4096, 65_536, 70_000, 73_728, 80_000] {
        for (from, number) in [(Seek::Data, 3), (Seek::Hole, 4)] {
            // SAFETY: as above.
            let ours = unsafe { Linux.seek(ours, at, from) };
            let at = i64::try_from(at).expect("small");
            // SAFETY: as above.
            let theirs = unsafe { bareio_libc_seek(theirs, at, number) };
            assert_eq!(ours, answer(theirs), "{from:?} from {at}");
        }
    }

    // SAFETY: as above.
    assert_eq!(unsafe { bareio_libc_truncate(theirs, 1234) }, 0);
    // SAFETY: as above.
    unsafe { Linux.stat(ours, c"", Statx::BASIC_STATS, &mut stat) }.expect("it is open");
    assert_eq!(stat.size, 1234);
    // SAFETY: as above.
    assert_eq!(unsafe { bareio_libc_allocate(theirs, 0, 0, 5000) }, 0);
    // SAFETY: as above.
    unsafe { Linux.truncate(ours, 4321) }.expect("it is open");
    // SAFETY: as above.
    assert_eq!(unsafe { bareio_libc_size(theirs, &raw mut blocks) }, 4321);
    // SAFETY: as above.
    assert_eq!(unsafe { bareio_libc_sync_data(theirs) }, 0);
}
