//! What a completion leads to.

use core::task::Waker;

use heapless::Vec;

use super::super::table::{Ended, Id};
use super::engine::{Class, Engine, Event, Job, Started};
use super::hold::refusal;
use super::state::{Called, State};
use super::{MAX_CHAIN, Shared};
use crate::abi::Cqe;
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::op::Then;
use crate::ring::RingError;
use crate::sync::Ordering;

/// Code that is not ours, to be run when nothing is held.
enum Loose {
    /// Somebody who waits for an operation.
    Waker(Waker),
    /// What an operation owned that nobody wants.
    Orphan(Id, i32),
}

/// How much of it is put off at most before it is run.
const LOOSE: usize = 64;

/// How often an operation is started anew that nobody has cancelled, before it is taken as cancelled all the same.
const AGAIN: u8 = 100;

/// What one turn of the engine brought.
pub(super) struct Turned {
    ended: u32,
    background: u32,
    credits: u32,
    cancels: u32,
    kicked: bool,
    pub(super) unknown: u32,
    short: u32,
    /// Something was started that the engine has not been told to run.
    pub(super) started: bool,
    loose: Vec<Loose, LOOSE>,
}

impl Turned {
    pub(super) const fn new() -> Self {
        Self {
            ended: 0,
            background: 0,
            credits: 0,
            cancels: 0,
            kicked: false,
            unknown: 0,
            short: 0,
            started: false,
            loose: Vec::new(),
        }
    }

    /// Whether there is code to run that is not ours.
    pub(super) fn has_loose(&self) -> bool {
        !self.loose.is_empty()
    }

    /// Whether there is room for what one more completion leads to.
    pub(super) fn has_room(&self) -> bool {
        self.loose.len() + MAX_CHAIN <= LOOSE
    }

    /// Whether anything has ended.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended > 0
    }

    fn put_off(&mut self, loose: Loose) {
        // There is room for what one more completion leads to, as `event` has seen to.
        let _ = self.loose.push(loose);
    }

    /// Enters what has happened.
    pub(super) fn enter(&self, state: &mut State<'_>, called: &mut Called) {
        state.give_back(self.ended, self.background, self.credits);
        state.cancels += self.cancels;
        state.kicked &= !self.kicked;
        let counts = &mut state.counts;
        counts.unknown += u64::from(self.unknown);
        counts.short += u64::from(self.short);
        if self.ended > 0 {
            counts.batches += 1;
            counts.largest_batch = counts.largest_batch.max(u64::from(self.ended));
        }
        let wakers = self.loose.iter().filter(|loose| matches!(loose, Loose::Waker(_))).count();
        counts.wakeups += wakers as u64;
        if self.credits > 0 {
            state.call_room(called);
        }
    }
}

/// What an operation came to, unless it goes on.
pub(super) const fn done(started: Result<Started, RingError>) -> Option<i32> {
    match started {
        Ok(Started::Pending) => None,
        Ok(Started::Done(res)) => Some(res),
        Err(error) => Some(refusal(error)),
    }
}

impl<K: Kernel + Sync, E: Engine> Shared<'_, K, E> {
    /// Notes what a turn says. Whether there is room for more.
    ///
    /// # Safety
    ///
    /// As [`complete`](Self::complete).
    pub(super) unsafe fn event(&self, event: Event, turned: &mut Turned) -> bool {
        match event {
            // SAFETY: the caller's word.
            Event::Completion(cqe) => unsafe { self.arrive(cqe, true, turned) },
            Event::Limit => turned.credits += 1,
            Event::Cancel => turned.cancels += 1,
            Event::Kick => turned.kicked = true,
        }
        turned.has_room()
    }

    /// Ends an operation, and starts or cancels what is linked behind it. `was_started`: the engine has had it.
    ///
    /// # Safety
    ///
    /// As [`complete`](Self::complete).
    pub(super) unsafe fn settle(&self, mut cqe: Cqe, mut was_started: bool, turned: &mut Turned) {
        let mut severed = false;
        loop {
            let id = Id::from_user_data(cqe.user_data);
            if !self.table.is_in_flight(id) {
                turned.unknown += 1;
                return;
            }
            if !cqe.is_terminal() {
                return;
            }
            // SAFETY: in flight, and its completion is ours. Read before the ticket can be taken.
            let job = unsafe { self.jobs[id.index()].get() };
            if was_started && self.is_to_be_started_anew(id, &job, cqe.res) {
                // SAFETY: the kernel is done with it, and nobody has been told.
                if let Ok(Started::Pending) = unsafe { self.start(id) } {
                    turned.started = true;
                    return;
                }
            }
            if let Some(flush) = job.flush {
                // SAFETY: its completion is ours.
                if unsafe { self.keep_for_flush(id, flush, cqe.res) } {
                    return; // so that it has not left its file either, for whoever waits for that
                }
            }
            let leaving = job.file.map(|file| self.ending(id, file, &mut cqe.res));
            let result = Errno::check_res(cqe.res);
            let is_whole = job.op.is_whole(result);
            turned.ended += 1;
            // What limits it has a completion of its own, if it has any.
            turned.credits +=
                if was_started && self.engine.is_turned() { job.own_cost() } else { job.cost() };
            turned.background += u32::from(job.class == Class::Background);
            turned.short += u32::from(!is_whole && result.is_ok());
            // SAFETY: the caller's word; nobody else notes it.
            match unsafe { self.table.end(cqe) } {
                Ended::Done(waker) => waker.into_iter().for_each(|waker| turned.put_off(Loose::Waker(waker))),
                Ended::Orphan(id) => turned.put_off(Loose::Orphan(id, cqe.res)),
                Ended::Unknown | Ended::GoesOn => {}
            }
            if let Some(leaving) = leaving {
                self.has_left(leaving);
            }
            let Some(next) = job.next else {
                self.lift(job.opens);
                return;
            };
            severed |= (job.then == Then::Soft && !is_whole) || self.is_closing();
            let started = if severed {
                Ok(Started::Done(-Errno::CANCELED.number()))
            } else {
                // SAFETY: filled, and its predecessor has just completed.
                unsafe { self.start(next) }
            };
            let Some(res) = done(started) else {
                turned.started = true;
                return;
            };
            was_started = false;
            cqe = Cqe { user_data: next.user_data(), res, ..Cqe::default() };
        }
    }

    /// Whether the kernel has ended an operation that nobody asked it to. It does so to those that a thread has submitted
    /// which is gone; others may still wait for them.
    fn is_to_be_started_anew(&self, id: Id, job: &Job, res: i32) -> bool {
        if res != -Errno::CANCELED.number() || !self.engine.is_turned() || job.is_limited() {
            return false;
        }
        let cell = &self.jobs[id.index()];
        if cell.is_cancelled() || self.is_closing() || job.again >= AGAIN {
            return false;
        }
        // SAFETY: in flight, and its completion is ours.
        unsafe { cell.change(|job| job.again += 1) };
        true
    }

    /// Enters what has happened, by somebody who has not the role, runs what was put off, and begins what may begin.
    pub(super) fn account(&self, turned: Turned) {
        self.account_alone(turned);
        self.begin_ready();
    }

    pub(super) fn account_alone(&self, turned: Turned) {
        let mut called = Called::new();
        {
            let mut state = self.lock();
            turned.enter(&mut state, &mut called);
        }
        if turned.started {
            let _ = self.engine.flush();
        }
        self.wake(called);
        self.run_loose(turned);
    }

    /// Runs what was put off, and begins what may begin. Nothing is held.
    pub(super) fn run(&self, turned: Turned) {
        self.run_loose(turned);
        self.begin_ready();
    }

    fn run_loose(&self, turned: Turned) {
        for loose in turned.loose {
            match loose {
                Loose::Waker(waker) => waker.wake(),
                Loose::Orphan(id, res) => {
                    // SAFETY: found to be one by the turn that is ours.
                    unsafe { self.table.dispose(id, res) };
                    self.has_freed();
                }
            }
        }
    }

    /// After a slot was freed, or room made: tells those who wait for it.
    pub(super) fn has_freed(&self) {
        // SeqCst: pairs with the fence of `Hungry::new`. Either we see that somebody waits, or they see what we have freed.
        crate::sync::fence(Ordering::SeqCst);
        // Relaxed: the fence orders it.
        if self.hungry.load(Ordering::Relaxed) == 0 || self.engine.check().is_err() {
            return;
        }
        let mut called = Called::new();
        {
            let mut state = self.lock();
            state.call_room(&mut called);
            if state.driving && state.driver_is_hungry && !state.kicked && self.engine.is_turned() {
                state.kicked = true;
                state.counts.kicks += 1;
                called.kick = true;
            }
        }
        self.wake(called);
    }
}
