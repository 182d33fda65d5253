//! How a writer is to be made.

#[cfg(unix)]
use std::sync::atomic::AtomicBool;

use bareio_core::Kernel;

use super::{Strategy, Writer, announce};
use crate::error::{Error, ErrorKind, Result, Why};
use crate::host::{NATIVE, Native};

/// How a [`Writer`] is to be made.
///
/// ```
/// use bareio::writer::{Strategy, Writer, is_supported};
///
/// match Writer::options().strategy(Strategy::IoUring).depth(64).build() {
///     Ok(writer) => assert_eq!(writer.strategy(), Strategy::IoUring),
///     Err(refused) => println!("{refused}"), // with the reason, and what to change
/// }
/// let odd = Writer::options().depth(12).build().unwrap_err();
/// assert_eq!(odd.to_string(), "ring depth 12 is not a power of two from 1 to 4096");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a writer is made by `build`"]
pub struct WriterOptions {
    strategy: Strategy,
    depth: u32,
}

impl WriterOptions {
    /// The fastest strategy, and a depth of 16.
    pub const fn new() -> Self {
        Self { strategy: Strategy::Auto, depth: 16 }
    }

    /// Asks for a strategy. All but [`Auto`](Strategy::Auto) are demands.
    pub const fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// How many entries a ring is to have: a power of two, from 1 to 4,096. It is checked whichever strategy is asked for.
    pub const fn depth(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }

    /// Makes it, and says in one line of the log what it is.
    ///
    /// # Errors
    ///
    /// - [`OutOfRange`](ErrorKind::OutOfRange): the depth.
    /// - [`Unsupported`](ErrorKind::Unsupported), with the reason: a ring is demanded and not to be had, or the host has no
    ///   `writev(2)`.
    pub fn build(self) -> Result<Writer> {
        self.make(NATIVE, native())
    }

    /// Makes it for the files of `kernel`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "sim")]
    pub fn build_with_kernel<K: Kernel + Clone>(self, kernel: K) -> Result<Writer<K>> {
        self.make(kernel, of_kernel())
    }

    fn make<K: Kernel + Clone>(self, kernel: K, calls: CallsOf<K>) -> Result<Writer<K>> {
        let Self { strategy: asked, depth } = self;
        if !depth.is_power_of_two() || depth > 4096 {
            return Err(ErrorKind::OutOfRange {
                what: "ring depth",
                value: depth.into(),
                least: 1,
                most: 4096,
                power_of_two: true,
            }
            .into());
        }
        let writer = negotiate(asked, depth, kernel, calls)?;
        announce::made(asked, writer.strategy, depth);
        Ok(writer)
    }
}

#[cfg(unix)]
type CallsOf<K> = super::calls::Calls<K>;
/// There are none.
#[cfg(not(unix))]
type CallsOf<K> = std::marker::PhantomData<K>;

#[cfg(unix)]
const fn native() -> CallsOf<Native> {
    CallsOf::native()
}

#[cfg(not(unix))]
const fn native() -> CallsOf<Native> {
    std::marker::PhantomData
}

#[cfg(all(unix, feature = "sim"))]
const fn of_kernel<K: Kernel>() -> CallsOf<K> {
    CallsOf::of_kernel()
}

#[cfg(all(not(unix), feature = "sim"))]
const fn of_kernel<K: Kernel>() -> CallsOf<K> {
    std::marker::PhantomData
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(unix)]
fn negotiate<K: Kernel + Clone>(
    asked: Strategy,
    depth: u32,
    kernel: K,
    calls: CallsOf<K>,
) -> Result<Writer<K>> {
    let lane = match asked {
        Strategy::IoUring => Some(super::lane::Lane::new(kernel.clone(), depth)?),
        Strategy::Auto | Strategy::Writev => None,
    };
    let strategy = if lane.is_some() { Strategy::IoUring } else { Strategy::Writev };
    Ok(Writer { kernel, calls, strategy, depth, closed: AtomicBool::new(false), lane })
}

#[cfg(not(unix))]
fn negotiate<K: Kernel + Clone>(_: Strategy, _: u32, _: K, _: CallsOf<K>) -> Result<Writer<K>> {
    Err(no_writev())
}

/// Whether a ring that a writer can use is to be had.
#[cfg(unix)]
pub(super) fn has_ring<K: Kernel>(kernel: K) -> bool {
    super::lane::Lane::new(kernel, 1).is_ok()
}

#[cfg(not(unix))]
pub(super) fn has_ring<K: Kernel>(_: K) -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn no_writev() -> Error {
    Error::unsupported("a vectored write", Why::Because("this host has no writev(2); write piece by piece"))
}

/// What is said of a ring that cannot write at the current position.
#[cfg(unix)]
pub(super) fn no_position() -> Error {
    let why = "rings before Linux 5.6 cannot write at the current position; use the strategy writev";
    Error::unsupported("io_uring for a writer", Why::Because(why))
}
