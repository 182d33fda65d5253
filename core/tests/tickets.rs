//! Operations that own what they use, on the real kernel.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"),
    not(miri)
))]

mod common;

use std::fs::File;
use std::future::{Future, IntoFuture};
use std::io::Write as _;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bareio_core::kernel::OpenFlags;
use bareio_core::ring::{Builder, Limit, RingError};
use bareio_core::ticket::{Driver, Open, OwnedFile, Read, Slot, StaticBuf, Sync, Table, Why, Write};
use bareio_core::{Align, AlignedBuf, BorrowedFd, Errno, Fd, Linux};
use common::{Scratch, ring};

/// A file that is closed when its last owner goes.
#[derive(Clone)]
struct Shared(Arc<OwnedFd>);

impl Shared {
    fn new(file: impl Into<OwnedFd>) -> Self {
        Self(Arc::new(file.into()))
    }
}

// SAFETY: the descriptor is open for as long as one of its owners lives.
unsafe impl OwnedFile for Shared {
    fn fd(&self) -> Fd {
        use std::os::fd::AsRawFd;
        Fd(self.0.as_raw_fd())
    }
}

struct CountWakes(AtomicU32);

impl Wake for CountWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn buffer(len: usize) -> AlignedBuf<Linux> {
    AlignedBuf::new(Linux, len, Align::KIB_4).unwrap()
}

fn forever(bytes: &[u8]) -> StaticBuf {
    StaticBuf::from(Box::leak(bytes.to_vec().into_boxed_slice()))
}

fn file_with(bytes: &[u8], scratch: &Scratch) -> Shared {
    let mut file =
        File::options().read(true).write(true).create_new(true).open(scratch.path("file")).unwrap();
    file.write_all(bytes).unwrap();
    Shared::new(file)
}

const fn slots<const N: usize>() -> [Slot; N] {
    [const { Slot::new() }; N]
}

#[test]
fn buffers_come_back_with_the_result() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("tickets_back");
    let file = file_with(b"twelve bytes", &scratch);
    let mut slots = slots::<4>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let read = driver.submit(Read::new(file.clone(), buffer(4096), 0)).unwrap();
    let write = driver.submit(Write::new(file.clone(), forever(b"!!"), 12)).unwrap();
    let (count, buf) = driver.wait(read).unwrap();
    assert_eq!((count.map(|count| count >= 12), &buf.as_slice()[..12]), (Ok(true), &b"twelve bytes"[..]));
    assert_eq!(driver.wait(write).unwrap().0, Ok(2));
    let flush = driver.submit(Sync::all(file.clone())).unwrap();
    assert_eq!(driver.wait(flush).unwrap(), Ok(()));
    assert_eq!((driver.unknown(), Arc::strong_count(&file.0)), (0, 1));
    driver.close(Duration::from_secs(5)).unwrap();
}

#[test]
fn what_cannot_be_submitted_comes_back_whole() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("tickets_refused");
    let file = file_with(b"abc", &scratch);
    let mut slots = slots::<1>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let refused = driver.submit(Read::new(file.clone(), buffer(4096), u64::MAX)).unwrap_err();
    assert_eq!(refused.error, RingError::Kernel(Errno::INVAL));
    let (reader, _writer) = std::io::pipe().unwrap();
    // The one slot, taken until its operation ends.
    let held = driver.submit(poll(&reader)).unwrap();
    let refused = driver.submit(Write::new(file.clone(), forever(b"xyz"), 0)).unwrap_err();
    assert_eq!(refused.error, RingError::Full);
    drop(held);
    driver.cancel_orphans().unwrap();
    while driver.turn_within(1, Limit::timeout(Duration::from_secs(2))).unwrap() == 0 {}
    let again = driver.submit(refused.operation).unwrap();
    assert_eq!(driver.wait(again).unwrap().0, Ok(3));
}

/// An operation that never ends by itself: waits for a pipe that nobody writes to.
fn poll(reader: &std::io::PipeReader) -> Waits {
    Waits(Shared::new(reader.try_clone().unwrap()))
}

struct Waits(Shared);

// SAFETY: the descriptor stays open as long as the operation.
unsafe impl bareio_core::ticket::Operation for Waits {
    type Output = Result<u32, Errno>;

    fn entry(&mut self) -> Result<bareio_core::abi::Sqe, Errno> {
        use bareio_core::sqe;
        Ok(sqe::poll(self.0.fd(), bareio_core::abi::PollEvents::IN))
    }

    fn finish(self, result: Result<u32, Errno>) -> Self::Output {
        result
    }
}

#[test]
fn cancelling_gives_the_true_result_and_dropping_disposes_after_the_kernel() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let (reader, _writer) = std::io::pipe().unwrap();
    let mut slots = slots::<4>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let waits = poll(&reader);
    let owners = waits.0.clone();
    let ticket = driver.submit(waits).unwrap();
    let limit = Limit::timeout(Duration::from_millis(20));
    let unfinished = driver.wait_within(ticket, limit).unwrap_err();
    assert_eq!(unfinished.why, Why::TimedOut);
    let ticket = unfinished.ticket.unwrap();
    driver.cancel(&ticket).unwrap();
    assert_eq!(driver.wait(ticket).unwrap(), Err(Errno::CANCELED));
    assert_eq!(Arc::strong_count(&owners.0), 1);

    let ticket = driver.submit(Waits(owners.clone())).unwrap();
    driver.turn(0).unwrap();
    drop(ticket);
    assert_eq!(Arc::strong_count(&owners.0), 2, "the kernel still has it");
    assert_eq!(driver.cancel_orphans(), Ok(1));
    driver.turn(1).unwrap();
    while Arc::strong_count(&owners.0) > 1 {
        driver.turn_within(1, Limit::timeout(Duration::from_secs(2))).unwrap();
    }
}

#[test]
fn a_descriptor_that_nobody_wants_is_closed() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let scratch = Scratch::new("tickets_open");
    let path = std::ffi::CString::new(scratch.path("new").to_str().unwrap()).unwrap();
    let path: &'static std::ffi::CStr = Box::leak(path.into_boxed_c_str());
    let mut slots = slots::<4>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let open = || Open::new(Linux, path, OpenFlags::WRITE | OpenFlags::CREATE, 0o600);
    let ticket = driver.submit(open()).unwrap();
    let fd = driver.wait(ticket).unwrap().unwrap();
    // SAFETY: opened just now, and ours.
    drop(unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd.0) });
    // Other tests open files too, so leave them time to close theirs.
    for attempt in 0..50 {
        let before = count();
        for _ in 0..20 {
            drop(driver.submit(open()).unwrap());
            driver.turn(1).unwrap();
        }
        let ticket = driver.submit(open()).unwrap();
        driver.turn(1).unwrap();
        drop(ticket); // done, and not taken
        if count() <= before {
            return;
        }
        assert!(attempt < 49, "descriptors leak");
    }
}

#[test]
fn tickets_are_futures_that_any_thread_may_poll() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("tickets_future");
    let file = file_with(&[9; 100], &scratch);
    let wakes = Arc::new(CountWakes(AtomicU32::new(0)));
    let wake = Waker::from(wakes.clone());
    let mut slots = slots::<4>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let mut future = driver.submit(Read::new(file, buffer(4096), 0)).unwrap().into_future();
    assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&wake)).is_pending());
    std::thread::scope(|s| {
        let polled = s.spawn(move || {
            let mut context = Context::from_waker(&wake);
            let begin = Instant::now();
            loop {
                if let Poll::Ready(output) = Pin::new(&mut future).poll(&mut context) {
                    return output.unwrap();
                }
                assert!(begin.elapsed() < Duration::from_secs(5));
                std::thread::yield_now();
            }
        });
        driver.turn(1).unwrap();
        let (count, buf) = polled.join().unwrap();
        assert_eq!((count, buf.as_slice()), (Ok(100), &[9; 100][..]));
    });
    assert!(wakes.0.load(Ordering::SeqCst) >= 1);
}

#[test]
fn a_link_cut_short_says_so_on_both_tickets() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("tickets_linked");
    let file = file_with(b"", &scratch);
    let mut slots = slots::<4>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let durable = (Write::new(file.clone(), forever(b"record"), 0), Sync::data(file.clone()));
    let (write, flush) = driver.submit_linked(durable.0, durable.1).unwrap();
    assert_eq!((driver.wait(write).unwrap().0, driver.wait(flush).unwrap()), (Ok(6), Ok(())));
    let read_only = Shared::new(File::open(scratch.path("file")).unwrap());
    let (write, flush) =
        driver.submit_linked(Write::new(read_only, forever(b"record"), 0), Sync::data(file)).unwrap();
    assert_eq!(driver.wait(flush).unwrap(), Err(Errno::CANCELED));
    assert_eq!(driver.wait(write).unwrap().0, Err(Errno::BADF));
}

#[test]
fn closing_completes_every_ticket() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("tickets_close");
    let file = file_with(b"abc", &scratch);
    let (reader, _writer) = std::io::pipe().unwrap();
    let mut slots = slots::<4>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let finished = driver.submit(Read::new(file.clone(), buffer(4096), 0)).unwrap();
    driver.turn(1).unwrap();
    let waiting = driver.submit(poll(&reader)).unwrap();
    driver.turn(0).unwrap();
    let staged = driver.submit(Write::new(file, forever(b"never"), 0)).unwrap();
    driver.close(Duration::from_secs(5)).unwrap();
    assert_eq!(finished.take().unwrap().unwrap().0, Ok(3));
    assert_eq!(waiting.take().unwrap().unwrap(), Err(Errno::CANCELED));
    assert_eq!(staged.take().unwrap().unwrap().0, Err(Errno::CANCELED));
    assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abc");
}

#[test]
fn forgetting_leaks_and_nothing_else() {
    let Some(ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("tickets_forget");
    let file = file_with(b"abc", &scratch);
    // For ever open, so that no owner is needed.
    let fd = File::open(scratch.path("file")).unwrap().into_raw_fd();
    // SAFETY: never closed.
    let forever_open: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(Fd(fd)) };
    let mut slots = slots::<2>();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    std::mem::forget(driver.submit(Read::new(forever_open, buffer(4096), 0)).unwrap());
    driver.turn(1).unwrap();
    let second = driver.submit(Read::new(file, buffer(4096), 0)).unwrap();
    assert_eq!(driver.wait(second).unwrap().0, Ok(3));
    assert!(driver.submit(Sync::all(forever_open)).is_ok(), "one slot of two is left");
}

#[test]
#[should_panic(expected = "of another driver's")]
fn a_ticket_of_another_driver_is_not_waited_for() {
    let Some((one, two)) = ring(&Builder::new(4)).zip(ring(&Builder::new(4))) else {
        panic!("there is no ring here, so not of another driver's either");
    };
    let (mut slots_one, mut slots_two) = (slots::<1>(), slots::<1>());
    let (mut table_one, mut table_two) = (Table::new(&mut slots_one), Table::new(&mut slots_two));
    let mut one = Driver::new(one, &mut table_one);
    let mut two = Driver::new(two, &mut table_two);
    let null = File::open("/dev/null").unwrap();
    let ticket = one.submit(Sync::all(Shared::new(null))).unwrap();
    let _ = two.wait(ticket);
}
