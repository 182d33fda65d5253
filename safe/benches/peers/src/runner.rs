//! The interleaving: every contestant in every round, in an order drawn anew.

use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Arguments;
use crate::case::{Case, LeftOut, Measure};
use crate::processors::{self, Usage};
use crate::report::{self, Report};
use crate::{
    alloc, append, batch, fallback, file, gathering, instructions, metadata, pool, ring, shards, threads,
};

/// What one case yielded.
pub(crate) struct Outcome {
    /// Of those that could run: the values, by round, then by metric.
    pub(crate) ran: Vec<(&'static str, Vec<Vec<f64>>)>,
    /// Of those that could not: why.
    pub(crate) left_out: Vec<(&'static str, LeftOut)>,
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = if let Some(case) = &arguments.repeat {
        instructions::repeat(case, &arguments)
    } else if arguments.list {
        list(&selected(&arguments));
        Ok(())
    } else {
        run(&arguments)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The cases that the command line asks for.
fn selected(arguments: &Arguments) -> Vec<Case> {
    let groups = [
        ring::cases,
        pool::cases,
        alloc::cases,
        batch::cases,
        metadata::cases,
        append::cases,
        file::cases,
        threads::cases,
        shards::cases,
        fallback::cases,
        gathering::cases,
        instructions::cases,
    ];
    let mut cases: Vec<Case> = groups.iter().flat_map(|cases| cases(arguments)).collect();
    cases.retain(|case| arguments.wants(case.group));
    cases.retain(|case| format!("{} {}", case.group, case.name).contains(&arguments.filter));
    cases
}

fn list(cases: &[Case]) {
    for case in cases {
        let names: Vec<&str> = case.contestants.iter().map(|contestant| contestant.name).collect();
        println!("{} {}: {}", case.group, case.name, names.join(", "));
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let cases = selected(arguments);
    let mut report = Report::to(arguments.tsv.as_deref())?;
    let bar = bar(&cases, arguments);
    let before = Usage::now();
    for case in &cases {
        bar.set_message(format!("{} {}", case.group, case.name));
        let outcome = interleave(case, arguments, &bar);
        bar.suspend(|| report.case(case, &outcome))?;
    }
    bar.finish_and_clear();
    let foreign = before.zip(Usage::now()).map(|(before, now)| now.foreign_since(before));
    report::caveats(arguments, processors::allowed().len(), foreign);
    report.finish()
}

/// One step for each contestant in each round.
fn bar(cases: &[Case], arguments: &Arguments) -> ProgressBar {
    let steps: u64 =
        cases.iter().map(|case| u64::from(rounds(case, arguments)) * case.contestants.len() as u64).sum();
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} % {eta:>4} {msg}");
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn rounds(case: &Case, arguments: &Arguments) -> u32 {
    if case.exact { 1 } else { arguments.rounds() }
}

fn interleave(case: &Case, arguments: &Arguments, bar: &ProgressBar) -> Outcome {
    let rounds = rounds(case, arguments);
    let mut measures: Vec<(&'static str, Measure, Vec<Vec<f64>>)> = Vec::new();
    let mut left_out = Vec::new();
    processors::pin(0);
    for contestant in &case.contestants {
        match (contestant.set_up)() {
            Ok(measure) => measures.push((contestant.name, measure, Vec::new())),
            Err(why) => {
                left_out.push((contestant.name, why));
                bar.inc(u64::from(rounds));
            }
        }
    }
    if !case.exact {
        // A round that does not count: caches, calibration, the first faults.
        for (_, measure, _) in &mut measures {
            drop(measure());
        }
    }
    for _ in 0..rounds {
        fastrand::shuffle(&mut measures);
        for (_, measure, values) in &mut measures {
            values.push(measure());
            bar.inc(1);
        }
    }
    // Back into the order of the list.
    let place = |name| case.contestants.iter().position(|contestant| contestant.name == name);
    measures.sort_by_key(|(name, _, _)| place(*name));
    Outcome { ran: measures.into_iter().map(|(name, _, values)| (name, values)).collect(), left_out }
}
