//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Rounds below which a median is not worth its name.
const MIN_ROUNDS: u32 = 9;

/// The groups there are.
const GROUPS: [&str; 12] = [
    "ring",
    "pool",
    "alloc",
    "batch",
    "metadata",
    "append",
    "file",
    "threads",
    "shards",
    "fallback",
    "gathering",
    "instructions",
];

/// Times bareio against its peers, interleaved in one run. Quote its ratios, not its times.
#[derive(Debug, Parser)]
#[command(name = "peers")]
pub(crate) struct Arguments {
    /// Groups to run; all, if none is named
    #[arg(value_name = "GROUP", value_parser = GROUPS)]
    pub(crate) groups: Vec<String>,

    /// Write one row for each contestant of each comparison to this file, tab-separated
    #[arg(long, value_name = "FILE")]
    pub(crate) tsv: Option<PathBuf>,

    /// How many rounds, at least 9
    #[arg(long, value_name = "N", default_value_t = MIN_ROUNDS, value_parser = enough_rounds())]
    rounds: u32,

    /// Only cases whose group and name, as in "ring nop batch 32", contain this
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) filter: String,

    /// Name the cases and their contestants, and run nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// Three short rounds, to see that everything runs: not to be quoted
    #[arg(long)]
    pub(crate) quick: bool,

    /// Set by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,

    /// For the group `instructions`, which runs this program under callgrind: repeat one contestant's work
    #[arg(long, hide = true, value_name = "CASE", requires = "contestant", requires = "repetitions")]
    pub(crate) repeat: Option<String>,

    /// With --repeat: whose work
    #[arg(long, hide = true)]
    pub(crate) contestant: Option<String>,

    /// With --repeat: how often
    #[arg(long, hide = true)]
    pub(crate) repetitions: Option<u64>,
}

fn enough_rounds() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(i64::from(MIN_ROUNDS)..)
}

impl Arguments {
    pub(crate) fn rounds(&self) -> u32 {
        if self.quick { 3 } else { self.rounds }
    }

    /// How long one contestant runs in one round.
    pub(crate) fn slice(&self) -> Duration {
        Duration::from_millis(if self.quick { 5 } else { 40 })
    }

    /// Whether this group is to run.
    pub(crate) fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|named| named == group)
    }
}
