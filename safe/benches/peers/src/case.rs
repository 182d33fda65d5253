//! A case: what is measured, of whom, against whom, and with which goal.

use std::fmt;
use std::time::{Duration, Instant};

use crate::statistics::Summary;

/// One measurement, of several contestants, that yields one value for each metric.
pub(crate) struct Case {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) contestants: Vec<Contestant>,
    /// Its values are the same in every round: one is enough.
    pub(crate) exact: bool,
    /// The metric that shows whether the processors were ours, and the contestant that must reach
    /// [`FAIR`] in it.
    pub(crate) control: Option<(usize, &'static str)>,
}

/// How even two threads that share nothing must fare for two-thread figures to count.
pub(crate) const FAIR: f64 = 0.9;

/// One of those who are measured.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// Sets it up.
    pub(crate) set_up: Box<dyn Fn() -> Result<Measure, LeftOut>>,
}

/// Measures once and returns one value for each of the case's metrics.
pub(crate) type Measure = Box<dyn FnMut() -> Vec<f64>>;

/// Why a contestant cannot take part on this host.
pub(crate) type LeftOut = String;

/// What a value is, and what it is compared with.
pub(crate) struct Metric {
    /// Empty if the case has one metric only.
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) comparisons: Vec<Comparison>,
}

impl Metric {
    pub(crate) fn new(name: &'static str, unit: &'static str, comparisons: Vec<Comparison>) -> Self {
        Self { name, unit, comparisons }
    }
}

/// A contestant that the others are compared with, and what is asked of whom in that comparison.
pub(crate) struct Comparison {
    pub(crate) reference: &'static str,
    pub(crate) goals: Vec<(&'static str, Goal)>,
}

impl Comparison {
    /// A comparison that asks nothing of anybody.
    pub(crate) fn with(reference: &'static str) -> Self {
        Self { reference, goals: Vec::new() }
    }

    /// … and asks this of `contestant`.
    pub(crate) fn goal(mut self, contestant: &'static str, goal: Goal) -> Self {
        self.goals.push((contestant, goal));
        self
    }
}

/// What is asked of a median.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// The value, at most.
    ValueAtMost(f64),
    /// The ratio, at most.
    RatioAtMost(f64),
    /// The ratio, at least.
    RatioAtLeast(f64),
}

impl Goal {
    pub(crate) fn met(self, value: Summary, ratio: Option<Summary>) -> Option<bool> {
        match self {
            Self::ValueAtMost(limit) => Some(value.median <= limit),
            Self::RatioAtMost(limit) => ratio.map(|ratio| ratio.median <= limit),
            Self::RatioAtLeast(limit) => ratio.map(|ratio| ratio.median >= limit),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ValueAtMost(limit) => write!(f, "<={limit}"),
            Self::RatioAtMost(limit) => write!(f, "<={limit}x"),
            Self::RatioAtLeast(limit) => write!(f, ">={limit}x"),
        }
    }
}

/// Work that can be repeated any number of times: timed by [`timed`], counted by the group `instructions`.
pub(crate) struct Work {
    /// Repeats it.
    pub(crate) repeat: Box<dyn FnMut(u64)>,
    /// How many operations one repetition is.
    pub(crate) operations: u32,
}

/// Sets work up, or says why it cannot be done here.
pub(crate) type SetUp = Box<dyn Fn() -> Result<Work, LeftOut>>;

/// Times `work`: nanoseconds an operation, over about `slice`.
pub(crate) fn timed(mut work: Work, slice: Duration) -> Measure {
    let mut repetitions = 0;
    Box::new(move || {
        if repetitions == 0 {
            repetitions = calibrate(&mut work, slice);
        }
        let start = Instant::now();
        (work.repeat)(repetitions);
        let nanoseconds = start.elapsed().as_secs_f64() * 1e9;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let operations = repetitions as f64 * f64::from(work.operations);
        vec![nanoseconds / operations]
    })
}

/// How many repetitions take about `slice`. Warms up on the way.
fn calibrate(work: &mut Work, slice: Duration) -> u64 {
    let mut repetitions = 1;
    loop {
        let start = Instant::now();
        (work.repeat)(repetitions);
        if start.elapsed() * 2 >= slice {
            return repetitions * 2;
        }
        repetitions *= 2;
    }
}
