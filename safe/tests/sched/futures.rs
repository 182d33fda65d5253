//! Tickets as futures.

use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bareio::sched::{Drive, Op};

use crate::common::{Scratch, all, block_on, pipe, schedulers};

#[test]
fn a_future_is_woken_though_nobody_waits() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        for round in 0..20 {
            let ticket = scheduler.submit(Op::write(&file, vec![round; 100], 0).durable()).unwrap();
            assert_eq!(block_on(ticket).unwrap(), (100, vec![round; 100]), "{way}");
        }
    }
}

#[test]
fn many_futures_at_a_time_all_end() {
    for (way, scheduler) in all(|b| b.depth(8)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let threads: Vec<_> = (0..4_u64)
            .map(|thread| {
                let (scheduler, file) = (scheduler.clone(), file.clone());
                std::thread::spawn(move || {
                    for round in 0..50 {
                        let at = (thread * 50 + round) * 10;
                        let op = Op::write(&file, vec![u8::try_from(thread).unwrap(); 10], at).durable();
                        let ticket = block_on(scheduler.submit_async(op)).unwrap();
                        assert_eq!(block_on(ticket).unwrap().0, 10);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((file.size().unwrap(), scheduler.statistics().in_flight), (2000, 0), "{way}");
    }
}

/// As `select!` does: polled by reference, and put aside.
#[test]
fn a_future_that_is_polled_and_put_aside_loses_nothing() {
    for (way, scheduler) in schedulers(|b| b) {
        let (reader, mut writer) = pipe();
        let mut ticket = scheduler.submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut ticket).poll(&mut context).is_pending(), "{way}");
        writer.write_all(b"here").unwrap();
        while !ticket.is_done() {
            std::thread::yield_now(); // a thread serves it since it was polled
        }
        let (count, buf) = ticket.cancel().unwrap_or_else(|failed| panic!("{way}: {failed}"));
        assert_eq!((count, &buf[..]), (4, &b"here"[..]), "{way}: the result is there, and true");
    }
}

#[test]
fn a_future_that_is_dropped_frees_its_buffer_when_the_kernel_is_done() {
    for (way, scheduler) in schedulers(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let shared = Arc::new(vec![1_u8; 10]);
        let mut ticket = scheduler.submit(Op::write(&file, shared.clone(), 0).durable()).unwrap();
        let _ = Pin::new(&mut ticket).poll(&mut Context::from_waker(Waker::noop()));
        drop(ticket);
        scheduler.close(Duration::from_secs(10)).unwrap();
        assert_eq!(Arc::strong_count(&shared), 1, "{way}");
    }
}

#[test]
fn a_future_that_is_forgotten_keeps_nobody_else() {
    for (way, scheduler) in schedulers(|b| b.depth(4)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let mut ticket = scheduler.submit(Op::write(&file, vec![0; 10], 0).durable()).unwrap();
        let _ = Pin::new(&mut ticket).poll(&mut Context::from_waker(Waker::noop()));
        std::mem::forget(ticket);
        for _ in 0..30 {
            scheduler.submit(Op::sync_data(&file)).unwrap().wait().unwrap();
        }
        scheduler.close(Duration::from_secs(10)).unwrap_or_else(|busy| panic!("{way}: {busy}"));
    }
}

#[test]
fn a_loop_of_ones_own_needs_no_thread() {
    for (way, scheduler) in all(|b| b.drive(Drive::Caller)) {
        if scheduler.running().is_ring() && way.contains("thread") {
            continue; // it was built with one
        }
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let mut ticket = scheduler.submit(Op::write(&file, vec![1; 10], 0).durable()).unwrap();
        let mut turns = 0;
        let outcome = loop {
            match Pin::new(&mut ticket).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => break outcome,
                Poll::Pending => assert!(scheduler.turn(Some(Duration::from_secs(10))).unwrap(), "{way}"),
            }
            turns += 1;
            assert!(turns < 10, "{way}");
        };
        assert_eq!(outcome.unwrap().0, 10, "{way}");
    }
}
