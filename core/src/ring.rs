//! io_uring rings, set up by hand.
//!
//! ```text
//! Builder ──build──► Ring                 one thread's: SINGLE_ISSUER, deferred work, a registered descriptor
//!    ├────disabled─► Disabled ──enable──►    … built anywhere, bound to the thread that enables it
//!    └────shared───► SharedRing           many threads submit, one at a time reaps
//! ```
//!
//! A [`Ring`] is a [`Producer`] of entries, a [`Consumer`] of completions, and the calls that move them. Pushing an entry is
//! `unsafe`, because the kernel will use what it points to until its last completion; everything else is safe.
//! [`scope`](crate::scope) and [`ticket`](crate::ticket) build safe operations on it.
//!
//! **Closing a ring does not stop its I/O.** `close(2)` returns at once, and the kernel goes on writing to
//! the buffers of whatever was in flight. So a ring that is closed or dropped first cancels, then waits for every completion,
//! and only then lets go of anything; if that takes too long, it leaks itself on purpose and counts it
//! ([`leaked`]).

mod builder;
mod carry;
mod chain;
mod doorbell;
mod drain;
mod enter;
mod error;
mod geometry;
mod half;
mod parts;
mod register;
mod sentinel;
mod shared;
mod timed;

use core::marker::PhantomData;

pub use builder::{Builder, Disabled, Sqpoll};
pub use chain::PushError;
pub use doorbell::{Doorbell, Sleeper};
pub use drain::{StillBusy, leaked};
pub use enter::Limit;
pub use error::{Reason, RingError, SetupError, Step};
pub use half::{Batch, Consumer, Full, Layout, Producer, Slots};
pub use register::Probe;
pub use shared::{Reaper, SharedProducer, SharedRing};

use crate::abi::{Cqe, CqeFlags, EnterFlags, Features, SetupFlags, SqFlags, Sqe};
use crate::kernel::{Fd, Kernel};
pub(crate) use carry::abort;
use parts::Parts;

/// A ring that one thread submits to and reaps from.
///
/// ```no_run
/// use bareio_core::{Linux, ring::Builder, sqe};
///
/// let mut ring = Builder::new(8).build(Linux)?;
/// // SAFETY: a NOP points to nothing.
/// unsafe { ring.push(sqe::nop().user_data(7)) }?;
/// ring.submit_and_wait(1)?;
/// let completion = ring.completions().next().ok_or("none")?;
/// assert_eq!((completion.user_data, completion.result()), (7, Ok(0)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ring<K: Kernel> {
    sq: Producer<Sqe>,
    cq: Consumer<Cqe>,
    doorbell: Doorbell,
    /// What `enter` is called with: the ring's descriptor, or its registered index.
    enter_fd: Fd,
    /// What every `enter` has: `REGISTERED_RING`, or nothing.
    enter_flags: EnterFlags,
    /// What every `enter` that waits has: those, `GETEVENTS`, and `NO_IOWAIT` or not.
    wait_flags: EnterFlags,
    /// Completions seen that promised more of the same operation.
    more: u32,
    /// The head of the submission queue minus the head of the completion queue, when the ring was made.
    origin: u32,
    /// How often operations were carried out on it, modulo 2³¹.
    round: u32,
    parts: Parts<K>,
    /// Its thread's alone: a `SINGLE_ISSUER` ring refuses others, and a registered index means nothing to them.
    not_send: PhantomData<*const ()>,
}

impl<K: Kernel> Ring<K> {
    /// How many entries the submission queue has.
    pub const fn entries(&self) -> u32 {
        self.sq.entries()
    }

    /// How many entries the completion queue has.
    pub const fn completion_entries(&self) -> u32 {
        self.cq.entries()
    }

    /// How the ring was set up: what was asked, less what the kernel did not know.
    pub const fn setup(&self) -> SetupFlags {
        self.parts.setup
    }

    /// What its kernel can do.
    pub const fn features(&self) -> Features {
        self.parts.features
    }

    /// Whether `enter` goes through a registered descriptor, which saves a look-up.
    pub const fn is_registered(&self) -> bool {
        self.enter_flags.contains(EnterFlags::REGISTERED_RING)
    }

    /// Its descriptor's number, for [`Builder::attach_workers`] and for waiting on the ring with `poll(2)`.
    ///
    /// Posting completions into this ring from another (`MSG_RING`) is not for this number: the ring counts
    /// completions to know when the kernel is done, and one that nobody submitted here would mislead it.
    pub const fn fd(&self) -> Fd {
        self.parts.fd
    }

    /// The kernel that it runs on.
    pub const fn kernel(&self) -> &K {
        &self.parts.kernel
    }

    /// Reserves `count` entries of the submission queue, all or none.
    ///
    /// A linked chain is pushed into one reservation: split over two submissions it would be no chain. If the kernel itself
    /// takes only part of one, being short of memory, the rest is never carried out: the next entry of it says `INVAL`,
    /// and those behind that `CANCELED`.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`] if there is not so much room; submit, or use a larger ring. [`RingError::Forked`] in
    /// a forked child.
    ///
    /// # Safety
    ///
    /// The entries that are pushed keep the contract of [`push`](Self::push).
    #[inline(always)]
    pub unsafe fn reserve(&mut self, count: u32) -> Result<Slots<'_, Sqe>, RingError> {
        self.parts.sentinel.check(&self.parts.kernel)?;
        self.sq.reserve(count).map_err(|Full| RingError::Full)
    }

    /// Stages one entry; the next submission takes it along.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve). Nothing was staged.
    ///
    /// # Safety
    ///
    /// From now until the entry's last completion was reaped (one without
    /// [`CqeFlags::MORE`](crate::abi::CqeFlags::MORE)), or until [`close`](Self::close) has returned `Ok`:
    ///
    /// - Memory that the entry names is valid, nobody else touches what the kernel may write, and nobody
    ///   writes what it may read. If the ring is dropped and cannot drain, that is for ever.
    /// - The descriptor that it names stays open, and stays the same file; or `SqeFlags::FIXED_FILE` is set, and the slot
    ///   that it names is not given another file: the kernel looks it up when the operation starts, which in a chain is
    ///   late.
    /// - It does not set `SqeFlags::CQE_SKIP_SUCCESS`, and does not post a completion into any [`Ring`] (`MSG_RING`
    ///   without `CQE_SKIP`): rings count completions to know when the kernel is done, and one too few or one too many
    ///   would let this memory go early.
    /// - A fixed buffer that it names stays registered: it too is looked up when the operation starts.
    /// - No [`scope`](Self::scope) is run on the ring, and no [`Driver`](crate::ticket::Driver) made of it; or `user_data`
    ///   has the top bit set. Theirs never have, and a completion that is taken for another would let memory go early.
    #[inline(always)]
    pub unsafe fn push(&mut self, entry: Sqe) -> Result<(), RingError> {
        // SAFETY: the caller keeps the contract for `entry`.
        let mut slots = unsafe { self.reserve(1)? };
        slots.push(entry);
        slots.stage();
        Ok(())
    }

    /// How many entries can be pushed now.
    pub fn free(&mut self) -> u32 {
        if self.parts.sentinel.check(&self.parts.kernel).is_err() {
            return 0;
        }
        self.sq.free()
    }

    /// Every completion that is there, to be read one by one; none in a forked child.
    ///
    /// It looks at shared memory only. Whether there are more that the kernel has not shown is
    /// [`poll`](Self::poll)'s business, and waiting is [`submit_and_wait`](Self::submit_and_wait)'s.
    #[inline(always)]
    pub fn completions(&mut self) -> Completions<'_> {
        let batch = match self.parts.sentinel.check(&self.parts.kernel) {
            Ok(()) => self.cq.batch(),
            Err(_) => self.cq.empty_batch(),
        };
        Completions::new(batch, &mut self.more)
    }

    /// The next completion, if one is there. For several, [`completions`](Self::completions) is faster.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<Cqe> {
        self.parts.sentinel.check(&self.parts.kernel).ok()?;
        let cqe = self.cq.pop()?;
        if !cqe.is_terminal() {
            self.more = self.more.wrapping_add(1);
        }
        Some(cqe)
    }

    /// How many operations the kernel has consumed and not completed, as far as their completions were
    /// reaped: those in the queue still count.
    pub fn in_flight(&mut self) -> u32 {
        if self.parts.sentinel.check(&self.parts.kernel).is_err() {
            return 0;
        }
        let consumed = if self.polls_sq() {
            // The polling thread may take them at any time.
            self.sq.position()
        } else {
            self.sq.position().wrapping_sub(self.sq.unconsumed())
        };
        consumed
            .wrapping_sub(self.cq.position())
            .wrapping_sub(self.origin)
            .wrapping_add(self.more)
            .wrapping_sub(self.parts.ended_unseen())
    }

    /// How many completions the kernel had no room for and lost: on kernels that lose them (before 5.5, or
    /// without [`Features::NODROP`]), and on others for want of memory. On the latter the ring cannot know of what they
    /// were, and ends as if those operations went on: by being leaked.
    pub fn dropped(&self) -> u32 {
        if self.parts.sentinel.check(&self.parts.kernel).is_err() {
            return 0;
        }
        self.parts.dropped()
    }

    fn polls_sq(&self) -> bool {
        self.parts.setup.contains(SetupFlags::SQPOLL)
    }

    /// Whether completions may wait where only an entry into the kernel brings them out.
    fn must_flush(&self) -> bool {
        self.parts.setup.intersects(SetupFlags::DEFER_TASKRUN.with(SetupFlags::IOPOLL))
            || self.doorbell.flags().intersects(SqFlags::CQ_OVERFLOW.with(SqFlags::TASKRUN))
    }
}

/// The head of the submission queue minus the head of the completion queue.
fn origin(sq: &Producer<Sqe>, cq: &Consumer<Cqe>) -> u32 {
    sq.position().wrapping_sub(sq.unconsumed()).wrapping_sub(cq.position())
}

/// Completions that can be read now. See [`Ring::completions`].
///
/// What was read counts as reaped once it is dropped; forgotten, the same completions come again.
#[derive(Debug)]
pub struct Completions<'r> {
    batch: Batch<'r, Cqe>,
    /// The flags of all that were read, together.
    flags: u32,
    more: &'r mut u32,
}

impl<'r> Completions<'r> {
    #[inline(always)]
    fn new(batch: Batch<'r, Cqe>, more: &'r mut u32) -> Self {
        Self { batch, flags: 0, more }
    }
}

impl Iterator for Completions<'_> {
    type Item = Cqe;

    #[inline(always)]
    fn next(&mut self) -> Option<Cqe> {
        let cqe = self.batch.next()?;
        self.flags |= cqe.flags.bits();
        Some(cqe)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.batch.size_hint()
    }
}

impl ExactSizeIterator for Completions<'_> {}

impl Drop for Completions<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if CqeFlags(self.flags).contains(CqeFlags::MORE) {
            let (consumer, count) = self.batch.read_so_far();
            *self.more = self.more.wrapping_add(count_more(consumer, count));
        }
    }
}

/// How many of the next `count` completions promise more, which only those of multishot operations and of
/// zero-copy sends do.
#[cold]
fn count_more(consumer: &Consumer<Cqe>, count: u32) -> u32 {
    consumer.again(count).map(|cqe| u32::from(!cqe.is_terminal())).sum()
}
