//! The group `batch`: many reads or writes of 4 KiB at once, of one file.
//!
//! Offsets are drawn anew for each batch, from one sequence for all contestants, and are not sorted. A file that is read
//! directly is 64 MiB, a buffered one 8 MiB, all of it in the page cache. One repetition is one batch, submitted and waited
//! for; every contestant checks every count.

mod contestants;
mod fixture;

use crate::arguments::Arguments;
use crate::case::{self, Case, Comparison, Contestant as Listed, LeftOut, Metric, SetUp, Work};
use fixture::Fixture;

/// What a batch does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Read,
    Write,
}

/// One case: what is done, past the page cache or through it, and how many at a time.
#[derive(Clone, Copy)]
struct Shape {
    what: What,
    is_direct: bool,
    count: usize,
}

/// Who carries batches out.
trait Contestant: Sized + 'static {
    /// Sets it up, with a ring of its own if it has one.
    fn open() -> Result<Self, LeftOut>;

    /// Reads or writes every block of the fixture at its offset, or says what went wrong, a short count included.
    fn run(&mut self, fixture: &mut Fixture, what: What) -> Result<(), String>;
}

const CASES: [(&str, What, bool, usize); 8] = [
    ("direct read 16", What::Read, true, 16),
    ("direct read 64", What::Read, true, 64),
    ("direct write 16", What::Write, true, 16),
    ("direct write 64", What::Write, true, 64),
    ("buffered read 16", What::Read, false, 16),
    ("buffered read 64", What::Read, false, 64),
    ("buffered write 16", What::Write, false, 16),
    ("buffered write 64", What::Write, false, 64),
];

fn set_up<C: Contestant>(shape: Shape) -> SetUp {
    Box::new(move || {
        let mut fixture = Fixture::new(shape)?;
        let mut contestant = C::open()?;
        // One that cannot do it at all is left out.
        contestant.run(&mut fixture, shape.what)?;
        let repeat = move |repetitions| {
            for _ in 0..repetitions {
                fixture.draw();
                contestant.run(&mut fixture, shape.what).expect("as before");
            }
        };
        let operations = u32::try_from(shape.count).expect("at most 64");
        Ok(Work { repeat: Box::new(repeat), operations })
    })
}

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let slice = arguments.slice();
    let case = |(name, what, is_direct, count): (&str, What, bool, usize)| {
        let listed = |(name, set_up): (&'static str, SetUp)| Listed {
            name,
            set_up: Box::new(move || Ok(case::timed(set_up()?, slice))),
        };
        let comparisons = vec![Comparison::with("calls"), Comparison::with("io-uring")];
        Case {
            group: "batch",
            name: name.to_owned(),
            metrics: vec![Metric::new("", "ns an operation", comparisons)],
            contestants: contestants::all(Shape { what, is_direct, count }).into_iter().map(listed).collect(),
            exact: false,
            control: None,
        }
    };
    CASES.into_iter().map(case).collect()
}
