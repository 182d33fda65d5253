//! What was done, by which path, and why by that one.

use std::fmt;
use std::time::Duration;

use bareio::core::map::Backing;
use indicatif::{HumanBytes, HumanDuration};

use crate::checksum::Checksum;
use crate::files::{Access, Source, Target};
use crate::pipeline::Pipeline;

pub(crate) struct Report {
    target: String,
    len: u64,
    elapsed: Duration,
    path: String,
    source_access: Access,
    target_access: Access,
    memory: String,
    holes: (usize, u64),
    verified: Option<Checksum>,
}

impl Report {
    pub(crate) fn new(
        source: &Source,
        target: &Target,
        pipeline: &Pipeline,
        elapsed: Duration,
        verified: Option<Checksum>,
    ) -> Self {
        let (granted, memory_len) = pipeline.memory();
        let pages = match granted.backing {
            Backing::Huge => "reserved huge pages",
            Backing::Transparent => "transparent huge pages",
            Backing::Small => "small pages: no huge ones were to be had",
        };
        let holes = &pipeline.holes;
        Self {
            target: target.shown().to_string(),
            len: source.len,
            elapsed,
            path: pipeline.engine().describe(),
            source_access: source.file.access,
            target_access: target.file.access,
            memory: format!("{} on {pages}", HumanBytes(memory_len as u64)),
            holes: (holes.len(), holes.iter().map(|hole| hole.end - hole.start).sum()),
            verified,
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(align) => write!(f, "direct, in blocks of {align} bytes"),
            Self::Buffered(why) => write!(f, "buffered: {why}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            clippy::cast_possible_truncation,
            reason = "to be read"
        )]
        let rate = (self.len as f64 / self.elapsed.as_secs_f64().max(1e-9)) as u64;
        let time = if self.elapsed < Duration::from_secs(60) {
            format!("{:.2} s", self.elapsed.as_secs_f64())
        } else {
            HumanDuration(self.elapsed).to_string()
        };
        writeln!(f, "copied {} to {} in {time}, {}/s", HumanBytes(self.len), self.target, HumanBytes(rate))?;
        writeln!(f, "  path      {}", self.path)?;
        writeln!(f, "  source    {}", self.source_access)?;
        writeln!(f, "  target    {}", self.target_access)?;
        writeln!(f, "  memory    {}", self.memory)?;
        writeln!(f, "  holes     {} kept, {}", self.holes.0, HumanBytes(self.holes.1))?;
        match self.verified {
            Some(sum) => writeln!(f, "  checksum  crc32c {sum} on both sides"),
            None => writeln!(f, "  checksum  not compared, as asked"),
        }
    }
}
