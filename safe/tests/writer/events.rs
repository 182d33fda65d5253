//! Events that are gathered: when they are written, and what becomes of them when that fails.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bareio::writer::EventWriter;
use bareio::{Errno, Error, ErrorKind};

use crate::contents;

fn file() -> Arc<File> {
    Arc::new(tempfile::tempfile().unwrap())
}

fn len(file: &File) -> u64 {
    file.metadata().unwrap().len()
}

#[test]
fn events_are_written_when_there_are_so_many_bytes() {
    let file = file();
    let log = EventWriter::<File>::options().bytes(100).build(Arc::clone(&file)).unwrap();
    for _ in 0..9 {
        log.push(&[b'e'; 10]).unwrap();
    }
    assert_eq!((len(&file), log.pending()), (0, 9));
    log.push(&[b'e'; 10]).unwrap();
    assert_eq!((len(&file), log.pending()), (100, 0));
    // One that does not fit any more has what is there written first.
    log.push(&[b'f'; 60]).unwrap();
    log.push(&[b'g'; 60]).unwrap();
    assert_eq!((len(&file), log.pending()), (160, 1));
}

#[test]
fn events_are_written_when_there_are_so_many_of_them() {
    let file = file();
    let log = EventWriter::<File>::options().count(3).build(Arc::clone(&file)).unwrap();
    log.push(b"a").unwrap();
    log.push_parts(&[b"b", b"c"]).unwrap();
    assert_eq!((len(&file), log.pending()), (0, 2));
    log.push(b"").unwrap();
    assert_eq!((contents(&file), log.pending()), (b"abc".to_vec(), 0));
}

#[test]
fn events_are_written_when_the_oldest_has_waited_for_so_long() {
    let file = file();
    let every = Duration::from_millis(30);
    let log = EventWriter::<File>::options().every(every).build(Arc::clone(&file)).unwrap();
    for round in 1..=3 {
        let start = Instant::now();
        log.push(b"x").unwrap();
        while log.pending() > 0 {
            assert!(start.elapsed() < Duration::from_secs(20), "it was never written");
            thread::sleep(Duration::from_millis(1));
        }
        assert!(start.elapsed() >= every, "too early, in round {round}");
        assert_eq!(len(&file), round);
    }
    log.close().unwrap();
}

#[test]
fn an_event_longer_than_all_the_room_is_taken_and_whole() {
    let file = file();
    let log = EventWriter::<File>::options().bytes(16).build(Arc::clone(&file)).unwrap();
    log.push(b"short ").unwrap();
    log.push(&[b'l'; 100]).unwrap();
    log.push(b" short").unwrap();
    log.flush().unwrap();
    assert_eq!(contents(&file), [&b"short "[..], &[b'l'; 100], b" short"].concat());
}

#[test]
fn closing_gives_the_file_back_with_everything_in_it() {
    let log = EventWriter::new(tempfile::tempfile().unwrap()).unwrap();
    log.push(b"event").unwrap();
    assert!(log.file().is_some());
    assert_eq!(contents(&log.close().unwrap()), b"event");
}

/// A file that refuses while it is told to: what it lends then cannot be written to.
#[derive(Debug)]
struct Moody {
    file: File,
    refusing: File,
    refuses: AtomicBool,
}

impl Moody {
    fn new(refuses: bool) -> Arc<Self> {
        let refusing = std::fs::OpenOptions::new().write(true).open("/dev/full");
        // Where there is no such device, a file that was not opened to be written.
        let refusing = refusing.or_else(|_| File::open("/dev/null")).unwrap();
        Arc::new(Self { file: tempfile::tempfile().unwrap(), refusing, refuses: AtomicBool::new(refuses) })
    }

    fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }
}

impl AsFd for Moody {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let refuses = self.refuses.load(Ordering::SeqCst);
        if refuses { self.refusing.as_fd() } else { self.file.as_fd() }
    }
}

#[test]
fn an_error_says_that_the_event_was_not_taken_and_loses_none_that_were() {
    let moody = Moody::new(true);
    let log = EventWriter::<Moody>::options().bytes(8).build(Arc::clone(&moody)).unwrap();
    log.push(b"one ").unwrap();
    // It is taken, fills the batch, and the write that this begins is nobody's to wait for.
    log.push(b"two ").unwrap();
    assert_eq!(log.push(b"no ").unwrap_err().errno(), Some(Errno::NOSPC));
    // Told once; now there is room for as much again.
    log.push(b"three ").unwrap();
    assert!(log.push(b"never ").is_err());
    assert!(log.flush().is_err());
    assert_eq!((log.pending(), len(&moody.file)), (3, 0));
    moody.refuse(false);
    log.push(b"four ").unwrap();
    log.flush().unwrap();
    assert_eq!(contents(&moody.file), b"one two three four ");
    assert_eq!(log.pending(), 0);
}

#[test]
fn a_writer_that_cannot_be_closed_comes_back_with_its_events() {
    let moody = Moody::new(true);
    let log = EventWriter::new(Arc::clone(&moody)).unwrap();
    log.push(b"kept").unwrap();
    let refused = log.close().unwrap_err();
    assert_eq!((refused.error.errno(), refused.given.pending()), (Some(Errno::NOSPC), 1));
    moody.refuse(false);
    refused.given.close().unwrap();
    assert_eq!(contents(&moody.file), b"kept");
}

#[test]
fn an_error_of_the_last_write_is_told_when_the_writer_is_dropped() {
    let moody = Moody::new(true);
    let told: Arc<Mutex<Vec<Error>>> = Arc::default();
    let hook = {
        let told = Arc::clone(&told);
        move |error| told.lock().unwrap().push(error)
    };
    let every = Duration::from_millis(1);
    for options in [EventWriter::<Moody>::options(), EventWriter::<Moody>::options().every(every)] {
        let log = options.on_error(hook.clone()).build(Arc::clone(&moody)).unwrap();
        log.push(b"lost").unwrap();
        drop(log);
    }
    let told: Vec<_> = told.lock().unwrap().iter().map(Error::errno).collect();
    assert_eq!(told, [Some(Errno::NOSPC), Some(Errno::NOSPC)]);
}

#[test]
fn an_error_that_the_timer_ran_into_is_told_to_the_next_who_pushes() {
    let moody = Moody::new(true);
    let every = Duration::from_millis(1);
    let log = EventWriter::<Moody>::options().every(every).build(Arc::clone(&moody)).unwrap();
    log.push(b"one ").unwrap();
    let error = loop {
        // Whatever is taken meanwhile is written later.
        if let Err(error) = log.push(b"") {
            break error;
        }
    };
    assert_eq!(error.errno(), Some(Errno::NOSPC));
    moody.refuse(false);
    let start = Instant::now();
    while log.pending() > 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "it was never tried again");
        thread::yield_now();
    }
    assert_eq!(contents(&moody.file), b"one ");
}

/// A file whose own code panics must not leave the others waiting for a writer that never ends.
#[test]
fn a_panic_of_the_files_own_code_keeps_the_events_and_lets_others_write() {
    struct Bad(File, AtomicU32);
    impl AsFd for Bad {
        fn as_fd(&self) -> BorrowedFd<'_> {
            assert!(self.1.fetch_add(1, Ordering::SeqCst) > 0, "the first time");
            self.0.as_fd()
        }
    }
    let bad = Arc::new(Bad(tempfile::tempfile().unwrap(), AtomicU32::new(0)));
    let log = EventWriter::new(Arc::clone(&bad)).unwrap();
    log.push(b"event").unwrap();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| log.flush())).is_err());
    log.flush().unwrap();
    assert_eq!(contents(&bad.0), b"event");
}

#[test]
fn limits_of_nothing_are_refused_by_name() {
    let file = || tempfile::tempfile().unwrap();
    let kinds = [
        EventWriter::<File>::options().bytes(0).build(file()).unwrap_err().kind(),
        EventWriter::<File>::options().count(0).build(file()).unwrap_err().kind(),
        EventWriter::<File>::options().bytes(usize::MAX).build(file()).unwrap_err().kind(),
    ];
    let names = ["bytes of a batch", "events of a batch", "bytes of a batch"];
    for (kind, name) in kinds.into_iter().zip(names) {
        assert!(matches!(kind, ErrorKind::OutOfRange { what, .. } if what == name), "{kind:?}");
    }
}
