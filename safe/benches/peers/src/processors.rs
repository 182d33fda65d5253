//! Which processors we run on, and whether they are ours alone.

use std::fs;
use std::sync::OnceLock;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The processors that this process could use when this was first asked, before anything was pinned.
pub(crate) fn allowed() -> &'static [usize] {
    static ALLOWED: OnceLock<Vec<usize>> = OnceLock::new();
    ALLOWED.get_or_init(|| {
        let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
        (0..CpuSet::MAX_CPU).filter(|&processor| set.is_set(processor)).collect()
    })
}

/// Keeps the calling thread on the `index`-th of the processors that are allowed, counted round and round. Where the
/// host forbids that, the thread stays where it is.
pub(crate) fn pin(index: usize) {
    let allowed = allowed();
    if allowed.is_empty() {
        return;
    }
    let mut set = CpuSet::new();
    set.set(allowed[index % allowed.len()]);
    // Unpinned, the figures scatter more; that shows in them.
    let _unpinned = sched_setaffinity(None, &set);
}

/// Processor time at one moment, in clock ticks: all of it, the idle part, and our own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    total: u64,
    idle: u64,
    own: u64,
}

impl Usage {
    /// Reads it from `/proc`, or `None` where there is no such thing.
    pub(crate) fn now() -> Option<Self> {
        let all = fs::read_to_string("/proc/stat").ok()?;
        // "cpu" user nice system idle iowait irq softirq steal; what follows is contained in these.
        let ticks = numbers(all.lines().next()?, 1, 8);
        // The second field is the program's name in parentheses, and may hold spaces. After it come 11 fields,
        // then utime stime cutime cstime.
        let own = fs::read_to_string("/proc/self/stat").ok()?;
        let own = numbers(own.rsplit(')').next()?, 11, 4);
        Some(Self { total: ticks.iter().sum(), idle: ticks.get(3)? + ticks.get(4)?, own: own.iter().sum() })
    }

    /// The share of all processor time since `earlier` that was neither idle nor ours.
    #[expect(clippy::cast_precision_loss, reason = "ticks of minutes, not of millennia")]
    pub(crate) fn foreign_since(self, earlier: Self) -> f64 {
        let total = self.total.saturating_sub(earlier.total).max(1);
        let ours = (self.own + self.idle).saturating_sub(earlier.own + earlier.idle);
        total.saturating_sub(ours) as f64 / total as f64
    }
}

fn numbers(line: &str, skip: usize, count: usize) -> Vec<u64> {
    line.split_ascii_whitespace().skip(skip).take(count).filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_idle_nor_ours_is_foreign() {
        let earlier = Usage { total: 1000, idle: 100, own: 50 };
        let later = Usage { total: 1200, idle: 160, own: 150 };
        assert!((later.foreign_since(earlier) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn our_own_ticks_are_found_behind_a_name_with_spaces() {
        assert_eq!(numbers(" R 1 2 3 4 5 6 7 8 9 10 41 42 43 44 20", 11, 4), [41, 42, 43, 44]);
    }
}
