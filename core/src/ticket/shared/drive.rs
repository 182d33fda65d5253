//! Waiting, and driving meanwhile.

use core::pin::{Pin, pin};
use core::task::{Poll, Waker};
use core::time::Duration;

use super::super::driver::Why;
use super::super::table::Id;
use super::queue::Node;
use super::settle::Turned;
use super::state::{Called, Refusal, State};
use super::{Ask, Engine, Shared};
use crate::kernel::Kernel;
use crate::pool::index::park::asleep;
use crate::ring::{Limit, RingError};
use crate::sync::Ordering;

/// For what a thread waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// For an operation.
    Ticket(Id),
    /// For room, or for the end of everything: whatever completes may be it.
    Room,
    /// For something to serve.
    Service,
}

/// How driving ended.
enum Driven<R> {
    /// What was waited for is there.
    Ready(R),
    /// Somebody else has the role.
    Taken,
}

/// Takes note that somebody waits for room, until it is dropped.
pub(super) struct Hungry<'s, 't, K: Kernel + Sync, E: Engine>(&'s Shared<'t, K, E>);

impl<'s, 't, K: Kernel + Sync, E: Engine> Hungry<'s, 't, K, E> {
    pub(super) fn new(shared: &'s Shared<'t, K, E>) -> Self {
        // Relaxed: the fence orders it.
        shared.hungry.fetch_add(1, Ordering::Relaxed);
        // SeqCst: pairs with the fence of `has_freed`.
        crate::sync::fence(Ordering::SeqCst);
        Self(shared)
    }
}

impl<K: Kernel + Sync, E: Engine> Drop for Hungry<'_, '_, K, E> {
    fn drop(&mut self) {
        // Relaxed: who sees it too late looks in vain.
        self.0.hungry.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The role, while code runs that may panic. Given up in passing, it calls the next.
struct Role<'s, 't, K: Kernel + Sync, E: Engine> {
    shared: &'s Shared<'t, K, E>,
    is_held: bool,
}

impl<K: Kernel + Sync, E: Engine> Drop for Role<'_, '_, K, E> {
    fn drop(&mut self) {
        let mut called = Called::new();
        {
            let mut state = self.shared.lock();
            if self.is_held {
                state.driving = false;
            }
            state.call_next(&mut called);
        }
        self.shared.wake(called);
    }
}

/// A place in a queue, which is left in passing.
struct Seat<'s, 't, K: Kernel + Sync, E: Engine> {
    shared: &'s Shared<'t, K, E>,
    node: Pin<&'s Node>,
    place: Place,
}

impl<K: Kernel + Sync, E: Engine> Seat<'_, '_, K, E> {
    fn take(&self, state: &mut State<'_>, waker: &Waker) -> Option<Waker> {
        let queue = match self.place {
            Place::Ticket(_) => &mut state.blocked,
            Place::Room | Place::Service => &mut state.room,
        };
        // SAFETY: in this queue only, and removed by the drop below.
        unsafe { queue.push(self.node, waker.clone(), true) }
    }

    fn leave(&self, state: &mut State<'_>) -> Option<Waker> {
        match self.place {
            Place::Ticket(_) => state.blocked.remove(&self.node),
            Place::Room | Place::Service => state.room.remove(&self.node),
        }
    }
}

impl<K: Kernel + Sync, E: Engine> Drop for Seat<'_, '_, K, E> {
    fn drop(&mut self) {
        let mut called = Called::new();
        let waker = {
            let mut state = self.shared.lock();
            let waker = self.leave(&mut state);
            state.call_next(&mut called); // we may have been called, and do not come
            waker
        };
        self.shared.wake(called);
        drop(waker);
        if let Place::Ticket(id) = self.place {
            self.shared.table.slot(id).waker.clear();
        }
    }
}

impl<'t, K: Kernel + Sync, E: Engine> Shared<'t, K, E> {
    /// Waits until an operation is done, by the clock of the kernel until `deadline` at most. Drives meanwhile, if nobody else
    /// does.
    ///
    /// # Errors
    ///
    /// Time ran out, or the engine cannot be turned. The operation goes on.
    pub fn wait(&self, id: Id, deadline: Option<Duration>) -> Result<(), Why> {
        if self.is_done(id) {
            return Ok(());
        }
        self.engine.check().map_err(Why::Ring)?;
        self.release();
        self.wait_until(Place::Ticket(id), deadline, |_| self.is_done(id).then_some(()))
    }

    pub(super) fn wait_for_room(&self, ask: Ask, ids: &mut [Id]) -> Result<(), Refusal> {
        let admitted = self.wait_until(Place::Room, None, |state| {
            match state.admit(&self.limits, ask, ids) {
                // Nothing will complete by itself.
                Err(Refusal::Full) if state.in_flight > 0 => None,
                answer => Some(answer),
            }
        });
        match admitted {
            Ok(answer) => answer,
            Err(Why::Ring(error)) => Err(Refusal::Ring(error)),
            Err(Why::TimedOut | Why::Lost) => Err(Refusal::Full),
        }
    }

    /// Waits until `ready` says what it is. It is asked under the lock.
    pub(super) fn wait_until<R>(
        &self,
        place: Place,
        deadline: Option<Duration>,
        mut ready: impl FnMut(&mut State<'t>) -> Option<R>,
    ) -> Result<R, Why> {
        let _hungry = (place == Place::Room).then(|| {
            let hungry = Hungry::new(self);
            self.release(); // what is held back has room that we wait for
            hungry
        });
        // Whoever is alone needs no place in a queue.
        if let Driven::Ready(output) = self.drive(place, None, deadline, &mut ready)? {
            return Ok(output);
        }
        asleep(&self.kernel, |waker, park| {
            let node = pin!(Node::new());
            let seat = Seat { shared: self, node: node.as_ref(), place };
            loop {
                if let Driven::Ready(output) = self.drive(place, Some(&seat), deadline, &mut ready)? {
                    return Ok(output);
                }
                let replaced = {
                    let mut state = self.lock();
                    if let Some(output) = ready(&mut state) {
                        return Ok(output);
                    }
                    if !state.driving && self.engine.is_turned() {
                        continue; // given up just now
                    }
                    // Whoever has the role, and gives it up from here on, calls us.
                    seat.take(&mut state, waker)
                };
                drop(replaced);
                if let Place::Ticket(id) = place {
                    self.table.slot(id).waker.register(waker);
                    // Looked at after the waker was registered: a completion before that is seen here, one after it wakes.
                    if self.is_done(id) {
                        continue;
                    }
                }
                let left = self.left(deadline)?;
                if left.is_some_and(|left| left.is_zero()) {
                    return Err(Why::TimedOut);
                }
                park(left);
            }
        })
    }

    /// Takes the role, if it is free, leaving the `seat`, and drives until `ready`.
    fn drive<R>(
        &self,
        place: Place,
        seat: Option<&Seat<'_, 't, K, E>>,
        deadline: Option<Duration>,
        ready: &mut impl FnMut(&mut State<'t>) -> Option<R>,
    ) -> Result<Driven<R>, Why> {
        loop {
            let waker = {
                let mut state = self.lock();
                if let Some(output) = ready(&mut state) {
                    return Ok(Driven::Ready(output)); // if we were called, the drop of our seat calls the next
                }
                if state.driving || !self.engine.is_turned() {
                    return Ok(Driven::Taken);
                }
                state.driving = true;
                state.driver_is_hungry = place == Place::Room;
                seat.and_then(|seat| seat.leave(&mut state))
            };
            drop(waker);
            let role = Role { shared: self, is_held: true };
            if let Some(answer) = self.drive_held(role, place, deadline, ready) {
                return answer.map(Driven::Ready);
            }
        }
    }

    /// Drives with the role held. `None`: it was given up, to run code that is not ours.
    fn drive_held<R>(
        &self,
        mut role: Role<'_, 't, K, E>,
        place: Place,
        deadline: Option<Duration>,
        ready: &mut impl FnMut(&mut State<'t>) -> Option<R>,
    ) -> Option<Result<R, Why>> {
        loop {
            let left = match self.left(deadline) {
                Ok(left) => left,
                Err(why) => return Some(Err(why)),
            };
            let is_over = left.is_some_and(|left| left.is_zero());
            let sleep = (!is_over).then_some(Limit { timeout: left, min_wait: None });
            let mut turned = Turned::new();
            let answer = self.turn(sleep, &mut turned);
            let mut called = Called::new();
            let outcome = {
                let mut state = self.lock();
                turned.enter(&mut state, &mut called);
                // Who waits for room takes none before wakers have run, which may want it, and have nobody else to free it.
                let has_loose = turned.has_loose();
                let is_put_off = place == Place::Room && has_loose;
                let output = if is_put_off { None } else { ready(&mut state) };
                let outcome = match (output, answer) {
                    (Some(output), _) => Some(Ok(output)),
                    (None, Err(error)) => Some(Err(Why::Ring(error))),
                    (None, Ok(())) if is_over => Some(Err(Why::TimedOut)),
                    (None, Ok(())) => None,
                };
                if outcome.is_some() || has_loose {
                    state.driving = false;
                    role.is_held = false;
                }
                if outcome.is_some() {
                    state.call_next(&mut called);
                }
                outcome
            };
            self.wake(called);
            if let Err(error) = answer {
                self.is_broken_by(error);
            }
            if role.is_held {
                continue;
            }
            // The role is free, and we may not come back for it: a waker may panic, or wait. `role` then calls the next.
            self.run(turned);
            if outcome.is_some() {
                core::mem::forget(role); // the next is called already
                return outcome;
            }
            // We look again: that is as good as calling somebody.
            core::mem::forget(role);
            return None;
        }
    }

    /// One turn of the engine, by who has the role.
    pub(super) fn turn(&self, mut sleep: Option<Limit>, turned: &mut Turned) -> Result<(), RingError> {
        // Relaxed: the last one to have the role has set it, or somebody who looks after it.
        let is_behind = self.is_behind.load(Ordering::Relaxed);
        if is_behind {
            self.deliver(turned);
        }
        // What somebody was to begin, and did not come to.
        if self.begin_some(turned) || is_behind {
            sleep = None;
        }
        let mut answer = Ok(());
        if turned.has_room() {
            answer = self.engine.turn(sleep, &mut |event| {
                // SAFETY: the engine says that it is done with it; there is one driver.
                unsafe { self.event(event, turned) }
            });
        }
        self.begin_some(turned);
        self.begin_flushes(turned);
        if turned.started {
            // What it cannot submit now, the next turn does.
            let _ = self.engine.flush();
        }
        answer
    }

    /// Tells all futures that the engine cannot be turned any more.
    fn is_broken_by(&self, error: RingError) {
        let is_new = self.lock().broken.replace(error).is_none();
        if is_new {
            for id in self.table.busy() {
                self.table.slot(id).waker.wake();
            }
        }
    }

    fn left(&self, deadline: Option<Duration>) -> Result<Option<Duration>, Why> {
        let Some(deadline) = deadline else { return Ok(None) };
        match self.kernel.now() {
            Ok(now) => Ok(Some(deadline.saturating_sub(now))),
            Err(errno) => Err(Why::Ring(RingError::Kernel(errno))),
        }
    }

    /// Whether an operation is done; if not, `waker` is woken when it is, as long as somebody drives. `is_counted` is the
    /// caller's note that the future was counted, false at first.
    ///
    /// # Errors
    ///
    /// The engine cannot be turned.
    pub fn poll(&self, id: Id, waker: &Waker, is_counted: &mut bool) -> Poll<Result<(), Why>> {
        if !self.is_done(id) {
            if let Err(error) = self.engine.check() {
                return Poll::Ready(Err(Why::Ring(error)));
            }
            let cell = &self.table.slot(id).waker;
            cell.register(waker);
            self.release();
            // Looked at after the waker was registered, as in `wait_until`.
            if !self.is_done(id) {
                let mut called = Called::new();
                let broken = {
                    let mut state = self.lock();
                    if !*is_counted {
                        *is_counted = true;
                        state.futures += 1;
                        state.call_server(&mut called);
                    }
                    state.broken
                };
                self.wake(called);
                return match broken {
                    Some(error) => Poll::Ready(Err(Why::Ring(error))),
                    None => Poll::Pending,
                };
            }
            cell.clear();
        }
        self.uncount(is_counted);
        Poll::Ready(Ok(()))
    }

    /// Takes note that a future is not waited for any more.
    pub fn uncount(&self, is_counted: &mut bool) {
        // In a child, the lock may be another thread's that is not there.
        if core::mem::take(is_counted) && self.engine.check().is_ok() {
            self.lock().futures -= 1;
        }
    }

    /// Has the thread that serves futures drive until nothing is in flight any more: for a chain that nobody waits for.
    pub fn adopt(&self) {
        if self.engine.check().is_err() {
            return; // a child has nothing in flight
        }
        let mut called = Called::new();
        {
            let mut state = self.lock();
            state.adopted |= state.in_flight > 0;
            state.call_server(&mut called);
        }
        self.wake(called);
    }

    /// Turns the engine once, if nobody else does: for loops of one's own. With a `sleep`, waits for something to happen.
    /// Says whether the role was free.
    ///
    /// # Errors
    ///
    /// The engine cannot be turned.
    pub fn turn_once(&self, sleep: Option<Limit>) -> Result<bool, RingError> {
        self.engine.check()?;
        self.release();
        {
            let mut state = self.lock();
            if state.driving {
                return Ok(false);
            }
            state.driving = true;
            state.driver_is_hungry = false;
        }
        let role = Role { shared: self, is_held: true };
        let mut turned = Turned::new();
        let answer = self.turn(sleep, &mut turned);
        let mut called = Called::new();
        {
            let mut state = self.lock();
            turned.enter(&mut state, &mut called);
        }
        self.wake(called);
        drop(role);
        if let Err(error) = answer {
            self.is_broken_by(error);
        }
        self.run(turned);
        answer.map(|()| true)
    }

    /// Serves futures on this thread, until [`retire`](Self::retire). One thread at a time does.
    pub fn serve(&self) {
        self.lock().has_server = true;
        loop {
            let mut is_retired = false;
            let driven = self.drive(Place::Service, None, None, &mut |state| {
                is_retired = state.retired;
                (state.retired || !state.wants_server()).then_some(())
            });
            if is_retired {
                break;
            }
            match driven {
                // Broken: nothing comes any more.
                Err(_) if self.engine.check().is_err() => break,
                Ok(_) | Err(_) => self.await_bell(),
            }
        }
        let mut called = Called::new();
        {
            let mut state = self.lock();
            state.has_server = false;
            state.call_next(&mut called);
        }
        self.wake(called);
    }

    /// Has [`serve`](Self::serve) return.
    pub fn retire(&self) {
        let kick = {
            let mut state = self.lock();
            state.retired = true;
            state.driving && !core::mem::replace(&mut state.kicked, true)
        };
        if kick {
            self.engine.kick();
        }
        self.ring_bell();
    }
}
