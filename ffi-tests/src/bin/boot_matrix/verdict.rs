//! What came of the machines, one by one and together.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt;

use crate::kernels::Wanted;

/// What came of one kernel.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was not to be had.
    Missing(String),
    /// It did not do what it should.
    Failed(String),
    /// Everything was as it should be.
    Passed { line: String, seen: Vec<String>, refused: Vec<String> },
}

impl Outcome {
    pub(crate) fn missing(name: &str, why: &str) -> Self {
        Self::Missing(format!("MISSING {name}: {why}"))
    }

    pub(crate) fn failed(name: &str, why: &str) -> Self {
        Self::Failed(format!("FAIL {name}: {why}"))
    }

    /// From what the machine said.
    pub(crate) fn read(wanted: &Wanted, said: &str) -> Self {
        // The kernel itself may speak up behind a line of ours before that is ended.
        let lines: Vec<&str> =
            said.lines().map(|line| line.split("[  ").next().unwrap_or_default().trim()).collect();
        let words = |head: &str| -> Vec<String> {
            let line = lines.iter().find_map(|line| line.strip_prefix(head)).unwrap_or_default();
            line.split_whitespace().map(str::to_owned).collect()
        };
        let verdict = lines.iter().find(|line| line.starts_with("PASS ") || line.starts_with("FAIL "));
        let name = wanted.name();
        let Some(verdict) = verdict else {
            let last: Vec<&str> = lines.iter().rev().take(5).rev().copied().collect();
            return Self::failed(&name, &format!("no verdict; the last lines were\n  {}", last.join("\n  ")));
        };
        let expected = [
            (format!("PASS {} ", wanted.processor.name), "to pass"),
            (format!(" page={} ", u64::from(wanted.page) << 10), "its pages"),
            (",ext4".to_owned(), "a disk with a file system"),
            (" ring=0x".to_owned(), "a ring"),
        ];
        let lacks = expected.iter().find(|(part, _)| !verdict.contains(part.as_str()));
        if let Some((_, what)) = lacks {
            let wrong: Vec<&str> = lines.iter().filter(|line| line.starts_with("wrong: ")).copied().collect();
            return Self::failed(&name, &format!("not {what}: {verdict}\n  {}", wrong.join("\n  ")));
        }
        Self::Passed { line: (*verdict).to_owned(), seen: words("seen "), refused: words("refused ") }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(text) | Self::Failed(text) | Self::Passed { line: text, .. } => f.write_str(text),
        }
    }
}

/// What came of all.
///
/// It holds if no kernel failed, at least three passed, of at least two processors, and everything newer than 5.10 was
/// both seen and refused somewhere. Kernels that were chosen by name need only pass.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    passed: BTreeMap<&'static str, u32>,
    failed: u32,
    missing: u32,
    seen: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// Refused by kernels that may.
    optional: BTreeSet<String>,
    /// Seen on a kernel older than the release that first had it: no kernel here may be without.
    brought_back: BTreeSet<String>,
}

impl Verdict {
    pub(crate) fn take(&mut self, wanted: &Wanted, outcome: Outcome) {
        match outcome {
            Outcome::Missing(_) => self.missing += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Passed { seen, refused, .. } => {
                *self.passed.entry(wanted.processor.name).or_default() += 1;
                for name in seen {
                    if let Some(name) = name.strip_suffix('+') {
                        self.brought_back.insert(name.to_owned());
                    }
                    self.seen.insert(name.trim_end_matches('+').to_owned());
                }
                for name in refused {
                    if let Some(name) = name.strip_suffix('?') {
                        self.optional.insert(name.to_owned());
                    }
                    self.refused.insert(name.trim_end_matches('?').to_owned());
                }
            }
        }
    }

    fn kernels(&self) -> u32 {
        self.passed.values().sum()
    }

    /// Features that were only ever seen, and those that were only ever refused, although nothing excuses that.
    fn one_sided(&self) -> [Vec<&String>; 2] {
        let refused = self.refused.difference(&self.seen).filter(|name| !self.optional.contains(*name));
        let seen = self.seen.difference(&self.refused).filter(|name| !self.brought_back.contains(*name));
        [seen.collect(), refused.collect()]
    }

    /// Whether that is enough. `in_part`: only some were asked for.
    pub(crate) fn holds(&self, in_part: bool) -> bool {
        if in_part {
            return self.failed == 0 && self.missing == 0;
        }
        let enough = self.kernels() >= 3 && self.passed.len() >= 2;
        let required = env::var_os("BAREIO_REQUIRE_ALL").is_some_and(|value| value == "1");
        let both_ways = self.one_sided().iter().all(Vec::is_empty);
        self.failed == 0 && enough && (both_ways || !required)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [seen, refused] = self.one_sided();
        let both = self.seen.intersection(&self.refused).count();
        writeln!(f, "{both} features were seen on one kernel and refused on another")?;
        for (names, what) in [(seen, "refused"), (refused, "seen")] {
            if !names.is_empty() {
                writeln!(f, "no kernel here has {what} {names:?}")?;
            }
        }
        if self.missing > 0 {
            writeln!(f, "{} KERNELS COULD NOT BE HAD, and were not tried: see MISSING above", self.missing)?;
        }
        write!(
            f,
            "{} kernels passed, on {} processors, {} failed, {} missing",
            self.kernels(),
            self.passed.len(),
            self.failed,
            self.missing
        )
    }
}
