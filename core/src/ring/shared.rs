//! A ring for many threads.
//!
//! ```text
//! any thread   push ──lock──► entries ──submit──► the kernel        nobody's lock is held while it is entered
//! one thread   Reaper ◄─────  completions                           the role is taken, not waited for
//! ```
//!
//! Submitting needs no role, so a reaper that sleeps in the kernel delays no submitter. And a submitter never waits for
//! completions: it could sleep over one that another thread has reaped meanwhile. Threads that are not the reaper
//! wait elsewhere, for the reaper to tell them.

mod producer;
mod reaper;

use core::fmt;
use core::mem::ManuallyDrop;
use core::time::Duration;

pub use producer::SharedProducer;
pub use reaper::Reaper;

use super::parts::{Parts, Queues};
use super::timed::Enter;
use super::{Consumer, Doorbell, Full, Limit, Probe, Ring, RingError, StillBusy};
use crate::abi::{Cqe, EnterFlags, Features, SetupFlags, Sqe};
use crate::errno::Result;
use crate::iovec::IoVec;
use crate::kernel::{BorrowedFd, Fd, Kernel};
use crate::lock::Lock;
use crate::sync::Counter;

/// A ring that many threads submit to, and one at a time reaps from.
///
/// ```no_run
/// use bareio_core::{Linux, ring::Builder, sqe};
///
/// let ring = Builder::new(64).shared(Linux)?;
/// # extern crate std;
/// std::thread::scope(|scope| {
///     for number in 0..8 {
///         let ring = &ring;
///         scope.spawn(move || {
///             // SAFETY: a NOP points to nothing.
///             unsafe { ring.push(&[sqe::nop().user_data(number)]) }?;
///             ring.submit()
///         });
///     }
/// });
/// let mut reaper = ring.try_reaper().ok_or("somebody else reaps")?;
/// reaper.wait(8)?;
/// assert_eq!(reaper.completions().count(), 8);
/// # drop(reaper);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// Dropped, it ends as a [`Ring`] does.
pub struct SharedRing<K: Kernel> {
    /// Taken by `drop` and by `into_ring`, which nothing comes after.
    fields: ManuallyDrop<Fields<K>>,
}

struct Fields<K: Kernel> {
    sq: SharedProducer<Sqe>,
    /// Held by the reaper, for as long as it likes: others try and do not wait.
    cq: Lock<Reaped>,
    doorbell: Doorbell,
    /// What every `enter` that waits has.
    wait_flags: EnterFlags,
    /// The head of the submission queue minus the head of the completion queue, when the ring was made.
    origin: u32,
    parts: Parts<K>,
    /// How often the kernel was entered.
    enters: Counter,
}

/// The completion queue, and what is counted there.
#[derive(Debug)]
struct Reaped {
    cq: Consumer<Cqe>,
    /// Completions seen that promised more of the same operation.
    more: u32,
}

// SAFETY: `fields` owns what its pointers lead to. No thread is bound to it: the ring has no single issuer, and no
// descriptor is registered.
unsafe impl<K: Kernel + Send> Send for SharedRing<K> {}
// SAFETY: both queues are behind locks; the doorbell and the sentinel are read atomically; all else of `parts` is fixed
// while it is shared, and the calls that it makes may run in many threads.
unsafe impl<K: Kernel + Sync> Sync for SharedRing<K> {}

impl<K: Kernel> SharedRing<K> {
    pub(super) fn new(parts: Parts<K>, queues: Queues, wait_flags: EnterFlags) -> Self {
        let Queues { sq, cq, doorbell } = queues;
        let origin = super::origin(&sq, &cq);
        let sq = SharedProducer::new(sq);
        let cq = Lock::new(Reaped { cq, more: 0 });
        Self {
            fields: ManuallyDrop::new(Fields {
                sq,
                cq,
                doorbell,
                wait_flags,
                origin,
                parts,
                enters: Counter::new(),
            }),
        }
    }

    /// How many entries the submission queue has.
    pub fn entries(&self) -> u32 {
        self.fields.sq.entries()
    }

    /// How the ring was set up: what was asked, less what the kernel did not know.
    pub fn setup(&self) -> SetupFlags {
        self.fields.parts.setup
    }

    /// What its kernel can do.
    pub fn features(&self) -> Features {
        self.fields.parts.features
    }

    /// Its descriptor's number; see [`Ring::fd`].
    pub fn fd(&self) -> Fd {
        self.fields.parts.fd
    }

    /// How often the kernel was entered for it.
    pub fn enters(&self) -> usize {
        self.fields.enters.get()
    }

    /// How many completions the kernel lost; see [`Ring::dropped`].
    pub fn dropped(&self) -> u32 {
        self.fields.parts.dropped()
    }

    /// The kernel that it runs on.
    pub fn kernel(&self) -> &K {
        &self.fields.parts.kernel
    }

    /// Queues `chain`, all of it or nothing. Entries that are linked go in one call: only then do they reach the
    /// kernel together.
    ///
    /// From now on any thread's [`submit`](Self::submit) takes them along.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`] if there is not so much room: submit first, or use a larger ring. [`RingError::Forked`] in a
    /// forked child. Nothing was queued.
    ///
    /// # Safety
    ///
    /// Every entry keeps the contract of [`Ring::push`], except that what counts as closing is
    /// [`close`](Self::close).
    pub unsafe fn push(&self, chain: &[Sqe]) -> Result<(), RingError> {
        self.check()?;
        self.fields.sq.push(self.kernel(), chain).map_err(|Full| RingError::Full)
    }

    /// How many entries can be pushed, at this moment; 0 in a forked child.
    pub fn free(&self) -> u32 {
        if self.check().is_err() {
            return 0;
        }
        self.fields.sq.free(self.kernel())
    }

    /// Submits everything that was pushed before, by whichever thread. It does not wait for completions.
    ///
    /// # Errors
    ///
    /// As [`Ring::submit`].
    pub fn submit(&self) -> Result<(), RingError> {
        self.check()?;
        let Fields { sq, doorbell, .. } = &*self.fields;
        if self.polls_sq() {
            if doorbell.must_ring() {
                self.enter(0, 0, EnterFlags::SQ_WAKEUP, Limit::default(), || false)?;
            }
            return Ok(());
        }
        // Never a number of one's own: another thread may have taken these entries along, and then the number would end
        // in the middle of somebody's chain.
        let enter = |all| self.enter(all, 0, EnterFlags::NONE, Limit::default(), || false);
        Ok(sq.submit(self.kernel(), enter)?)
    }

    /// Takes the role of the reaper, unless another thread has it, or in a forked child.
    ///
    /// The role may be kept while the thread sleeps in the kernel. Who gives it up has to see to it that somebody
    /// who still waits takes it: completions announce themselves to a reaper only.
    pub fn try_reaper(&self) -> Option<Reaper<'_, K>> {
        self.check().ok()?;
        let role = self.fields.cq.try_lock(self.kernel())?;
        Some(Reaper::new(self, role))
    }

    /// Has `f` see every completion that can be read now, unless another thread reaps. Returns how many there were.
    pub fn try_reap(&self, f: impl FnMut(Cqe)) -> Option<usize> {
        let mut reaper = self.try_reaper()?;
        let completions = reaper.completions();
        let count = completions.len();
        completions.for_each(f);
        Some(count)
    }

    /// As [`Ring::register_buffers`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    pub unsafe fn register_buffers(&self, buffers: &[IoVec]) -> Result<(), RingError> {
        // SAFETY: the caller's word.
        unsafe { self.fields.parts.register_buffers(buffers) }
    }

    /// As [`Ring::unregister_buffers`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn unregister_buffers(&self) -> Result<(), RingError> {
        self.fields.parts.unregister_buffers()
    }

    /// As [`Ring::register_files`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn register_files(&self, files: &[BorrowedFd<'_>]) -> Result<(), RingError> {
        self.fields.parts.register_files(files)
    }

    /// Registers `count` slots for files, all empty. 5.19.
    ///
    /// # Errors
    ///
    /// `INVAL`: the kernel is older, or `count` is 0. `MFILE`: over `RLIMIT_NOFILE`. `BUSY`: there are some already.
    pub fn register_file_slots(&self, count: u32) -> Result<(), RingError> {
        self.fields.parts.register_file_slots(count)
    }

    /// Closes the registered file in `slot`, at once. Operations that use it keep it open until they complete. 5.5.
    ///
    /// # Errors
    ///
    /// `NXIO`: no slots are registered. `INVAL`: there is no such slot.
    pub fn empty_file_slot(&self, slot: u32) -> Result<(), RingError> {
        self.fields.parts.empty_file_slot(slot)
    }

    /// As [`Ring::unregister_files`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn unregister_files(&self) -> Result<(), RingError> {
        self.fields.parts.unregister_files()
    }

    /// As [`Ring::probe`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn probe(&self) -> Result<Probe, RingError> {
        self.fields.parts.probe()
    }

    /// The ring, for the calling thread alone, with everything that is in flight.
    pub fn into_ring(self) -> Ring<K> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is never touched again, and not dropped.
        unsafe { ManuallyDrop::take(&mut this.fields) }.into_ring()
    }

    /// As [`Ring::close`].
    ///
    /// # Errors
    ///
    /// [`StillBusy`], with the ring, which is the calling thread's then.
    #[expect(clippy::result_large_err, reason = "the ring itself comes back, once in its life")]
    pub fn close(self, within: Duration) -> Result<(), StillBusy<K>> {
        self.into_ring().close(within)
    }

    /// Whether it can be used in this process: one load.
    ///
    /// # Errors
    ///
    /// [`RingError::Forked`], in a forked child.
    pub fn check(&self) -> Result<(), RingError> {
        self.fields.parts.sentinel.check(&self.fields.parts.kernel)
    }

    fn polls_sq(&self) -> bool {
        self.setup().contains(SetupFlags::SQPOLL)
    }

    /// One `enter`.
    fn enter(
        &self,
        submit: u32,
        want: u32,
        flags: EnterFlags,
        limit: Limit,
        is_short: impl FnOnce() -> bool,
    ) -> Result<u32> {
        let enter = Enter { fd: self.fd(), submit, want, flags, limit };
        self.fields.enters.increment();
        // SAFETY: our ring, by its descriptor; every entry was pushed under the contract of `push`.
        unsafe { self.fields.parts.enter(enter, is_short) }
    }
}

impl<K: Kernel> Fields<K> {
    fn into_ring(self) -> Ring<K> {
        let Self { sq, cq, doorbell, wait_flags, origin, parts, .. } = self;
        let Reaped { cq, more } = cq.into_inner();
        Ring {
            sq: sq.into_inner(),
            cq,
            doorbell,
            enter_fd: parts.fd,
            enter_flags: EnterFlags::NONE,
            wait_flags,
            more,
            origin,
            round: 0,
            parts,
            not_send: core::marker::PhantomData,
        }
    }
}

impl<K: Kernel> Drop for SharedRing<K> {
    /// As that of [`Ring`].
    fn drop(&mut self) {
        // SAFETY: we are dropped, so nobody touches the fields after us.
        let fields = unsafe { ManuallyDrop::take(&mut self.fields) };
        drop(fields.into_ring());
    }
}

impl<K: Kernel> fmt::Debug for SharedRing<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fields { sq, cq, parts, .. } = &*self.fields;
        f.debug_struct("SharedRing")
            .field("fd", &parts.fd)
            .field("entries", &sq.entries())
            .field("setup", &parts.setup)
            .field("role", cq)
            .finish_non_exhaustive()
    }
}
