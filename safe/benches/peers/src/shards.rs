//! The group `shards`: what a second core adds for threads that read.
//!
//! Every thread keeps 16 direct reads of 4 KiB in flight, at random offsets of one file of 16 MiB, waits for the oldest and
//! begins the next. The file is in memory (`tmpfs`), so that what is timed is the way there and back and not a device; where
//! direct I/O is not to be had there (before Linux 6.6), the case is left out. A round has each contestant run on one processor
//! and then on two.

mod contestants;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use bareio::file::{Direct, File, OpenOptions};
use bareio::{Align, AlignedBuf, Native};

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, Contestant as Listed, LeftOut, Measure, Metric};
use crate::processors;

/// Reads in flight, of each thread.
const DEPTH: usize = 16;
/// Bytes of a read.
const READ_LEN: usize = 4096;
/// Reads that the file has room for.
const PLACES: u64 = 4096;
/// Where files are in memory.
const MEMORY: &str = "/dev/shm";

/// Something by which threads read.
trait Contestant: Sized + Sync {
    /// For so many threads.
    fn open(threads: usize) -> Result<Self, LeftOut>;

    /// Reads until it is to stop, as that thread. Returns how many reads have ended.
    fn read(&self, thread: usize, file: &File, stop: &AtomicBool) -> u64;
}

/// Random places of the file.
struct Places(u64);

impl Places {
    fn of(thread: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ thread as u64)
    }

    /// An offset in bytes.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % PLACES * READ_LEN as u64
    }
}

/// One thread's buffers.
fn buffers() -> Vec<AlignedBuf<Native>> {
    let buffer = |_| AlignedBuf::new(bareio::host::NATIVE, READ_LEN, Align::KIB_4).expect("a page of memory");
    (0..DEPTH).map(buffer).collect()
}

fn file() -> Result<File, LeftOut> {
    let folder = tempfile::tempdir_in(Path::new(MEMORY)).map_err(|error| format!("{MEMORY}: {error}"))?;
    let path = folder.path().join("data");
    std::fs::write(&path, vec![7; READ_LEN * PLACES as usize])
        .map_err(|error| format!("{MEMORY}: {error}"))?;
    let options = OpenOptions::new().read(true).direct(Direct::Required);
    // It goes on being there without its name.
    options.open(&path).map_err(|error| format!("direct I/O in {MEMORY}: {error}"))
}

/// Thousands of reads a second, of all threads.
fn rate<C: Contestant>(contestant: &C, threads: usize, file: &File, slice: Duration) -> f64 {
    let stop = AtomicBool::new(false);
    let start = Barrier::new(threads + 1);
    let begun = OnceLock::new();
    let run = |thread: usize| {
        processors::pin(thread);
        start.wait();
        let begun: Instant = *begun.get_or_init(Instant::now);
        let count = contestant.read(thread, file, &stop);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let count = count as f64;
        count / begun.elapsed().as_secs_f64() / 1e3
    };
    thread::scope(|scope| {
        let run = &run;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        start.wait();
        thread::sleep(slice);
        // Relaxed: nothing but the wish to stop is told by it.
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|thread| thread.join().expect("a thread that does not panic")).sum()
    })
}

fn measure<C: Contestant + 'static>(slice: Duration) -> Result<Measure, LeftOut> {
    let file = Arc::new(file()?);
    let (one, two) = (C::open(1)?, C::open(2)?);
    Ok(Box::new(move || {
        let one = rate(&one, 1, &file, slice);
        let two = rate(&two, 2, &file, slice);
        vec![one, two, two / one]
    }))
}

fn listed<C: Contestant + 'static>(name: &'static str, slice: Duration) -> Listed {
    Listed { name, set_up: Box::new(move || measure::<C>(slice)) }
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let slice = arguments.slice();
    let against = |name, unit| Metric::new(name, unit, vec![Comparison::with("one-scheduler")]);
    vec![Case {
        group: "shards",
        name: "reads from memory".to_owned(),
        metrics: vec![
            against("1 thread", "k reads a second"),
            against("2 threads", "k reads a second"),
            against("scaling", "2 threads / 1 thread"),
        ],
        contestants: contestants::all(slice),
        exact: false,
        control: None,
    }]
}
