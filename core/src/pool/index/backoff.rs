//! Waiting politely: first on the processor, then beside it, then asleep.

use crate::sync::{SPIN_LIMIT, spin_loop};

/// What to do next while something is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Stay on the processor for a moment. This has been done already.
    Spin,
    /// Let another thread run; [`Kernel::yield_now`](crate::Kernel::yield_now).
    Yield,
    /// Sleep until woken; [`Kernel::wait`](crate::Kernel::wait).
    Wait,
}

/// Three steps, from the cheapest to the most patient: spin, yield, wait.
///
/// It spins for moments that double in length, about as long together as a thread takes to fall asleep and be
/// woken again; yields a few times, in case whoever is to act is only waiting for this processor; and then says
/// to wait for good.
///
/// ```
/// use bareio_core::pool::{Backoff, Pause};
///
/// let mut backoff = Backoff::new();
/// let pauses: Vec<Pause> = std::iter::from_fn(|| Some(backoff.pause())).take(12).collect();
/// assert_eq!(pauses[0], Pause::Spin);
/// assert_eq!(pauses[6], Pause::Yield);
/// assert_eq!(pauses[11], Pause::Wait);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    pauses: u32,
}

impl Backoff {
    /// How often it spins: for 1, 2, 4, … 32 pauses of the processor.
    const SPINS: u32 = if SPIN_LIMIT < 6 { SPIN_LIMIT } else { 6 };
    /// How often it yields after that.
    const YIELDS: u32 = if SPIN_LIMIT < 4 { SPIN_LIMIT } else { 4 };

    /// From the beginning.
    pub const fn new() -> Self {
        Self { pauses: 0 }
    }

    /// Spins, or says what else to do.
    pub fn pause(&mut self) -> Pause {
        let pause = self.pauses;
        if pause >= Self::SPINS + Self::YIELDS {
            return Pause::Wait;
        }
        self.pauses += 1;
        if pause >= Self::SPINS {
            return Pause::Yield;
        }
        for _ in 0..SPIN_LIMIT.min(1 << pause) {
            spin_loop();
        }
        Pause::Spin
    }
}
