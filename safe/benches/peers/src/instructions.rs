//! The group `instructions`: user-space instructions an operation, counted by callgrind.
//!
//! This program runs itself under callgrind twice for each contestant, once for N and once for 2N repetitions of the
//! work that the groups `ring` and `pool` time. What the second run executed more, divided by N, is what one
//! repetition costs: set-up, loading and the harness cancel out. The kernel's side of a system call is not seen.

use std::env;
use std::process::Command;

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, Contestant, Goal, Measure, Metric, SetUp};
use crate::{pool, ring};

const GROUP: &str = "instructions";

/// Something to count: a case of another group, one thread of it.
pub(crate) struct Countable {
    pub(crate) name: &'static str,
    /// N.
    pub(crate) repetitions: u64,
    pub(crate) contestants: Vec<(&'static str, SetUp)>,
}

fn countables(arguments: &Arguments) -> Vec<Countable> {
    let mut all = ring::countables();
    all.extend(pool::countables(arguments));
    all
}

/// What is asked, by case. The limits are absolute and relative; each is a comparison of its own.
fn comparisons(case: &str) -> Vec<Comparison> {
    let bareio = "bareio";
    match case {
        "nop single" | "nop batch 1" => vec![
            Comparison::with("rustix-uring").goal(bareio, Goal::ValueAtMost(70.0)),
            Comparison::with("liburing").goal(bareio, Goal::RatioAtMost(0.63)),
        ],
        "nop batch 32" => vec![
            Comparison::with("rustix-uring").goal(bareio, Goal::ValueAtMost(18.6)),
            Comparison::with("io-uring").goal(bareio, Goal::RatioAtMost(0.77)),
            Comparison::with("liburing").goal(bareio, Goal::RatioAtMost(0.42)),
        ],
        "fixed read batch 32" => vec![
            Comparison::with("rustix-uring").goal(bareio, Goal::ValueAtMost(38.3)),
            Comparison::with("io-uring").goal(bareio, Goal::RatioAtMost(0.93)),
        ],
        "nop batch 8" => vec![Comparison::with("io-uring")],
        // Of 32 at a time, the harness's own loops are a third: see `nothing-shared`.
        "pool window 32" => vec![Comparison::with(pool::REFERENCE)],
        _ => vec![Comparison::with(pool::REFERENCE).goal(pool::HANDLE, Goal::ValueAtMost(20.0))],
    }
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    countables(arguments).into_iter().map(case).collect()
}

fn case(countable: Countable) -> Case {
    let Countable { name, repetitions, contestants } = countable;
    let contestants = contestants
        .into_iter()
        .map(|(contestant, set_up)| Contestant {
            name: contestant,
            set_up: Box::new(move || {
                // Set up here as well, so that one that cannot run is left out, with its reason.
                let operations = set_up()?.operations;
                is_valgrind_here()?;
                Ok(counted(name, contestant, repetitions, operations))
            }),
        })
        .collect();
    let metrics = vec![Metric::new("", "instructions an operation", comparisons(name))];
    Case { group: GROUP, name: name.to_owned(), metrics, contestants, exact: true, control: None }
}

fn is_valgrind_here() -> Result<(), String> {
    let run = Command::new("valgrind").arg("--version").output();
    run.map(drop).map_err(|error| format!("valgrind, which counts the instructions, does not run: {error}"))
}

fn counted(case: &'static str, contestant: &'static str, repetitions: u64, operations: u32) -> Measure {
    Box::new(move || {
        let count = |repetitions| {
            count(case, contestant, repetitions).unwrap_or_else(|error| {
                eprintln!("{GROUP} {case}: {contestant}: {error}");
                f64::NAN
            })
        };
        let more = count(2 * repetitions) - count(repetitions);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let operations = repetitions as f64 * f64::from(operations);
        vec![more / operations]
    })
}

/// How many instructions a run of this program with so many repetitions executes.
fn count(case: &str, contestant: &str, repetitions: u64) -> Result<f64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--repeat", case, "--contestant", contestant, "--repetitions", &repetitions.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("under callgrind: {}\n{said}", output.status));
    }
    // "==12== Collected : 123456"
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let number = collected.and_then(|(_, number)| number.trim().parse().ok());
    number.ok_or_else(|| format!("callgrind did not say how much it collected:\n{said}"))
}

/// What runs under callgrind: one contestant's work, so many times.
pub(crate) fn repeat(case: &str, arguments: &Arguments) -> Result<(), String> {
    let name = arguments.contestant.as_deref().unwrap_or_default();
    let countable = countables(arguments).into_iter().find(|countable| countable.name == case);
    let contestants = countable.ok_or_else(|| format!("there is no case '{case}'"))?.contestants;
    let contestant = contestants.into_iter().find(|(contestant, _)| *contestant == name);
    let (_, set_up) = contestant.ok_or_else(|| format!("there is no contestant '{name}' in '{case}'"))?;
    (set_up()?.repeat)(arguments.repetitions.unwrap_or(1));
    Ok(())
}
