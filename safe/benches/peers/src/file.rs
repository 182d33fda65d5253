//! The group `file`: random reads of a file, so many in flight, on one thread.
//!
//! All contestants read blocks of 4 KiB at random places of one file of 64 MiB. Where one has fixed buffers and files, it
//! uses them. One that takes no operations in flight takes part at depth 1 only.

mod contestants;
mod fixture;

use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, Contestant as Listed, Goal, Measure, Metric};
pub(crate) use contestants::{Blocking, Calls};
pub(crate) use fixture::{BLOCK, Block, Fixture, Place, processor_time};

/// Reads random blocks.
pub(crate) trait Contestant: Sized + 'static {
    /// Opens the file, for `depth` reads in flight.
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String>;

    /// Reads about `count` blocks, each whole.
    fn read(&mut self, count: u64);
}

/// Measures one contestant: thousand reads a second, and microseconds of processor time a read.
pub(crate) fn set_up<C: Contestant>(place: Place, depth: u32, slice: Duration) -> Result<Measure, String> {
    let mut contestant = C::open(Fixture::new(place)?, depth)?;
    let mut count = u64::from(depth) * 4;
    Ok(Box::new(move || {
        loop {
            let (start, processor) = (Instant::now(), processor_time());
            contestant.read(count);
            let (elapsed, processor) = (start.elapsed(), processor_time() - processor);
            if elapsed * 2 >= slice {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                let reads = count as f64;
                return vec![reads / elapsed.as_secs_f64() / 1e3, processor.as_secs_f64() * 1e6 / reads];
            }
            count *= 2;
        }
    }))
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let slice = arguments.slice() * 5;
    let mut cases: Vec<Case> = [1, 16, 64, 256]
        .into_iter()
        .map(|depth| {
            let mut rate = vec![Comparison::with("io-uring"), Comparison::with("tokio-uring")];
            let mut cost = vec![Comparison::with("io-uring")];
            match depth {
                1 => rate.push(Comparison::with("pread").goal("bareio-run", Goal::RatioAtLeast(0.95))),
                16 => rate[1] = Comparison::with("tokio-uring").goal("bareio", Goal::RatioAtLeast(1.05)),
                _ => {
                    rate[0] = Comparison::with("io-uring").goal("bareio", Goal::RatioAtLeast(0.95));
                    cost[0] = Comparison::with("io-uring").goal("bareio", Goal::RatioAtMost(1.05));
                }
            }
            if depth == 256 {
                cost.push(Comparison::with("tokio-uring").goal("bareio", Goal::RatioAtMost(0.75)));
                cost.push(Comparison::with("compio").goal("bareio", Goal::RatioAtMost(0.60)));
            }
            case(format!("direct depth {depth}"), Place::Direct, depth, slice, rate, cost)
        })
        .collect();
    for (name, place) in [("buffered depth 1", Place::Buffered), ("buffered depth 1 tmpfs", Place::Memory)] {
        let rate = vec![
            Comparison::with("pread").goal("bareio-run", Goal::RatioAtLeast(0.95)),
            Comparison::with("tokio-uring"),
        ];
        cases.push(case(name.to_owned(), place, 1, slice, rate, vec![Comparison::with("pread")]));
    }
    cases
}

fn case(
    name: String,
    place: Place,
    depth: u32,
    slice: Duration,
    rate: Vec<Comparison>,
    cost: Vec<Comparison>,
) -> Case {
    let contestants = contestants::all()
        .into_iter()
        .map(|(name, set_up)| Listed { name, set_up: Box::new(move || set_up(place, depth, slice)) })
        .collect();
    let metrics =
        vec![Metric::new("", "k reads a second", rate), Metric::new("cost", "µs of processor a read", cost)];
    Case { group: "file", name, metrics, contestants, exact: false, control: None }
}
