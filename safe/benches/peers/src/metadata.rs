//! The group `metadata`: what is asked of a file, against the bare system call.

use std::fs::File;
use std::hint::black_box;

use crate::arguments::Arguments;
use crate::case::{self, Case, Comparison, Contestant, Goal, Metric, SetUp, Work};

const BAREIO: &str = "bareio";
/// What of the bare call's time bareio may take at most.
const GOAL: f64 = 1.2;
/// How long the files are.
const LEN: u64 = 12_345;

fn file() -> Result<File, String> {
    let file = tempfile::tempfile().map_err(|error| error.to_string())?;
    file.set_len(LEN).map_err(|error| error.to_string())?;
    Ok(file)
}

fn ours() -> Result<bareio::File, String> {
    bareio::File::from_fd(file()?).map_err(|refused| refused.to_string())
}

/// Work that calls `once` again and again, and checks what it says.
fn work(mut once: impl FnMut() -> u64 + 'static) -> Work {
    let repeat = move |repetitions| {
        for _ in 0..repetitions {
            assert_eq!(black_box(once()), LEN);
        }
    };
    Work { repeat: Box::new(repeat), operations: 1 }
}

fn sizes() -> Vec<(&'static str, SetUp)> {
    use rustix::fs::{AtFlags, StatxFlags};
    let bareio: SetUp = Box::new(|| {
        let file = ours()?;
        Ok(work(move || file.size().expect("open")))
    });
    let statx: SetUp = Box::new(|| {
        let file = file()?;
        Ok(work(move || {
            let answer = rustix::fs::statx(&file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS);
            answer.expect("open").stx_size
        }))
    });
    let fstat: SetUp = Box::new(|| {
        let file = file()?;
        Ok(work(move || rustix::fs::fstat(&file).expect("open").st_size.cast_unsigned()))
    });
    let std: SetUp = Box::new(|| {
        let file = file()?;
        Ok(work(move || file.metadata().expect("open").len()))
    });
    vec![(BAREIO, bareio), ("statx", statx), ("fstat", fstat), ("std", std)]
}

/// To the same length again and again, so that only the call is timed.
fn truncations() -> Vec<(&'static str, SetUp)> {
    let bareio: SetUp = Box::new(|| {
        let file = ours()?;
        Ok(work(move || file.truncate(LEN).map(|()| LEN).expect("open")))
    });
    let bare: SetUp = Box::new(|| {
        let file = file()?;
        Ok(work(move || rustix::fs::ftruncate(&file, LEN).map(|()| LEN).expect("open")))
    });
    vec![(BAREIO, bareio), ("ftruncate", bare)]
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let slice = arguments.slice();
    let case = |name: &str, bare: &'static str, contestants: Vec<(&'static str, SetUp)>| {
        let listed = |(name, set_up): (&'static str, SetUp)| Contestant {
            name,
            set_up: Box::new(move || Ok(case::timed(set_up()?, slice))),
        };
        let comparison = Comparison::with(bare).goal(BAREIO, Goal::RatioAtMost(GOAL));
        Case {
            group: "metadata",
            name: name.to_owned(),
            metrics: vec![Metric::new("", "ns a call", vec![comparison])],
            contestants: contestants.into_iter().map(listed).collect(),
            exact: false,
            control: None,
        }
    };
    vec![case("size", "statx", sizes()), case("truncate", "ftruncate", truncations())]
}
