//! How rings, scopes and drivers end when something is amiss.

use std::io::Read as _;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::Duration;

use bareio_core::abi::PollEvents;
use bareio_core::ring::{Builder, Sqpoll};
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
