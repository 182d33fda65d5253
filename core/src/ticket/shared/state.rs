//! What is counted under the lock.

use core::fmt;
use core::task::Waker;

use heapless::Vec;

use super::super::table::{Claimer, Id};
use super::Ask;
use super::engine::Class;
use super::files::FilesError;
use super::queue::Queue;
use crate::op::ChainError;
use crate::ring::RingError;

/// How much may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations in flight.
    pub in_flight: u32,
    /// Of them, those of [`Class::Background`].
    pub background: u32,
    /// Completions that may be promised: the room of the completion queue, less what cancellations and a kick need.
    pub credits: u32,
    /// Cancellations under way.
    pub cancels: u32,
    /// Whether a thread serves all operations, and not only those that are polled.
    pub always_serve: bool,
}

impl Limits {
    /// How many of a class there may be at most.
    pub(super) const fn most(&self, class: Class) -> usize {
        let most = match class {
            Class::Latency => self.in_flight,
            Class::Background => self.background,
        };
        most as usize
    }
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations begun.
    pub submitted: u64,
    /// Operations completed, orphans included.
    pub completed: u64,
    /// Operations in flight now.
    pub in_flight: u64,
    /// The most that there were at a time.
    pub most_in_flight: u64,
    /// Turns of the engine that brought completions.
    pub batches: u64,
    /// The most completions of one turn.
    pub largest_batch: u64,
    /// Threads and futures woken.
    pub wakeups: u64,
    /// How often the role was passed to somebody who slept.
    pub handovers: u64,
    /// How often a driver asleep was asked to look around.
    pub kicks: u64,
    /// How often there was no room.
    pub refused: u64,
    /// Completions of nothing in flight here.
    pub unknown: u64,
    /// Reads and writes that moved less than asked for.
    pub short: u64,
}

/// Why operations are not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no room, or no free slot.
    Full,
    /// It was closed.
    Closed,
    /// There are more of them than there can ever be room for.
    TooLong {
        /// How many.
        len: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The engine cannot be used.
    Ring(RingError),
    /// A slot of files cannot be used so.
    Files {
        /// By which operation of its chain, counted from 0.
        index: u32,
        /// Why.
        error: FilesError,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Full => f.write_str("too much is in flight, or not collected; wait for something"),
            Self::Closed => f.write_str("it was closed before"),
            Self::TooLong { len, limit } => ChainError::TooLong { len, limit }.fmt(f),
            Self::Ring(error) => error.fmt(f),
            Self::Files { index, error } => write!(f, "operation {index}: {error}"),
        }
    }
}

impl core::error::Error for Refusal {}

/// Who is to be woken when the lock is free.
pub(super) struct Called {
    wakers: Vec<Waker, 8>,
    /// How many more wait for room, to be called one by one.
    pub(super) more: usize,
    pub(super) bell: bool,
    pub(super) kick: bool,
}

impl Called {
    pub(super) const fn new() -> Self {
        Self { wakers: Vec::new(), more: 0, bell: false, kick: false }
    }

    /// Has `f` see the wakers.
    pub(super) fn into_wakers(self) -> impl Iterator<Item = Waker> {
        self.wakers.into_iter()
    }
}

/// How many operations are let in at a time: `MAX_CHAIN` at most, as whoever asks has checked.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Everything that threads have in common, but slots and what is in them.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub(super) struct State<'t> {
    claimer: Claimer<'t>,
    credits: u32,
    pub(super) in_flight: u32,
    background: u32,
    pub(super) cancels: u32,
    /// Somebody has the role.
    pub(super) driving: bool,
    /// The driver waits for room, which others may make without a completion.
    pub(super) driver_is_hungry: bool,
    /// A kick is under way.
    pub(super) kicked: bool,
    /// Threads that wait for a completion.
    pub(super) blocked: Queue,
    /// Threads and futures that wait for room.
    pub(super) room: Queue,
    /// How many futures were polled and are not done, as far as we know.
    pub(super) futures: u32,
    /// Somebody has let go of what has yet to begin; until nothing is in flight any more.
    pub(super) adopted: bool,
    /// There is a thread that serves futures.
    pub(super) has_server: bool,
    /// It is to end.
    pub(super) retired: bool,
    always_serve: bool,
    pub(super) closing: bool,
    /// Why the engine cannot be turned any more.
    pub(super) broken: Option<RingError>,
    pub(super) counts: Counts,
}

impl<'t> State<'t> {
    pub(super) fn new(claimer: Claimer<'t>, limits: Limits) -> Self {
        Self {
            claimer,
            credits: limits.credits,
            in_flight: 0,
            background: 0,
            cancels: limits.cancels,
            driving: false,
            driver_is_hungry: false,
            kicked: false,
            blocked: Queue::new(),
            room: Queue::new(),
            futures: 0,
            adopted: false,
            has_server: false,
            retired: false,
            always_serve: limits.always_serve,
            closing: false,
            broken: None,
            counts: Counts::default(),
        }
    }

    /// Lets operations in, all or none.
    pub(super) fn admit(&mut self, limits: &Limits, ask: Ask, ids: &mut [Id]) -> Result<(), Refusal> {
        if self.closing {
            return Err(Refusal::Closed);
        }
        let count = number(ids.len());
        let is_background = ask.class == Class::Background;
        let fits = ask.cost <= self.credits
            && self.in_flight + count <= limits.in_flight
            && (!is_background || self.background + count <= limits.background);
        if !fits || !self.claim(ids) {
            self.counts.refused += 1;
            return Err(Refusal::Full);
        }
        self.credits -= ask.cost;
        self.in_flight += count;
        self.background += if is_background { count } else { 0 };
        self.counts.submitted += u64::from(count);
        self.counts.most_in_flight = self.counts.most_in_flight.max(u64::from(self.in_flight));
        Ok(())
    }

    fn claim(&mut self, ids: &mut [Id]) -> bool {
        for index in 0..ids.len() {
            let Some(id) = self.claimer.claim() else {
                for &id in &ids[..index] {
                    self.claimer.table().free(id);
                }
                return false;
            };
            ids[index] = id;
        }
        true
    }

    /// Takes back that operations were let in, which never began.
    pub(super) fn leave(&mut self, ask: Ask, count: usize) {
        let count = number(count);
        self.credits += ask.cost;
        self.in_flight -= count;
        self.background -= if ask.class == Class::Background { count } else { 0 };
        self.counts.submitted -= u64::from(count);
    }

    /// Operations have completed, and so many completions may be promised again.
    pub(super) fn give_back(&mut self, ended: u32, background: u32, credits: u32) {
        self.in_flight -= ended;
        self.adopted &= self.in_flight > 0;
        self.background -= background;
        self.credits += credits;
        self.counts.completed += u64::from(ended);
    }

    /// Whether the thread that serves futures has something to do.
    pub(super) const fn wants_server(&self) -> bool {
        self.has_server && self.in_flight > 0 && (self.always_serve || self.futures > 0 || self.adopted)
    }

    /// If the role is free: calls whoever is to take it.
    pub(super) fn call_next(&mut self, called: &mut Called) {
        if self.driving {
            return;
        }
        let next = match self.blocked.pop() {
            Some(waker) => Some(waker),
            None => self.room.pop_thread(),
        };
        match next {
            Some(waker) => {
                self.counts.handovers += 1;
                self.call(waker, called);
            }
            None => self.call_server(called),
        }
    }

    /// If the role is free: calls the thread that serves futures, if it has something to do.
    pub(super) const fn call_server(&mut self, called: &mut Called) {
        called.bell |= !self.driving && self.wants_server();
    }

    /// Calls those who wait for room, and the driver if it does.
    pub(super) fn call_room(&mut self, called: &mut Called) {
        while called.wakers.len() < called.wakers.capacity() - 1 {
            let Some(waker) = self.room.pop() else { break };
            self.call(waker, called);
        }
        called.more = self.room.len();
    }

    fn call(&mut self, waker: Waker, called: &mut Called) {
        self.counts.wakeups += 1;
        // There is room: one is called here, and by `call_room` all but one of those that fit.
        let _ = called.wakers.push(waker);
    }
}
