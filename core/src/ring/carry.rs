//! Operations whose memory is lent for one call.

use core::time::Duration;

use super::{PushError, Ring, RingError};
use crate::abi::Cqe;
use crate::errno::{Errno, Result};
use crate::kernel::Kernel;
use crate::op::Link;

/// The most completions to wait for before what they make room for is submitted.
const MOST: u32 = 32;

impl<K: Kernel> Ring<K> {
    /// Carries `chains` out and returns when the kernel is done with all of them: what
    /// [`perform_chain`](crate::op::perform_chain) is by calls. `each` is told the result of every operation, in any
    /// order, with its index among all operations.
    ///
    /// Chains do not wait for each other. If all of them fit the ring, one system call submits them and waits; else
    /// they are staged as room comes, each in one piece. Completions of whatever was in flight on this ring
    /// before are thrown away.
    ///
    /// # Errors
    ///
    /// [`PushError::Chain`] for the first chain that this ring can never take, with those before it done, and none from there
    /// on begun. [`PushError::Ring`] if the ring can no longer be entered. An operation that `each` was not told of was
    /// not begun; but for `OVERFLOW`, which says that a kernel before 5.5 lost results.
    ///
    /// # Aborts
    ///
    /// As a [`scope`](Self::scope), if the ring can no longer be entered, and what is lent does not come back by itself
    /// within the ring's patience.
    ///
    /// # Safety
    ///
    /// Every operation keeps the contract of [`Op::perform`](crate::op::Op::perform) until this returns, be it by
    /// unwinding.
    pub unsafe fn carry_out<'l>(
        &mut self,
        chains: impl IntoIterator<Item = &'l [Link]>,
        mut each: impl FnMut(usize, Result<u32>),
    ) -> Result<(), PushError> {
        self.round = (self.round + 1) & (u32::MAX >> 1);
        let mut lent = Lent { name: u64::from(self.round) << 32, in_flight: 0, ring: self };
        let (mut staged, mut refused) = (0, Ok(()));
        for chain in chains {
            // SAFETY: the caller vouches for the operations, and `lent` waits for them.
            refused = unsafe { lent.stage(chain, staged, &mut each) };
            if refused.is_err() {
                break;
            }
            staged += chain.len() as u64;
        }
        while lent.in_flight > 0 {
            lent.turn(lent.in_flight, &mut each)?;
        }
        refused
    }
}

/// What the kernel has of the caller's. Dropped by unwinding, it waits for that.
struct Lent<'r, K: Kernel> {
    ring: &'r mut Ring<K>,
    /// The upper half of `user_data`: a completion of another round is none of ours.
    name: u64,
    /// How many operations were staged and have not completed.
    in_flight: u32,
}

impl<K: Kernel> Lent<'_, K> {
    /// Stages one chain, whose first operation has this index; if need be after making room.
    ///
    /// # Safety
    ///
    /// As [`Ring::carry_out`], until nothing is in flight.
    unsafe fn stage(
        &mut self,
        chain: &[Link],
        first: u64,
        each: &mut impl FnMut(usize, Result<u32>),
    ) -> Result<(), PushError> {
        let name = self.name | first;
        let count = u32::try_from(chain.len()).unwrap_or(u32::MAX);
        loop {
            // Never more than there is room for completions: an old kernel would lose them.
            let pushed = if self.in_flight > 0
                && self.in_flight.saturating_add(count) > self.ring.completion_entries()
            {
                Err(RingError::Full.into())
            } else {
                // SAFETY: the caller vouches for the operations until they have completed.
                unsafe { self.ring.push_chain(chain, |index| name + index as u64) }
            };
            match pushed {
                Ok(()) => {
                    self.in_flight += count;
                    return Ok(());
                }
                Err(PushError::Ring(RingError::Full)) => {
                    let want = (self.in_flight / 4).clamp(1, MOST).min(self.in_flight);
                    self.turn(want, each)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Submits, waits for `want` completions, and tells of all that came.
    fn turn(&mut self, want: u32, each: &mut impl FnMut(usize, Result<u32>)) -> Result<(), RingError> {
        if self.is_rest_dropped() {
            self.in_flight = 0;
            return Err(Errno::OVERFLOW.into());
        }
        let answer = self.ring.submit_and_wait(want);
        self.reap(each);
        match answer {
            Ok(_) => Ok(()),
            Err(RingError::Kernel(Errno::AGAIN | Errno::BUSY)) => {
                // Short of memory, or of room for completions: what was there made room.
                let _ = self.ring.kernel().yield_now();
                Ok(())
            }
            Err(error) => {
                self.give_up(error, each);
                Err(error)
            }
        }
    }

    /// Tells of every completion that is there.
    fn reap(&mut self, each: &mut impl FnMut(usize, Result<u32>)) {
        let Self { ring, name, in_flight } = self;
        for cqe in ring.completions() {
            if let Some(index) = index(cqe, *name).filter(|_| cqe.is_terminal() && *in_flight > 0) {
                // First, so that one that panics is not waited for again.
                *in_flight -= 1;
                each(index, cqe.result());
            }
        }
    }

    /// Whether the kernel is done with everything, though some of it has no completion: one that drops those that its
    /// queue has no room for, before 5.5. Only a cancellation brings more of them than were counted.
    fn is_rest_dropped(&mut self) -> bool {
        self.ring.dropped() > 0 && self.ring.free() == self.ring.entries() && self.ring.in_flight() == 0
    }

    /// The ring cannot be entered any more, or this is a forked child. What the kernel never took is taken back;
    /// what it took must come back by itself.
    #[cold]
    fn give_up(&mut self, error: RingError, each: &mut impl FnMut(usize, Result<u32>)) {
        const MOMENT: Duration = Duration::from_millis(1);
        let mut moments = self.ring.patience().as_millis();
        let is_child = error == RingError::Forked;
        while !is_child && self.ring.withdraw(&mut drop) > 0 {
            if moments == 0 {
                abort();
            }
            moments -= 1;
            let word = crate::sync::AtomicU32::new(0);
            let _ = self.ring.kernel().wait(&word, 0, Some(MOMENT));
            self.reap(each);
        }
        self.in_flight = 0;
    }
}

/// The index of the operation that this is the completion of.
fn index(cqe: Cqe, name: u64) -> Option<usize> {
    const UPPER: u64 = u64::MAX << 32;
    if cqe.user_data & UPPER != name {
        return None;
    }
    usize::try_from(cqe.user_data & !UPPER).ok()
}

impl<K: Kernel> Drop for Lent<'_, K> {
    /// Something is in flight only if the caller's code, or the kernel's own, has panicked. A second panic here, while the
    /// first unwinds, ends the program, as it must.
    fn drop(&mut self) {
        if self.in_flight > 0 {
            // Best effort: without room for the request, we just wait.
            let _ = self.ring.cancel_all();
        }
        while self.in_flight > 0 {
            let _ = self.turn(1, &mut |_, _| {});
        }
    }
}

/// Ends the program without the standard library: a panic may not leave an `extern "C"` function.
pub(crate) fn abort() -> ! {
    extern "C" fn aborts() -> ! {
        panic!("memory is lent to a ring that can no longer be entered");
    }
    aborts()
}
