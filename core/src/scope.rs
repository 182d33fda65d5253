//! Operations on borrowed memory, in a scope that waits for all of them.
//!
//! The shape is that of `std::thread::scope`. What keeps it sound is not a destructor that a caller might
//! forget, but a guard in the frame of [`Ring::scope`] itself: whatever the closure does (return early, panic, forget
//! its tickets), that frame is not left before the kernel is done with everything that was lent.
//!
//! ```no_run
//! use bareio_core::{BorrowedFd, Linux, ring::Builder, scope::Slot};
//! # // SAFETY: standard input is open for as long as the program runs.
//! # fn open() -> BorrowedFd<'static> { unsafe { BorrowedFd::borrow_raw(bareio_core::Fd(0)) } }
//!
//! let mut ring = Builder::new(8).build(Linux)?;
//! let (mut front, mut back) = ([0; 512], [0; 512]);
//! let file = open();
//! let mut slots = [const { Slot::new() }; 8];
//! ring.scope(&mut slots, |s| {
//!     // Both are read at once.
//!     let first = s.read(file, &mut front, 0).map_err(|refused| refused.error)?;
//!     let second = s.read(file, &mut back, 4096).map_err(|refused| refused.error)?;
//!     let (count, _) = s.wait(first);
//!     assert_eq!(count, Ok(512));
//!     let (count, _) = s.wait(second);
//!     assert_eq!(count, Ok(512));
//!     Ok::<(), bareio_core::ring::RingError>(())
//! })?;
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A scope has no deadline: it waits for as long as an operation takes. Where the closure panics, it cancels what
//! can be cancelled first. A ring that can no longer be entered while memory is lent leaves no sound way to
//! return, and the program is aborted.
//!
//! A buffer that dies within the scope cannot be lent:
//!
//! ```compile_fail,E0597
//! # use bareio_core::{BorrowedFd, Linux, ring::Ring, scope::Slot};
//! # fn example(ring: &mut Ring<Linux>, file: BorrowedFd<'static>, slots: &mut [Slot]) {
//! ring.scope(slots, |s| {
//!     let mut buffer = [0; 512];
//!     let _ = s.read(file, &mut buffer, 0);
//! });
//! # }
//! ```
//!
//! Nor can one be touched while it is lent, not even when its ticket is forgotten:
//!
//! ```compile_fail,E0506
//! # use bareio_core::{BorrowedFd, Linux, ring::Ring, scope::Slot};
//! # fn example(ring: &mut Ring<Linux>, file: BorrowedFd<'static>, slots: &mut [Slot]) {
//! let mut buffer = [0; 512];
//! ring.scope(slots, |s| {
//!     core::mem::forget(s.read(file, &mut buffer, 0));
//!     buffer[0] = 1;
//! });
//! # }
//! ```
//!
//! A ticket does not leave its scope:
//!
//! ```compile_fail
//! # use bareio_core::{BorrowedFd, Linux, ring::Ring, scope::Slot};
//! # fn example(ring: &mut Ring<Linux>, file: BorrowedFd<'static>, slots: &mut [Slot]) {
//! let mut buffer = [0; 512];
//! let ticket = ring.scope(slots, |s| s.read(file, &mut buffer, 0).ok());
//! # }
//! ```

mod chain;
mod loan;
mod slots;

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::time::Duration;

pub use chain::Chain;
pub use loan::Loan;
pub use slots::Slot;

use crate::abi::Sqe;
use crate::errno::{Errno, Result};
use crate::kernel::{BorrowedFd, Kernel};
use crate::ring::{Ring, RingError, abort};
use crate::sqe;
use slots::Slots;

/// What the frame of [`Ring::scope`] holds while the closure runs.
struct Inner<'a, K: Kernel> {
    /// The ring that `Ring::scope` borrows exclusively. A pointer, because every method of the scope uses it
    /// through `&self`; none of them calls back, so there is only one use at a time.
    ring: Cell<*mut Ring<K>>,
    slots: Slots<'a>,
}

/// Where operations on borrowed memory are started. See [`Ring::scope`].
pub struct Scope<'scope, 'env: 'scope, K: Kernel> {
    inner: &'scope Inner<'scope, K>,
    /// Invariant, as in `std::thread::Scope`: neither lifetime may be stretched or shrunk.
    lifetimes: PhantomData<(&'scope mut &'scope (), &'env mut &'env ())>,
}

impl<K: Kernel> fmt::Debug for Scope<'_, '_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("in_flight", &self.inner.slots.in_flight()).finish_non_exhaustive()
    }
}

/// An operation in flight, and what was lent to it.
///
/// It keeps raw parts of the loan, not the loan itself: a `&mut` may not exist while the kernel writes behind it.
/// Dropped or forgotten, the operation goes on, and the scope waits for it.
#[must_use = "without its ticket, the result of an operation is lost"]
pub struct Ticket<'scope, B: Loan> {
    id: slots::Id,
    raw: B::Raw,
    scope: PhantomData<(Cell<&'scope ()>, B)>,
}

impl<B: Loan> fmt::Debug for Ticket<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What starting an operation gives: its ticket, or the loan back.
pub type Started<'scope, B> = Result<Ticket<'scope, B>, Refused<B>>;

/// An operation that was not started, and what had been lent to it.
#[derive(Debug)]
pub struct Refused<B> {
    /// Why.
    pub error: RingError,
    /// Untouched.
    pub loan: B,
}

impl<B> fmt::Display for Refused<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<B: fmt::Debug> core::error::Error for Refused<B> {}

impl<K: Kernel> Ring<K> {
    /// Runs `f` with a scope in which memory and descriptors can be lent to operations, and returns when the
    /// kernel is done with all of them.
    ///
    /// `slots` bounds how many operations have a ticket at a time; no more than the completion queue has
    /// entries are used. Completions of whatever was in flight on this ring before are thrown away.
    ///
    /// # Aborts
    ///
    /// If the ring can no longer be entered, and what is lent does not come back by itself within the ring's patience; or if
    /// the kernel's own code panics while the scope waits for what is lent.
    pub fn scope<'env, R>(
        &mut self,
        slots: &mut [Slot],
        f: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env, K>) -> R,
    ) -> R {
        let slots = Slots::new(slots, self.completion_entries());
        let inner = Inner { ring: Cell::new(self), slots };
        let mut drain = Drain { inner: &inner, returned: false };
        let scope = Scope { inner: &inner, lifetimes: PhantomData };
        let result = f(&scope);
        drain.returned = true;
        result
    }
}

impl<'scope, 'env, K: Kernel> Scope<'scope, 'env, K> {
    /// Reads up to `buf.len()` bytes at `offset`.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the loan: every slot is taken, or the ring refuses. [`wait`](Self::wait) for a ticket.
    /// An `offset` above `i64::MAX` is `INVAL`: to the kernel it would mean something else.
    pub fn read(
        &self,
        file: BorrowedFd<'env>,
        buf: &'env mut [u8],
        offset: u64,
    ) -> Started<'scope, &'env mut [u8]> {
        self.start(buf, offset, |to, len| sqe::read(file.fd(), to, len, offset))
    }

    /// Reads up to `buf.len()` bytes at `offset` into memory that need not be initialised. As many bytes as the result
    /// says are, afterwards.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_uninit(
        &self,
        file: BorrowedFd<'env>,
        buf: &'env mut [MaybeUninit<u8>],
        offset: u64,
    ) -> Started<'scope, &'env mut [MaybeUninit<u8>]> {
        self.start(buf, offset, |to, len| sqe::read(file.fd(), to, len, offset))
    }

    /// Writes up to `buf.len()` bytes at `offset`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn write(&self, file: BorrowedFd<'env>, buf: &'env [u8], offset: u64) -> Started<'scope, &'env [u8]> {
        self.start(buf, offset, |from, len| sqe::write(file.fd(), from, len, offset))
    }

    /// Flushes the file's data, and what reading it back needs. It covers writes that have *completed*; for
    /// one that has not, use a [`chain`](Self::chain).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn sync_data(&self, file: BorrowedFd<'env>) -> Started<'scope, ()> {
        self.start((), 0, |_, _| sqe::sync_data(file.fd()))
    }

    /// Flushes the file's data and all that is known of it. As [`sync_data`](Self::sync_data).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn sync_all(&self, file: BorrowedFd<'env>) -> Started<'scope, ()> {
        self.start((), 0, |_, _| sqe::sync_all(file.fd()))
    }

    /// A chain of operations, each of which starts when the one before it has succeeded, whole.
    ///
    /// ```no_run
    /// # use bareio_core::{BorrowedFd, Linux, ring::{Ring, RingError}, scope::Slot};
    /// # fn example(ring: &mut Ring<Linux>, file: BorrowedFd<'static>, slots: &mut [Slot]) -> Result<(), RingError> {
    /// ring.scope(slots, |s| {
    ///     let mut chain = s.chain();
    ///     let write = chain.write(file, b"a record", 0).map_err(|refused| refused.error)?;
    ///     let flush = chain.sync_data(file).map_err(|refused| refused.error)?;
    ///     chain.push()?;
    ///     let durable = s.wait(flush).0.is_ok() && s.wait(write).0 == Ok(8);
    ///     # let _ = durable;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn chain(&self) -> Chain<'_, 'scope, 'env, K> {
        Chain::new(self)
    }

    /// Waits for an operation, and gives back what was lent to it.
    ///
    /// The result is that of the operation: a count of bytes, which may be short, or its error. `CANCELED` is also
    /// what an operation says that was never started, because its chain was not pushed or the ring broke. `OVERFLOW` is one whose result
    /// the kernel lost, which those before 5.5 do when [`cancel_all`](Self::cancel_all) asks for more completions
    /// than there is room for.
    ///
    /// # Panics
    ///
    /// If the ticket is of a [`Chain`] that was not pushed yet: it would wait for ever.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket is good for one wait")]
    pub fn wait<B: Loan>(&self, ticket: Ticket<'scope, B>) -> (Result<u32>, B) {
        loop {
            if let Some(res) = self.inner.slots.take(ticket.id) {
                // SAFETY: the operation has completed, so the kernel is done with the loan; the ticket is
                // consumed, so it is given back once.
                return (Errno::check_res(res), unsafe { B::from_raw(ticket.raw) });
            }
            self.inner.turn(1);
        }
    }

    /// Whether the operation has completed, so that [`wait`](Self::wait) will not.
    pub fn is_done<B: Loan>(&self, ticket: &Ticket<'scope, B>) -> bool {
        self.inner.reap();
        self.inner.slots.is_done(ticket.id)
    }

    /// Submits what was started. Waiting does so too; this is for going on with something else meanwhile.
    ///
    /// # Errors
    ///
    /// The ring's. What was not taken stays staged.
    pub fn submit(&self) -> Result<(), RingError> {
        self.inner.ring().submit()
    }

    /// Asks the kernel to cancel everything that it can. The tickets tell what became of each.
    ///
    /// # Errors
    ///
    /// The ring's.
    pub fn cancel_all(&self) -> Result<(), RingError> {
        self.inner.ring().cancel_all()
    }

    fn start<B: Loan>(
        &self,
        loan: B,
        offset: u64,
        entry: impl FnOnce(*mut u8, u32) -> Sqe,
    ) -> Started<'scope, B> {
        let raw = loan.into_raw();
        let (address, len) = B::memory(raw);
        let started = check_offset(offset).and_then(|()| self.inner.start(entry(address, clamp(len))));
        match started {
            Ok(id) => Ok(Ticket { id, raw, scope: PhantomData }),
            // SAFETY: nothing was started, so nobody uses the loan; it is given back once.
            Err(error) => Err(Refused { error, loan: unsafe { B::from_raw(raw) } }),
        }
    }
}

/// Offsets above `i64::MAX` mean the current position to the kernel, or nothing.
fn check_offset(offset: u64) -> Result<(), RingError> {
    if i64::try_from(offset).is_ok() { Ok(()) } else { Err(Errno::INVAL.into()) }
}

/// A length as an entry carries it. The kernel moves no more than this at a time, and says how much it did.
fn clamp(len: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 2 GiB")]
    let len = len.min(crate::iovec::MAX_RW_LEN) as u32;
    len
}

impl<K: Kernel> Inner<'_, K> {
    #[expect(clippy::mut_from_ref, reason = "one use at a time, as the field says")]
    fn ring(&self) -> &mut Ring<K> {
        // SAFETY: `Ring::scope` borrows the ring exclusively for as long as we exist. We are neither `Send` nor
        // `Sync`, and no method keeps this reference over a call of another that makes one.
        unsafe { &mut *self.ring.get() }
    }

    /// Stages one entry under a slot's name.
    fn start(&self, entry: Sqe) -> Result<slots::Id, RingError> {
        let id = self.claim()?;
        match self.stage(&[entry.user_data(id.user_data())]) {
            Ok(()) => {
                self.slots.launch(id);
                Ok(id)
            }
            Err(error) => {
                self.slots.give_back(id);
                Err(error)
            }
        }
    }

    /// A slot, if need be after a look at what has completed.
    fn claim(&self) -> Result<slots::Id, RingError> {
        if let Some(id) = self.slots.claim() {
            return Ok(id);
        }
        self.reap();
        self.slots.claim().ok_or(RingError::Full)
    }

    /// Stages `entries`, all or none; if need be after submitting what is staged.
    fn stage(&self, entries: &[Sqe]) -> Result<(), RingError> {
        let ring = self.ring();
        #[expect(clippy::cast_possible_truncation, reason = "no more than a chain holds")]
        let count = entries.len() as u32;
        if ring.free() < count {
            ring.submit()?;
        }
        // SAFETY: what each entry names was lent for `'env`, which outlives the scope, and the scope is not left
        // before every one of them has completed. None skips its completion.
        let mut slots = unsafe { ring.reserve(count) }?;
        for entry in entries {
            slots.push(*entry);
        }
        slots.stage();
        Ok(())
    }

    /// Hands out what has completed.
    fn reap(&self) {
        for cqe in self.ring().completions() {
            if cqe.is_terminal() {
                self.slots.complete(cqe.user_data, cqe.res);
            }
        }
    }

    /// Submits, waits for `want` completions, and hands them out.
    fn turn(&self, want: u32) {
        if self.is_rest_dropped() {
            self.slots.end_rest(Errno::OVERFLOW);
            return;
        }
        match self.ring().submit_and_wait(want) {
            Ok(_) => self.reap(),
            Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY)) => {
                // Short of memory, or of room for completions: what is there makes room.
                self.reap();
                let _ = self.ring().kernel().yield_now();
            }
            Err(error) => self.give_up(error),
        }
    }

    /// Whether the kernel is done with everything, though some of it has no completion: where it drops those that its queue has
    /// no room for, before 5.5. Waiting for them would last for ever.
    fn is_rest_dropped(&self) -> bool {
        let ring = self.ring();
        ring.dropped() > 0 && ring.free() == ring.entries() && ring.in_flight() == 0
    }

    /// The ring cannot be entered any more, or this is a forked child. What was never taken by the kernel is called
    /// cancelled; what was must come back by itself.
    #[cold]
    fn give_up(&self, error: RingError) {
        const MOMENT: Duration = Duration::from_millis(1);
        let mut moments = self.ring().patience().as_millis();
        let is_child = error == RingError::Forked;
        while !is_child && self.ring().withdraw(&mut drop) > 0 {
            if moments == 0 {
                abort();
            }
            moments -= 1;
            let word = crate::sync::AtomicU32::new(0);
            let _ = self.ring().kernel().wait(&word, 0, Some(MOMENT));
            self.reap();
        }
        self.slots.end_rest(Errno::CANCELED);
    }
}

/// Waits, in the frame of [`Ring::scope`], until nothing that was lent is in use.
struct Drain<'a, 'b, K: Kernel> {
    inner: &'a Inner<'b, K>,
    /// Whether the closure returned. If not, it panicked.
    returned: bool,
}

impl<K: Kernel> Drop for Drain<'_, '_, K> {
    fn drop(&mut self) {
        let held = Held;
        let inner = self.inner;
        inner.reap();
        if !self.returned && inner.slots.in_flight() > 0 {
            // Best effort: without room for the request, we just wait.
            let _ = inner.ring().cancel_all();
        }
        while inner.slots.in_flight() > 0 {
            inner.turn(1);
        }
        core::mem::forget(held);
    }
}

/// Keeps the frame from being left while memory is lent, also by a kernel that panics: dropped, it ends the program.
struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        abort();
    }
}
