//! Slots against a model: whatever completions say, and whatever becomes of tickets.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bareio_core::Errno;
use bareio_core::abi::{Cqe, CqeFlags, Sqe};
use bareio_core::sqe;
use bareio_core::ticket::{Claimer, Id, Lost, Operation, Reaper, Slot, Table, Ticket};
use proptest::prelude::*;

/// What has become of an operation.
#[derive(Clone, Debug, Default)]
struct Fate(Arc<[AtomicU32; 3]>);

const FINISHED: usize = 0;
const DISPOSED: usize = 1;
const DROPPED: usize = 2;

impl Fate {
    fn note(&self, what: usize) {
        self.0[what].fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self) -> [u32; 3] {
        std::array::from_fn(|what| self.0[what].load(Ordering::Relaxed))
    }
}

/// Owns memory, so that Miri sees what is freed twice.
#[derive(Debug)]
struct Owned {
    memory: Box<u64>,
    fate: Fate,
}

impl Owned {
    /// With memory that is found again when it is leaked on purpose, so that Miri takes it for kept.
    fn new(fate: &Fate) -> Self {
        static KEPT: Mutex<Vec<(AtomicPtr<u64>, Fate)>> = Mutex::new(Vec::new());
        let memory = Box::into_raw(Box::new(7));
        KEPT.lock().unwrap().push((AtomicPtr::new(memory), fate.clone()));
        // SAFETY: from a box just now.
        Self { memory: unsafe { Box::from_raw(memory) }, fate: fate.clone() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        assert_eq!(*self.memory, 7);
        self.fate.note(DROPPED);
    }
}

// SAFETY: its entry names nothing.
unsafe impl Operation for Owned {
    type Output = Result<u32, Errno>;

    fn entry(&mut self) -> Result<Sqe, Errno> {
        Ok(sqe::nop())
    }

    fn finish(self, result: Result<u32, Errno>) -> Self::Output {
        self.fate.note(FINISHED);
        result
    }

    fn dispose(self, _: Result<u32, Errno>) {
        self.fate.note(DISPOSED);
    }
}

/// One step of a script. Numbers pick, modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Insert,
    Withdraw,
    /// The kernel completes one that is in flight.
    Complete(usize, i32),
    /// One that is in flight promises more.
    More(usize),
    /// The completion of one that has ended already, again.
    Again(usize),
    /// Anything.
    Forge(u64),
    Take(usize),
    Drop(usize),
    Forget(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let pick = 0..64_usize;
    prop_oneof![
        6 => Just(Step::Insert),
        1 => Just(Step::Withdraw),
        6 => (pick.clone(), -100..100).prop_map(|(at, res)| Step::Complete(at, res)),
        1 => pick.clone().prop_map(Step::More),
        2 => pick.clone().prop_map(Step::Again),
        2 => any::<u64>().prop_map(Step::Forge),
        // Near what is in use: low indexes, low generations, and bits above them.
        2 => (0..6_u64, 0..40_u64, 0..8_u64).prop_map(|(index, low, high)| Step::Forge(high << 61 | low << 32 | index)),
        3 => pick.clone().prop_map(Step::Take),
        3 => pick.clone().prop_map(Step::Drop),
        1 => pick.prop_map(Step::Forget),
    ]
}

/// What the model knows of one operation.
struct Known<'t> {
    id: Id,
    ticket: Option<Ticket<'t, Owned>>,
    is_forgotten: bool,
    result: Option<i32>,
    fate: Fate,
}

impl Known<'_> {
    /// What must have happened by now: taken, disposed of, dropped.
    fn expected(&self, was_taken: bool) -> [u32; 3] {
        match self.result {
            Some(_) if was_taken => [1, 0, 1],
            Some(_) if self.ticket.is_none() && !self.is_forgotten => [0, 1, 1],
            _ => [0; 3],
        }
    }
}

struct Model<'t> {
    claimer: Claimer<'t>,
    reaper: Reaper<'t>,
    slots: usize,
    known: Vec<Known<'t>>,
    /// Those whose slot is free again.
    ended: Vec<Id>,
}

impl Model<'_> {
    fn complete(&mut self, cqe: Cqe) -> bool {
        // SAFETY: there is no kernel that has anything.
        unsafe { self.reaper.complete(cqe) }
    }

    /// The `pick`th of those that are in flight, or not.
    fn pick(&self, pick: usize, in_flight: bool) -> Option<usize> {
        let fits = |at: &usize| self.known[*at].result.is_none() == in_flight;
        let fitting: Vec<_> = (0..self.known.len()).filter(fits).collect();
        (!fitting.is_empty()).then(|| fitting[pick % fitting.len()])
    }

    /// Checks one, and forgets of it if its slot is free again.
    fn settle(&mut self, at: usize, was_taken: bool) {
        let known = &self.known[at];
        assert_eq!(known.fate.counts(), known.expected(was_taken));
        if known.result.is_some() && known.ticket.is_none() && !known.is_forgotten {
            self.ended.push(known.id);
            self.known.swap_remove(at);
        }
    }

    fn insert(&mut self, withdraw: bool) {
        let fate = Fate::default();
        let operation = Owned::new(&fate);
        match self.claimer.insert(operation) {
            Ok((ticket, entry)) => {
                assert!(self.known.len() < self.slots);
                assert_eq!(entry.user_data, ticket.id().user_data());
                assert_eq!(entry.user_data >> 63, 0, "that bit is for others");
                assert!(!self.ended.contains(&ticket.id()));
                if withdraw {
                    self.ended.push(ticket.id());
                    // SAFETY: it is pushed nowhere.
                    drop(unsafe { self.claimer.withdraw(ticket) });
                    assert_eq!(fate.counts(), [0, 0, 1]);
                    return;
                }
                let id = ticket.id();
                self.known.push(Known { id, ticket: Some(ticket), is_forgotten: false, result: None, fate });
            }
            Err((errno, _)) => assert_eq!((errno, self.known.len()), (Errno::NOBUFS, self.slots)),
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Insert => self.insert(false),
            Step::Withdraw => self.insert(true),
            Step::Complete(pick, res) => {
                let Some(at) = self.pick(pick, true) else { return };
                let user_data = self.known[at].id.user_data();
                assert!(self.complete(Cqe { user_data, res, ..Cqe::default() }));
                self.known[at].result = Some(res);
                self.settle(at, false);
            }
            Step::More(pick) => {
                let Some(at) = self.pick(pick, true) else { return };
                let user_data = self.known[at].id.user_data();
                assert!(self.complete(Cqe { user_data, res: 1, flags: CqeFlags::MORE }));
                self.settle(at, false);
            }
            Step::Again(pick) => {
                let done = self.pick(pick, false).map(|at| self.known[at].id);
                let ended = self.ended.get(pick % self.ended.len().max(1)).copied();
                for id in [done, ended].into_iter().flatten() {
                    let cqe = Cqe { user_data: id.user_data(), res: 9, ..Cqe::default() };
                    assert!(!self.complete(cqe), "completed twice");
                }
            }
            Step::Forge(user_data) => {
                let is_one = |known: &Known<'_>| known.result.is_none() && known.id.user_data() == user_data;
                if !self.known.iter().any(is_one) {
                    assert!(!self.complete(Cqe { user_data, res: 9, ..Cqe::default() }));
                }
            }
            Step::Take(pick) => {
                let Some(at) = pick.checked_rem(self.known.len()) else { return };
                let Some(ticket) = self.known[at].ticket.take() else { return };
                match (ticket.take(), self.known[at].result) {
                    (Ok(output), Some(res)) => {
                        assert_eq!(output, Ok(Errno::check_res(res)));
                        self.settle(at, true);
                    }
                    (Err(ticket), None) => self.known[at].ticket = Some(ticket),
                    (taken, result) => panic!("{taken:?}, where {result:?}"),
                }
            }
            Step::Drop(pick) => {
                let Some(at) = pick.checked_rem(self.known.len()) else { return };
                if self.known[at].ticket.take().is_some() {
                    self.settle(at, false);
                }
            }
            Step::Forget(pick) => {
                // Few, so that the script goes on.
                if self.known.iter().filter(|known| known.is_forgotten).count() * 2 >= self.slots {
                    return;
                }
                let Some(at) = pick.checked_rem(self.known.len()) else { return };
                let known = &mut self.known[at];
                known.is_forgotten |= known.ticket.is_some();
                std::mem::forget(known.ticket.take());
            }
        }
    }
}

/// Plays `script`, ends what is left by losing or by cancelling it, and takes what can be taken.
fn run_to_the_end(table: &mut Table<'_>, script: &[Step], loses: bool) {
    let slots = table.len();
    let (claimer, reaper) = table.split();
    let mut model = Model { claimer, reaper, slots, known: Vec::new(), ended: Vec::new() };
    for step in script {
        model.run(step);
    }
    if loses {
        model.reaper.lose_rest();
    } else {
        // SAFETY: there is no kernel that has anything.
        unsafe { model.reaper.cancel_rest() };
    }
    for known in model.known {
        let Some(ticket) = known.ticket else { continue };
        let expected = match known.result {
            Some(res) => Ok(Errno::check_res(res)),
            None if loses => Err(Lost),
            None => Ok(Err(Errno::CANCELED)),
        };
        assert_eq!(ticket.take().unwrap(), expected);
    }
}

/// How often each claim is tried.
const CASES: u32 = if cfg!(miri) { 2 } else { 600 };

/// How long a script is at most.
const STEPS: usize = if cfg!(miri) { 24 } else { 60 };

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_operation_ends_once_whatever_completions_say(
        script in proptest::collection::vec(step(), 0..STEPS), slots in 1..6_usize, loses in any::<bool>()
    ) {
        let mut memory: Vec<Slot> = (0..slots).map(|_| Slot::new()).collect();
        let mut table = Table::new(&mut memory);
        run_to_the_end(&mut table, &script, loses);
        // Every slot is there for the next roles, whatever it holds.
        let (mut claimer, _reaper) = table.split();
        let operation = || Owned::new(&Fate::default());
        let tickets: Vec<_> = (0..slots).map(|_| claimer.insert(operation()).unwrap().0).collect();
        prop_assert!(claimer.insert(operation()).is_err());
        drop(tickets);
    }
}

/// Nobody's completion is taken for one of ours.
#[test]
fn bits_above_the_generation_are_not_passed_over() {
    let mut slots = [const { Slot::new() }; 1];
    let mut table = Table::new(&mut slots);
    let (mut claimer, mut reaper) = table.split();
    let operation = Owned::new(&Fate::default());
    let (ticket, entry) = claimer.insert(operation).unwrap();
    for bit in 0..64 {
        let cqe = Cqe { user_data: entry.user_data ^ 1 << bit, ..Cqe::default() };
        // SAFETY: there is no kernel that has anything.
        assert!(!unsafe { reaper.complete(cqe) }, "bit {bit}");
    }
    assert!(!ticket.is_done());
    let cqe = Cqe { user_data: entry.user_data, ..Cqe::default() };
    // SAFETY: as above.
    assert!(unsafe { reaper.complete(cqe) });
    assert_eq!(ticket.take().unwrap(), Ok(Ok(0)));
}
