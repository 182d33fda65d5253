//! The program that forbids calls does forbid them, or the tests that lean on it would prove nothing.

use std::env;
use std::process::Command;

use bareio_core::abi::Params;
use bareio_core::{Errno, Kernel, Linux};

/// Set for the child, to the number of the error that it should meet.
const EXPECTED: &str = "BAREIO_TEST_EXPECTED_ERRNO";

#[test]
fn a_forbidden_call_answers_with_the_error_that_was_named() {
    if env::var_os("BAREIO_EXPECT_NO_URING").is_some() {
        eprintln!("skipped: user-mode emulation hands no seccomp filter to the kernel");
        return;
    }
    for (name, errno) in [("EPERM", Errno::PERM), ("ENOSYS", Errno::NOSYS)] {
        let child = Command::new(env!("CARGO_BIN_EXE_forbid"))
            .args([name, "io_uring_setup,io_uring_register", "--"])
            .arg(env::current_exe().expect("this test has a path"))
            .args(["--exact", "the_child_meets_the_error"])
            .env(EXPECTED, errno.number().to_string())
            .output()
            .expect("it starts");
        assert!(child.status.success(), "{name}: {}", String::from_utf8_lossy(&child.stdout));
    }
}

/// Checks something only as a child of the test above.
#[test]
fn the_child_meets_the_error() {
    if let Ok(expected) = env::var(EXPECTED) {
        let met = Linux.io_uring_setup(4, &mut Params::default()).map_err(Errno::number);
        assert_eq!(met.err(), expected.parse().ok());
    }
}

#[test]
fn a_wrong_call_shows_the_usage_and_runs_nothing() {
    if env::var_os("BAREIO_EXPECT_NO_URING").is_some() {
        eprintln!("skipped: user-mode emulation starts no program of the processor that it plays");
        return;
    }
    for args in [
        &["EPERM", "io_uring_setup"][..],
        &["EPERM", "read", "--", "true"],
        &["E", "io_uring_enter", "--", "true"],
    ] {
        let child = Command::new(env!("CARGO_BIN_EXE_forbid")).args(args).output().expect("it starts");
        assert_eq!(child.status.code(), Some(125), "{args:?}");
        assert!(String::from_utf8_lossy(&child.stderr).starts_with("forbid: usage: "), "{args:?}");
    }
}
