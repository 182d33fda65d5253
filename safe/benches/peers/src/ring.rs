//! The group `ring`: what a ring costs the one thread that owns it.
//!
//! All contestants ask for the same ring: 64 entries, `SINGLE_ISSUER | DEFER_TASKRUN | NO_SQARRAY`, entered by a
//! registered ring descriptor. What one's API does not offer, it does without; each file says so. One
//! repetition fills a batch, enters once to submit it all and to wait for it all, and reaps it.

mod contestants;
mod fixture;

use crate::arguments::Arguments;
use crate::case::{self, Case, Comparison, Contestant as Listed, Goal, Metric, SetUp, Work};
use crate::instructions::Countable;
use fixture::Fixture;

/// Entries of a contestant's submission queue.
const ENTRIES: u32 = 64;

/// A ring under test.
trait Contestant: Sized + 'static {
    /// Makes a ring, and registers the fixture's file and its buffer, both at index 0.
    fn open(fixture: Fixture) -> Result<Self, String>;

    /// Submits and reaps a single no-operation of `user_data` 1, so often, as one would who never has more. Returns
    /// the sum of what the completions say it is.
    fn singles(&mut self, repetitions: u64) -> u64;

    /// Submits and reaps `batch` no-operations, so often. Their `user_data` is 1, 2, 3 … within a batch; returns
    /// the sum of what the completions say it is. (Their order is the kernel's affair.)
    fn nops(&mut self, batch: u32, repetitions: u64) -> u64;

    /// Submits and reaps `batch` reads from the registered file into the registered buffer, so often, each
    /// with a slot of the fixture's table. Returns how many completions were not what the table expects.
    fn reads(&mut self, batch: u32, repetitions: u64) -> u64;
}

/// What a repetition does.
#[derive(Clone, Copy)]
enum What {
    Singles,
    Nops,
    Reads,
}

/// Each case: its name, what it does, its batch, and how small a share of io-uring's time bareio is to take.
const CASES: [(&str, What, u32, Option<f64>); 5] = [
    ("nop single", What::Singles, 1, Some(0.87)),
    ("nop batch 1", What::Nops, 1, Some(0.87)),
    ("nop batch 8", What::Nops, 8, Some(0.94)),
    ("nop batch 32", What::Nops, 32, Some(1.00)),
    ("fixed read batch 32", What::Reads, 32, None),
];

/// One contestant's set-up for one case.
fn set_up<C: Contestant>(what: What, batch: u32) -> SetUp {
    Box::new(move || {
        let mut contestant = C::open(Fixture::new()?)?;
        let repeat = move |repetitions| {
            let (answer, expected) = match what {
                What::Singles => (contestant.singles(repetitions), repetitions),
                What::Nops => (contestant.nops(batch, repetitions), repetitions * sum_to(batch)),
                What::Reads => (contestant.reads(batch, repetitions), 0),
            };
            assert_eq!(answer, expected, "completions that do not belong to what was submitted");
        };
        let work = Work { repeat: Box::new(repeat), operations: batch };
        Ok(work)
    })
}

/// 1 + 2 + 3 + … + `last`.
fn sum_to(last: u32) -> u64 {
    u64::from(last) * (u64::from(last) + 1) / 2
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let slice = arguments.slice();
    let case = |(name, what, batch, goal): (&str, What, u32, Option<f64>)| {
        let mut comparison = Comparison::with("io-uring");
        if let Some(goal) = goal {
            comparison = comparison.goal("bareio", Goal::RatioAtMost(goal));
        }
        let listed = |(name, set_up): (&'static str, SetUp)| Listed {
            name,
            set_up: Box::new(move || Ok(case::timed(set_up()?, slice))),
        };
        Case {
            group: "ring",
            name: name.to_owned(),
            metrics: vec![Metric::new("", "ns an operation", vec![comparison])],
            contestants: contestants::all(what, batch).into_iter().map(listed).collect(),
            exact: false,
            control: None,
        }
    };
    CASES.into_iter().map(case).collect()
}

pub(crate) fn countables() -> Vec<Countable> {
    let countable = |(name, what, batch, _)| Countable {
        name,
        repetitions: 10_000,
        contestants: contestants::all(what, batch),
    };
    CASES.into_iter().map(countable).collect()
}
