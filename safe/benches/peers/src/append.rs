//! The group `append`: events of 256 B at the end of a buffered file, in batches, each handed to the kernel at once.
//!
//! Every measurement begins with an empty file, so that growing it is timed, and emptying it is not. What is written is
//! never flushed to the device: this is what a log costs that leaves durability to somebody else.

mod contestants;

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Instant;

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, Contestant, Goal, LeftOut, Measure, Metric};

/// Bytes of an event.
const EVENT_LEN: usize = 256;

const WRITER: &str = "bareio-writer";
const PWRITEV: &str = "pwritev";
const BUF_WRITER: &str = "std-bufwriter";

/// A way to append under test.
trait Append: Sized + 'static {
    /// Takes a file, which is empty.
    fn new(file: File) -> Result<Self, LeftOut>;

    /// Appends `events`, and returns when the kernel has them.
    fn append(&mut self, events: &[[u8; EVENT_LEN]]);

    /// Begins again, with an empty file.
    fn rewind(&mut self);
}

/// Each batch, and of bareio's time, what share of `pwritev`'s and of `BufWriter`'s it may be at most.
const BATCHES: [(usize, f64, Option<f64>); 3] = [(1, 0.91, None), (64, 1.02, Some(0.92)), (1024, 1.00, None)];

/// Where files are made.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    folder: &'static str,
    /// What `statfs(2)` says of it.
    magic: i64,
}

const PLACES: [Place; 2] = [
    Place { name: "tmpfs", folder: "/dev/shm", magic: 0x0102_1994 },
    Place { name: "ext4", folder: ".", magic: 0xef53 },
];

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let events = if arguments.quick { 8 << 10 } else { 64 << 10 };
    let cases = PLACES.into_iter().flat_map(|place| BATCHES.into_iter().map(move |batch| (place, batch)));
    cases
        .map(|(place, (batch, of_pwritev, of_buffer))| {
            let mut buffer = Comparison::with(BUF_WRITER);
            if let Some(goal) = of_buffer {
                buffer = buffer.goal(WRITER, Goal::RatioAtMost(goal));
            }
            let pwritev = Comparison::with(PWRITEV).goal(WRITER, Goal::RatioAtMost(of_pwritev));
            Case {
                group: "append",
                name: format!("{} batch {batch}", place.name),
                metrics: vec![Metric::new("", "ns an event", vec![pwritev, buffer])],
                contestants: contestants::all(place, batch, events),
                exact: false,
                control: None,
            }
        })
        .collect()
}

/// One contestant in one place.
fn contestant<A: Append>(name: &'static str, place: Place, batch: usize, events: usize) -> Contestant {
    Contestant { name, set_up: Box::new(move || measure::<A>(place, batch, events)) }
}

fn measure<A: Append>(place: Place, batch: usize, events: usize) -> Result<Measure, LeftOut> {
    let mut append = A::new(place.file()?)?;
    let list = vec![[7_u8; EVENT_LEN]; batch];
    Ok(Box::new(move || {
        append.rewind();
        let start = Instant::now();
        for _ in 0..events / batch {
            append.append(&list);
        }
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
        let events = events as f64;
        vec![start.elapsed().as_secs_f64() * 1e9 / events]
    }))
}

impl Place {
    /// A file without a name.
    fn file(self) -> Result<File, LeftOut> {
        let file = tempfile::tempfile_in(Path::new(self.folder));
        let file = file.map_err(|error| format!("{}: {error}", self.folder))?;
        #[expect(clippy::useless_conversion, reason = "its width is not the same everywhere")]
        let magic = rustix::fs::fstatfs(file.as_fd()).map(|found| i64::from(found.f_type));
        match magic {
            Ok(magic) if magic == self.magic => Ok(file),
            _ => Err(format!("{} is not on {}", self.folder, self.name)),
        }
    }
}
