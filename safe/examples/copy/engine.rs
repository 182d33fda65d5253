//! Reads and writes, through a ring or by plain calls.

use std::collections::VecDeque;

use anyhow::{Context, Result};
use bareio::Errno;
use bareio::core::ring::{Builder, Ring};
use bareio::core::{Fd, IoVec, Kernel, Linux, sqe};

/// What is to be done with a buffer.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    /// The number of the buffer.
    pub(crate) index: u32,
    pub(crate) write: bool,
    pub(crate) fd: Fd,
    pub(crate) address: *mut u8,
    /// In bytes.
    pub(crate) len: u32,
    /// In bytes, in the file.
    pub(crate) offset: u64,
}

/// How the requests are carried out.
pub(crate) enum Engine {
    Ring { ring: Box<Ring<Linux>>, fixed: Result<(), Errno> },
    Calls { done: VecDeque<(u32, Result<u32, Errno>)>, why: String },
}

impl Engine {
    /// A ring of `depth`, if there may be one and it works.
    pub(crate) fn new(depth: u32, no_ring: bool) -> Self {
        let calls = |why| Self::Calls { done: VecDeque::new(), why };
        if no_ring {
            return calls("as asked".to_owned());
        }
        let mut ring = match Builder::new(depth).build(Linux) {
            Ok(ring) => ring,
            Err(error) => return calls(error.to_string()),
        };
        // Some filters let a ring be made and then refuse to have it entered.
        match ring.try_nop() {
            Ok(()) => Self::Ring { ring: Box::new(ring), fixed: Err(Errno::NXIO) },
            Err(error) => calls(format!("the ring cannot be entered ({error})")),
        }
    }

    /// Registers `memory`, so that reads and writes need not look its pages up. Refused, it goes on without.
    ///
    /// # Safety
    ///
    /// `memory` outlives the engine.
    pub(crate) unsafe fn register(&mut self, memory: IoVec) {
        if let Self::Ring { ring, fixed } = self {
            // SAFETY: valid for as long as the ring, by the caller's word.
            *fixed = unsafe { ring.register_buffers(&[memory]) }.map_err(|error| match error {
                bareio::core::ring::RingError::Kernel(errno) => errno,
                _ => Errno::INVAL,
            });
        }
    }

    /// Takes a request; its answer comes out of [`next`](Self::next).
    ///
    /// # Safety
    ///
    /// The memory is valid and nobody else's until the answer has come out, or the engine is dropped; the
    /// descriptor stays open as long.
    pub(crate) unsafe fn submit(&mut self, request: Request) -> Result<()> {
        let Request { index, write, fd, address, len, offset } = request;
        match self {
            Self::Ring { ring, fixed } => {
                let entry = match (write, fixed.is_ok()) {
                    (false, true) => sqe::read_fixed(fd, address, len, offset, 0),
                    (false, false) => sqe::read(fd, address, len, offset),
                    (true, true) => sqe::write_fixed(fd, address, len, offset, 0),
                    (true, false) => sqe::write(fd, address, len, offset),
                };
                // SAFETY: what the caller vouches for is what `push` asks; no more requests are in flight than
                // the ring has entries, and each waits for its answer.
                unsafe { ring.push(entry.user_data(u64::from(index))) }.context("staging a request")
            }
            Self::Calls { done, .. } => {
                let answer = if write {
                    // SAFETY: by the caller's word.
                    again(|| unsafe { Linux.write_at(fd, address, len as usize, offset) })
                } else {
                    // SAFETY: by the caller's word.
                    again(|| unsafe { Linux.read_at(fd, address, len as usize, offset) })
                };
                done.push_back((index, answer.map(|count| u32::try_from(count).expect("at most `len`"))));
                Ok(())
            }
        }
    }

    /// Waits for an answer: the number of the buffer, and how many bytes were moved.
    pub(crate) fn next(&mut self) -> Result<(u32, Result<u32, Errno>)> {
        match self {
            Self::Calls { done, .. } => done.pop_front().context("nothing was asked for"),
            Self::Ring { ring, .. } => loop {
                if let Some(cqe) = ring.pop() {
                    let index = u32::try_from(cqe.user_data).context("the number of a buffer")?;
                    return Ok((index, cqe.result()));
                }
                ring.submit_and_wait(1).context("waiting for the ring")?;
            },
        }
    }

    /// Which way it is, and why.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Ring { fixed: Ok(()), .. } => "io_uring, with fixed buffers".to_owned(),
            Self::Ring { fixed: Err(errno), .. } => {
                format!("io_uring, without fixed buffers ({errno}; raise RLIMIT_MEMLOCK)")
            }
            Self::Calls { why, .. } => format!("plain calls: {why}"),
        }
    }
}

/// Calls again where a signal came before anything was done.
fn again(mut call: impl FnMut() -> Result<usize, Errno>) -> Result<usize, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}
