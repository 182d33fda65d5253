//! Cancelling, and the end.

use core::time::Duration;

use super::super::driver::Why;
use super::super::table::Id;
use super::Shared;
use super::drive::Place;
use super::engine::{Cancelled, Engine};
use super::ring::RingEngine;
use super::state::{Called, Refusal};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::sync::Ordering;

/// How long to wait before everything is asked once more to end.
const MOMENT: Duration = Duration::from_millis(10);

/// Not everything has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// How many operations are still in flight.
    pub in_flight: u32,
}

impl<K: Kernel + Sync, E: Engine> Shared<'_, K, E> {
    /// Asks for the end of an operation. Its own completion tells what became of it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`]: as many cancellations as there is room for are under way.
    pub fn cancel(&self, id: Id) -> Result<(), Refusal> {
        self.engine.check().map_err(Refusal::Ring)?;
        if self.is_done(id) {
            return Ok(());
        }
        // For one that waits for the one before it in its chain.
        self.jobs[id.index()].cancel();
        self.let_go_of(id);
        self.cancel_started(id)
    }

    fn cancel_started(&self, id: Id) -> Result<(), Refusal> {
        if !self.take_cancel() {
            return Err(Refusal::Full);
        }
        let answer = self.engine.cancel(id.user_data());
        if answer != Ok(Cancelled::Asked) || !self.engine.is_turned() {
            self.lock().cancels += 1;
        }
        match answer {
            Ok(Cancelled::Asked) => Ok(()),
            Ok(Cancelled::Never) => {
                self.complete_now(id, -Errno::CANCELED.number());
                Ok(())
            }
            Err(error) => Err(Refusal::Ring(error)),
        }
    }

    fn take_cancel(&self) -> bool {
        let mut state = self.lock();
        let left = state.cancels.checked_sub(1);
        state.cancels = left.unwrap_or(0);
        left.is_some()
    }

    /// Lets nothing in any more, asks for the end of everything, and waits for it, for at most `within` (`MAX`: for ever, having
    /// asked once). What finishes keeps its result. Twice is fine.
    ///
    /// # Errors
    ///
    /// [`Busy`]: something has not ended. What it uses must stay.
    pub fn close(&self, within: Duration) -> Result<(), Busy> {
        if self.engine.check().is_err() {
            return Ok(()); // a child has nothing in flight
        }
        // Relaxed: as in `is_closing`.
        self.closing.store(true, Ordering::Relaxed);
        self.begin_to_close();
        // Where there is no clock, as many moments as the time has.
        let mut moments = within.as_millis() / MOMENT.as_millis() + 1;
        let end = self.kernel.now().map(|now| now.saturating_add(within));
        loop {
            if self.lock().in_flight > 0 {
                self.cancel_everything();
            }
            let pause = self.kernel.now().ok().map(|now| match end {
                Ok(end) => end.min(now.saturating_add(MOMENT)),
                Err(_) => now.saturating_add(MOMENT),
            });
            // For ever is waited for without a clock.
            let pause = pause.filter(|_| within != Duration::MAX);
            let in_flight = match self.wait_until(Place::Room, pause, |state| {
                let is_idle = state.in_flight == 0;
                (is_idle || (pause.is_none() && within != Duration::MAX)).then_some(state.in_flight)
            }) {
                Ok(0) => return Ok(()),
                Ok(in_flight) => in_flight,
                Err(Why::TimedOut | Why::Lost | Why::Ring(_)) => self.lock().in_flight,
            };
            if in_flight == 0 {
                return Ok(());
            }
            moments = moments.saturating_sub(1);
            let is_late = match (&end, self.kernel.now()) {
                (Ok(end), Ok(now)) => now >= *end,
                _ => moments == 0,
            };
            if is_late {
                return Err(Busy { in_flight });
            }
            if self.lock().broken.is_some() || pause.is_none() {
                let _ = self.kernel.wait(&crate::sync::AtomicU32::new(0), 0, Some(MOMENT));
                let _ = self.turn_once(None);
            }
        }
    }

    /// Lets nothing in any more, and tells those who wait to be let in.
    fn begin_to_close(&self) {
        let mut called = Called::new();
        {
            let mut state = self.lock();
            state.closing = true;
            state.call_room(&mut called);
        }
        self.wake(called);
    }

    /// By one entry, and where a kernel (before 5.19) does not know that, one by one.
    fn cancel_everything(&self) {
        self.let_go();
        if self.take_cancel() {
            self.engine.cancel_all();
            if !self.engine.is_turned() {
                self.lock().cancels += 1;
            }
        }
        for id in self.table.busy() {
            if self.cancel_started(id).is_err() {
                break;
            }
        }
    }

    /// Gives up what is in flight: it is never touched again. Tickets say that it is lost.
    pub fn lose_rest(&mut self) {
        self.reaper.lose_rest();
    }
}

impl<K: Kernel> RingEngine<K> {
    /// Leaks the ring, which is still used, and counts it.
    pub fn leak(self) {
        let mut ring = self.into_ring().into_ring();
        ring.leak();
    }
}
