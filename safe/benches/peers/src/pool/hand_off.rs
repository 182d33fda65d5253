//! Got here, put there: one thread draws, another gives back.
//!
//! Between them runs a channel of blocks of [`BLOCK`] tokens, cheap beside what is measured and the same for all.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use super::{CAPACITY, Pool, Worker};
use crate::case::Measure;
use crate::processors;

/// Tokens that go over at a time.
const BLOCK: usize = 32;
/// Tokens that are on their way at most.
const IN_CHANNEL: usize = 8 * BLOCK;
/// Looks at a channel that is full or empty before the processor is given away.
const LOOKS: u32 = 1000;

/// Millions of hand-offs a second, over about `slice`.
pub(super) fn measure<P: Pool>(slice: Duration) -> Measure {
    let pool = P::with_capacity(CAPACITY);
    Box::new(move || vec![rate(&pool, slice) / 1e6])
}

fn rate<P: Pool>(pool: &P, slice: Duration) -> f64 {
    let (sender, receiver) = RingBuffer::new(IN_CHANNEL);
    let stop = AtomicBool::new(false);
    let start = Barrier::new(3);
    thread::scope(|scope| {
        let (stop, start) = (&stop, &start);
        scope.spawn(move || {
            processors::pin(0);
            let worker = pool.worker(0);
            start.wait();
            draw(worker, sender, stop);
        });
        let putting = scope.spawn(move || {
            processors::pin(1);
            let worker = pool.worker(1);
            start.wait();
            let begun = Instant::now();
            let count = put(worker, receiver);
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            let rate = count as f64 / begun.elapsed().as_secs_f64();
            rate
        });
        start.wait();
        thread::sleep(slice);
        // Relaxed: nothing but the wish to stop is told by it.
        stop.store(true, Ordering::Relaxed);
        putting.join().expect("a thread that does not panic")
    })
}

/// Sends blocks until told to stop.
fn draw<W: Worker>(mut worker: W, mut sender: Producer<W::Token>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let mut looks = 0;
        while sender.slots() < BLOCK {
            pause(&mut looks);
        }
        let chunk = sender.write_chunk_uninit(BLOCK).expect("as many slots as were counted");
        chunk.fill_from_iter((0..BLOCK).map(|_| worker.draw()));
    }
}

/// Gives back whatever comes, until the other side is gone. Returns how many came.
fn put<W: Worker>(mut worker: W, mut receiver: Consumer<W::Token>) -> u64 {
    let mut count = 0;
    let mut looks = 0;
    loop {
        // Before the count of slots: what was sent before the end is then seen.
        let ended = receiver.is_abandoned();
        let here = receiver.slots().min(BLOCK);
        if here == 0 {
            if ended {
                return count;
            }
            pause(&mut looks);
            continue;
        }
        looks = 0;
        let chunk = receiver.read_chunk(here).expect("as many slots as were counted");
        for token in chunk {
            worker.put(token);
        }
        count += here as u64;
    }
}

/// Spins, and after a while lets others run.
fn pause(looks: &mut u32) {
    *looks += 1;
    if looks.is_multiple_of(LOOKS) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}
