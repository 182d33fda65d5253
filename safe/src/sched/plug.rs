//! Submitting many operations with one entry into the kernel.

use std::fmt;

use super::op::Op;
use super::{Base, Held, Scheduler, Ticket};
use crate::error::{Refused, Result};
use crate::host::Native;

/// What comes of submitting an operation: the right to its result, or itself.
pub type Submitted<B, K = Native> = Result<Ticket<B, K>, Refused<Op<B, K>>>;

/// Holds operations back until it is dropped, and then begins all of them, with one entry into the kernel.
///
/// Writes to one file are made one vectored write of at most 1,024 pieces where each begins at the offset at which the one that
/// was submitted before it ends; every ticket keeps the count and the error that are its own. So what is to be written in
/// pieces is best submitted in order. Whether that is done, [`Builder::coalesce`](super::Builder::coalesce) says.
///
/// It delays nothing for its own sake: whoever waits for anything of this scheduler, on any thread, for an operation or for room,
/// begins what is held back. Forgotten, it hangs nobody. What can be had at once, from the page cache or to it, is not held
/// back.
///
/// ```
/// use bareio::{File, Scheduler, sched::Op};
///
/// # let folder = tempfile::tempdir()?;
/// let file = File::create(folder.path().join("log"))?;
/// let scheduler = Scheduler::new()?;
/// let plug = scheduler.plug();
/// let tickets = [0, 1, 2].map(|at| plug.submit(Op::write(&file, vec![at; 4096], u64::from(at) * 4096).durable()));
/// drop(plug);
/// for ticket in tickets {
///     assert_eq!(ticket?.wait()?.0, 4096);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, it holds nothing back"]
pub struct Plug<'s, K: Base = Native> {
    scheduler: &'s Scheduler<K>,
}

impl<K: Base> fmt::Debug for Plug<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plug").finish_non_exhaustive()
    }
}

impl<K: Base> Plug<'_, K> {
    /// As [`Scheduler::submit`], but held back. If there is no room, what is held back begins, and room is waited for.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::submit`].
    pub fn submit<B: Send + 'static>(&self, op: Op<B, K>) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        let machine = self.scheduler.0.machine();
        self.scheduler.submit_by(op, Held::Back, |ask, ids| machine.admit(ask, ids))
    }

    /// As [`Scheduler::try_submit`], but held back. If there is no room, what is held back begins.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::try_submit`].
    pub fn try_submit<B: Send + 'static>(&self, op: Op<B, K>) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        let machine = self.scheduler.0.machine();
        self.scheduler.submit_by(op, Held::Back, |ask, ids| machine.try_admit(ask, ids))
    }

    /// Begins what is held back, by whichever plug, and goes on holding back what comes.
    pub fn flush(&self) {
        self.scheduler.0.machine().release();
    }
}

impl<K: Base> Drop for Plug<'_, K> {
    fn drop(&mut self) {
        self.flush();
    }
}

impl<K: Base> Scheduler<K> {
    /// Holds operations back that are submitted through what it returns, until that is dropped.
    pub const fn plug(&self) -> Plug<'_, K> {
        Plug { scheduler: self }
    }

    /// Submits operations under a [plug](Self::plug) of their own. If there is no room, waits for some, driving meanwhile.
    ///
    /// The tickets are in the order of the operations. One that is refused comes back in its place, and the others go on.
    ///
    /// ```
    /// use bareio::{File, Scheduler, sched::Op};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let file = File::create(folder.path().join("data"))?;
    /// let scheduler = Scheduler::new()?;
    /// let writes = (0..16).map(|at| Op::write(&file, vec![0; 512], at * 512));
    /// for ticket in scheduler.submit_all(writes) {
    ///     assert_eq!(ticket?.wait()?.0, 512);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit_all<B: Send + 'static>(
        &self,
        ops: impl IntoIterator<Item = Op<B, K>>,
    ) -> Vec<Submitted<B, K>> {
        let plug = self.plug();
        ops.into_iter().map(|op| plug.submit(op)).collect()
    }
}
