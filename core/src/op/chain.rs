//! Operations that wait for each other.

use core::fmt;

use super::{Files, Op, Target};
use crate::errno::{Errno, Result};
use crate::kernel::Kernel;

/// What an operation has to come to, for the next of its chain to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// All of it: an error or a short count cancels everything behind it.
    Soft,
    /// Anything: only the order is kept.
    Hard,
}

/// An operation in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The operation.
    pub op: Op,
    /// How it is linked to the next; of the last one it says nothing.
    pub then: Then,
}

/// Up to `N` operations, one after the other.
///
/// It is a value: nothing happens before it is pushed into a ring
/// ([`Ring::push_chain`](crate::ring::Ring::push_chain)) or carried out by calls ([`perform_chain`]), and what
/// is refused is as it was.
///
/// ```
/// # use bareio_core::{Fd, op::{Chain, Op}};
/// // If the write fails or is short, nothing is flushed, and the flush says so.
/// let durable = Chain::<2>::durable_write(Op::write(Fd(3), b"record".as_ptr(), 6, 0)?, Fd(3))?;
///
/// let mut both = Chain::<4>::new(Op::Nop);
/// both.hard_link(Op::Nop)?.append(durable.links())?;
/// assert_eq!(both.links().len(), 4);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain<const N: usize> {
    links: heapless::Vec<Link, N>,
}

impl<const N: usize> Chain<N> {
    /// A chain of one.
    pub fn new(op: Op) -> Self {
        const { assert!(N > 0, "a chain has at least one operation") };
        Self { links: core::iter::once(Link { op, then: Then::Soft }).collect() }
    }

    /// `write`, and if all of it was written, a flush of `file`.
    ///
    /// # Errors
    ///
    /// [`ChainError::TooLong`] if `N` is 1.
    pub fn durable_write(write: Op, file: impl Into<Target>) -> Result<Self, ChainError> {
        let mut chain = Self::new(write);
        chain.link(Op::sync_data(file))?;
        Ok(chain)
    }

    /// Adds an operation that runs if all of the one before was done, and is cancelled otherwise.
    ///
    /// # Errors
    ///
    /// [`ChainError::TooLong`]; the chain is as it was.
    pub fn link(&mut self, op: Op) -> Result<&mut Self, ChainError> {
        self.add(Then::Soft, &[Link { op, then: Then::Soft }])
    }

    /// Adds an operation that runs after the one before, whatever became of that.
    ///
    /// # Errors
    ///
    /// [`ChainError::TooLong`]; the chain is as it was.
    pub fn hard_link(&mut self, op: Op) -> Result<&mut Self, ChainError> {
        self.add(Then::Hard, &[Link { op, then: Then::Soft }])
    }

    /// Adds all of another chain, by a soft link.
    ///
    /// # Errors
    ///
    /// As [`link`](Self::link).
    pub fn append(&mut self, links: &[Link]) -> Result<&mut Self, ChainError> {
        self.add(Then::Soft, links)
    }

    /// Adds all of another chain, by a hard link.
    ///
    /// # Errors
    ///
    /// As [`hard_link`](Self::hard_link).
    pub fn append_hard(&mut self, links: &[Link]) -> Result<&mut Self, ChainError> {
        self.add(Then::Hard, links)
    }

    fn add(&mut self, then: Then, links: &[Link]) -> Result<&mut Self, ChainError> {
        if links.is_empty() {
            return Ok(self);
        }
        let before = self.links.len();
        let too_long = ChainError::TooLong { len: before + links.len(), limit: N };
        if before + links.len() > N {
            return Err(too_long);
        }
        self.links[before - 1].then = then;
        self.links.extend_from_slice(links).map_err(|_| too_long)?;
        Ok(self)
    }

    /// The operations, in order.
    pub fn links(&self) -> &[Link] {
        &self.links
    }
}

impl Op {
    /// Whether in a ring its failure cancels what is linked softly behind it.
    ///
    /// Linux tells the chain of a failed read, write, open, close or advice. Of a failed flush, allocation,
    /// truncation, rename and the like it tells the completion only, and the next link runs: found on 6.18, where
    /// kernels before 6.0 did better. So a soft link behind one of these is not left to the ring; see [`segment`].
    pub const fn severs_in_ring(&self) -> bool {
        match self {
            Self::Nop
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::ReadFixed { .. }
            | Self::WriteFixed { .. }
            | Self::ReadVectored { .. }
            | Self::WriteVectored { .. }
            | Self::OpenAt { .. }
            | Self::Close { .. }
            | Self::AdviseFile { .. } => true,
            Self::SyncAll { .. }
            | Self::SyncData { .. }
            | Self::SyncRange { .. }
            | Self::Allocate { .. }
            | Self::Truncate { .. }
            | Self::Stat { .. }
            | Self::RenameAt { .. }
            | Self::UnlinkAt { .. }
            | Self::MakeDirAt { .. } => false,
        }
    }
}

/// The front part of `links` that a ring carries out as they say, and the rest, which has to wait for it.
///
/// The first part ends with the first soft link that the ring would not sever. The rest is to be pushed when the last
/// operation of the first part has completed and [is whole](Op::is_whole); otherwise all of it is cancelled. Most
/// chains have no rest.
///
/// ```
/// # use bareio_core::{Fd, op::{Chain, Op, OpError, segment}};
/// let write = Op::write(Fd(3), b"record".as_ptr(), 6, 0)?;
/// let commit = Op::write(Fd(3), b"commit".as_ptr(), 6, 6)?;
/// let mut chain = Chain::<4>::durable_write(write, Fd(3)).expect("room");
/// assert_eq!(segment(chain.links()), (chain.links(), &[][..]));
/// // The commit may be written only if the flush before it has succeeded.
/// chain.link(commit).expect("room");
/// assert_eq!(segment(chain.links()), chain.links().split_at(2));
/// # Ok::<(), OpError>(())
/// ```
pub fn segment(links: &[Link]) -> (&[Link], &[Link]) {
    links.split_at(unsevered(links).map_or(links.len(), |index| index + 1))
}

/// The first operation before the last whose soft link a ring would not sever.
pub(crate) fn unsevered(links: &[Link]) -> Option<usize> {
    let before_last = links.len().saturating_sub(1);
    links[..before_last].iter().position(|link| link.then == Then::Soft && !link.op.severs_in_ring())
}

/// Carries `links` out by blocking calls, in order, and tells `each` the index and the result of every one, as a
/// ring would: those behind a severed soft link are `CANCELED`.
///
/// # Safety
///
/// Every operation keeps the contract of [`Op::perform_with`] until it returns. A descriptor that one of them opens
/// may be named by a later one only through a slot of `files`.
pub unsafe fn perform_chain<K, F>(
    links: &[Link],
    kernel: &K,
    files: &F,
    mut each: impl FnMut(usize, Result<u32>),
) where
    K: Kernel + ?Sized,
    F: Files + ?Sized,
{
    let mut severed = false;
    for (index, link) in links.iter().enumerate() {
        let result = if severed {
            Err(Errno::CANCELED)
        } else {
            // SAFETY: the caller keeps the contract for each operation.
            unsafe { link.op.perform_with(kernel, files) }
        };
        severed |= link.then == Then::Soft && !link.op.is_whole(result);
        each(index, result);
    }
}

/// Why operations do not make a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainError {
    /// There are more than fit, into the chain or into the ring.
    TooLong {
        /// How many.
        len: usize,
        /// How many fit.
        limit: usize,
    },
    /// A soft link that a ring would not sever; see [`segment`].
    Unsevered {
        /// The index of that operation.
        index: usize,
    },
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, limit } => {
                write!(
                    f,
                    "a chain of {len} operations is longer than {limit}; make it shorter, or use a larger ring"
                )
            }
            Self::Unsevered { index } => write!(
                f,
                "a ring does not cancel what is linked behind operation {index} of the chain if that fails; push what \
                 follows when it has succeeded"
            ),
        }
    }
}

impl core::error::Error for ChainError {}
