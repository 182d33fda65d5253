//! What the tests share.

use bareio::ErrorKind;
use bareio::core::Errno;
use bareio::core::sim::{Builder as SimBuilder, Sim, Threads};
use bareio::file::{File, OpenOptions};
use bareio::sched::{Builder, Drive, Failed, Outcome, Scheduler};

pub(crate) const SEEDS: u64 = if cfg!(miri) { 1 } else { 60 };

pub(crate) fn id() -> u64 {
    thread_local!(static ID: u8 = const { 0 });
    ID.with(|id| std::ptr::from_ref(id).addr() as u64)
}

pub(crate) fn build(builder: SimBuilder) -> Sim {
    builder.threads(Threads { yield_now: std::thread::yield_now, id }).build()
}

/// A kernel with rings and one without, each changed in the same way.
pub(crate) fn kernels(change: impl Fn(SimBuilder) -> SimBuilder) -> [(&'static str, Sim); 2] {
    [
        ("a ring", build(change(Sim::like_6_18()))),
        ("calls", build(change(Sim::like_6_18().without_rings(Errno::NOSYS)))),
    ]
}

pub(crate) fn open(sim: &Sim, path: &str) -> File<Sim> {
    sim.put(path, b"").unwrap();
    OpenOptions::new().read(true).write(true).open_with_kernel(sim.clone(), path).unwrap()
}

/// One that runs on the test's thread only, ring or not.
pub(crate) fn scheduler(sim: &Sim, change: impl Fn(Builder) -> Builder) -> Scheduler<Sim> {
    change(Scheduler::builder().depth(64).drive(Drive::Caller)).with_kernel(sim.clone()).unwrap()
}

pub(crate) fn counts<B>(outcomes: Vec<Outcome<B>>) -> Vec<Result<usize, ErrorKind>> {
    let count = |outcome: Outcome<B>| match outcome {
        Ok((count, _)) => Ok(count),
        Err(Failed { error, buf }) => {
            assert!(buf.is_some(), "the buffer comes back with {error}");
            Err(error.kind())
        }
    };
    outcomes.into_iter().map(count).collect()
}

/// `len` bytes, others for every `which`.
pub(crate) fn bytes(which: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (which * 31 + at * 7 + 1).to_le_bytes()[0] | 1).collect()
}
