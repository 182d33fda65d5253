//! What is printed, and the file of rows.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, FAIR, Metric};
use crate::runner::Outcome;
use crate::statistics::Summary;

/// Above this share of processor time that went to others, timings are not to be quoted.
const MUCH_FOREIGN: f64 = 0.03;

/// Where rows go: to standard output for people, and to a file for programs.
pub(crate) struct Report {
    rows: Option<BufWriter<File>>,
    missed: u32,
    met: u32,
    left_out: Vec<String>,
}

/// One contestant in one comparison.
struct Row {
    contestant: &'static str,
    value: Summary,
    ratio: Option<Summary>,
    goal: String,
    met: &'static str,
}

impl Report {
    pub(crate) fn to(path: Option<&Path>) -> Result<Self, String> {
        let rows =
            path.map(|path| File::create(path).map_err(|error| format!("{}: {error}", path.display())));
        let mut rows = rows.transpose()?.map(BufWriter::new);
        if let Some(rows) = &mut rows {
            let header = "group\tcase\tcontestant\tmedian\tmin\tmax\tratio\tratio_min\tratio_max\tgoal\tmet";
            writeln!(rows, "{header}").map_err(|error| error.to_string())?;
        }
        Ok(Self { rows, missed: 0, met: 0, left_out: Vec::new() })
    }

    /// Reports every comparison of a case.
    pub(crate) fn case(&mut self, case: &Case, outcome: &Outcome) -> Result<(), String> {
        for (name, why) in &outcome.left_out {
            println!("{} {}: {name} IS LEFT OUT: {why}", case.group, case.name);
            if !self.left_out.iter().any(|left_out| left_out == name) {
                self.left_out.push((*name).to_owned());
            }
        }
        let counts = counts(case, outcome);
        for (index, metric) in case.metrics.iter().enumerate() {
            for comparison in &metric.comparisons {
                let rows = rows(outcome, index, comparison, counts);
                let name = title(case, metric, comparison);
                print(case.group, &name, metric.unit, &rows);
                self.write(case.group, &name, &rows)?;
            }
        }
        if !counts {
            println!(
                "The processors were not ours: threads that share nothing fared unevenly. Does not count.\n"
            );
        }
        Ok(())
    }

    fn write(&mut self, group: &str, name: &str, rows: &[Row]) -> Result<(), String> {
        for row in rows {
            match row.met {
                "yes" => self.met += 1,
                "no" => self.missed += 1,
                _ => {}
            }
            let Some(file) = &mut self.rows else { continue };
            let Row { contestant, value, ratio, goal, met } = row;
            let ratio = finite(*ratio).map_or_else(
                || "-\t-\t-".to_owned(),
                |ratio| format!("{:.4}\t{:.4}\t{:.4}", ratio.median, ratio.min, ratio.max),
            );
            let Summary { median, min, max } = value;
            let line = format!(
                "{group}\t{name}\t{contestant}\t{median:.3}\t{min:.3}\t{max:.3}\t{ratio}\t{goal}\t{met}"
            );
            writeln!(file, "{line}").map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Says how many goals were met and flushes the file.
    pub(crate) fn finish(self) -> Result<(), String> {
        println!("Goals: {} met, {} missed.", self.met, self.missed);
        if !self.left_out.is_empty() {
            println!("Left out: {}.", self.left_out.join(", "));
        }
        self.rows.map_or(Ok(()), |mut rows| rows.flush()).map_err(|error| error.to_string())
    }
}

/// The ratio, if there is one: to nothing, there is none.
fn finite(ratio: Option<Summary>) -> Option<Summary> {
    ratio.filter(|ratio| [ratio.median, ratio.min, ratio.max].iter().all(|number| number.is_finite()))
}

/// Whether the figures count: whether those who share nothing fared evenly.
fn counts(case: &Case, outcome: &Outcome) -> bool {
    let Some((metric, control)) = case.control else { return true };
    let Some((_, rounds)) = outcome.ran.iter().find(|(name, _)| *name == control) else { return true };
    Summary::of(rounds.iter().map(|values| values[metric])).median >= FAIR
}

fn title(case: &Case, metric: &Metric, comparison: &Comparison) -> String {
    let space = if metric.name.is_empty() { "" } else { " " };
    format!("{}{space}{} vs {}", case.name, metric.name, comparison.reference)
}

fn rows(outcome: &Outcome, metric: usize, comparison: &Comparison, counts: bool) -> Vec<Row> {
    let column = |rounds: &[Vec<f64>]| -> Vec<f64> { rounds.iter().map(|values| values[metric]).collect() };
    let reference = outcome.ran.iter().find(|(name, _)| *name == comparison.reference);
    let reference = reference.map(|(_, rounds)| column(rounds));
    let row = |(contestant, rounds): &(&'static str, Vec<Vec<f64>>)| {
        let values = column(rounds);
        let value = Summary::of(values.iter().copied());
        let ratio = reference.as_ref().map(|reference| Summary::of_ratios(&values, reference));
        let goal = comparison.goals.iter().find(|(name, _)| name == contestant).map(|(_, goal)| *goal);
        let met = match goal.and_then(|goal| goal.met(value, ratio)) {
            Some(true) if counts => "yes",
            Some(false) if counts => "no",
            _ => "-",
        };
        let goal = goal.map_or_else(|| "-".to_owned(), |goal| goal.to_string());
        Row { contestant, value, ratio, goal, met }
    };
    outcome.ran.iter().map(row).collect()
}

fn print(group: &str, name: &str, unit: &str, rows: &[Row]) {
    println!("{group}: {name}, {unit}");
    for Row { contestant, value, ratio, goal, met } in rows {
        let ratio = finite(*ratio).map_or_else(String::new, |ratio| {
            format!("{:>7.3}x [{:.3} … {:.3}]", ratio.median, ratio.min, ratio.max)
        });
        let goal = if goal == "-" { String::new() } else { format!("goal {goal} {met}") };
        let Summary { median, min, max } = value;
        println!("  {contestant:<22}{ratio:<28}  {median:>10.2} [{min:.2} … {max:.2}]  {goal}");
    }
    println!();
}

/// Says what stands against quoting the figures.
pub(crate) fn caveats(arguments: &Arguments, processors: usize, foreign: Option<f64>) {
    if arguments.quick {
        println!("A quick run: {} short rounds, not to be quoted.", arguments.rounds());
    }
    println!("On {processors} processor{}.", if processors == 1 { "" } else { "s" });
    match foreign {
        None => println!("Whether they were ours alone is not known: there is no /proc/stat."),
        Some(share) if share > MUCH_FOREIGN => println!(
            "NOT IDLE: {:.0} % of their time went to others. Timings are not to be quoted; instruction counts are.",
            share * 100.0
        ),
        Some(share) => println!("{:.1} % of their time went to others.", share * 100.0),
    }
}
