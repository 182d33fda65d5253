//! The machine, the memory of its slots, and the threads that serve it.
#![expect(
    unsafe_code,
    reason = "operations are put into slots of the core and taken out again by numbers; here is who keeps them apart"
)]

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bareio_core::Errno;
use bareio_core::abi::Timespec;
use bareio_core::errno::Result as CoreResult;
use bareio_core::ring::{RingError, SharedRing};
use bareio_core::ticket::Id;
use bareio_core::ticket::shared::{
    Ask, Busy, Flush, Flushed, Flushing, Job, Keeping, Limits, MAX_CHAIN, Refusal, RingEngine, Shared,
};

use super::arena::{Arena, Borrowed, Room};
use super::backend::Chosen;
use super::files::{Home, Kept};
use super::op::{Op, Plan, What, in_fixed};
use super::posix::Calls;
use super::statistics::Tally;
use super::work::Work;
use super::{Base, Drive, Running};
use crate::error::{Error, ErrorKind, Refused, Result, Why};
use crate::pool::{BufferPool, FixedBuffers, Registration};

/// As many pieces as the core uses.
const MOST_PIECES: usize = 4096;
/// How many files share flushes at a time. A durable write of one more flushes itself.
const FILES: usize = 32;

/// Everything that a scheduler's handles, tickets and threads share.
#[derive(Debug)]
pub(super) struct Desk<K: Base> {
    /// Dropped before the arena is freed, which it borrows.
    machine: ManuallyDrop<Shared<'static, K, Chosen<K>>>,
    arena: Arena,
    pub(super) kernel: K,
    pub(super) running: Running,
    pub(super) kept: Kept,
    pub(super) drive: Drive,
    pub(super) patience: Duration,
    /// Until when the drop waits at most, by the kernel's clock, if somebody has others to wait for too.
    pub(super) hurry: OnceLock<Duration>,
    cpu: Option<usize>,
    pub(super) tally: Tally,
    /// Kept for as long as the ring, and leaked with it.
    fixed: OnceLock<FixedBuffers<K>>,
    served: AtomicBool,
    closed: AtomicBool,
}

/// What is set once.
pub(super) struct Settings {
    pub(super) running: Running,
    pub(super) kept: Kept,
    pub(super) files: usize,
    pub(super) drive: Drive,
    /// The processor that the threads are kept on.
    pub(super) cpu: Option<usize>,
    pub(super) patience: Duration,
    pub(super) slots: usize,
    pub(super) limits: Limits,
    pub(super) counts: bool,
    pub(super) coalesces: bool,
    pub(super) flushing: Flushing,
}

impl Settings {
    /// For how many pieces of vectored writes there is room: for twice as many as there are writes at a time.
    const fn pieces(&self) -> usize {
        let wanted = (2 * self.limits.in_flight as usize).next_multiple_of(16);
        match (self.coalesces, wanted < MOST_PIECES) {
            (false, _) => 0,
            (true, true) => wanted,
            (true, false) => MOST_PIECES,
        }
    }
}

impl<K: Base> Desk<K> {
    pub(super) fn on_ring(kernel: K, ring: SharedRing<K>, settings: &Settings) -> Arc<Self> {
        Arc::new(Self::new(kernel, Chosen::Ring(RingEngine::new(ring)), settings))
    }

    pub(super) fn by_calls(kernel: K, threads: usize, settings: &Settings) -> Arc<Self> {
        let calls = Calls::new(kernel.clone(), threads, settings.slots, settings.coalesces);
        let desk = Arc::new(Self::new(kernel, Chosen::Calls(calls), settings));
        if let Chosen::Calls(calls) = desk.machine.engine() {
            calls.report_to(Arc::downgrade(&desk));
        }
        desk
    }

    fn new(kernel: K, engine: Chosen<K>, settings: &Settings) -> Self {
        let room = Room {
            slots: settings.slots,
            pieces: settings.pieces(),
            waves: FILES,
            gates: settings.files,
            flushing: settings.flushing,
        };
        let (arena, Borrowed { table, jobs, memory, gates }) = Arena::new(room);
        let keeping =
            if settings.kept == Kept::Registered { Keeping::Registered } else { Keeping::Descriptors };
        let machine = Shared::new(kernel.clone(), engine, table, jobs, settings.limits)
            .gathering(memory)
            .with_files(gates, keeping);
        Self {
            machine: ManuallyDrop::new(machine),
            arena,
            kernel,
            running: settings.running,
            kept: settings.kept,
            drive: settings.drive,
            patience: settings.patience,
            hurry: OnceLock::new(),
            cpu: settings.cpu,
            tally: Tally::new(settings.counts),
            fixed: OnceLock::new(),
            served: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn machine(&self) -> &Shared<'static, K, Chosen<K>> {
        &self.machine
    }

    /// Keeps the calling thread, one of ours, where it belongs. It works elsewhere too, where that is refused.
    fn settle_down(&self) {
        if let Some(cpu) = self.cpu {
            let _ = super::shards::cpu::pin(cpu);
        }
    }

    /// For a thread of ours.
    pub(super) fn carry_out(&self) {
        self.settle_down();
        if let Chosen::Calls(calls) = self.machine.engine() {
            calls.carry_out();
        }
    }

    /// Starts the thread that serves futures, once.
    pub(super) fn start_server(self: &Arc<Self>) {
        let is_needed = self.drive != Drive::Caller && self.running.is_ring();
        // Relaxed, both: who starts it is decided by the exchange, and it is told of work under the machine's lock.
        if !is_needed || self.served.load(Ordering::Relaxed) || self.served.swap(true, Ordering::Relaxed) {
            return;
        }
        let desk = self.clone();
        let thread = std::thread::Builder::new().name("bareio driver".into());
        let serve = move || {
            desk.settle_down();
            desk.machine.serve();
        };
        if thread.spawn(serve).is_err() {
            // The next future tries again.
            self.served.store(false, Ordering::Relaxed);
        }
    }

    /// Nobody has a handle or a ticket any more: the threads finish what is left, and go.
    pub(super) fn retire(&self) {
        self.machine.retire();
        if let Chosen::Calls(calls) = self.machine.engine() {
            calls.retire();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: it only says what a cancellation is called.
        self.closed.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self, within: Duration) -> Result<(), Busy> {
        // Relaxed: as above.
        self.closed.store(true, Ordering::Relaxed);
        self.machine.close(within)
    }

    /// Has the ring take the memory of `pools`, once.
    pub(super) fn attach(&self, pools: &[&BufferPool<K>]) -> Result<Registration> {
        let Some(ring) = self.machine.engine().ring() else {
            return Ok(Registration::Unregistered(Errno::NOSYS));
        };
        let twice = Error::unsupported("fixed buffers", Why::Because("some are attached already"));
        if self.fixed.get().is_some() {
            return Err(twice);
        }
        // SAFETY: kept until the ring has ended, with the desk or for ever; leaked if it is not to be kept there.
        let fixed = unsafe { FixedBuffers::register(ring, pools) }?;
        let registration = fixed.registration();
        self.fixed.set(fixed).map_err(|fixed| {
            std::mem::forget(fixed); // another thread's came first, and the kernel may have taken ours
            twice
        })?;
        Ok(registration)
    }

    fn job<B>(&self, work: &mut Work<B, K>, plan: &Plan) -> CoreResult<Job> {
        let is_shareable = plan.may_share_flush();
        // What may share a flush is told by the machine if it is to flush itself.
        let asked = Plan { is_durable: plan.is_durable && !is_shareable, ..*plan };
        let call = work.call(&asked)?;
        let fixed =
            self.fixed.get().and_then(|fixed| in_fixed(call, |first, len| fixed.index_of(first, len)));
        if fixed.is_some() {
            self.tally.fixed();
        }
        let mut job = Job::new(fixed.unwrap_or(call));
        job.flush = work.poison_of_durable(plan).map(|word| Flush { is_shareable, word });
        job.at_once = plan.what == What::Write && work.may_be_at_once(plan);
        job.by_worker = work.is_never_at_once(plan);
        job.priority = plan.priority();
        job.then = plan.then;
        job.file = work.file_use(plan);
        if let Some(within) = plan.within {
            // No time at all would be no limit.
            job.within = Timespec::from(within.max(Duration::from_nanos(1)));
        }
        Ok(job)
    }

    /// Puts an operation into a slot that was let in.
    fn fill<B: Send + 'static>(&self, id: Id, op: Op<B, K>, ask: Ask) -> Result<(), (Errno, Op<B, K>)> {
        let Op { work, plan } = op;
        let job = |work: &mut Work<B, K>| self.job(work, &plan);
        // SAFETY: let in, and filled once; what the job names are the buffer's bytes and the descriptor, neither of which
        // lies in the operation.
        unsafe { self.machine.fill(id, work, ask, job) }.map_err(|(errno, work)| (errno, Op { work, plan }))
    }

    /// Begins an operation that was let in; `held`: it is entered when the machine is told to release, or waited at.
    pub(super) fn begin<B: Send + 'static>(
        &self,
        id: Id,
        op: Op<B, K>,
        ask: Ask,
        held: bool,
    ) -> Result<(), Refused<Op<B, K>>> {
        let plan = op.plan;
        if let Err((errno, op)) = self.fill(id, op, ask) {
            self.machine.give_up(ask, 1);
            return Err(Refused::new(Error::os(plan.what.name(), errno), op));
        }
        let begun = if held {
            // SAFETY: just filled.
            unsafe { self.machine.begin_held(&[id]) }
        } else {
            // SAFETY: just filled.
            unsafe { self.machine.begin(&[id]) }
        };
        begun.map_err(|error| {
            // SAFETY: just filled with it, and not begun.
            let work = unsafe { self.machine.withdraw::<Work<B, K>>(id) };
            self.machine.give_up(ask, 1);
            Refused::new(refused(error), Op { work, plan })
        })
    }

    /// Begins a chain that was let in; its plans say how each is linked to the next.
    pub(super) fn begin_chain<B: Send + 'static>(
        &self,
        ids: &[Id],
        ops: &mut [Option<Op<B, K>>],
        ask: Ask,
    ) -> Result<(), Error> {
        let mut plans = [None; MAX_CHAIN];
        for (plan, op) in plans.iter_mut().zip(&*ops) {
            *plan = op.as_ref().map(|op| op.plan);
        }
        let mut answer = Ok(());
        for (at, &id) in ids.iter().enumerate() {
            let Some(op) = ops[at].take() else { continue };
            if let Err((errno, op)) = self.fill(id, op, ask) {
                answer = Err((at, errno));
                ops[at] = Some(op);
                break;
            }
        }
        let (filled, error) = match answer {
            Ok(()) => {
                // SAFETY: all of them were just filled.
                match unsafe { self.machine.begin(ids) } {
                    Ok(()) => return Ok(()),
                    Err(error) => (ids.len(), refused_of(error)),
                }
            }
            Err((at, errno)) => {
                for &id in &ids[at + 1..] {
                    // SAFETY: let in, and not filled.
                    unsafe { self.machine.leave_empty(id) };
                }
                (at, Error::from(errno))
            }
        };
        for at in 0..filled {
            // SAFETY: filled with one, and not begun.
            let work = unsafe { self.machine.withdraw::<Work<B, K>>(ids[at]) };
            ops[at] = plans[at].map(|plan| Op { work, plan });
        }
        self.machine.give_up(ask, ids.len());
        Err(error)
    }

    /// Takes what is done out of its slot. The caller holds the only [`Hold`] of it, which this uses up.
    fn take<B: Send + 'static>(&self, id: Id) -> (Work<B, K>, CoreResult<u32>) {
        // SAFETY: a `Hold` is made for what was filled with a `Work<B, K>`, once, and says that it is done.
        unsafe { self.machine.take(id) }
    }
}

impl<K: Base> Home for Desk<K> {
    fn release(&self, slot: u32, generation: u64) {
        // SAFETY: a claim is made for what was given out, and dropped once; every operation that uses it has a share of it.
        unsafe { self.machine.release_file(slot, generation) };
    }
}

impl<K: Base> Drop for Desk<K> {
    /// Cancels what is in flight, waits for it for as long as the scheduler is patient, and leaks it otherwise.
    fn drop(&mut self) {
        let is_forked = matches!(
            bareio_core::ticket::shared::Engine::check(self.machine.engine()),
            Err(RingError::Forked)
        );
        let patience = match (self.hurry.get(), self.kernel.now()) {
            (Some(until), Ok(now)) => until.saturating_sub(now).min(self.patience),
            _ => self.patience,
        };
        let is_idle = self.machine.close(patience).is_ok();
        // SAFETY: taken once, here, and never touched again.
        let mut machine = unsafe { ManuallyDrop::take(&mut self.machine) };
        if !is_idle {
            machine.lose_rest();
            match machine.into_engine() {
                Chosen::Ring(ring) => ring.leak(),
                Chosen::Calls(calls) => std::mem::forget(calls),
            }
            std::mem::forget(self.fixed.take());
            return; // and the arena stays, with all that the kernel may still be using
        }
        drop(machine.end());
        if !is_forked {
            // SAFETY: the machine is gone, nothing is in flight, and there are no tickets: each would keep us.
            unsafe { self.arena.free() };
        }
    }
}

/// The right to an operation in a slot: what a ticket is made of.
pub(super) struct Hold<B: Send + 'static, K: Base> {
    pub(super) desk: Arc<super::Handle<K>>,
    id: Id,
    buf: std::marker::PhantomData<fn() -> B>,
}

impl<B: Send + 'static, K: Base> Hold<B, K> {
    /// For an operation with a `B`, which was just begun: made once for each.
    pub(super) fn new(desk: Arc<super::Handle<K>>, id: Id) -> Self {
        Self { desk, id, buf: std::marker::PhantomData }
    }

    pub(super) const fn id(&self) -> Id {
        self.id
    }

    pub(super) fn is_done(&self) -> bool {
        self.desk.machine().is_done(self.id)
    }

    /// How it was flushed, if it is done.
    pub(super) fn flushed(&self) -> Flushed {
        if !self.is_done() {
            return Flushed::Itself;
        }
        // SAFETY: done, and we are the only one to hold it.
        unsafe { self.desk.machine().flushed(self.id) }
    }

    /// What came of it, if it is done; else it comes back.
    pub(super) fn take(self) -> Result<(Work<B, K>, CoreResult<u32>), Self> {
        if !self.is_done() {
            return Err(self);
        }
        let this = ManuallyDrop::new(self);
        let taken = this.desk.take(this.id);
        // SAFETY: `this` is not used any more, so its owner of the desk is read once.
        drop(unsafe { std::ptr::read(&raw const this.desk) });
        Ok(taken)
    }
}

impl<B: Send + 'static, K: Base> Drop for Hold<B, K> {
    fn drop(&mut self) {
        // SAFETY: we are the only one, and gone after this.
        unsafe { self.desk.machine().abandon(self.id) };
    }
}

/// The same, of one operation of a chain.
fn refused_of(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Files { index, .. } => refused(refusal).at(index),
        _ => refused(refusal),
    }
}

/// As an error of this crate.
pub(super) fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Full => Error::new(ErrorKind::Full),
        Refusal::Closed => Error::new(ErrorKind::Closed),
        Refusal::Ring(error) => error.into(),
        Refusal::Files { error, .. } => error.into(),
        Refusal::TooLong { len, limit } => Error::new(ErrorKind::OutOfRange {
            what: "operations of a chain",
            value: len as u64,
            least: 1,
            most: limit as u64,
            power_of_two: false,
        }),
    }
}
