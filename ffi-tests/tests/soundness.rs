//! The certificate: whatever is dropped, forgotten or unwound, and in whatever order, while 64 direct reads or writes of
//! 64 KiB are in flight, no byte of memory that was given back is overwritten or written out, and no other file is
//! written to.
//!
//! Each run lends out memory and a file, has the library start everything and let go of it, takes whatever came back for
//! somebody else's, opens other files under the numbers that became free, and then looks at every byte.
//!
//! `BAREIO_RUNS=N` does `N` runs of each kind, for each way to let go; 20 by default. Another library is tried by implementing
//! [`subject::Subject`] for it. One that only closes its ring is tried as well, and must fail: a certificate that nothing
//! fails would say nothing.
#![cfg(target_os = "linux")]

#[path = "soundness/arena.rs"]
mod arena;
#[path = "soundness/scheduler.rs"]
mod scheduler;
#[path = "soundness/subject.rs"]
mod subject;

use std::path::PathBuf;
use std::time::Duration;

use arena::{Arena, LEN, POISON, count_others};
use bareio::sched::Backend;
use bareio_core::Linux;
use bareio_core::ring::Builder;
use bareio_core::ticket::{Driver, Slot, Table, Write};
use bareio_ffi_tests::skip;
use scheduler::Scheduled;
use subject::{Careless, End, File, Scope, Subject, Tickets, Way};

/// Operations in flight.
const COUNT: usize = 64;

/// What the file holds at first, what is written to it, and what is in all others.
const BEFORE: u8 = 0x11;
const WRITTEN: u8 = 0xc3;
const FOREIGN: u8 = 0x77;

/// How long an operation that was let go of may take to do harm.
const SETTLE: Duration = Duration::from_millis(4);

fn runs() -> usize {
    std::env::var("BAREIO_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20)
}

/// Files of a test, gone with it.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bareio-soundness-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let files = Self(path);
        files.reset("ours", BEFORE);
        files.reset("foreign", FOREIGN);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn reset(&self, name: &str, value: u8) {
        std::fs::write(self.path(name), vec![value; COUNT * LEN]).unwrap();
        std::fs::File::open(self.path(name)).unwrap().sync_all().unwrap();
    }

    /// How many bytes are neither of these.
    fn others(&self, name: &str, values: &[u8]) -> usize {
        count_others(&std::fs::read(self.path(name)).unwrap(), values)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a trial found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Harm {
    /// Bytes overwritten in memory that was given back.
    overwritten: usize,
    /// Bytes of somebody else's memory in the file.
    leaked: usize,
    /// Bytes written to other files.
    foreign: usize,
}

/// One run.
fn harm(subject: &impl Subject, files: &Files, arena: &mut Arena, way: Way, end: End) -> Harm {
    let file = File::open(&files.path("ours"));
    let memory = arena.lend(WRITTEN);
    subject.run(file, memory, way, end);
    // Other files get the numbers that became free.
    let foreign: Vec<File> = (0..4).map(|_| File::open(&files.path("foreign"))).collect();
    std::thread::sleep(SETTLE);
    let overwritten = arena.overwritten();
    drop(foreign);
    if way == Way::Reads {
        return Harm { overwritten, ..Harm::default() };
    }
    debug_assert_ne!(POISON, WRITTEN);
    let leaked = files.others("ours", &[BEFORE, WRITTEN]);
    Harm { overwritten, leaked, foreign: files.others("foreign", &[FOREIGN]) }
}

fn has_rings() -> bool {
    let ring = Builder::new(64).build(Linux);
    if let Err(error) = &ring {
        skip(&error.to_string());
    }
    ring.is_ok()
}

/// Every way to let go, several times.
fn certify(subject: &impl Subject, name: &str, way: Way) {
    if !has_rings() {
        return;
    }
    let files = Files::new(name);
    for end in End::ALL {
        let mut arena = Arena::new(COUNT);
        for run in 0..runs() {
            if arena.left() < COUNT {
                arena = Arena::new(COUNT); // what was forgotten is leaked
            }
            assert_eq!(harm(subject, &files, &mut arena, way, end), Harm::default(), "run {run}, {end:?}");
        }
    }
}

#[test]
fn tickets_that_read_leave_memory_alone_once_it_is_given_back() {
    certify(&Tickets, "tickets-read", Way::Reads);
}

#[test]
fn tickets_that_write_take_no_byte_of_others_and_touch_no_other_file() {
    certify(&Tickets, "tickets-write", Way::Writes);
}

#[test]
fn scopes_that_read_leave_memory_alone_once_it_is_given_back() {
    certify(&Scope, "scope-read", Way::Reads);
}

#[test]
fn scopes_that_write_take_no_byte_of_others_and_touch_no_other_file() {
    certify(&Scope, "scope-write", Way::Writes);
}

/// The scheduler, by a ring and by calls, waited for and polled.
fn certify_scheduler(name: &str, way: Way) {
    for (backend, polls) in [(Backend::IoUring, false), (Backend::IoUring, true), (Backend::Posix, true)] {
        certify(&Scheduled { backend, polls }, name, way);
    }
}

#[test]
fn schedulers_that_read_leave_memory_alone_once_it_is_given_back() {
    certify_scheduler("scheduler-read", Way::Reads);
}

#[test]
fn schedulers_that_write_take_no_byte_of_others_and_touch_no_other_file() {
    certify_scheduler("scheduler-write", Way::Writes);
}

/// What is dropped comes back, after the kernel: the certificate is not that of a library that leaks everything.
#[test]
fn what_is_dropped_is_given_back() {
    if !has_rings() {
        return;
    }
    let files = Files::new("given-back");
    let mut arena = Arena::new(COUNT);
    for end in [End::Ring, End::Operations, End::File, End::Half, End::Panic] {
        assert_eq!(harm(&Tickets, &files, &mut arena, Way::Reads, end), Harm::default());
        assert_eq!(arena.left(), COUNT, "{end:?}");
    }
}

/// An entry names a number; who opens the next file would get it, if the operation did not hold it.
#[test]
fn an_operation_that_is_only_staged_holds_its_file() {
    if !has_rings() {
        return;
    }
    let files = Files::new("staged");
    let mut slots = [const { Slot::new() }; 2];
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(subject::ring(), &mut table);
    let file = File::open(&files.path("ours"));
    let number = file.fd();
    let lease = Arena::new(1).lend(WRITTEN).remove(0);
    let ticket = driver.submit(Write::new(file, lease, 0)).unwrap();
    let foreign: Vec<File> = (0..16).map(|_| File::open(&files.path("foreign"))).collect();
    assert!(foreign.iter().all(|file| file.fd() != number));
    let (count, _lease) = driver.wait(ticket).unwrap();
    assert_eq!(count, Ok(u32::try_from(LEN).unwrap()));
    assert_eq!(files.others("foreign", &[FOREIGN]), 0);
    assert_eq!(files.others("ours", &[BEFORE]), LEN);
}

/// The control. A library that only closes its ring overwrites its callers' memory, and writes their bytes to files.
#[test]
fn a_library_that_only_closes_its_ring_is_found_out() {
    if !has_rings() {
        return;
    }
    let files = Files::new("careless");
    let mut arena = Arena::new(COUNT);
    for way in [Way::Reads, Way::Writes] {
        let is_found_out = |_| {
            let harm = harm(&Careless, &files, &mut arena, way, End::Ring);
            harm.overwritten + harm.leaked > 0
        };
        if !(0..50).any(is_found_out) {
            skip(
                "operations end before a ring can be closed: no direct I/O in the directory for temporary files?",
            );
        }
    }
}
