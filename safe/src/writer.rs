//! Many pieces of memory written to a descriptor at once, where it stands: for logs.
//!
//! ```
//! use std::io::IoSlice;
//! use bareio::writer::write_vectored;
//!
//! # let file = tempfile::tempfile()?;
//! let count = write_vectored(&file, &[IoSlice::new(b"head "), IoSlice::new(b"body\n")])?;
//! assert_eq!(count, 10);
//! # Ok::<(), bareio::Error>(())
//! ```
//!
//! | | |
//! |---|---|
//! | [`write_vectored`] | one call, no set-up, from any thread |
//! | [`Writer`] | the same with a strategy of one's own, and with what goes on after a short write |
//! | [`EventWriter`] | many small events, gathered and written together: by size, by count, by time |
//!
//! All of them write at the descriptor's current position, or at the end of a file that was opened to append. They borrow the
//! descriptor, wait until it has taken something, and allocate nothing. They make nothing durable: that is the business of
//! [`File`](crate::File) and of flushes.
//!
//! # Which way
//!
//! One piece goes by `write(2)`, several by `writev(2)`; and several small ones, up to 16 KiB together, by `write(2)` too, copied
//! one behind the other on the stack, because the kernel takes longer over each piece of a list. The names of the strategies are `auto`, `iouring` and `writev`, and
//! they stay.
//!
//! [`Auto`](Strategy::Auto) settles for `writev` wherever there is one, and that is a measured choice: the position of a file is
//! a thing that one write at a time moves, so nothing that is written there overlaps, and a ring only adds to it. It hands a
//! buffered write, and a direct one that makes the file longer, to a thread of the kernel, which costs 3 to 50 µs where
//! the call itself takes half a microsecond. (Writes at offsets do overlap; they are [`File`](crate::File)'s and the batches'.)
//!
//! Who [demands](Strategy::IoUring) the ring gets it for regular files that were opened to append. Everything else goes by
//! `writev(2)` also then, and [`strategy_for`](Writer::strategy_for) says so of a descriptor: pipes, sockets and terminals, which in a ring would
//! be waited for though they were opened not to wait; and files with a position, which a ring reads without the lock that
//! `writev(2)` takes, so that two threads would write over each other.

mod advance;
mod announce;
#[cfg(unix)]
mod calls;
#[cfg(unix)]
mod events;
#[cfg(unix)]
mod lane;
mod options;
mod strategy;
#[cfg(unix)]
mod vectored;

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use bareio_core::Kernel;

pub use advance::advance;
#[cfg(unix)]
pub use events::{EventOptions, EventWriter};
#[cfg(unix)]
use lane::Lane;
pub use options::WriterOptions;
pub use strategy::{ParseStrategyError, Strategy};
#[cfg(unix)]
pub use vectored::write_vectored;

use crate::error::{ErrorKind, Result};
use crate::host::Native;

/// The most pieces of memory that one call takes.
pub const MAX_PIECES: usize = bareio_core::iovec::IOV_MAX;

/// A vectored writer, for any number of threads and descriptors at once.
///
/// ```
/// use std::io::IoSlice;
/// use bareio::writer::{Strategy, Writer};
///
/// # let file = tempfile::tempfile()?;
/// let writer = Writer::new()?;
/// assert_ne!(writer.strategy(), Strategy::Auto);
/// let mut event = [IoSlice::new(b"head "), IoSlice::new(b"body\n")];
/// writer.write_all_vectored(&file, &mut &mut event[..])?;
/// # Ok::<(), bareio::Error>(())
/// ```
///
/// It is never poisoned: what one write ran into is that write's error, and the next begins afresh. If its ring can no
/// longer be entered it goes on with `writev(2)`, the write that noticed included.
pub struct Writer<K: Kernel = Native> {
    #[cfg(unix)]
    kernel: K,
    #[cfg(unix)]
    calls: calls::Calls<K>,
    strategy: Strategy,
    depth: u32,
    closed: AtomicBool,
    /// The ring, if the strategy has one.
    #[cfg(unix)]
    lane: Option<Lane<K>>,
    #[cfg(not(unix))]
    kernel: std::marker::PhantomData<K>,
}

impl Writer {
    /// A writer that takes what is fastest here. It says so in one line of the log, with the feature `log` or `tracing`,
    /// and nothing after that.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) on hosts without `writev(2)`: on Windows.
    pub fn new() -> Result<Self> {
        Self::options().build()
    }

    /// Says how a writer is to be made.
    pub const fn options() -> WriterOptions {
        WriterOptions::new()
    }
}

impl<K: Kernel> Writer<K> {
    /// What was negotiated: [`IoUring`](Strategy::IoUring) or [`Writev`](Strategy::Writev), and the same for as long as
    /// the writer lives.
    pub const fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// How many entries its ring has, or would have.
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// Ends it: later writes are told [`Closed`](ErrorKind::Closed), and a write that is going on is waited for if it has
    /// the ring. Descriptors stay open: they were borrowed. Twice is fine.
    pub fn close(&self) {
        // Relaxed: no memory is read on the strength of it.
        self.closed.store(true, Ordering::Relaxed);
        #[cfg(unix)]
        if let Some(lane) = &self.lane {
            lane.close();
        }
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        // Relaxed: as in `close`.
        self.closed.load(Ordering::Relaxed)
    }

    #[cfg_attr(not(unix), expect(dead_code, reason = "there is nothing to write with"))]
    fn check_open(&self) -> Result<()> {
        if self.is_closed() { Err(ErrorKind::Closed.into()) } else { Ok(()) }
    }
}

impl<K: Kernel> fmt::Debug for Writer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("strategy", &self.strategy)
            .field("depth", &self.depth)
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Whether [`Strategy::IoUring`] can be had here. Asked once: a ring is made, used and taken down.
///
/// Why not, says [`probe`](crate::probe()), or the error of a writer that demands it.
pub fn is_supported() -> bool {
    static SUPPORTED: OnceLock<bool> = OnceLock::new();
    *SUPPORTED.get_or_init(|| options::has_ring(crate::host::NATIVE))
}

/// Writing from several pieces of memory is not to be had here.
///
/// # Errors
///
/// [`Unsupported`](ErrorKind::Unsupported), always.
#[cfg(not(unix))]
pub fn write_vectored<F: ?Sized>(_: &F, _: &[std::io::IoSlice<'_>]) -> Result<usize> {
    Err(options::no_writev())
}
