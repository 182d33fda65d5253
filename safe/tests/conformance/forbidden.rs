//! The same suite in a process that may not use io_uring, as in many containers.

use std::os::unix::process::CommandExt;
use std::process::Command;

use bareio::batch::{Backend, Batcher};
use bareio::{Errno, ErrorKind};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::way::skip;

/// Set for the child, to the number of the error that it should meet.
const EXPECTED: &str = "BAREIO_TEST_EXPECTED_ERRNO";

/// These have one number on every processor that has rings here.
const SETUP: i64 = 425;
const ENTER: i64 = 426;

fn filter(call: i64, errno: Errno) -> BpfProgram {
    let forbidden = SeccompAction::Errno(errno.number().unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().expect("a processor with filters");
    let rules = std::iter::once((call, vec![])).collect();
    SeccompFilter::new(rules, SeccompAction::Allow, forbidden, arch)
        .expect("a filter")
        .try_into()
        .expect("a program")
}

#[test]
fn the_suite_passes_where_io_uring_is_forbidden() {
    if std::env::var_os("BAREIO_EXPECT_NO_URING").is_some() {
        return skip(
            "user-mode emulation hands no seccomp filter to the kernel; and there are no rings here anyway",
        );
    }
    if Batcher::new(Backend::IO_URING).is_err() {
        return skip("there is no io_uring here that could be forbidden");
    }
    for (call, errno) in [(SETUP, Errno::PERM), (SETUP, Errno::NOSYS), (ENTER, Errno::PERM)] {
        let filter = filter(call, errno);
        let mut child = Command::new(std::env::current_exe().expect("this test has a path"));
        child
            .args(["--skip", "sim_", "--skip", "the_suite_passes", "--nocapture"])
            .env_remove("BAREIO_REQUIRE_ALL")
            .env(EXPECTED, errno.number().to_string());
        // SAFETY: between fork and exec it makes two system calls, and allocates nothing.
        unsafe {
            child.pre_exec(move || {
                seccompiler::apply_filter(&filter).map_err(|_| std::io::ErrorKind::Other.into())
            })
        };
        let child = child.output().expect("it starts");
        let said = [&child.stdout[..], &child.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(child.status.success(), "{errno}: {said}");
        // Each claim by a ring is skipped, and says so; those by calls, and as it can, are not.
        let passed = said.matches("... ok").count();
        let skipped = said.matches("skipped io_uring::").count();
        assert!(skipped > 20, "{errno}: only {skipped} were skipped: {said}");
        assert!(passed > 2 * skipped, "{errno}: {passed} passed, {skipped} skipped");
        assert_eq!(
            said.matches("skipped posix::").count() + said.matches("skipped auto::").count(),
            0,
            "{said}"
        );
    }
}

/// Checks something only as a child of the test above.
#[test]
fn io_uring_that_is_forbidden_is_refused_with_the_reason_and_auto_says_why() {
    let Ok(expected) = std::env::var(EXPECTED) else { return };
    let expected = Errno::new(expected.parse().expect("a number"));
    let error = Batcher::new(Backend::IO_URING).unwrap_err();
    let ErrorKind::Unsupported { what: "io_uring", why } = error.kind() else { panic!("{error}") };
    assert_eq!(why.errno(), expected);
    let auto = Batcher::auto();
    assert_eq!((auto.name(), auto.why()), ("posix", Some(why)));
}
