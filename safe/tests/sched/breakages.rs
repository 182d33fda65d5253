//! What breaks elsewhere.

use std::io::Write;
use std::time::{Duration, Instant};

use bareio::sched::Op;

use crate::common::{Scratch, block_on, pipe, schedulers};

#[test]
fn a_read_that_never_ends_delays_nobody() {
    for (way, scheduler) in schedulers(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, writer) = pipe();
        let never = scheduler.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        // Somebody waits for it, and has the role.
        let waiting = std::thread::spawn(move || never.wait().unwrap().0);
        std::thread::sleep(Duration::from_millis(20));
        let begin = Instant::now();
        for round in 0..20_u64 {
            scheduler.submit(Op::write(&file, vec![1; 10], round).durable()).unwrap().wait().unwrap();
            block_on(scheduler.submit(Op::sync_data(&file)).unwrap()).unwrap();
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "{way}: {:?}", begin.elapsed());
        drop(writer);
        assert_eq!(waiting.join().unwrap(), 0, "{way}");
    }
}

/// Others take less than 10 ms, while one takes 150.
#[test]
fn a_stall_of_one_operation_delays_no_other() {
    for (way, scheduler) in schedulers(|b| b) {
        let (reader, mut writer) = pipe();
        let stalled = scheduler.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        let waiting = std::thread::spawn(move || stalled.wait().unwrap().0);
        std::thread::sleep(Duration::from_millis(10));
        let begin = Instant::now();
        let mut delays = Vec::new();
        while begin.elapsed() < Duration::from_millis(150) {
            let one = Instant::now();
            scheduler.submit(Op::nop()).unwrap().wait().unwrap();
            delays.push(one.elapsed());
            std::thread::sleep(Duration::from_millis(1));
        }
        writer.write_all(b"over").unwrap();
        assert_eq!(waiting.join().unwrap(), 4, "{way}");
        // Of all but the slowest twentieth, which on a busy machine waited for a processor.
        delays.sort();
        let slow = delays[delays.len() * 19 / 20];
        assert!(slow < Duration::from_millis(10), "{way}: {slow:?} of {} operations", delays.len());
    }
}

#[test]
fn waiting_can_end_before_the_operation_does() {
    for (way, scheduler) in schedulers(|b| b) {
        let (reader, mut writer) = pipe();
        let ticket = scheduler.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        let begin = Instant::now();
        let ticket = ticket.wait_timeout(Duration::from_millis(30)).expect_err("nothing was written");
        assert!(begin.elapsed() >= Duration::from_millis(30), "{way}");
        writer.write_all(b"more").unwrap();
        let (count, buf) = ticket.wait().unwrap();
        assert_eq!((count, &buf[..]), (4, &b"more"[..]), "{way}");
    }
}

#[test]
fn what_is_cancelled_says_so_and_brings_its_buffer() {
    for (way, scheduler) in schedulers(|b| b) {
        let (reader, writer) = pipe();
        let ticket = scheduler.submit(Op::read_current(&reader, vec![7; 4])).unwrap();
        if !scheduler.running().is_ring() {
            std::thread::sleep(Duration::from_millis(50));
            drop(writer); // a call that has begun ends only so
            assert_eq!(ticket.cancel().unwrap().0, 0, "{way}");
            continue;
        }
        let failed = ticket.cancel().unwrap_err();
        assert!(failed.error.is_canceled(), "{way}: {}", failed.error);
        assert_eq!(failed.buf.unwrap(), [7; 4], "{way}");
    }
}

#[test]
fn a_deadline_ends_an_operation_of_a_ring() {
    for (way, scheduler) in schedulers(|b| b) {
        if !scheduler.running().is_ring() {
            continue; // what has begun is not cancelled there
        }
        let (reader, _writer) = pipe();
        for _ in 0..600 {
            let op = Op::read_current(&reader, vec![7; 4]).within(Duration::from_micros(200));
            let failed = scheduler.run(op).unwrap_err();
            assert!(failed.error.is_timed_out(), "{way}: {}", failed.error);
            assert_eq!(failed.buf.unwrap(), [7; 4], "{way}");
        }
        let scratch = Scratch::new();
        let op = Op::sync_data(&scratch.file(b"")).within(Duration::from_secs(20));
        assert_eq!(scheduler.run(op).unwrap().0, 0, "{way}: done in time");
    }
}

/// Linux ends operations together with the thread that submitted them, unless they are submitted anew.
#[test]
fn operations_outlive_the_thread_that_submitted_them() {
    for (way, scheduler) in schedulers(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        for round in 0..30_u8 {
            let (reader, mut writer) = pipe();
            let (theirs, target) = (scheduler.clone(), file.clone());
            let submitter = std::thread::spawn(move || {
                let read = theirs.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
                let write = |at: u64| {
                    theirs.submit(Op::write(&target, vec![round; 1 << 16], at << 16).durable()).unwrap()
                };
                (read, (0..8).map(write).collect::<Vec<_>>(), theirs.submit(Op::sync_all(&target)).unwrap())
            });
            let (read, all, flush) = submitter.join().unwrap();
            writer.write_all(b"here").unwrap();
            assert_eq!(read.wait().unwrap_or_else(|failed| panic!("{way}: {failed}")).1, b"here");
            for write in all {
                assert_eq!(write.wait().unwrap_or_else(|failed| panic!("{way}: {failed}")).0, 1 << 16);
            }
            flush.wait().unwrap_or_else(|failed| panic!("{way}: {failed}"));
        }
    }
}
