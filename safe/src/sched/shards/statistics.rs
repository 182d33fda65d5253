//! What all shards have done, and each.

use std::fmt;

use super::super::Statistics;

/// What all shards have done so far, and each. Printed, it is a table of all together, and a line for each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardsStatistics {
    /// Of all shards together. What there was at most at a time is the sum of what each had at most, at whatever time.
    pub total: Statistics,
    /// Operations that were [handed](super::Shards::hand_off) to another shard than that of the thread that did it. Counted if
    /// [statistics](crate::sched::Builder::statistics) are.
    pub handed_over: u64,
    /// Of each shard, by its index.
    pub shards: Vec<Statistics>,
}

impl ShardsStatistics {
    pub(super) fn new(shards: Vec<Statistics>, handed_over: u64) -> Self {
        let total = shards[1..].iter().fold(shards[0], Statistics::plus);
        Self { total, handed_over, shards }
    }
}

impl fmt::Display for ShardsStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.total)?;
        write!(f, "{:<24}{}", "handed over", self.handed_over)?;
        for (index, shard) in self.shards.iter().enumerate() {
            let name = format!("shard {index}");
            let Statistics { completed, enters, in_flight, .. } = shard;
            write!(f, "\n{name:<24}{completed} done by {enters} entries, {in_flight} in flight")?;
        }
        Ok(())
    }
}
