//! The two ways to the kernel, for operations that are lent.
#![expect(
    unsafe_code,
    reason = "hands memory and descriptors to the kernel, while a batch that borrows them is being run"
)]

use bareio_core::kernel::RwFlags;
use bareio_core::op::{Link, Op, Positions, Then};
use bareio_core::ring::{PushError, Ring, RingError};
use bareio_core::{BorrowedFd, Errno, Kernel};

use super::Batcher;
use super::lent::Manner;
use super::plan::Plan;
use crate::error::Result;
use crate::file::durable::Poison;

/// How operations get to the kernel.
#[derive(Debug)]
pub(super) enum Way<K: Kernel> {
    Ring(Box<Ring<K>>),
    Calls,
}

/// A batcher, while everything that its operations name is lent.
pub(super) struct Lending<'b, K: Kernel>(&'b mut Batcher<K>);

impl<'b, K: Kernel> Lending<'b, K> {
    /// # Safety
    ///
    /// For as long as this exists, the descriptor of every operation in the batcher's list is open, the memory that it is
    /// to read into is valid and nobody else's, and what it is to write from is valid and written by nobody.
    pub(super) unsafe fn new(batcher: &'b mut Batcher<K>) -> Self {
        Self(batcher)
    }

    /// The batcher. Whoever changes its operations keeps to what is lent.
    pub(super) fn batcher(&mut self) -> &mut Batcher<K> {
        self.0
    }

    /// Where a failed flush of an operation's file is noted, if anywhere.
    pub(super) fn poison(&self, index: usize) -> Option<&Poison> {
        // SAFETY: it was borrowed for as long as the file is lent, which is as long as this exists.
        self.0.list.operations[index].poison.map(|poison| unsafe { poison.as_ref() })
    }

    /// Asks for the next part of an operation by a plain call, and notes the answer.
    pub(super) fn perform(&mut self, index: usize) {
        let Batcher { kernel, list, .. } = &mut *self.0;
        let operation = &mut list.operations[index];
        match operation.part(&list.pieces) {
            Ok(part) => {
                // SAFETY: everything that it names is lent.
                let answer = unsafe { part.op.perform(kernel) };
                operation.settle(part.op.transfer_len().unwrap_or(0), answer);
            }
            Err(error) => operation.end(Err(error)),
        }
    }

    /// As [`perform`](Self::perform), if that needs no waiting for the device; else it is noted that a ring is to. Returns
    /// whether the file knows what that is.
    pub(super) fn try_perform(&mut self, index: usize) -> bool {
        let Batcher { kernel, list, .. } = &mut *self.0;
        let operation = &mut list.operations[index];
        let Ok(part) = operation.part(&list.pieces) else {
            self.perform(index);
            return false;
        };
        // SAFETY: everything that it names is lent.
        match unsafe { part.op.with_flags(RwFlags::NOWAIT).perform(kernel) } {
            Err(Errno::AGAIN) => operation.by_ring = true,
            Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) => {
                self.perform(index);
                return false;
            }
            answer => operation.settle(part.op.transfer_len().unwrap_or(0), answer),
        }
        true
    }

    /// Asks what has to be known of an operation's file.
    pub(super) fn ask(&self, index: usize) -> Result<Manner> {
        // SAFETY: it is lent, and so open.
        let file = unsafe { BorrowedFd::borrow_raw(self.0.list.operations[index].file) };
        ask(&self.0.kernel, file)
    }

    /// Asks for everything planned by way of the ring, and has each answer noted in the plan.
    ///
    /// What has no answer then was not begun.
    pub(super) fn carry_out(&mut self) -> Result<(), RingError> {
        let Batcher { way, plan, .. } = &mut *self.0;
        let Way::Ring(ring) = way else { return Ok(()) };
        let Plan { links, spans, answers } = plan;
        answers.clear();
        answers.resize(links.len(), None);
        let chains = spans.iter().map(|span| &links[span.links()]);
        // SAFETY: every link is a part of an operation in the list, and everything that these name is lent; the pieces of
        // vectored ones are in the list, which is not touched before this returns.
        let carried = unsafe { ring.carry_out(chains, |index, answer| answers[index] = Some(answer)) };
        carried.map_err(|error| match error {
            PushError::Ring(error) => error,
            // Neither is: chains were checked for their length, and split where the ring would not keep a link.
            PushError::Chain(_) => Errno::INVAL.into(),
        })
    }
}

/// Sends one NOP through a ring.
pub(super) fn try_nop<K: Kernel>(ring: &mut Ring<K>) -> Result<(), RingError> {
    let nop = [Link { op: Op::Nop, then: Then::Soft }];
    let mut answer = Err(Errno::IO);
    // SAFETY: a NOP names nothing.
    let carried = unsafe { ring.carry_out([&nop[..]], |_, told| answer = told) };
    match (carried, answer) {
        (Err(PushError::Ring(error)), _) => Err(error),
        (Err(PushError::Chain(_)), _) => Err(Errno::INVAL.into()),
        (Ok(()), answer) => Ok(answer.map(drop)?),
    }
}

/// Asks what has to be known of a file to read and write it.
pub(super) fn ask<K: Kernel>(kernel: &K, file: BorrowedFd<'_>) -> Result<Manner> {
    // SAFETY: the descriptor is borrowed, and so open.
    let positions = unsafe { Positions::of(kernel, file.fd()) };
    // SAFETY: as above.
    let flags = unsafe { kernel.open_flags(file.fd()) };
    Manner::new(positions, flags)
}

/// The core's form of a descriptor of the standard library's.
#[cfg(unix)]
pub(super) fn lend(file: std::os::fd::BorrowedFd<'_>) -> BorrowedFd<'_> {
    use std::os::fd::AsRawFd;
    // SAFETY: open for as long as it is borrowed.
    unsafe { BorrowedFd::borrow_raw(bareio_core::Fd(file.as_raw_fd())) }
}
