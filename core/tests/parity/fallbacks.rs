//! Calls on a kernel that has few methods, is interrupted now and then, and moves less than it could.

use std::cell::Cell;
use std::fs::File;

use bareio_core::kernel::RwFlags;
use bareio_core::op::{Offset, Op};
use bareio_core::{Errno, Fd, IoVec, Kernel, Linux};

use crate::common::Scratch;
use crate::files::{fd, file};

/// Has one-piece transfers and one kind of flush.
struct Old {
    /// How many of the next calls a signal interrupts.
    interruptions: Cell<u32>,
    /// The most bytes that one call moves.
    most: usize,
    flushes: Cell<u32>,
}

impl Old {
    fn new() -> Self {
        Self { interruptions: Cell::new(0), most: usize::MAX, flushes: Cell::new(0) }
    }

    fn interrupted(&self) -> Result<(), Errno> {
        let left = self.interruptions.get();
        self.interruptions.set(left.saturating_sub(1));
        if left > 0 { Err(Errno::INTR) } else { Ok(()) }
    }
}

// SAFETY: what is implemented is forwarded to `Linux`, with lengths that are no longer, or fails before anything happens.
unsafe impl Kernel for Old {
    unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize, Errno> {
        self.interrupted()?;
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { Linux.read_at(fd, buf, len.min(self.most), offset) }
    }

    unsafe fn write_at(&self, fd: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize, Errno> {
        self.interrupted()?;
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { Linux.write_at(fd, buf, len.min(self.most), offset) }
    }

    unsafe fn sync_all(&self, fd: Fd) -> Result<(), Errno> {
        self.interrupted()?;
        self.flushes.set(self.flushes.get() + 1);
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { Linux.sync_all(fd) }
    }

    /// Interrupted, and closed all the same, as Linux does.
    unsafe fn close(&self, fd: Fd) -> Result<(), Errno> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { Linux.close(fd) }?;
        self.interrupted()
    }
}

fn written(name: &str, kernel: &Old, op: impl FnOnce(&File) -> Op) -> (Result<u32, Errno>, Vec<u8>) {
    let scratch = Scratch::new(name);
    let file = file(&scratch, "file");
    // SAFETY: everything that the tests name outlives them.
    let result = unsafe { op(&file).perform(kernel) };
    (result, std::fs::read(scratch.path("file")).unwrap())
}

#[test]
fn a_vectored_write_goes_piece_by_piece_to_the_first_short_one() {
    let pieces = [IoVec::of(b"abc"), IoVec::EMPTY, IoVec::of(b"defgh"), IoVec::of(b"ij")];
    let op = |file: &File| Op::write_vectored(fd(file), &pieces, 2).unwrap();
    let whole = written("piecewise", &Old::new(), op);
    assert_eq!(whole, (Ok(10), b"\0\0abcdefghij".to_vec()));
    let short = written("piecewise", &Old { most: 4, ..Old::new() }, op);
    assert_eq!(short, (Ok(7), b"\0\0abcdefg".to_vec()));
}

#[test]
fn a_vectored_read_goes_piece_by_piece_to_the_end_of_the_file() {
    let scratch = Scratch::new("piecewise_read");
    std::fs::write(scratch.path("file"), b"abcdef").unwrap();
    let file = File::open(scratch.path("file")).unwrap();
    let (mut one, mut two, mut three) = ([0; 2], [0; 3], [0; 4]);
    let pieces = [IoVec::of_mut(&mut one), IoVec::of_mut(&mut two), IoVec::of_mut(&mut three)];
    let read = Op::read_vectored(fd(&file), &pieces, 0).unwrap();
    // SAFETY: everything outlives the call.
    assert_eq!(unsafe { read.perform(&Old::new()) }, Ok(6));
    assert_eq!((&one, &two, &three), (b"ab", b"cde", b"f\0\0\0"));
}

#[test]
fn a_flushed_write_is_a_write_and_a_flush() {
    let kernel = Old::new();
    for (flags, flushes) in [(RwFlags::NONE, 0), (RwFlags::DATA_SYNC, 1), (RwFlags::SYNC, 2)] {
        let op = |file: &File| Op::write(fd(file), b"abc".as_ptr(), 3, 0).unwrap().with_flags(flags);
        assert_eq!(written("flushed", &kernel, op), (Ok(3), b"abc".to_vec()));
        assert_eq!(kernel.flushes.get(), flushes, "{flags:?}");
    }
    assert_eq!(written("flushed", &kernel, |file| Op::sync_data(fd(file))).0, Ok(0));
    assert_eq!(kernel.flushes.get(), 3);
}

#[test]
fn what_no_other_call_means_is_missing() {
    let missing = |op: fn(Fd) -> Op| {
        let (result, bytes) = written("missing", &Old::new(), |file| op(fd(file)));
        assert_eq!((result, bytes.len()), (Err(Errno::NOSYS), 0));
    };
    missing(|file| Op::write(file, b"abc".as_ptr(), 3, Offset::Current).unwrap());
    missing(|file| Op::write(file, b"abc".as_ptr(), 3, 0).unwrap().with_flags(RwFlags::APPEND));
    missing(|file| Op::truncate(file, 3).unwrap());
}

#[test]
fn a_signal_is_never_seen() {
    let kernel = Old { interruptions: Cell::new(3), ..Old::new() };
    let op = |file: &File| Op::write(fd(file), b"abc".as_ptr(), 3, 0).unwrap();
    assert_eq!(written("signal", &kernel, op), (Ok(3), b"abc".to_vec()));
    // In the middle of a list it makes no short count.
    kernel.interruptions.set(1);
    let pieces = [IoVec::of(b"ab"), IoVec::of(b"cd")];
    let op = |file: &File| Op::write_vectored(fd(file), &pieces, 0).unwrap();
    assert_eq!(written("signal", &kernel, op), (Ok(4), b"abcd".to_vec()));
}

#[test]
fn an_interrupted_close_is_not_made_again() {
    use std::os::fd::IntoRawFd;
    let kernel = Old { interruptions: Cell::new(1), ..Old::new() };
    let number = File::open("/dev/null").unwrap().into_raw_fd();
    // SAFETY: the descriptor is ours to close.
    assert_eq!(unsafe { Op::close(Fd(number)).perform(&kernel) }, Ok(0));
    assert_eq!(kernel.interruptions.get(), 0, "it was interrupted");
}
