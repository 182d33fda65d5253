//! Slots that many threads fill and wait at, and one of those who wait drives for all.
//!
//! ```text
//!  any thread   admit ─► fill ─► begin ──────────► engine (a ring, or threads)
//!  any thread   wait ──┬─ the role is free: take it ─► turn the engine ─► complete ─► wake those concerned
//!                      └─ it is taken: sleep until completed, or called
//! ```
//!
//! Nobody needs the role to begin an operation, so a driver that sleeps in the kernel delays no submitter. The role is
//! no lock that somebody waits for: it is a flag under a short lock, and this holds whenever that lock is free:
//!
//! > If the role is free, nobody is blocked who has not been called, or somebody is awake who will look again before
//! > they leave.
//!
//! So whoever goes away while the role is free calls the next: the first blocked thread, else one that waits for room,
//! else, if a future is in flight, the thread that serves futures. What was called may find that it has nothing to wait for any
//! more; then it is the one that goes away, and calls the next.
//!
//! Wakers, and what orphans own, are code that is not ours, which may submit and wait. They run when the role and all
//! locks are free.
//!
//! A chain is a list of slots. The next one starts when the one before has completed, whole or linked hard; it is started by
//! whoever reaped that. Nothing is left to a kernel that takes a chain in part.

mod arrive;
mod calls;
mod close;
mod drive;
mod engine;
mod fifo;
mod files;
mod gather;
mod hold;
mod holding;
mod pieces;
mod queue;
mod ring;
mod room;
mod settle;
mod state;
mod wave;

use core::fmt;

pub use arrive::Flushed;
pub use close::Busy;
pub use engine::{Cancelled, Class, Engine, Event, Flush, Job, JobCell, Started};
pub use files::{FileGate, FileUse, FilesError, Keeping, Use};
pub use gather::{Gathered, Group, Memory};
pub use ring::RingEngine;
pub use room::Room;
pub use state::{Counts, Limits, Refusal};
pub use wave::{Flushing, Wave};

use super::operation::Operation;
use super::table::{Id, Reaper, Table};
use crate::abi::Cqe;
use crate::errno::{Errno, Result};
use crate::kernel::Kernel;
use crate::lock::{Guard, Lock};
use crate::op::Then;
use crate::ring::RingError;
use crate::sync::{AtomicBool, AtomicU32, Ordering};
use files::{Entry, Files};
use gather::Gather;
use state::State;

/// How many operations a chain has at most.
pub const MAX_CHAIN: usize = 8;

/// Operations of many threads, in slots.
///
/// This is the machine; it hands out numbers. What owns them, and gives back what was put in, is up to the caller: the
/// duties are those of [`fill`](Self::fill), [`begin`](Self::begin) and [`take`](Self::take).
pub struct Shared<'t, K: Kernel, E: Engine> {
    kernel: K,
    engine: E,
    table: &'t Table<'t>,
    jobs: &'t [JobCell],
    state: Lock<State<'t>>,
    files: Lock<Files<'t>>,
    /// Something may begin that was held, and nobody has begun it.
    ready: AtomicBool,
    /// How many slots for files there are.
    slots: usize,
    reaper: Reaper<'t>,
    limits: Limits,
    /// 1 if the thread that serves futures is to look again.
    bell: AtomicU32,
    /// How many wait for room. Set before they look for it; whoever makes room looks at it afterwards.
    hungry: AtomicU32,
    /// Whether chains go on.
    closing: AtomicBool,
    gather: Lock<Gather<'t>>,
    /// Whether writes that follow each other are made one.
    coalesces: bool,
    /// Whether something was begun that is not entered yet. Under no lock; what is staged is under `gather`'s.
    held: AtomicBool,
    /// Whether flushes may be due, and whether ends are to be told. Set under `gather`'s lock, as they are cleared.
    due: AtomicBool,
    is_behind: AtomicBool,
}

/// What is asked for when operations are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who they are for.
    pub class: Class,
    /// How many completions they take room for: one each, and one more for a time limit.
    pub cost: u32,
}

impl<'t, K: Kernel + Sync, E: Engine> Shared<'t, K, E> {
    /// The slots of `table`, each with its cell of `jobs`, carried out by `engine`.
    ///
    /// # Panics
    ///
    /// If there are fewer cells than slots.
    pub fn new<'s: 't>(
        kernel: K,
        engine: E,
        table: &'t mut Table<'s>,
        jobs: &'t [JobCell],
        limits: Limits,
    ) -> Self {
        assert!(jobs.len() >= table.len(), "{} cells for {} slots", jobs.len(), table.len());
        let (claimer, reaper) = table.split();
        let table = claimer.table();
        let state = Lock::new(State::new(claimer, limits));
        let (bell, hungry, closing) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
        let files = Lock::new(Files::new(&mut [], jobs, Keeping::Descriptors));
        let gather = Lock::new(Gather::new(Memory::default()));
        let [ready, held, due, is_behind] = [(); 4].map(|()| AtomicBool::new(false));
        let (slots, coalesces) = (0, false);
        Self {
            kernel,
            engine,
            table,
            jobs,
            state,
            files,
            ready,
            slots,
            reaper,
            limits,
            bell,
            hungry,
            closing,
            gather,
            coalesces,
            held,
            due,
            is_behind,
        }
    }

    /// The same, with memory for writes that go together and for flushes that are shared.
    #[must_use]
    pub fn gathering(mut self, memory: Memory<'t>) -> Self {
        self.coalesces = !memory.pieces.is_empty();
        self.gather = Lock::new(Gather::new(memory));
        self
    }

    /// The same, with slots for files, which are kept as it says. If they are registered, the engine has as many.
    #[must_use]
    pub fn with_files(mut self, gates: &'t mut [FileGate], keeping: Keeping) -> Self {
        self.slots = gates.len();
        self.files = Lock::new(Files::new(gates, self.jobs, keeping));
        self
    }

    /// What carries the operations out.
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// What it runs on.
    pub const fn kernel(&self) -> &K {
        &self.kernel
    }

    /// The engine again.
    pub fn into_engine(self) -> E {
        self.engine
    }

    fn lock(&self) -> Guard<'_, State<'t>, K> {
        self.state.lock(&self.kernel)
    }

    fn gather(&self) -> Guard<'_, Gather<'t>, K> {
        self.gather.lock(&self.kernel)
    }

    /// Lets `ids.len()` operations in, if there is room and nobody has closed it.
    ///
    /// Each of the slots is then [filled](Self::fill), or all of them [given up](Self::give_up).
    ///
    /// # Errors
    ///
    /// Why not; see [`Refusal`].
    pub fn try_admit(&self, ask: Ask, ids: &mut [Id]) -> Result<(), Refusal> {
        self.check(ask, ids.len())?;
        let answer = self.lock().admit(&self.limits, ask, ids);
        if answer == Err(Refusal::Full) {
            // Whoever tries again without waiting is to see an end of it, too.
            self.release();
        }
        answer
    }

    /// As [`try_admit`](Self::try_admit), and waits for room, driving meanwhile.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`] if only tickets that were not collected hold the slots.
    pub fn admit(&self, ask: Ask, ids: &mut [Id]) -> Result<(), Refusal> {
        match self.try_admit(ask, ids) {
            Err(Refusal::Full) => self.wait_for_room(ask, ids),
            answer => answer,
        }
    }

    fn check(&self, ask: Ask, count: usize) -> Result<(), Refusal> {
        self.engine.check().map_err(Refusal::Ring)?;
        let most = self.limits.most(ask.class).min(MAX_CHAIN).min(self.table.len());
        if count > most || ask.cost as usize > self.limits.credits as usize {
            return Err(Refusal::TooLong { len: count, limit: most });
        }
        Ok(())
    }

    /// Moves `operation` into a slot that was let in, and has it say what is to be done.
    ///
    /// # Errors
    ///
    /// What it says is wrong with it, with the operation. The slot is free then; the others of its chain are to be
    /// given up.
    ///
    /// # Safety
    ///
    /// - `id` was let in here, and not filled.
    /// - What the job names stays valid until the operation is dropped, and is not the operation's own inline memory, as
    ///   [`Operation`] demands of an entry.
    pub unsafe fn fill<O: Operation>(
        &self,
        id: Id,
        operation: O,
        ask: Ask,
        make: impl FnOnce(&mut O) -> Result<Job>,
    ) -> Result<(), (Errno, O)> {
        // SAFETY: let in, so the slot is free and claimed by the caller.
        match unsafe { self.table.insert(id, operation, make) } {
            Ok(job) => {
                let job = Job { next: None, opens: None, class: ask.class, ..job };
                // SAFETY: the slot is the caller's, and not started.
                unsafe { self.jobs[id.index()].set(job) };
                Ok(())
            }
            // SAFETY: inserted above, and never started.
            Err(errno) => Err((errno, unsafe { self.table.remove(id) })),
        }
    }

    /// Takes an operation out again that was filled and not begun.
    ///
    /// # Safety
    ///
    /// It was filled with an `O`, and not begun.
    pub unsafe fn withdraw<O: Operation>(&self, id: Id) -> O {
        // SAFETY: the caller's word.
        unsafe { self.table.remove(id) }
    }

    /// Frees a slot that was let in and not filled.
    ///
    /// # Safety
    ///
    /// As said.
    pub unsafe fn leave_empty(&self, id: Id) {
        self.table.free(id);
    }

    /// Takes back that `count` operations were let in, all of whose slots are free again.
    pub fn give_up(&self, ask: Ask, count: usize) {
        self.lock().leave(ask, count);
        self.has_freed();
    }

    /// Begins what was filled: one operation, or a chain of them in this order, each linked to the next as its job says.
    ///
    /// # Errors
    ///
    /// [`Refusal::Files`]: it uses slots of files as it may not. [`Refusal::Ring`]: the engine does not take it. Nothing was
    /// begun, and the operations can be withdrawn.
    ///
    /// # Safety
    ///
    /// All of them were filled, and not begun.
    pub unsafe fn begin(&self, ids: &[Id]) -> Result<(), Refusal> {
        // SAFETY: the caller's word.
        unsafe { self.link_all(ids) };
        // SAFETY: the caller's word.
        if unsafe { self.begin_unentered(ids) }? {
            // What it cannot submit now, whoever waits for it will find out.
            let _ = self.engine.flush();
        }
        self.call_always_served();
        Ok(())
    }

    /// Begins what was filled and linked. Says whether the engine has something that it was not told to run.
    ///
    /// # Safety
    ///
    /// As [`begin`](Self::begin).
    unsafe fn begin_unentered(&self, ids: &[Id]) -> Result<bool, Refusal> {
        let Some(&first) = ids.first() else { return Ok(false) };
        // SAFETY: filled and not begun.
        if unsafe { self.accept(ids) }? {
            return Ok(false);
        }
        // SAFETY: filled, accepted and not begun.
        match unsafe { self.start(first) } {
            Ok(Started::Done(res)) => self.complete_now(first, res),
            Ok(Started::Pending) => return Ok(true),
            Err(error) => {
                // SAFETY: accepted, and not begun.
                unsafe { self.refuse(ids) };
                return Err(Refusal::Ring(error));
            }
        }
        Ok(false)
    }

    /// # Safety
    ///
    /// As [`begin`](Self::begin).
    unsafe fn link_all(&self, ids: &[Id]) {
        for pair in ids.windows(2) {
            // SAFETY: filled and not begun, so the caller's.
            unsafe { self.jobs[pair[0].index()].change(|job| job.next = Some(pair[1])) };
        }
    }

    /// # Safety
    ///
    /// Filled, and not under way; its predecessor, if any, has completed.
    unsafe fn start(&self, id: Id) -> Result<Started, RingError> {
        let cell = &self.jobs[id.index()];
        if cell.is_cancelled() {
            return Ok(Started::Done(-Errno::CANCELED.number()));
        }
        // SAFETY: nobody else has it before it is started.
        let mut job = unsafe { cell.get() };
        if let Some(file) = job.file {
            match self.enter(id, file) {
                Entry::Go(Some(fd)) => job.op = job.op.on_descriptor(fd),
                Entry::Go(None) => {}
                Entry::Wait => return Ok(Started::Pending),
                Entry::Done(res) => return Ok(Started::Done(res)),
            }
        }
        // On the file that it really has by now, whose flush it shares.
        if let Some(flush) = job.flush.filter(|flush| flush.is_shareable) {
            self.join_wave(id, &mut job, flush);
        }
        // SAFETY: what it names is the operation's in the slot, until its completion; the cell stays as long as the engine.
        let started = unsafe { self.engine.start(id.user_data(), &job, cell.within()) };
        if started.is_err() {
            self.turned_away(id, &job);
        }
        started
    }

    /// Whether the outcome of an operation can be taken.
    pub fn is_done(&self, id: Id) -> bool {
        self.table.is_done(id)
    }

    /// Whether an operation was given up together with the engine: what it owns is leaked.
    pub fn is_lost(&self, id: Id) -> bool {
        self.table.is_lost(id)
    }

    /// Takes an operation that is done out of its slot, with its result as a completion carries it.
    ///
    /// # Safety
    ///
    /// It was filled with an `O` and is done; the caller holds its only ticket, and uses it up.
    pub unsafe fn take<O: Operation>(&self, id: Id) -> (O, Result<u32>) {
        let res = self.table.result(id);
        // SAFETY: done, and the caller's, once.
        let operation = unsafe { self.table.remove(id) };
        self.has_freed();
        (operation, Errno::check_res(res))
    }

    /// Gives a ticket up. What it names is disposed of, now or when it completes.
    ///
    /// # Safety
    ///
    /// The caller holds the only ticket, and uses it up.
    pub unsafe fn abandon(&self, id: Id) {
        // SAFETY: the caller's word.
        if unsafe { self.table.abandon(id) } {
            self.has_freed();
        }
    }

    /// Completes an operation on behalf of an engine that reports by itself.
    ///
    /// # Safety
    ///
    /// The engine was given it, is done with it, and completes it once.
    pub unsafe fn complete(&self, cqe: Cqe) {
        // SAFETY: the caller's word.
        unsafe { self.complete_one(cqe, true) };
    }

    /// # Safety
    ///
    /// As [`complete`](Self::complete); or the engine was never given it.
    unsafe fn complete_one(&self, cqe: Cqe, was_started: bool) {
        let mut turned = settle::Turned::new();
        // SAFETY: the caller's word.
        unsafe { self.arrive(cqe, was_started, &mut turned) };
        self.account(turned);
    }

    fn complete_now(&self, id: Id, res: i32) {
        let cqe = Cqe { user_data: id.user_data(), res, ..Cqe::default() };
        // SAFETY: the engine said that it has nothing of it.
        unsafe { self.complete_one(cqe, false) };
    }

    /// What has been counted so far.
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        Counts { in_flight: u64::from(state.in_flight), ..state.counts }
    }

    /// How operation `id` is linked to the next: for whoever builds chains.
    ///
    /// # Safety
    ///
    /// It was filled, and not begun.
    pub unsafe fn link(&self, id: Id, then: Then) {
        // SAFETY: filled and not begun, so the caller's.
        unsafe { self.jobs[id.index()].change(|job| job.then = then) };
    }

    /// Whether writes that follow each other are made one.
    pub const fn coalesces(&self) -> bool {
        self.coalesces
    }

    /// Whether nothing is let in any more.
    pub fn is_closed(&self) -> bool {
        self.is_closing()
    }

    fn is_closing(&self) -> bool {
        // Relaxed: a chain that goes on by one more operation is cancelled with the rest.
        self.closing.load(Ordering::Relaxed)
    }
}

impl<K: Kernel, E: Engine> fmt::Debug for Shared<'_, K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("slots", &self.jobs.len())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
