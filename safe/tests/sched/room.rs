//! Limits.

use std::io::Write;
use std::time::Duration;

use bareio::ErrorKind;
use bareio::sched::{Op, Scheduler};

use crate::common::{Scratch, all, pipe, schedulers};

#[test]
fn what_finds_no_room_comes_back() {
    for (way, scheduler) in schedulers(|b| b.depth(4).in_flight(1)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, mut writer) = pipe();
        let slow = scheduler.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        let refused = scheduler.try_submit(Op::write(&file, b"abc".to_vec(), 0).durable()).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Full, "{way}");
        assert_eq!(refused.given.into_buf().unwrap(), b"abc", "{way}");
        writer.write_all(b"done").unwrap();
        assert_eq!(slow.wait().unwrap().0, 4, "{way}");
        scheduler.try_submit(Op::write(&file, b"abc".to_vec(), 0).durable()).unwrap().wait().unwrap();
    }
}

#[test]
fn slots_that_only_tickets_hold_are_refused_and_not_waited_for() {
    for (way, scheduler) in all(|b| b.depth(4).tickets(3)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let tickets: Vec<_> = (0..3).map(|_| scheduler.submit(Op::sync_data(&file)).unwrap()).collect();
        let refused = scheduler.submit(Op::sync_data(&file)).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Full, "{way}");
        for ticket in tickets {
            ticket.wait().unwrap();
        }
        scheduler.submit(refused.given).unwrap().wait().unwrap();
    }
}

#[test]
fn one_thread_submits_many_times_the_depth() {
    for (way, scheduler) in all(|b| b.depth(4).tickets(1000)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let write = |at: u64| scheduler.submit(Op::write(&file, vec![1; 8], at * 8).durable()).unwrap();
        let tickets: Vec<_> = (0..200).map(write).collect();
        for ticket in tickets {
            assert_eq!(ticket.wait().unwrap().0, 8, "{way}");
        }
        assert_eq!(file.size().unwrap(), 1600, "{way}");
    }
}

#[test]
fn the_background_cannot_take_all_the_room() {
    for (way, scheduler) in schedulers(|b| b.depth(8).in_flight(4).background(3)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, mut writer) = pipe();
        let slow = || Op::read_current(&reader, vec![0; 1]).background();
        let tickets: Vec<_> = (0..3).map(|_| scheduler.try_submit(slow()).unwrap()).collect();
        assert!(scheduler.try_submit(slow()).unwrap_err().error.is_full(), "{way}");
        scheduler.try_submit(Op::sync_data(&file)).unwrap().wait().unwrap();
        writer.write_all(b"abc").unwrap();
        for ticket in tickets {
            assert_eq!(ticket.wait().unwrap().0, 1, "{way}");
        }
    }
}

/// It sleeps in the kernel over a read that never ends, and what it waits for is a slot.
#[test]
fn a_ticket_that_is_collected_makes_room_for_who_sleeps_in_the_kernel() {
    for (way, scheduler) in schedulers(|b| b.depth(4).tickets(2)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, writer) = pipe();
        let done = scheduler.submit(Op::sync_data(&file)).unwrap();
        while !done.is_done() {
            let _ = scheduler.turn(Some(Duration::from_millis(10)));
        }
        let slow = scheduler.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        let (theirs, target) = (scheduler.clone(), file.clone());
        let other =
            std::thread::spawn(move || theirs.submit(Op::sync_data(&target)).unwrap().wait().unwrap().0);
        std::thread::sleep(Duration::from_millis(50));
        done.wait().unwrap();
        assert_eq!(other.join().unwrap(), 0, "{way}");
        drop(writer);
        assert_eq!(slow.wait().unwrap().0, 0, "{way}");
    }
}

#[test]
fn numbers_out_of_range_are_named() {
    let depth = |entries| Scheduler::builder().depth(entries).build().map(drop).map_err(|error| error.kind());
    for wrong in [0, 3, 8192] {
        let Err(ErrorKind::OutOfRange { what, value, least: 1, most: 4096, power_of_two: true }) =
            depth(wrong)
        else {
            panic!("{wrong} is accepted");
        };
        assert_eq!((what, value), ("ring depth", u64::from(wrong)));
    }
    assert_eq!(depth(1), Ok(()));
}
