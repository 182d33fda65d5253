//! Operations that wait for each other.

use std::fmt;
use std::time::Duration;

use bareio_core::op::Then;

pub use bareio_core::ticket::shared::MAX_CHAIN;

use super::desk::{Hold, refused};
use super::op::{Op, Plan};
use super::ticket::{conclude, unfinished};
use super::{Base, Class};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Native;

/// Up to [`MAX_CHAIN`] operations, one after the other, with buffers of one kind.
///
/// It is a value: nothing happens before it is submitted, and it is let in whole or not at all. Each operation begins when
/// the one before has ended: by a soft link only if all of that was done, or it is cancelled with everything behind it; by a
/// hard link whatever became of it.
///
/// ```
/// use bareio::{File, Scheduler, sched::{Chain, Op}};
///
/// # let folder = tempfile::tempdir()?;
/// let file = File::create(folder.path().join("data"))?;
/// let scheduler = Scheduler::new()?;
/// let commit = Chain::new(Op::write(&file, b"record".to_vec(), 0))
///     .link(Op::sync_data(&file).in_chain())
///     .link(Op::write(&file, b"head".to_vec(), 4096))
///     .link(Op::sync_data(&file).in_chain());
/// let done = scheduler.submit_chain(commit)?.wait();
/// assert_eq!(done.error(), None);
/// assert_eq!(done.first(), Ok(6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Chain<B: 'static, K: Base = Native> {
    pub(super) ops: [Option<Op<B, K>>; MAX_CHAIN],
    len: usize,
}

impl<B, K: Base> fmt::Debug for Chain<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<B, K: Base> Chain<B, K> {
    /// A chain of one.
    pub fn new(op: Op<B, K>) -> Self {
        let mut chain = Self { ops: [const { None }; MAX_CHAIN], len: 0 };
        chain.push(op);
        chain
    }

    /// Adds an operation that begins if all of the one before was done, and is cancelled otherwise.
    #[must_use]
    pub fn link(self, op: Op<B, K>) -> Self {
        self.then(Then::Soft, op)
    }

    /// Adds an operation that begins after the one before, whatever became of that.
    #[must_use]
    pub fn hard_link(self, op: Op<B, K>) -> Self {
        self.then(Then::Hard, op)
    }

    fn then(mut self, then: Then, op: Op<B, K>) -> Self {
        if let Some(Some(last)) = self.len.checked_sub(1).and_then(|last| self.ops.get_mut(last)) {
            last.plan.then = then;
        }
        self.push(op);
        self
    }

    /// One too many is counted and not kept, and refused when it is submitted.
    fn push(&mut self, mut op: Op<B, K>) {
        op.plan.is_linked = true;
        if let Some(place) = self.ops.get_mut(self.len) {
            *place = Some(op);
        }
        self.len += 1;
    }

    /// How many operations were added.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Never.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The buffers, in order.
    pub fn into_bufs(self) -> impl Iterator<Item = B> {
        self.ops.into_iter().flatten().filter_map(Op::into_buf)
    }

    /// Checks what can be checked before anybody is asked.
    pub(super) fn check(&mut self) -> Result<()> {
        if self.len > MAX_CHAIN {
            let (value, most) = (self.len as u64, MAX_CHAIN as u64);
            let what = "operations of a chain";
            return Err(ErrorKind::OutOfRange { what, value, least: 1, most, power_of_two: false }.into());
        }
        for (op, index) in self.ops.iter_mut().flatten().zip(0..) {
            let is_lone_flush = op.plan.is_durable && self.len > 1;
            let checked = if is_lone_flush { Err(ErrorKind::DurableInChain.into()) } else { op.check() };
            checked.map_err(|error| error.at(index))?;
        }
        Ok(())
    }

    /// Who it is for: in the background if all of it is.
    pub(super) fn class(&self) -> Class {
        let all = self.ops.iter().flatten().all(|op| op.plan.class == Class::Background);
        if all { Class::Background } else { Class::Latency }
    }

    pub(super) fn cost(&self) -> u32 {
        self.ops.iter().flatten().map(|op| op.plan.cost()).sum()
    }

    pub(super) fn plans(&self) -> [Option<Plan>; MAX_CHAIN] {
        let mut plans = [None; MAX_CHAIN];
        for (plan, op) in plans.iter_mut().zip(&self.ops) {
            *plan = op.as_ref().map(|op| op.plan);
        }
        plans
    }
}

/// A chain that was submitted.
///
/// Dropped, its operations go on, those that have not begun included: the thread that serves futures sees to it, or with
/// [`Drive::Caller`](super::Drive::Caller) the next turn.
#[must_use = "dropped, the results of a chain are thrown away"]
pub struct ChainTicket<B: Send + 'static, K: Base = Native> {
    pub(super) holds: [Option<Hold<B, K>>; MAX_CHAIN],
    pub(super) plans: [Option<Plan>; MAX_CHAIN],
    pub(super) is_cancelled: bool,
    pub(super) is_counted: bool,
}

impl<B: Send + 'static, K: Base> fmt::Debug for ChainTicket<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainTicket").finish_non_exhaustive()
    }
}

impl<B: Send + 'static, K: Base> ChainTicket<B, K> {
    /// Waits for all of it.
    pub fn wait(mut self) -> ChainDone<B> {
        self.wait_all(None).map_or_else(ChainDone::broken, |()| self.take())
    }

    /// Waits for all of it, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// The ticket, if time runs out.
    pub fn wait_timeout(mut self, timeout: Duration) -> Result<ChainDone<B>, Self> {
        match self.wait_all(Some(timeout)) {
            Ok(()) => Ok(self.take()),
            Err(error) if error.is_timed_out() => Err(self),
            Err(error) => Ok(ChainDone::broken(error)),
        }
    }

    fn wait_all(&self, timeout: Option<Duration>) -> Result<()> {
        let mut deadline = None;
        for hold in self.holds.iter().flatten() {
            if let (Some(timeout), None) = (timeout, deadline) {
                deadline = Some(hold.desk.kernel.now()?.saturating_add(timeout));
            }
            hold.desk.machine().wait(hold.id(), deadline).map_err(unfinished)?;
        }
        Ok(())
    }

    /// Asks for the end of all that has not ended, and waits for it.
    pub fn cancel(mut self) -> ChainDone<B> {
        self.is_cancelled = true;
        loop {
            for hold in self.holds.iter().flatten().rev() {
                match hold.desk.machine().cancel(hold.id()).map_err(refused) {
                    Ok(()) => {}
                    Err(error) if error.is_full() => {}
                    Err(error) => return ChainDone::broken(error),
                }
            }
            self = match self.wait_timeout(Duration::from_millis(20)) {
                Ok(done) => return done,
                Err(ticket) => ticket,
            };
        }
    }

    fn take(&mut self) -> ChainDone<B> {
        self.uncount();
        let mut ends = [const { None }; MAX_CHAIN];
        for ((end, hold), plan) in ends.iter_mut().zip(&mut self.holds).zip(self.plans) {
            let (Some(hold), Some(plan)) = (hold.take(), plan) else { continue };
            let desk = hold.desk.clone();
            *end = Some(match hold.take() {
                Ok((work, result)) => conclude(&desk, plan, self.is_cancelled, work, result),
                Err(_) => (Err(Error::new(ErrorKind::Lost)), None),
            });
        }
        ChainDone { ends }
    }

    fn uncount(&mut self) {
        if let Some(hold) = self.holds.iter().flatten().next() {
            hold.desk.machine().uncount(&mut self.is_counted);
        }
    }
}

impl<B: Send + 'static, K: Base> Drop for ChainTicket<B, K> {
    fn drop(&mut self) {
        self.uncount();
        // What has not begun needs somebody to begin it.
        if let Some(hold) = self.holds.iter().flatten().find(|hold| !hold.is_done()) {
            hold.desk.start_server();
            hold.desk.machine().adopt();
        }
    }
}

impl<B: Send + 'static, K: Base> Unpin for ChainTicket<B, K> {}

impl<B: Send + 'static, K: Base> Future for ChainTicket<B, K> {
    type Output = ChainDone<B>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<ChainDone<B>> {
        use std::task::Poll;
        let this = &mut *self;
        for hold in this.holds.iter().flatten() {
            match hold.desk.machine().poll(hold.id(), context.waker(), &mut this.is_counted) {
                Poll::Pending => {
                    hold.desk.start_server();
                    return Poll::Pending;
                }
                Poll::Ready(Err(why)) => return Poll::Ready(ChainDone::broken(unfinished(why))),
                Poll::Ready(Ok(())) => {}
            }
        }
        Poll::Ready(this.take())
    }
}

/// What came of a chain.
pub struct ChainDone<B> {
    ends: [Option<(Result<usize>, Option<B>)>; MAX_CHAIN],
}

impl<B> fmt::Debug for ChainDone<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.results()).finish()
    }
}

impl<B> ChainDone<B> {
    fn broken(error: Error) -> Self {
        let mut ends = [const { None }; MAX_CHAIN];
        ends[0] = Some((Err(error), None));
        Self { ends }
    }

    /// What the first operation came to.
    ///
    /// # Errors
    ///
    /// Its own.
    pub fn first(&self) -> Result<usize> {
        self.results().next().unwrap_or(Err(Error::new(ErrorKind::NotRun)))
    }

    /// The first error, with the index of its operation. A short transfer that severed the chain is one.
    pub fn error(&self) -> Option<Error> {
        self.results().zip(0..).find_map(|(result, index)| result.err().map(|error| error.at(index)))
    }

    /// What each operation came to, in order.
    pub fn results(&self) -> impl Iterator<Item = Result<usize>> {
        self.ends.iter().flatten().map(|(result, _)| *result)
    }

    /// The buffers, in order; none for an operation that had none.
    pub fn into_bufs(self) -> impl Iterator<Item = Option<B>> {
        self.ends.into_iter().flatten().map(|(_, buf)| buf)
    }
}
