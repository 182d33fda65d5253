//! The group `pool`: handing out indexes, and taking them back.
//!
//! Every contestant is a pool of [`CAPACITY`] things of which few are out at a time, so that none is ever exhausted;
//! what the things are is its own affair. Threads are pinned, one to a processor as far as there are so many.

mod contestants;
mod hand_off;
mod latency;
mod pairs;

use std::mem::MaybeUninit;
use std::sync::atomic::{Ordering, compiler_fence};

use crate::arguments::Arguments;
use crate::case::{self, Case, Comparison, Contestant, Goal, Measure, Metric, SetUp, Work};
use crate::instructions::Countable;

/// How many things each pool holds.
const CAPACITY: u32 = 1024;

/// The pool that the others are compared with.
pub(crate) const REFERENCE: &str = "crossbeam-array-queue";
/// bareio's pool through a handle.
pub(crate) const HANDLE: &str = "bareio-handle";
/// bareio's pool by `&self`.
const PLAIN: &str = "bareio-plain";
/// The contestant whose threads share nothing.
const CONTROL: &str = "nothing-shared";

/// A pool under test, shared by threads.
trait Pool: Sync + Sized + 'static {
    /// What it hands out.
    type Token<'p>: Send;
    /// What one thread uses it through.
    type Worker<'p>: Worker<Token = Self::Token<'p>>
    where
        Self: 'p;

    /// Makes one, full.
    fn with_capacity(capacity: u32) -> Self;

    /// What the thread of this number uses.
    fn worker(&self, thread: u32) -> Self::Worker<'_>;
}

/// One thread's use of a pool.
trait Worker {
    /// What is handed out.
    type Token;

    /// Draws one; `None` if the pool seems empty.
    fn get(&mut self) -> Option<Self::Token>;

    /// Gives one back, drawn by whatever worker.
    fn put(&mut self, token: Self::Token);

    /// Draws one, and tries again where a pool seems empty because another thread is in the middle of a put.
    #[inline(always)]
    fn draw(&mut self) -> Self::Token {
        loop {
            if let Some(token) = self.get() {
                return token;
            }
            std::hint::spin_loop();
        }
    }

    /// Draws `WINDOW` and gives them back. (In memory of no type, because an array of guards costs more than some pools:
    /// it drops what it holds if a draw should panic. Here they would leak.)
    #[inline(always)]
    fn pairs<const WINDOW: usize>(&mut self) {
        let mut tokens = [const { MaybeUninit::uninit() }; WINDOW];
        for token in &mut tokens {
            token.write(self.draw());
        }
        between();
        for token in &tokens {
            // SAFETY: all were written above, and each is read once.
            self.put(unsafe { token.assume_init_read() });
        }
        between();
    }
}

/// Keeps the compiler from seeing that a put undoes a get. It costs no instruction, unlike a `black_box`, whose
/// trip through memory would cost as much as the fastest pool.
#[inline(always)]
fn between() {
    compiler_fence(Ordering::SeqCst);
}

/// Makes one contestant's measurement.
type Start = Box<dyn Fn() -> Measure>;

/// The measurements of one contestant, and its work on one thread.
struct Measures {
    name: &'static str,
    /// By the indexes of [`THREADS`] and [`WINDOWS`].
    pairs: Vec<Vec<Start>>,
    hand_off: Start,
    /// By the index of [`THREADS`].
    latency: Vec<Start>,
    /// By the index of [`WINDOWS`].
    work: [fn() -> Work; 3],
}

const THREADS: [u32; 3] = [1, 2, 8];
const WINDOWS: [usize; 3] = [1, 4, 32];

/// All measurements of `P`.
fn measures<P: Pool>(name: &'static str, arguments: &Arguments) -> Measures {
    let slice = arguments.slice();
    let pairs = |threads: u32| -> Vec<Start> {
        if threads == 1 {
            return vec![
                Box::new(move || case::timed(pairs::work::<P, 1>(), slice)),
                Box::new(move || case::timed(pairs::work::<P, 4>(), slice)),
                Box::new(move || case::timed(pairs::work::<P, 32>(), slice)),
            ];
        }
        vec![
            Box::new(move || pairs::measure::<P, 1>(threads, slice)),
            Box::new(move || pairs::measure::<P, 4>(threads, slice)),
            Box::new(move || pairs::measure::<P, 32>(threads, slice)),
        ]
    };
    let latency = |threads| -> Start { Box::new(move || latency::measure::<P>(threads, slice)) };
    Measures {
        name,
        pairs: THREADS.map(pairs).into(),
        hand_off: Box::new(move || hand_off::measure::<P>(slice)),
        latency: THREADS.map(latency).into(),
        work: [pairs::work::<P, 1>, pairs::work::<P, 4>, pairs::work::<P, 32>],
    }
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, threads) in THREADS.into_iter().enumerate() {
        for (window_at, window) in WINDOWS.into_iter().enumerate() {
            let pick = |mut measures: Measures| measures.pairs.swap_remove(at).swap_remove(window_at);
            cases.push(pairs_case(threads, window, contestants(arguments, pick)));
        }
    }
    cases.push(Case {
        metrics: vec![Metric::new(
            "",
            "M hand-offs a second",
            vec![Comparison::with(REFERENCE).goal(HANDLE, Goal::RatioAtLeast(5.0))],
        )],
        ..bare("hand-off".to_owned(), contestants(arguments, |measures| measures.hand_off))
    });
    for (at, threads) in THREADS.into_iter().enumerate() {
        let pick = |mut measures: Measures| measures.latency.swap_remove(at);
        cases.push(Case {
            metrics: latency_metrics(threads),
            ..bare(format!("{} get", title(threads)), contestants(arguments, pick))
        });
    }
    cases
}

fn title(threads: u32) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}

fn pairs_case(threads: u32, window: usize, contestants: Vec<Contestant>) -> Case {
    let name = format!("{} window {window}", title(threads));
    let case = bare(name, contestants);
    let asked = Comparison::with(REFERENCE);
    if threads == 1 {
        let asked = asked.goal(HANDLE, Goal::RatioAtMost(0.12)).goal(PLAIN, Goal::RatioAtMost(1.5));
        return Case { metrics: vec![Metric::new("", "ns a pair", vec![asked])], ..case };
    }
    let asked = if threads == 2 {
        asked.goal(HANDLE, Goal::RatioAtLeast(40.0)).goal(PLAIN, Goal::RatioAtLeast(1.5))
    } else {
        asked
    };
    let rate = Metric::new("", "M pairs a second", vec![asked]);
    let fairness = Metric::new("fairness", "slowest thread / fastest", vec![Comparison::with(CONTROL)]);
    // With more threads than processors, fairness is the scheduler's.
    let control = (threads == 2).then_some((1, CONTROL));
    Case { metrics: vec![rate, fairness], control, ..case }
}

/// One metric for each of [`latency::PERCENTILES`].
fn latency_metrics(threads: u32) -> Vec<Metric> {
    let metric = |(name, _)| {
        let mut asked = Comparison::with(REFERENCE);
        if name == "p99.9" && threads == 2 {
            asked = asked.goal(HANDLE, Goal::ValueAtMost(20.0)).goal(PLAIN, Goal::RatioAtMost(0.1));
        }
        Metric::new(name, "ns", vec![asked])
    };
    latency::PERCENTILES.map(metric).into()
}

/// A case of this group that measures nothing yet.
fn bare(name: String, contestants: Vec<Contestant>) -> Case {
    Case { group: "pool", name, metrics: Vec::new(), contestants, exact: false, control: None }
}

/// The contestants of one case: `pick` takes their measurement for it.
fn contestants(arguments: &Arguments, pick: impl Fn(Measures) -> Start) -> Vec<Contestant> {
    let contestant = |measures: Measures| {
        let name = measures.name;
        let start = pick(measures);
        Contestant { name, set_up: Box::new(move || Ok(start())) }
    };
    contestants::all(arguments).into_iter().map(contestant).collect()
}

pub(crate) fn countables(arguments: &Arguments) -> Vec<Countable> {
    let names = ["pool window 1", "pool window 4", "pool window 32"];
    let countable = |(at, name): (usize, &'static str)| {
        let contestant = |Measures { name, work, .. }| {
            let set_up: SetUp = Box::new(move || Ok(work[at]()));
            (name, set_up)
        };
        let contestants = contestants::all(arguments).into_iter().map(contestant).collect();
        Countable { name, repetitions: 20_000, contestants }
    };
    names.into_iter().enumerate().map(countable).collect()
}
