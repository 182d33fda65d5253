//! Closing, dropping, forking.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bareio::ErrorKind;
use bareio::sched::Op;

use crate::common::{Scratch, pipe, schedulers};

#[test]
fn closing_completes_every_ticket_and_hands_nothing_back_early() {
    for (way, scheduler) in schedulers(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, mut writer) = pipe();
        let done = scheduler.submit(Op::sync_data(&file)).unwrap();
        let never = scheduler.submit(Op::read_current(&reader, vec![7; 4])).unwrap();
        while !done.is_done() {
            let _ = scheduler.turn(Some(Duration::from_millis(10)));
        }
        std::thread::sleep(Duration::from_millis(50)); // by calls, it has begun
        let closed = scheduler.close(Duration::from_millis(100));
        if scheduler.running().is_ring() {
            closed.unwrap_or_else(|busy| panic!("{way}: {busy}"));
            writer.write_all(b"late").unwrap();
            let failed = never.wait().unwrap_err();
            assert_eq!(failed.error.kind(), ErrorKind::Closed, "{way}");
            assert_eq!(failed.buf.unwrap(), [7; 4], "{way}: nothing is written to what was handed back");
        } else {
            // The call has begun, and cannot be called off: it is said, and nothing comes back before it ends.
            assert_eq!(closed.unwrap_err().count, 1, "{way}");
            let never = never.wait_timeout(Duration::from_millis(10)).expect_err("it goes on");
            writer.write_all(b"late").unwrap();
            assert_eq!(never.wait().unwrap().1, b"late", "{way}");
        }
        assert_eq!(done.wait().unwrap().0, 0, "{way}: what finished keeps its result");
        scheduler.close(Duration::from_secs(5)).unwrap();
        let refused = scheduler.submit(Op::sync_data(&file)).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Closed, "{way}");
        assert_eq!(scheduler.run(Op::sync_data(&file)).unwrap_err().error.kind(), ErrorKind::Closed, "{way}");
    }
}

#[test]
fn closing_wakes_who_waits_for_room_and_for_tickets() {
    for (way, scheduler) in schedulers(|b| b.depth(4).in_flight(1)) {
        if !scheduler.running().is_ring() {
            continue; // a call that has begun would not end
        }
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, _writer) = pipe();
        let never = scheduler.submit(Op::read_current(&reader, vec![7; 4])).unwrap();
        let theirs = scheduler.clone();
        let submits =
            std::thread::spawn(move || theirs.submit(Op::sync_data(&file)).map(drop).unwrap_err().error);
        let waits = std::thread::spawn(move || never.wait().unwrap_err().error);
        std::thread::sleep(Duration::from_millis(30));
        scheduler.close(Duration::from_secs(5)).unwrap();
        assert_eq!(submits.join().unwrap().kind(), ErrorKind::Closed, "{way}");
        assert_eq!(waits.join().unwrap().kind(), ErrorKind::Closed, "{way}");
    }
}

#[test]
fn a_drop_cancels_what_is_in_flight_and_frees_it() {
    for (way, scheduler) in schedulers(|b| b.patience(Duration::from_secs(5))) {
        let (reader, writer) = pipe();
        let shared = Arc::new(vec![0_u8; 4]);
        let scratch = Scratch::new();
        let write = Op::write(&scratch.file(b""), shared.clone(), 0).durable();
        drop(scheduler.submit(write).unwrap());
        drop(scheduler.submit(Op::read_current(&reader, vec![7; 4])).unwrap());
        if !scheduler.running().is_ring() {
            drop(writer);
        }
        let begin = Instant::now();
        drop(scheduler);
        assert!(begin.elapsed() < Duration::from_secs(4), "{way}");
        // With threads, they do it.
        while Arc::strong_count(&shared) > 1 {
            assert!(begin.elapsed() < Duration::from_secs(5), "{way}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_ticket_outlives_the_handles() {
    for (way, scheduler) in schedulers(|b| b) {
        let scratch = Scratch::new();
        let ticket = scheduler.submit(Op::write(&scratch.file(b""), vec![1; 9], 0).durable()).unwrap();
        drop(scheduler);
        assert_eq!(ticket.wait().unwrap(), (9, vec![1; 9]), "{way}");
    }
}

#[test]
fn a_forked_child_is_told_and_can_drop_everything() {
    for (way, scheduler) in schedulers(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, mut writer) = pipe();
        let ticket = scheduler.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        let mut parts = Some((scheduler, ticket));
        in_child(|| {
            let (scheduler, ticket) = parts.take().unwrap();
            let refused = scheduler.submit(Op::sync_data(&file)).unwrap_err();
            assert!(refused.error.is_forked(), "{}", refused.error);
            assert!(ticket.wait().unwrap_err().error.is_forked());
            assert_eq!(
                scheduler.run(Op::sync_data(&file)).unwrap().0,
                0,
                "a call needs nothing of the parent's"
            );
            drop(scheduler);
        });
        let (scheduler, ticket) = parts.take().unwrap();
        writer.write_all(b"here").unwrap();
        assert_eq!(ticket.wait().unwrap().1, b"here", "{way}");
        scheduler.submit(Op::sync_data(&file)).unwrap().wait().unwrap();
    }
}

/// Runs `claim` in a forked child, and fails if it panics there.
pub(crate) fn in_child(claim: impl FnOnce()) {
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }
    // SAFETY: the child runs `claim` and ends by `_exit`; it takes no lock that another thread of the parent may hold
    // but those of the panic output and of the allocator, which sees to it itself.
    let child = unsafe { fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(claim)).is_err();
        // SAFETY: ends the child.
        unsafe { _exit(i32::from(failed)) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for the call.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed");
}
