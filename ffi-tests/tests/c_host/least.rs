//! A host that grants almost nothing, and what is done without.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bareio_core::abi::{Features, SetupFlags};
use bareio_core::kernel::RwFlags;
use bareio_core::op::Op;
use bareio_core::pool::Slab;
use bareio_core::ring::{Builder, Limit, Reason, Ring, RingError};
use bareio_core::scope::Slot;
use bareio_core::ticket::{self, Driver, StaticBuf, Table};
use bareio_core::{Align, AlignedBuf, BorrowedFd, Errno, Fd, IoVec, Kernel, Mapping, sqe};

use crate::table::Host;

/// The host keeps its rings in a table that it does not lock.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ring() -> Ring<Host> {
    Builder::new(4).build(Host::least()).expect("it has rings")
}

fn file() -> File {
    tempfile::tempfile().expect("the temporary folder can be written to")
}

fn lend(file: &File) -> BorrowedFd<'_> {
    // SAFETY: open for as long as it is borrowed.
    unsafe { BorrowedFd::borrow_raw(Fd(file.as_raw_fd())) }
}

#[test]
fn a_ring_is_had_from_a_host_that_knows_no_option() {
    let _alone = alone();
    let ring = ring();
    assert_eq!((ring.setup(), ring.features()), (SetupFlags::NONE, Features::NONE));
    assert!(!ring.is_registered());
    assert_eq!((ring.entries(), ring.completion_entries()), (4, 8));
    assert!(matches!(ring.probe(), Err(RingError::Kernel(Errno::NOSYS))));
}

#[test]
fn a_demand_that_it_does_not_know_is_refused_as_an_option() {
    let _alone = alone();
    let refused = Builder::new(4).completion_entries(64).build(Host::least()).unwrap_err();
    assert_eq!((refused.reason(), refused.errno), (Reason::Option, Errno::INVAL));
}

#[test]
fn what_it_writes_is_read_back_by_a_scope() {
    let _alone = alone();
    let (mut ring, file) = (ring(), file());
    let mut back = [0; 64];
    let mut slots = [const { Slot::new() }; 4];
    ring.scope(&mut slots, |s| {
        let write = s.write(lend(&file), b"from a unikernel", 32).unwrap();
        assert_eq!(s.wait(write).0, Ok(16));
        let read = s.read(lend(&file), &mut back, 32).unwrap();
        assert_eq!(s.wait(read).0, Ok(16));
    });
    assert_eq!(&back[..16], b"from a unikernel");
}

#[test]
fn tickets_are_completed_on_it() {
    let _alone = alone();
    let file = file();
    std::os::unix::fs::FileExt::write_all_at(&file, b"ticket", 0).unwrap();
    // SAFETY: never closed.
    let file = unsafe { BorrowedFd::borrow_raw(Fd(file.into_raw_fd())) };
    let mut slots = [const { ticket::Slot::new() }; 2];
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring(), &mut table);
    let buffer = StaticBuf::from(Box::leak(vec![0; 6].into_boxed_slice()));
    let ticket = driver.submit(ticket::Read::new(file, buffer, 0)).unwrap();
    let (count, buffer) = driver.wait(ticket).unwrap();
    assert_eq!(count, Ok(6));
    let bytes: &mut [u8] = buffer.into();
    assert_eq!(bytes, b"ticket");
    // SAFETY: made by `Box::leak` above, and given back once.
    drop(unsafe { Box::from_raw(bytes) });
    assert!(driver.close(Duration::from_secs(1)).is_ok());
}

#[test]
fn a_flush_that_its_ring_lacks_is_made_by_a_call() {
    let _alone = alone();
    let (mut ring, file) = (ring(), file());
    let flush = Op::sync_data(lend(&file));
    // SAFETY: it names no memory, and the file stays open.
    unsafe { ring.push(flush.encode()) }.unwrap();
    ring.submit_and_wait(1).unwrap();
    assert_eq!(ring.pop().unwrap().result(), Err(Errno::INVAL));
    // The host has no flush of data alone either, and the flush of everything serves.
    // SAFETY: the file is open.
    assert_eq!(unsafe { Host::least().sync_data(lend(&file).fd()) }, Err(Errno::NOSYS));
    // SAFETY: as above.
    assert_eq!(unsafe { flush.perform(&Host::least()) }, Ok(0));
}

#[test]
fn a_write_in_pieces_is_made_piece_by_piece_and_flushed() {
    let _alone = alone();
    let mut file = file();
    let pieces = [IoVec::of(b"one, "), IoVec::EMPTY, IoVec::of(b"two")];
    let write = Op::write_vectored(lend(&file), &pieces, 0).unwrap().with_flags(RwFlags::DATA_SYNC);
    // SAFETY: the pieces are valid, and the file is open.
    assert_eq!(unsafe { write.perform(&Host::least()) }, Ok(8));
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one, two");
}

#[test]
fn completions_that_it_drops_are_counted_and_waited_for_no_longer() {
    let _alone = alone();
    let mut ring = ring();
    for round in 0..3 {
        for _ in 0..4 {
            // SAFETY: it points to nothing.
            unsafe { ring.push(sqe::nop().user_data(round)) }.unwrap();
        }
        ring.submit().unwrap();
    }
    // Eight are there, and four found no room.
    assert_eq!((ring.dropped(), ring.completions().count()), (4, 8));
    assert_eq!(ring.in_flight(), 0, "what was dropped has ended");
    let begun = Instant::now();
    assert!(ring.close(Duration::from_secs(5)).is_ok());
    assert!(begun.elapsed() < Duration::from_secs(1), "nothing was left to wait for");
}

#[test]
fn a_wait_for_nothing_ends_by_the_clock() {
    let _alone = alone();
    let mut ring = ring();
    let begun = Instant::now();
    let there = ring.submit_and_wait_within(1, Limit::timeout(Duration::from_millis(20)));
    assert_eq!(there, Ok(0));
    assert!(begun.elapsed() >= Duration::from_millis(20));
}

#[test]
fn pools_and_buffers_are_made_of_its_memory() {
    let _alone = alone();
    let slab = Slab::map(Host::least(), 1000, 4, Align::KIB_4).unwrap();
    let all: Vec<_> = (0..4).map(|hint| slab.get(hint).unwrap()).collect();
    assert!(slab.get(0).is_err() && all.iter().all(|buffer| buffer.as_ptr().addr() % 4096 == 0));
    drop(all);
    assert_eq!(slab.free(), 4);
    // It cannot grow a mapping: the bytes are copied to another.
    let mut buffer = AlignedBuf::new(Host::least(), 4096, Align::KIB_4).unwrap();
    buffer.extend_from_slice(&[7; 4096]).unwrap();
    buffer.extend_from_slice(&[8; 9000]).unwrap();
    assert!(buffer[..4096].iter().all(|byte| *byte == 7) && buffer[4096..].iter().all(|byte| *byte == 8));
    assert!(Mapping::new(Host::least(), 1).is_ok());
}
