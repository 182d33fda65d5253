//! The group `threads`: several threads on two processors, each with direct reads of 4 KiB, one at a time.

use std::os::unix::fs::FileExt;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use bareio::sched::{Backend, Op, Scheduler};
use hdrhistogram::Histogram;
use io_uring::{IoUring, opcode, types};

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, Contestant as Listed, Goal, Measure, Metric};
use crate::file::{BLOCK, Block, Fixture, Place};
use crate::processors;

/// One thread's reads.
type Reader = Box<dyn FnMut(Block, u64) -> Block>;

/// Makes readers, each on the thread that is to use it.
type Readers = Box<dyn Fn() -> Reader + Sync>;

/// Reads of one thread in one round, for each millisecond of a slice.
const READS_A_MS: u32 = 5;

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let reads =
        u32::try_from(arguments.slice().as_millis()).unwrap_or(u32::MAX).saturating_mul(READS_A_MS) * 5;
    [1, 2, 8].into_iter().map(|threads| case(threads, reads)).collect()
}

fn case(threads: u32, reads: u32) -> Case {
    let mut rate = Comparison::with("ring-each");
    if threads == 8 {
        rate =
            rate.goal("bareio-run", Goal::RatioAtLeast(0.9)).goal("bareio-ticket", Goal::RatioAtLeast(0.9));
    }
    let contestants: [(&'static str, fn() -> Result<Readers, String>); 4] =
        [("bareio-run", run), ("bareio-ticket", ticket), ("ring-each", ring_each), ("pread", pread)];
    let listed = |(name, make): (&'static str, fn() -> Result<Readers, String>)| Listed {
        name,
        set_up: Box::new(move || Ok(measure(make()?, threads, reads))),
    };
    let late = |name| Metric::new(name, "µs a read", vec![Comparison::with("ring-each")]);
    Case {
        group: "threads",
        name: format!("{threads} submitters"),
        metrics: vec![Metric::new("", "k reads a second", vec![rate]), late("p50"), late("p99.9")],
        contestants: contestants.into_iter().map(listed).collect(),
        exact: false,
        control: None,
    }
}

fn measure(readers: Readers, threads: u32, reads: u32) -> Measure {
    Box::new(move || {
        let start = Barrier::new(threads as usize);
        let one = |thread: u32| {
            processors::pin(thread as usize);
            let (mut reader, mut block) = (readers(), Block::new());
            let fixture = Fixture::new(Place::Direct).expect("made before");
            let mut histogram = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 3).expect("in range");
            start.wait();
            let begin = Instant::now();
            for _ in 0..reads {
                let before = Instant::now();
                block = reader(block, fixture.offset());
                histogram.saturating_record(nanoseconds(before.elapsed()));
            }
            (histogram, begin.elapsed())
        };
        let ended: Vec<_> = thread::scope(|scope| {
            let one = &one;
            let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
            running.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let longest = ended.iter().map(|(_, elapsed)| *elapsed).max().unwrap_or_default();
        let mut all = ended[0].0.clone();
        for (histogram, _) in &ended[1..] {
            all.add(histogram).expect("of the same bounds");
        }
        let rate = f64::from(reads) * f64::from(threads) / longest.as_secs_f64() / 1e3;
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of seconds")]
        let at = |percentile| all.value_at_percentile(percentile) as f64 / 1e3;
        vec![rate, at(50.0), at(99.9)]
    })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn scheduler() -> Result<(Scheduler, bareio::File), String> {
    let scheduler =
        Scheduler::builder().backend(Backend::IoUring).build().map_err(|error| error.to_string())?;
    let file = Fixture::new(Place::Direct)?.file()?;
    Ok((scheduler, bareio::File::try_from(file).map_err(|error| error.to_string())?))
}

/// bareio's scheduler, by blocking reads.
fn run() -> Result<Readers, String> {
    let (scheduler, file) = scheduler()?;
    Ok(Box::new(move || {
        let (scheduler, file) = (scheduler.clone(), file.clone());
        Box::new(move |block, offset| scheduler.read_at(&file, block, offset).expect("a read").1)
    }))
}

/// The same, by tickets over the one ring.
fn ticket() -> Result<Readers, String> {
    let (scheduler, file) = scheduler()?;
    Ok(Box::new(move || {
        let (scheduler, file) = (scheduler.clone(), file.clone());
        Box::new(move |block, offset| {
            let op = Op::read(&file, block, offset);
            let ticket = scheduler.submit(op).map_err(|refused| refused.error).expect("room");
            ticket.wait().expect("a read").1
        })
    }))
}

/// A ring for each thread, on io-uring 0.7.
fn ring_each() -> Result<Readers, String> {
    Fixture::new(Place::Direct)?;
    IoUring::new(8).map_err(|error| format!("no ring: {error}"))?;
    Ok(Box::new(|| {
        let builder = &mut IoUring::builder();
        let mut ring = builder.setup_single_issuer().setup_defer_taskrun().build(8).expect("a ring");
        let file = Fixture::new(Place::Direct).and_then(|fixture| fixture.file()).expect("opened before");
        Box::new(move |block, offset| {
            let fd = types::Fd(std::os::fd::AsRawFd::as_raw_fd(&file));
            let len = u32::try_from(BLOCK).expect("4 KiB");
            let read = opcode::Read::new(fd, block.as_ptr(), len).offset(offset).build();
            // SAFETY: the block stays until the read is complete, which is waited for.
            unsafe { ring.submission().push(&read) }.expect("room for one");
            ring.submit_and_wait(1).expect("enter");
            let completion: io_uring::cqueue::Entry = ring.completion().next().expect("one that is complete");
            assert_eq!(usize::try_from(completion.result()), Ok(BLOCK));
            block
        })
    }))
}

fn pread() -> Result<Readers, String> {
    Fixture::new(Place::Direct)?;
    Ok(Box::new(|| {
        let file = Fixture::new(Place::Direct).and_then(|fixture| fixture.file()).expect("opened before");
        Box::new(move |mut block, offset| {
            file.read_exact_at(block.bytes(), offset).expect("a read");
            block
        })
    }))
}
