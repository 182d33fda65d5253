//! How long one `get` takes, by percentile, while all threads draw and put back.

use std::hint::black_box;
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;
use quanta::Clock;

use super::{CAPACITY, Pool, Worker, between};
use crate::case::Measure;
use crate::processors;

/// What is reported: name and percentile.
pub(super) const PERCENTILES: [(&str, f64); 4] =
    [("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9), ("p99.99", 99.99)];

/// Samples of one thread, for each millisecond of a slice. A p99.99 wants a hundred thousand.
const SAMPLES_A_MS: u32 = 5000;
/// Samples that find out what reading the clock costs.
const CLOCK_SAMPLES: u32 = 100_000;
/// The longest that is told apart, in ticks: seconds, on any processor. What is longer counts as this.
const MAX_TICKS: u64 = 1 << 36;

/// Nanoseconds at each of [`PERCENTILES`].
pub(super) fn measure<P: Pool>(threads: u32, slice: Duration) -> Measure {
    let pool = P::with_capacity(CAPACITY);
    let milliseconds = u32::try_from(slice.as_millis()).unwrap_or(u32::MAX);
    let samples = milliseconds.saturating_mul(SAMPLES_A_MS) / threads;
    Box::new(move || {
        let timer = Timer::get();
        let all = histogram(&pool, threads, samples, timer);
        PERCENTILES.map(|(_, percentile)| timer.nanoseconds(all.value_at_percentile(percentile))).into()
    })
}

/// Samples of all threads.
fn histogram<P: Pool>(pool: &P, threads: u32, samples: u32, timer: &Timer) -> Histogram<u64> {
    let start = Barrier::new(threads as usize);
    let run = |thread: u32| {
        processors::pin(thread as usize);
        let mut worker = pool.worker(thread);
        black_box(&mut worker);
        let mut histogram = empty();
        start.wait();
        for _ in 0..samples {
            let before = timer.clock.raw();
            let token = worker.draw();
            between();
            let after = timer.clock.raw();
            worker.put(token);
            timer.record(&mut histogram, before, after);
        }
        histogram
    };
    thread::scope(|scope| {
        let run = &run;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        let mut all = empty();
        for thread in running {
            all += thread.join().expect("a thread that does not panic");
        }
        all
    })
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_max(MAX_TICKS, 3).expect("bounds in order")
}

/// The processor's own clock, where it has one that can be relied on.
struct Timer {
    clock: Clock,
    nanoseconds_a_tick: f64,
    /// Ticks between two readings with nothing in between.
    cost: u64,
}

impl Timer {
    fn get() -> &'static Self {
        static TIMER: OnceLock<Timer> = OnceLock::new();
        TIMER.get_or_init(Self::new)
    }

    #[expect(clippy::cast_precision_loss, reason = "a billion ticks are fewer than 2^53 ns")]
    fn new() -> Self {
        const MANY: u64 = 1_000_000_000;
        let clock = Clock::new();
        let nanoseconds_a_tick = clock.delta_as_nanos(0, MANY) as f64 / MANY as f64;
        let cost = cost(&clock);
        Self { clock, nanoseconds_a_tick, cost }
    }

    #[inline(always)]
    fn record(&self, histogram: &mut Histogram<u64>, before: u64, after: u64) {
        // At least what reading the clock costs: it does not tell apart what is shorter, and a ratio to nothing says
        // nothing.
        histogram.saturating_record(after.saturating_sub(before).saturating_sub(self.cost).max(self.cost));
    }

    #[expect(clippy::cast_precision_loss, reason = "at most 2^36 ticks")]
    fn nanoseconds(&self, ticks: u64) -> f64 {
        ticks as f64 * self.nanoseconds_a_tick
    }
}

/// Ticks between two readings with nothing in between: the median, and at least one.
fn cost(clock: &Clock) -> u64 {
    let mut costs = empty();
    for _ in 0..CLOCK_SAMPLES {
        let before = clock.raw();
        between();
        let after = clock.raw();
        costs.saturating_record(after.saturating_sub(before));
    }
    costs.value_at_quantile(0.5).max(1)
}
