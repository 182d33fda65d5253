//! Threads that draw a window of indexes and put them back, over and over.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::{CAPACITY, Pool, Worker};
use crate::case::{Measure, Work};
use crate::processors;

/// Windows between two looks at whether to stop.
const STRIDE: u32 = 64;

/// One thread's windows, as many as are asked for.
pub(super) fn work<P: Pool, const WINDOW: usize>() -> Work {
    let pool = P::with_capacity(CAPACITY);
    #[expect(clippy::cast_possible_truncation, reason = "a window is at most 32")]
    let operations = WINDOW as u32;
    let repeat = move |repetitions| {
        let mut worker = pool.worker(0);
        // Its address has gone somewhere: what it holds must be in memory at every fence.
        black_box(&mut worker);
        for _ in 0..repetitions {
            worker.pairs::<WINDOW>();
        }
    };
    Work { repeat: Box::new(repeat), operations }
}

/// Several threads for about `slice`: millions of pairs a second, and fairness.
pub(super) fn measure<P: Pool, const WINDOW: usize>(threads: u32, slice: Duration) -> Measure {
    let pool = P::with_capacity(CAPACITY);
    Box::new(move || {
        let rates = rates::<P, WINDOW>(&pool, threads, slice);
        let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let fastest = rates.iter().copied().fold(0.0, f64::max);
        vec![rates.iter().sum::<f64>() / 1e6, slowest / fastest]
    })
}

/// Each thread's pairs a second.
fn rates<P: Pool, const WINDOW: usize>(pool: &P, threads: u32, slice: Duration) -> Vec<f64> {
    let stop = AtomicBool::new(false);
    let start = Barrier::new(threads as usize + 1);
    // The moment at which the first of them got going: one that has to wait for a processor has lost that time.
    let begun = OnceLock::new();
    let run = |thread: u32| {
        processors::pin(thread as usize);
        let mut worker = pool.worker(thread);
        black_box(&mut worker);
        start.wait();
        let begun: Instant = *begun.get_or_init(Instant::now);
        let mut strides = 0_u32;
        // Relaxed: nothing but the wish to stop is told by it.
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..STRIDE {
                worker.pairs::<WINDOW>();
            }
            strides += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "a window is at most 32")]
        let pairs_a_stride = f64::from(STRIDE) * WINDOW as f64;
        f64::from(strides) * pairs_a_stride / begun.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let run = &run;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        start.wait();
        thread::sleep(slice);
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|thread| thread.join().expect("a thread that does not panic")).collect()
    })
}
