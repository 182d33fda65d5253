//! How many shards there are, and where.

use super::cpu;
use crate::error::{Error, ErrorKind, Result};

/// How many shards there are, and on which processors their threads are kept.
///
/// ```
/// use bareio::sched::shards::Layout;
///
/// assert_eq!(Layout::from(4), Layout::Count(4));
/// assert_eq!(Layout::from([0, 2]), Layout::Cpus(vec![0, 2]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// So many; threads run where they will.
    Count(usize),
    /// One on each of these processors, by the host's numbers. One may be named twice.
    Cpus(Vec<usize>),
}

impl Layout {
    /// The most shards that there may be.
    pub const MOST: usize = 1024;

    /// As many shards as this thread may use processors.
    pub(super) fn of_host() -> Self {
        Self::Count(std::thread::available_parallelism().map_or(1, |count| count.get().min(Self::MOST)))
    }

    /// The processor of each shard, if it has one.
    pub(super) fn places(&self) -> Result<Vec<Option<usize>>> {
        let count = match self {
            Self::Count(count) => *count,
            Self::Cpus(cpus) => cpus.len(),
        };
        if count == 0 || count > Self::MOST {
            let (value, most) = (count as u64, Self::MOST as u64);
            let what = "number of shards";
            return Err(Error::new(ErrorKind::OutOfRange {
                what,
                value,
                least: 1,
                most,
                power_of_two: false,
            }));
        }
        match self {
            Self::Count(_) => Ok(vec![None; count]),
            Self::Cpus(cpus) => cpus.iter().map(|&cpu| cpu::check(cpu).map(|()| Some(cpu))).collect(),
        }
    }
}

impl From<usize> for Layout {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<Vec<usize>> for Layout {
    fn from(cpus: Vec<usize>) -> Self {
        Self::Cpus(cpus)
    }
}

impl From<&[usize]> for Layout {
    fn from(cpus: &[usize]) -> Self {
        Self::Cpus(cpus.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for Layout {
    fn from(cpus: [usize; N]) -> Self {
        Self::Cpus(cpus.to_vec())
    }
}
