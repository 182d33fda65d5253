//! What carries operations out: a ring, or calls.
#![expect(unsafe_code, reason = "passes on the promises of both")]

use std::fmt;
use std::time::Duration;

use bareio_core::abi::{Features, Timespec};
use bareio_core::op::{Op, Target};
use bareio_core::ring::{Limit, RingError, SetupError, SharedRing};
use bareio_core::ticket::shared::{Cancelled, Engine, Event, Job, RingEngine, Started};
use bareio_core::{Errno, Kernel, sqe};

use super::Base;
use super::posix::{Calls, as_res};
use crate::error::{Error, Result, Why};

/// What operations are to be carried out by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A ring where one works, else calls; [`Scheduler::running`](super::Scheduler::running) says which, and why.
    #[default]
    Auto,
    /// A ring, or an error that says why there is none.
    IoUring,
    /// Calls.
    Posix,
}

/// What operations are carried out by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// A ring.
    IoUring,
    /// Calls, and why.
    Posix(Why),
}

impl Running {
    /// Whether it is a ring.
    pub const fn is_ring(&self) -> bool {
        matches!(self, Self::IoUring)
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IoUring => f.write_str("io_uring"),
            Self::Posix(why) => write!(f, "calls ({why})"),
        }
    }
}

/// The one that was chosen.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub(super) enum Chosen<K: Base> {
    Ring(RingEngine<K>),
    Calls(Calls<K>),
}

impl<K: Base> Chosen<K> {
    pub(super) const fn ring(&self) -> Option<&SharedRing<K>> {
        match self {
            Self::Ring(engine) => Some(engine.ring()),
            Self::Calls(_) => None,
        }
    }

    /// Vectored writes that were made of several in a queue, and how many went in them.
    pub(super) fn queued_groups(&self) -> [u64; 2] {
        match self {
            Self::Ring(_) => [0; 2],
            Self::Calls(engine) => engine.groups(),
        }
    }
}

/// A ring that has carried out an operation.
///
/// A filter may let a ring be made and not entered; only trying tells.
pub(super) fn probed<K: Kernel>(made: Result<SharedRing<K>, SetupError>) -> Result<SharedRing<K>> {
    let ring = made?;
    // Reads and writes came to rings together with it.
    if !ring.features().contains(Features::RW_CUR_POS) {
        return Err(Error::unsupported(
            "io_uring",
            Why::Because("before Linux 5.6 a ring has no reads and writes"),
        ));
    }
    match round_trip(&ring) {
        Ok(true) => Ok(ring),
        Ok(false) => Err(Error::unsupported(
            "io_uring",
            Why::Because("an operation that does nothing does not complete"),
        )),
        Err(RingError::Kernel(errno)) => {
            Err(Error::unsupported("io_uring", Why::Errno(errno)).during("io_uring_enter"))
        }
        Err(error) => Err(error.into()),
    }
}

fn round_trip<K: Kernel>(ring: &SharedRing<K>) -> Result<bool, RingError> {
    // SAFETY: it points to nothing.
    unsafe { ring.push(&[sqe::nop()]) }?;
    // A kernel may be short of memory for a moment.
    let mut submitted = ring.submit();
    for _ in 0..100 {
        if !matches!(submitted, Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY))) {
            break;
        }
        let _ = ring.kernel().yield_now();
        submitted = ring.submit();
    }
    submitted?;
    let Some(mut reaper) = ring.try_reaper() else { return Err(RingError::Kernel(Errno::BUSY)) };
    reaper.wait_within(1, Limit::timeout(Duration::from_secs(1)))?;
    Ok(reaper.completions().count() == 1)
}

// SAFETY: both keep what they promise.
unsafe impl<K: Base> Engine for Chosen<K> {
    fn is_turned(&self) -> bool {
        matches!(self, Self::Ring(_))
    }

    fn check(&self) -> Result<(), RingError> {
        match self {
            Self::Ring(engine) => engine.check(),
            Self::Calls(engine) => engine.check(),
        }
    }

    unsafe fn start(&self, user_data: u64, job: &Job, within: *const Timespec) -> Result<Started, RingError> {
        match self {
            // A ring has it from 6.9 on only, and hands it to a thread of the kernel's.
            Self::Ring(engine) if matches!(job.op, Op::Truncate { file: Target::Fd(_), .. }) => {
                // SAFETY: what it names is valid, by the caller's word.
                let result = unsafe { job.op.perform(engine.ring().kernel()) };
                Ok(Started::Done(as_res(result)))
            }
            // SAFETY: the caller's word.
            Self::Ring(engine) => unsafe { engine.start(user_data, job, within) },
            // SAFETY: the caller's word.
            Self::Calls(engine) => unsafe { engine.start(user_data, job, within) },
        }
    }

    fn flush(&self) -> Result<(), RingError> {
        match self {
            Self::Ring(engine) => engine.flush(),
            Self::Calls(engine) => engine.flush(),
        }
    }

    fn cancel(&self, user_data: u64) -> Result<Cancelled, RingError> {
        match self {
            Self::Ring(engine) => engine.cancel(user_data),
            Self::Calls(engine) => engine.cancel(user_data),
        }
    }

    fn cancel_all(&self) {
        match self {
            Self::Ring(engine) => engine.cancel_all(),
            Self::Calls(engine) => engine.cancel_all(),
        }
    }

    fn kick(&self) {
        match self {
            Self::Ring(engine) => engine.kick(),
            Self::Calls(engine) => engine.kick(),
        }
    }

    fn empty_slot(&self, slot: u32) -> Result<(), RingError> {
        match self {
            Self::Ring(engine) => engine.empty_slot(slot),
            Self::Calls(engine) => engine.empty_slot(slot),
        }
    }

    fn turn(&self, sleep: Option<Limit>, each: &mut dyn FnMut(Event) -> bool) -> Result<(), RingError> {
        match self {
            Self::Ring(engine) => engine.turn(sleep, each),
            Self::Calls(engine) => engine.turn(sleep, each),
        }
    }
}
