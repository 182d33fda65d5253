//! Many operations at once, on memory and files that are borrowed until all of them have ended.
//!
//! ```
//! use bareio::batch::Batcher;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = tempfile::tempfile()?;
//! let mut batcher = Batcher::auto();
//!
//! // A record, and a flush if all of it was written: one system call on io_uring.
//! batcher.batch().write(&file, b"a record", 0).link().sync_data(&file).run()?;
//!
//! // Two reads at once.
//! let (mut front, mut back) = ([0; 2], [0; 6]);
//! batcher.batch().read(&file, &mut front, 0).read(&file, &mut back, 2).run()?;
//! assert_eq!((&front, &back), (b"a ", b"record"));
//!
//! // The error says which operation failed; the others were tried all the same.
//! let error = batcher.batch().read(&file, &mut front, 0).read(&file, &mut back, 4).run().unwrap_err();
//! assert_eq!(error.to_string(), "operation 1: pread: the file ended after 4 of 6 bytes");
//! assert_eq!(batcher.results().map(|result| result.ok()).collect::<Vec<_>>(), [Some(2), None]);
//! # Ok(()) }
//! ```
//!
//! A [`Batcher`] has a ring, or does without; a [`Batch`] is a description, which [`run`](Batch::run) carries out. Which way it
//! goes, a [`Backend`] says: the results are the same.
//!
//! # Threads
//!
//! A batcher is its thread's: the kernel is told that one thread enters the ring, and does less for it. It can neither be
//! sent nor shared. Threads that want batches have one each, for as long as they live: a ring takes a tenth of a millisecond to make, and memory
//! that counts is given back late.
//!
//! ```compile_fail,E0277
//! let batcher = bareio::batch::Batcher::auto();
//! std::thread::spawn(move || drop(batcher));
//! ```
//!
//! # Memory
//!
//! A batcher keeps the room that its largest batch has needed, and allocates nothing for one that is no larger.

mod backend;
mod description;
mod functions;
mod lent;
mod operation;
mod plan;
mod run;
mod way;

use std::fmt;

use bareio_core::abi::Features;
use bareio_core::ring::{Builder, Ring, RingError};
use bareio_core::{Fd, IoVec, Kernel};

pub use backend::{Backend, UnknownBackend};
pub use description::Batch;
pub use lent::{Lend, Lent};

use crate::error::{Error, Result, Why};
use crate::host::{NATIVE, Native};
use operation::Operation;
use plan::Plan;
use way::Way;

/// Carries out batches, one after the other. See [the module](self).
pub struct Batcher<K: Kernel = Native> {
    kernel: K,
    backend: Backend,
    way: Way<K>,
    /// Why it goes by calls where a ring was wanted.
    why: Option<Why>,
    /// How many operations a chain can have.
    longest: usize,
    list: List,
    plan: Plan,
    /// Of the file that was read last in this run: whether it knows reads that do not wait.
    knows_nowait: Option<(Fd, bool)>,
}

/// The operations of the batch that is described, or was run last.
///
/// What they name is lent only while there is a [`Batch`]: nothing here is used without one.
#[derive(Debug, Default)]
struct List {
    operations: Vec<Operation>,
    pieces: Vec<IoVec>,
    has_run: bool,
}

impl List {
    fn clear(&mut self) {
        self.operations.clear();
        self.pieces.clear();
        self.has_run = false;
    }
}

impl Batcher {
    /// Makes a batcher that goes by `backend`.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported): [`Backend::IoUring`], and it is not to be had here, with the reason.
    /// - [`OutOfRange`](crate::ErrorKind::OutOfRange): the depth is no power of two from 1 to 4,096.
    ///
    /// ```
    /// use bareio::batch::{Backend, Batcher};
    ///
    /// match Batcher::new(Backend::IO_URING) {
    ///     Ok(batcher) => assert_eq!(batcher.name(), "io_uring"),
    ///     Err(error) => println!("{error}"), // io_uring is not to be had here: …
    /// }
    /// assert_eq!(Batcher::new(Backend::Posix)?.name(), "posix");
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn new(backend: Backend) -> Result<Self> {
        Self::on(NATIVE, backend)
    }

    /// Makes a batcher that goes by io_uring where that works, else by plain calls: [`Backend::Auto`], which cannot fail.
    pub fn auto() -> Self {
        Self::either(NATIVE)
    }
}

impl<K: Kernel + Clone> Batcher<K> {
    /// As [`new`](Batcher::new), on another kernel.
    ///
    /// # Errors
    ///
    /// As [`new`](Batcher::new).
    #[cfg(feature = "sim")]
    pub fn with_kernel(kernel: K, backend: Backend) -> Result<Self> {
        Self::on(kernel, backend)
    }

    fn on(kernel: K, backend: Backend) -> Result<Self> {
        let depth = backend.depth()?;
        match backend {
            Backend::Auto => Ok(Self::either(kernel)),
            Backend::Posix => Ok(Self::made(kernel, backend, Way::Calls, None)),
            Backend::IoUring { .. } => match ring(kernel.clone(), depth) {
                Ok(ring) => Ok(Self::made(kernel, backend, Way::Ring(Box::new(ring)), None)),
                Err(why) => Err(Error::unsupported("io_uring", why)),
            },
        }
    }

    fn either(kernel: K) -> Self {
        match ring(kernel.clone(), Backend::DEPTH) {
            Ok(ring) => Self::made(kernel, Backend::Auto, Way::Ring(Box::new(ring)), None),
            Err(why) => Self::made(kernel, Backend::Auto, Way::Calls, Some(why)),
        }
    }

    fn made(kernel: K, backend: Backend, way: Way<K>, why: Option<Why>) -> Self {
        let longest = match &way {
            Way::Ring(ring) => ring.entries(),
            // As with the ring that it stands for.
            Way::Calls => Backend::DEPTH,
        };
        Self {
            kernel,
            backend,
            way,
            why,
            longest: longest as usize,
            list: List::default(),
            plan: Plan::default(),
            knows_nowait: None,
        }
    }
}

impl<K: Kernel> Batcher<K> {
    /// Begins a batch. An earlier one, and its results, are gone.
    pub fn batch<'a>(&mut self) -> Batch<'_, 'a, K> {
        Batch::new(self)
    }

    /// Which way it goes: `"io_uring"` or `"posix"`.
    pub fn name(&self) -> &'static str {
        match self.way {
            Way::Ring(_) => "io_uring",
            Way::Calls => "posix",
        }
    }

    /// Why [`Backend::Auto`] goes by plain calls, if it does.
    pub fn why(&self) -> Option<Why> {
        self.why
    }

    /// How many operations a chain can have at most: as many as the ring holds; without one, as many as one of the usual
    /// depth would.
    pub fn longest_chain(&self) -> usize {
        self.longest
    }

    /// What became of each operation of the last batch: how many bytes it moved, or its error.
    ///
    /// What was cancelled because of what it was linked to says `CANCELED`; what was not begun for another reason,
    /// [`NotRun`](crate::ErrorKind::NotRun).
    pub fn results(&self) -> impl ExactSizeIterator<Item = Result<u64>> {
        self.list.operations.iter().enumerate().map(|(index, operation)| {
            #[expect(clippy::cast_possible_truncation, reason = "that many operations have no room")]
            operation.result().map_err(|error| error.at(index as u32))
        })
    }

    /// What became of the operation with this index, if there was one.
    pub fn result(&self, index: usize) -> Option<Result<u64>> {
        self.results().nth(index)
    }
}

impl<K: Kernel> fmt::Debug for Batcher<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("name", &self.name()).field("why", &self.why).finish_non_exhaustive()
    }
}

/// A ring that was tried with a NOP: where only entering is forbidden, making one succeeds.
fn ring<K: Kernel>(kernel: K, depth: u32) -> Result<Ring<K>, Why> {
    let mut ring = Builder::new(depth).build(kernel).map_err(Why::Setup)?;
    // The kernel learnt to read and write through a ring when it learnt this.
    if !ring.features().contains(Features::RW_CUR_POS) {
        return Err(Why::Because("its rings cannot read and write plain memory; use a kernel from 5.6 on"));
    }
    match way::try_nop(&mut ring) {
        Ok(()) => Ok(ring),
        Err(RingError::Kernel(errno)) => Err(Why::Errno(errno)),
        Err(_) => Err(Why::Because("a ring that was made just now refuses to be used")),
    }
}
