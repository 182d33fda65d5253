//! Ending a ring: cancel, wait for every completion, and only then let go; or leak, and count it.

use core::fmt;
use core::time::Duration;

use super::{Ring, RingError};
use crate::abi::{CancelFlags, Cqe, Register, SetupFlags, Sqe, SyncCancel, Timespec};
use crate::errno::Errno;
use crate::kernel::{BorrowedFd, Kernel};
use crate::sqe;
use crate::sync::{AtomicU32, Counter};

/// How long a drop waits, unless told otherwise.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long one wait of a drain is.
const MOMENT: Duration = Duration::from_millis(10);

/// What the cancellation of everything carries: no scope and no driver has an operation of that name.
const CANCEL: u64 = u64::MAX;

static LEAKED: Counter = Counter::new();

/// How many rings were leaked since the program began, because the kernel would not give back what they had in
/// flight.
pub fn leaked() -> usize {
    LEAKED.get()
}

/// The kernel has not completed everything: the ring is still there, to be tried again or forgotten.
#[must_use = "dropping it waits again, and then leaks the ring"]
pub struct StillBusy<K: Kernel> {
    /// The ring.
    pub ring: Ring<K>,
    /// How many operations have not completed.
    pub in_flight: u32,
}

impl<K: Kernel> fmt::Debug for StillBusy<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StillBusy").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

impl<K: Kernel> fmt::Display for StillBusy<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} operations have not completed; their memory must stay valid", self.in_flight)
    }
}

impl<K: Kernel> core::error::Error for StillBusy<K> {}

impl<K: Kernel> Ring<K> {
    /// Takes back what was never submitted, cancels what can be, waits for every completion for at most
    /// `within`, and gives everything back. Completions are thrown away.
    ///
    /// Reads and writes of files cannot be cancelled once the device has them; they are waited for.
    ///
    /// # Errors
    ///
    /// [`StillBusy`], with the ring, if the kernel has not completed everything by then.
    #[expect(clippy::result_large_err, reason = "the ring itself comes back, once in its life")]
    pub fn close(mut self, within: Duration) -> Result<(), StillBusy<K>> {
        if self.drain(within, core::iter::empty(), &mut drop) {
            return Ok(()); // the drop finds nothing in flight
        }
        Err(StillBusy { in_flight: self.in_flight(), ring: self })
    }

    /// Cancels what the kernel can still cancel, without waiting: of operations on devices, hardly any; of those that wait for
    /// something, all. Their own completions say what became of them.
    ///
    /// The request has a completion too, whose `user_data` is `u64::MAX`, and never the caller's choice: it may come when a
    /// [`scope`](Self::scope) has begun meanwhile, and must not pass for one of its operations.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`] if there is no room for the request: submit first.
    pub fn cancel_all(&mut self) -> Result<(), RingError> {
        let entry = sqe::cancel(0, CancelFlags::ANY | CancelFlags::ALL).user_data(CANCEL);
        // SAFETY: it points to nothing.
        unsafe { self.push(entry) }
    }

    /// Asks the kernel to cancel the operation that carries `target`; the first, if several do. What
    /// [`cancel_all`](Self::cancel_all) says holds here too. 5.5.
    ///
    /// # Errors
    ///
    /// As [`cancel_all`](Self::cancel_all).
    pub fn cancel(&mut self, target: u64) -> Result<(), RingError> {
        let entry = sqe::cancel(target, CancelFlags::NONE).user_data(CANCEL);
        // SAFETY: it points to nothing.
        unsafe { self.push(entry) }
    }

    /// Asks the kernel to cancel every operation on `file`. As [`cancel_all`](Self::cancel_all). 5.19.
    ///
    /// # Errors
    ///
    /// As [`cancel_all`](Self::cancel_all).
    pub fn cancel_file(&mut self, file: BorrowedFd<'_>) -> Result<(), RingError> {
        let entry = sqe::cancel_fd(file.fd(), CancelFlags::ALL).user_data(CANCEL);
        // SAFETY: it points to nothing. A number that is another file's by the time it is submitted makes it cancel
        // that one's operations, which say so; nothing is written anywhere.
        unsafe { self.push(entry) }
    }

    /// Whether nothing is in flight any more, after at most `within`. Completions are handed to `reap`; for what was never
    /// submitted, one of our own that says `CANCELED`.
    ///
    /// `names` are what operations carry that may be in flight, for kernels that cancel by name only (before 5.19).
    pub(crate) fn drain(
        &mut self,
        within: Duration,
        mut names: impl Iterator<Item = u64>,
        reap: &mut impl FnMut(Cqe),
    ) -> bool {
        if self.parts.sentinel.check(&self.parts.kernel).is_err() {
            return true; // a child has nothing in flight
        }
        self.completions().for_each(&mut *reap);
        if self.withdraw(reap) == 0 {
            return true;
        }
        self.cancel_for_good();
        // Such a kernel knows this flag too.
        let cancels_all = self.parts.setup.contains(SetupFlags::TASKRUN_FLAG);
        let deadline = self.parts.kernel.now().map(|now| now.saturating_add(within));
        // Where there is no clock, as many moments as the time has.
        let mut moments = within.as_millis() / MOMENT.as_millis() + 1;
        loop {
            while !cancels_all && self.sq.free() > 0 {
                let Some(name) = names.next() else { break };
                // There is room.
                let _ = self.cancel(name);
            }
            self.sq.publish();
            let entered = self.enter_for_any(MOMENT.min(within));
            self.completions().for_each(&mut *reap);
            if self.in_flight() == 0 {
                return true;
            }
            moments = moments.saturating_sub(1);
            let is_late = match (&deadline, self.parts.kernel.now()) {
                (Ok(deadline), Ok(now)) => now >= *deadline,
                (Err(_), _) | (_, Err(_)) => moments == 0,
            };
            if is_late {
                return false;
            }
            if entered.is_err() {
                // We may not enter any more; what completes by itself still shows.
                let _ = self.parts.kernel.wait(&AtomicU32::new(0), 0, Some(MOMENT.min(within)));
            }
        }
    }

    /// Asks for the cancellation of everything: by an entry (5.19), or where none can be placed by a call
    /// (6.0). Older kernels cancel by name only, which is up to who knows the names.
    fn cancel_for_good(&mut self) {
        if self.cancel_all().is_ok() {
            self.sq.publish();
            return;
        }
        let mut cancel = SyncCancel {
            user_data: 0,
            fd: -1,
            flags: CancelFlags::ANY | CancelFlags::ALL,
            timeout: Timespec::default(),
            opcode: 0,
            pad: [0; 7],
            pad2: [0; 3],
        };
        // It answers 0 while operations still run, so its answer says nothing; their completions do.
        // SAFETY: one request, valid for the call.
        let _ = unsafe { self.parts.register(Register::SYNC_CANCEL, (&raw mut cancel).cast(), 1) };
    }

    /// How long a drop waits.
    pub(crate) fn patience(&self) -> Duration {
        self.parts.patience
    }

    /// Takes back what the kernel has not taken yet (with a polling thread: what was not shown to it), hands `reap` a completion of our
    /// own for each, which says `CANCELED`, and says how many operations the kernel has in flight.
    pub(crate) fn withdraw(&mut self, reap: &mut impl FnMut(Cqe)) -> u32 {
        if self.parts.sentinel.check(&self.parts.kernel).is_ok() {
            let count = if self.polls_sq() {
                self.sq.unstage()
            } else {
                // SAFETY: nobody is in `enter`, because we are not, and there is no polling thread.
                unsafe { self.sq.retract() }
            };
            let res = -Errno::CANCELED.number();
            for Sqe { user_data, .. } in self.sq.taken_back(count) {
                reap(Cqe { user_data, res, ..Cqe::default() });
            }
        }
        self.in_flight()
    }

    /// Gives the ring up: its descriptor and its memory stay for ever, and it is counted.
    pub(crate) fn leak(&mut self) {
        LEAKED.increment();
        self.parts.leak();
    }
}

impl<K: Kernel> Drop for Ring<K> {
    /// Waits for what is in flight for as long as [`Builder::patience`](super::Builder::patience) says, then
    /// leaks the ring and counts it.
    fn drop(&mut self) {
        if !self.parts.is_leaked() && !self.drain(self.parts.patience, core::iter::empty(), &mut drop) {
            self.leak();
        }
    }
}
