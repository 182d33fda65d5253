//! The two ways of carrying out an operation, behind one face.

use bareio_core::op::{Chain, FileTable, Link, Op, Then, perform_chain, segment};
use bareio_core::ring::{Builder, Ring};
use bareio_core::{BorrowedFd, Errno, Fd, IoVec, Linux};

use crate::common;

/// How many slots of registered files each way has.
pub(crate) const SLOTS: usize = 4;

pub(crate) enum Way {
    Ring(Box<Ring<Linux>>),
    Calls(FileTable<SLOTS>),
}

impl Way {
    /// By calls.
    pub(crate) fn calls() -> Self {
        Self::Calls(FileTable::new())
    }

    /// By a ring with empty slots for files, or `None`, said aloud, where this host has none.
    pub(crate) fn ring() -> Option<Self> {
        let mut ring = common::ring(&Builder::new(16))?;
        // SAFETY: −1 is no descriptor; the kernel takes it for an empty slot.
        let empty = [unsafe { BorrowedFd::borrow_raw(Fd(-1)) }; SLOTS];
        ring.register_files(&empty).expect("slots");
        Some(Self::Ring(Box::new(ring)))
    }

    /// Makes `memory` the only fixed buffer; calls need none.
    pub(crate) fn register(&mut self, memory: &mut [u8]) {
        if let Self::Ring(ring) = self {
            // SAFETY: whoever owns the memory drops the ring before it.
            unsafe { ring.register_buffers(&[IoVec::of_mut(memory)]) }.expect("a buffer");
        }
    }

    pub(crate) fn both() -> impl Iterator<Item = Self> {
        [Some(Self::calls()), Self::ring()].into_iter().flatten()
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ring(_) => "a ring",
            Self::Calls(_) => "calls",
        }
    }

    /// Carries `links` out and waits for all of them.
    ///
    /// # Safety
    ///
    /// What the operations name is valid, and nobody else's, until this returns.
    pub(crate) unsafe fn run(&mut self, links: &[Link]) -> Vec<Result<u32, Errno>> {
        let mut results = vec![None; links.len()];
        match self {
            Self::Calls(files) => {
                // SAFETY: the caller vouches for the operations.
                unsafe { perform_chain(links, &Linux, files, |index, result| results[index] = Some(result)) };
            }
            Self::Ring(ring) => {
                let (mut left, mut done) = (links, 0);
                while let (part @ [.., last], rest) = segment(left) {
                    // SAFETY: the caller vouches for the operations, and all are waited for below.
                    unsafe { ring.push_chain(part, |index| (done + index) as u64) }.unwrap();
                    ring.submit_and_wait(u32::try_from(part.len()).unwrap()).unwrap();
                    for cqe in ring.completions() {
                        let result = &mut results[usize::try_from(cqe.user_data).unwrap()];
                        assert_eq!(result.replace(cqe.result()), None, "completed twice");
                    }
                    done += part.len();
                    left = rest;
                    if !last.op.is_whole(results[done - 1].expect("completed")) {
                        results[done..].fill(Some(Err(Errno::CANCELED)));
                        break;
                    }
                }
            }
        }
        results.into_iter().map(|result| result.expect("completed")).collect()
    }

    /// Carries one operation out.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub(crate) unsafe fn run_one(&mut self, op: Op) -> Result<u32, Errno> {
        // SAFETY: the caller keeps the contract of `run`.
        let results = unsafe { self.run(&[Link { op, then: Then::Hard }]) };
        results[0]
    }

    /// Carries `first` out, and `then` behind a soft link.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub(crate) unsafe fn run_soft(&mut self, first: Op, then: Op) -> [Result<u32, Errno>; 2] {
        let mut chain = Chain::<2>::new(first);
        chain.link(then).unwrap();
        // SAFETY: the caller keeps the contract of `run`.
        let results = unsafe { self.run(chain.links()) };
        [results[0], results[1]]
    }
}
