//! How rings, scopes and drivers end when something is amiss.

use std::io::Read as _;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::Duration;

use bareio_core::abi::{PollEvents, SqeFlags};
use bareio_core::ring::{Builder, Limit, Sqpoll};
use bareio_core::{BorrowedFd, Errno, Fd, scope, sqe, ticket};

use crate::common::ring;
use crate::faulty::{Fault, Faulty};
use crate::{build, has_rings, push};

/// Run by itself, in a process of its own, this ends the process.
#[test]
fn a_kernel_that_panics_while_a_scope_waits_ends_the_program() {
    const NAME: &str = "endings::a_kernel_that_panics_while_a_scope_waits_ends_the_program";
    const CHILD: &str = "BAREIO_TEST_PANICS_IN_SCOPE";
    if !has_rings() {
        return;
    }
    if std::env::var_os(CHILD).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", NAME, "--nocapture"]).env(CHILD, "1").output().unwrap();
        assert_eq!(output.status.code(), None, "it ended by itself, not by a signal: {output:?}");
        return;
    }
    let kernel = Faulty::default();
    let (reader, _writer) = std::io::pipe().unwrap();
    let mut byte = [0_u8; 1];
    // SAFETY: open until the end.
    let file = unsafe { BorrowedFd::borrow_raw(Fd(reader.as_raw_fd())) };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        build(&kernel).scope(&mut [const { scope::Slot::new() }; 1], |s| {
            let _forgotten = s.read(file, &mut byte, 0).unwrap();
            s.submit().unwrap();
            kernel.faults.borrow_mut().push_back(Fault::Panics);
        });
    }));
    // The kernel still has the byte: to get here is the bug.
    drop(outcome);
}

#[test]
fn a_lost_completion_is_not_taken_for_the_last_of_its_operation() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::default();
    let mut ring = build(&kernel);
    let (reader, _writer) = std::io::pipe().unwrap();
    push(&mut ring, sqe::poll_multishot(Fd(reader.as_raw_fd()), PollEvents::IN).user_data(1));
    ring.submit().unwrap();
    // For want of memory: one that promised more.
    kernel.lose_a_completion();
    assert_eq!(ring.dropped(), 1);
    assert_eq!(ring.in_flight(), 1, "the poll goes on");
}

#[test]
fn what_was_never_submitted_is_not_carried_out_by_a_polling_thread_at_the_end() {
    let sqpoll = Sqpoll { idle: Duration::from_millis(5), cpu: None };
    for count in [1, 8] {
        let Some(mut ring) = ring(&Builder::new(8).sqpoll(sqpoll)) else { return };
        let (mut reader, writer) = std::io::pipe().unwrap();
        for _ in 0..count {
            push(&mut ring, sqe::write(Fd(writer.as_raw_fd()), b"!".as_ptr(), 1, u64::MAX));
        }
        ring.close(Duration::from_secs(1)).expect("nothing is in flight");
        drop(writer);
        let mut written = Vec::new();
        reader.read_to_end(&mut written).unwrap();
        assert_eq!(written, b"", "of {count} that were only staged");
    }
}

/// An operation that waits for a pipe.
struct Waits(Fd);

// SAFETY: the test keeps the pipe open until the operation has ended.
unsafe impl ticket::Operation for Waits {
    type Output = Result<u32, Errno>;

    fn entry(&mut self) -> Result<bareio_core::abi::Sqe, Errno> {
        Ok(sqe::poll(self.0, PollEvents::IN))
    }

    fn finish(self, result: Result<u32, Errno>) -> Self::Output {
        result
    }
}

#[test]
fn a_close_that_runs_out_of_time_has_ended_what_it_withdrew() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::default();
    let (reader, _writer) = std::io::pipe().unwrap();
    let mut slots = [const { ticket::Slot::new() }; 2];
    let mut table = ticket::Table::new(&mut slots);
    let mut driver = ticket::Driver::new(build(&kernel), &mut table);
    let taken = driver.submit(Waits(Fd(reader.as_raw_fd()))).unwrap();
    driver.turn(0).unwrap();
    let staged = driver.submit(Waits(Fd(reader.as_raw_fd()))).unwrap();
    kernel.always.set(Some(Fault::Refuses(Errno::AGAIN)));
    let closing = driver.close(Duration::from_millis(20)).unwrap_err();
    kernel.always.set(None);
    assert!(staged.is_done(), "no completion will ever come for it");
    assert_eq!(staged.take().unwrap().unwrap(), Err(Errno::CANCELED));
    assert!(!taken.is_done());
    closing.driver.close(Duration::from_secs(2)).unwrap();
    assert_eq!(taken.take().unwrap().unwrap(), Err(Errno::CANCELED));
}

#[test]
fn what_is_left_of_a_chain_that_was_taken_in_part_does_not_run_beside_it() {
    if !has_rings() {
        return;
    }
    for taken in [1, 2] {
        let kernel = Faulty::with_faults([Fault::Takes(taken)]);
        let mut ring = build(&kernel);
        let (reader, _writer) = std::io::pipe().unwrap();
        push(
            &mut ring,
            sqe::poll(Fd(reader.as_raw_fd()), PollEvents::IN).user_data(1).flags(SqeFlags::IO_LINK),
        );
        push(&mut ring, sqe::nop().user_data(2).flags(SqeFlags::IO_LINK));
        push(&mut ring, sqe::nop().user_data(3));
        push(&mut ring, sqe::nop().user_data(4));
        let want = 4 - taken;
        assert_eq!(ring.submit_and_wait_within(want, Limit::timeout(Duration::from_secs(2))), Ok(want));
        for cqe in ring.completions() {
            match cqe.user_data {
                4 => assert_eq!(cqe.result(), Ok(0), "it was of no chain"),
                rest => assert!(cqe.result().is_err(), "entry {rest} ran, with {taken} taken at first"),
            }
        }
    }
}
