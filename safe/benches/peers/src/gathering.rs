//! The group `gathering`: what many submissions gain by being gathered.
//!
//! Files lie in the working directory, which is to be on a device: in memory, direct I/O and flushes are something else.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use bareio::file::{Direct, OpenOptions};
use bareio::sched::{Backend, Builder, Flushing, Op, Scheduler};
use bareio::{Align, AlignedBuf, File, Native};

use crate::arguments::Arguments;
use crate::case::{self, Case, Comparison, Contestant, Goal, LeftOut, Measure, Metric, Work};

const BLOCK: usize = 4096;
/// How many times as fast contiguous writes are to be together as apart.
const TOGETHER: f64 = 1.7;
/// How many times as many commits are to be made by shared flushes as by one each.
const SHARED: f64 = 3.0;

fn text(error: impl std::fmt::Display) -> LeftOut {
    error.to_string()
}

fn ring(change: impl Fn(Builder) -> Builder) -> Result<Scheduler, LeftOut> {
    change(Scheduler::builder().backend(Backend::IoUring)).build().map_err(text)
}

/// A file of zeroes without a name, of `len` bytes, all written.
fn file(len: usize, direct: Direct) -> Result<File, LeftOut> {
    let named = tempfile::NamedTempFile::new_in(".").map_err(text)?;
    std::fs::write(named.path(), vec![0; len]).map_err(text)?;
    let file = OpenOptions::new().read(true).write(true).direct(direct).open(named.path()).map_err(text)?;
    file.sync_all().map_err(text)?;
    Ok(file)
}

/// Contiguous writes, under a plug or without.
fn writes(coalesces: bool, plugs: bool) -> Result<Work, LeftOut> {
    const WRITES: usize = 16;
    let file = file(WRITES * BLOCK, Direct::Required)?;
    let scheduler = ring(|b| b.coalesce(coalesces))?;
    let block = || -> Result<AlignedBuf<Native>, LeftOut> {
        let mut block = AlignedBuf::new(bareio::host::NATIVE, BLOCK, Align::KIB_4).map_err(text)?;
        block.extend_from_slice(&[1; BLOCK]).map_err(text)?;
        Ok(block)
    };
    let mut blocks = (0..WRITES).map(|_| block()).collect::<Result<Vec<_>, _>>()?;
    let mut tickets = Vec::with_capacity(WRITES);
    let repeat = move |repetitions| {
        for _ in 0..repetitions {
            let ops =
                blocks.drain(..).zip(0_u64..).map(|(block, at)| Op::write(&file, block, at * BLOCK as u64));
            if plugs {
                let plug = scheduler.plug();
                tickets.extend(ops.map(|op| plug.submit(op).expect("there is room")));
            } else {
                tickets.extend(ops.map(|op| scheduler.submit(op).expect("there is room")));
            }
            for ticket in tickets.drain(..) {
                let (count, block) = ticket.wait().expect("it can be written");
                assert_eq!(count, BLOCK);
                blocks.push(block);
            }
        }
    };
    Ok(Work { repeat: Box::new(repeat), operations: 16 })
}

/// Submissions that do nothing, under a plug or without.
fn nothing(plugs: bool) -> Result<Work, LeftOut> {
    let scheduler = ring(|b| b)?;
    let mut tickets = Vec::with_capacity(64);
    let repeat = move |repetitions| {
        for _ in 0..repetitions {
            let plug = scheduler.plug();
            for _ in 0..64 {
                // One that has a deadline is not told to be nothing before it is submitted.
                let op = Op::nop().within(Duration::from_secs(60));
                tickets
                    .push(if plugs { plug.submit(op) } else { scheduler.submit(op) }.expect("there is room"));
            }
            drop(plug);
            tickets.drain(..).for_each(|ticket| assert_eq!(ticket.wait().expect("it does nothing").0, 0));
        }
    };
    Ok(Work { repeat: Box::new(repeat), operations: 64 })
}

/// How a commit is made durable.
#[derive(Clone, Copy)]
enum Commit {
    /// By the scheduler.
    Scheduled(Flushing),
    /// By two calls.
    Calls,
}

const RECORD: usize = 512;
/// How many records each writer has room for, one after the other.
const RECORDS: u64 = 64;

/// Commits a second, of so many writers.
fn commits(writers: u64, how: Commit, slice: Duration) -> Result<Measure, LeftOut> {
    let len = usize::try_from(writers * RECORDS).map_err(text)? * RECORD;
    let file = file(len, Direct::Off)?;
    let flushing = match how {
        Commit::Scheduled(flushing) => flushing,
        Commit::Calls => Flushing::Each,
    };
    let scheduler = ring(|b| b.flushing(flushing))?;
    let commit = move |offset: u64, record: Vec<u8>| match how {
        Commit::Scheduled(_) => {
            let ticket = scheduler.submit(Op::write(&file, record, offset).durable()).expect("there is room");
            ticket.wait().expect("it can be written").1
        }
        Commit::Calls => {
            file.write_all_at(&record, offset).expect("it can be written");
            file.sync_data().expect("it can be flushed");
            record
        }
    };
    let commit = Arc::new(commit);
    Ok(Box::new(move || {
        let start = Barrier::new(usize::try_from(writers).unwrap_or(1));
        let made = std::thread::scope(|scope| {
            let writer = |writer| {
                let (commit, start) = (&commit, &start);
                move || {
                    let (mut record, mut made) = (vec![1; RECORD], 0_u32);
                    start.wait();
                    let begin = Instant::now();
                    while begin.elapsed() < slice {
                        let at = u64::from(made) % RECORDS * writers + writer;
                        record = commit(at * RECORD as u64, record);
                        made += 1;
                    }
                    f64::from(made) / begin.elapsed().as_secs_f64()
                }
            };
            let threads: Vec<_> = (0..writers).map(|at| scope.spawn(writer(at))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no writer panics")).sum::<f64>()
        });
        vec![made]
    }))
}

type Contestants = Vec<(&'static str, Box<dyn Fn() -> Result<Measure, LeftOut>>)>;

fn case(name: String, unit: &'static str, comparison: Comparison, contestants: Contestants) -> Case {
    let listed = |(name, set_up)| Contestant { name, set_up };
    Case {
        group: "gathering",
        name,
        metrics: vec![Metric::new("", unit, vec![comparison])],
        contestants: contestants.into_iter().map(listed).collect(),
        exact: false,
        control: None,
    }
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let slice = arguments.slice();
    let timed = move |set_up: fn() -> Result<Work, LeftOut>| -> Box<dyn Fn() -> Result<Measure, LeftOut>> {
        Box::new(move || Ok(case::timed(set_up()?, slice)))
    };
    let apart = Comparison::with("apart").goal("together", Goal::RatioAtMost(1.0 / TOGETHER));
    let mut cases = vec![
        case(
            "16 contiguous writes".to_owned(),
            "ns a write",
            apart,
            vec![
                ("together", timed(|| writes(true, true))),
                ("apart", timed(|| writes(false, true))),
                ("without a plug", timed(|| writes(true, false))),
            ],
        ),
        case(
            "64 submissions".to_owned(),
            "ns an operation",
            Comparison::with("without a plug"),
            vec![("under a plug", timed(|| nothing(true))), ("without a plug", timed(|| nothing(false)))],
        ),
    ];
    for writers in [1, 4, 32] {
        let mut comparison = Comparison::with("one flush each");
        if writers == 32 {
            comparison = comparison.goal("shared", Goal::RatioAtLeast(SHARED));
        }
        let set_up = |how| -> Box<dyn Fn() -> Result<Measure, LeftOut>> {
            Box::new(move || commits(writers, how, slice))
        };
        cases.push(case(
            format!("{writers} writers commit"),
            "commits a second",
            comparison,
            vec![
                ("shared", set_up(Commit::Scheduled(Flushing::Shared))),
                ("as it is chosen", set_up(Commit::Scheduled(Flushing::Auto))),
                ("one flush each", set_up(Commit::Scheduled(Flushing::Each))),
                ("pwrite, fdatasync", set_up(Commit::Calls)),
            ],
        ));
    }
    cases
}
