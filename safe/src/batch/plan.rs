//! What a ring is to do next.

use std::ops::Range;

use bareio_core::op::{Link, Then};
use bareio_core::{Errno, IoVec};

use super::operation::Operation;
use crate::error::Result;

/// Parts of operations, each chain of them to be carried out by a ring beside the others.
///
/// All its lists keep their room from one batch to the next.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) links: Vec<Link>,
    pub(super) spans: Vec<Span>,
    /// What became of each link; `None`: it was not begun.
    pub(super) answers: Vec<Option<Result<u32, Errno>>>,
}

/// Links that follow each other, and the operations that they are parts of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    first_link: usize,
    pub(super) first_operation: usize,
    pub(super) count: usize,
}

impl Span {
    pub(super) const fn links(&self) -> Range<usize> {
        self.first_link..self.first_link + self.count
    }
}

impl Plan {
    pub(super) fn clear(&mut self) {
        self.links.clear();
        self.spans.clear();
    }

    /// Plans the front of a chain, of whose operations none has ended: as much as a ring carries out in order. Returns
    /// whether anything was.
    ///
    /// All links are soft where the ring severs them: what it cancels was not begun, and can be gone on with, in order, however it
    /// was linked. So a transfer that is cut short is finished before what follows it begins.
    pub(super) fn add(&mut self, first: usize, chain: &mut [Operation], pieces: &[IoVec]) -> bool {
        let first_link = self.links.len();
        for (index, operation) in chain.iter_mut().enumerate() {
            let part = match operation.part(pieces) {
                Ok(part) => part,
                Err(error) => {
                    if index == 0 {
                        operation.end(Err(error));
                    }
                    break;
                }
            };
            let severs = part.op.severs_in_ring();
            let link = if severs { Then::Soft } else { Then::Hard };
            self.links.push(Link { op: part.op, then: link });
            if !part.is_rest || (operation.then == Some(Then::Soft) && !severs) {
                break;
            }
        }
        let count = self.links.len() - first_link;
        if count > 0 {
            self.spans.push(Span { first_link, first_operation: first, count });
        }
        count > 0
    }
}
