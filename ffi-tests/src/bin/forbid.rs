//! Runs a program with system calls forbidden, as a container does: `forbid EPERM io_uring_setup -- copy a b`.
//!
//! The calls answer with the error that is named, through a seccomp filter, which the program cannot take off
//! and which its children inherit. Every other call is as before.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use bareio_core::Errno;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// What can be forbidden. These three have one number on every processor that `bareio` knows.
const CALLS: [(&str, i64); 3] =
    [("io_uring_setup", 425), ("io_uring_enter", 426), ("io_uring_register", 427)];
/// What they can be made to answer: a container's policy, a security module's, and a kernel without them.
const ERRORS: [(&str, Errno); 3] =
    [("EPERM", Errno::PERM), ("EACCES", Errno::ACCESS), ("ENOSYS", Errno::NOSYS)];

const USAGE: &str = "usage: forbid EPERM|EACCES|ENOSYS CALL[,CALL]… -- PROGRAM [ARGUMENT]…
    where CALL is io_uring_setup, io_uring_enter or io_uring_register";

fn main() -> ExitCode {
    let why = run().expect_err("it returns only if the program could not be started");
    eprintln!("forbid: {why}");
    ExitCode::from(125)
}

/// Becomes the program. Returns only if that fails.
fn run() -> Result<(), Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let mut word = || args.next().and_then(|word| word.into_string().ok()).ok_or(USAGE);
    let (error, calls, separator) = (word()?, word()?, word()?);
    let program = args.next().filter(|_| separator == "--").ok_or(USAGE)?;

    let errno = find(&ERRORS, &error)?;
    let calls = calls.split(',').map(|call| find(&CALLS, call)).collect::<Result<Vec<_>, _>>()?;
    seccompiler::apply_filter(&filter(&calls, errno)?)?;
    Err(Command::new(program).args(args).exec().into())
}

/// A filter in which `calls` answer `errno`.
fn filter(calls: &[i64], errno: Errno) -> Result<BpfProgram, Box<dyn Error>> {
    // No rule for the arguments: whatever they are.
    let rules: BTreeMap<_, _> = calls.iter().map(|&call| (call, vec![])).collect();
    let forbidden = SeccompAction::Errno(errno.number().unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, forbidden, env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Result<T, &'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or(USAGE)
}
