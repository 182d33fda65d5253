//! The group `alloc`: getting a region of memory that is resident, every page of it touched.
//!
//! Giving a region back is not timed. It happens at once in the cases that say `alone`: the kernel has then just freed
//! what it is asked for next, and the processor's cache may still hold it. In the others, 64 MiB of regions, at most a
//! thousand, live until the clock has stopped, as at the start of a program.
//!
//! Where `malloc` is glibc's, its thresholds are fixed, so that it maps large regions afresh every time, as it does in
//! a program that never frees a large one.

mod contestants;

use std::ptr::NonNull;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, Contestant, Goal, LeftOut, Measure, Metric};

/// Bytes between two touches: no page is smaller.
const PAGE_LEN: usize = 4096;
/// Bytes that live at once, at most.
const LIVE_LEN: usize = 64 << 20;
/// Regions that live at once, at most.
const MAX_LIVE: usize = 1024;

const BAREIO: &str = "bareio-mapping";

/// A region under test; given back when dropped.
trait Region: Sized + 'static {
    /// Gets `len` bytes, aligned to a page, a power of two.
    fn get(len: usize) -> Result<Self, LeftOut>;

    /// Where they begin.
    fn address(&self) -> NonNull<u8>;
}

/// Regions of one length.
#[derive(Clone, Copy)]
struct Shape {
    /// Bytes of a region.
    len: usize,
    /// How many live at once.
    live: usize,
    /// How many are got in one measurement.
    count: usize,
}

impl Shape {
    /// As many as [`LIVE_LEN`] and [`MAX_LIVE`] allow, got together.
    const fn together(len: usize) -> Self {
        let fit = LIVE_LEN / len;
        let live = if fit < MAX_LIVE { fit } else { MAX_LIVE };
        Self { len, live, count: live }
    }

    /// As many, one after another.
    const fn alone(len: usize) -> Self {
        Self { live: 1, ..Self::together(len) }
    }
}

/// Each case: its shape, and of bareio's time, what share of `mmap-populate`'s and of `std-alloc`'s it may be at
/// most.
const CASES: [(&str, Shape, Option<f64>, Option<f64>); 6] = [
    ("4 KiB", Shape::together(4 << 10), None, None),
    ("64 KiB", Shape::together(64 << 10), None, None),
    ("2 MiB", Shape::together(2 << 20), Some(0.32), Some(0.17)),
    ("2 MiB alone", Shape::alone(2 << 20), Some(0.32), Some(0.17)),
    ("32 MiB", Shape::together(32 << 20), Some(0.40), None),
    ("32 MiB alone", Shape::alone(32 << 20), Some(0.40), None),
];

pub(crate) fn cases(_: &Arguments) -> Vec<Case> {
    CASES.into_iter().map(case).collect()
}

fn case((name, shape, of_populate, of_alloc): (&str, Shape, Option<f64>, Option<f64>)) -> Case {
    let comparison = |reference, goal: Option<f64>| {
        let comparison = Comparison::with(reference);
        match goal {
            Some(goal) => comparison.goal(BAREIO, Goal::RatioAtMost(goal)),
            None => comparison,
        }
    };
    let mut comparisons = vec![comparison("mmap-populate", of_populate)];
    if of_alloc.is_some() {
        comparisons.push(comparison("std-alloc", of_alloc));
    }
    Case {
        group: "alloc",
        name: name.to_owned(),
        metrics: vec![Metric::new("", "ns a region", comparisons)],
        contestants: contestants::all(shape),
        exact: false,
        control: None,
    }
}

/// One contestant for one shape.
fn contestant<R: Region>(name: &'static str, shape: Shape) -> Contestant {
    Contestant { name, set_up: Box::new(move || measure::<R>(shape)) }
}

fn measure<R: Region>(Shape { len, live, count }: Shape) -> Result<Measure, LeftOut> {
    contestants::map_afresh();
    drop(R::get(len)?);
    let mut living = Vec::with_capacity(live);
    Ok(Box::new(move || {
        let mut time = Duration::ZERO;
        for _ in 0..count / live {
            let start = Instant::now();
            for _ in 0..live {
                let region = R::get(len).expect("as much memory as before");
                touch(region.address(), len);
                living.push(region);
            }
            time += start.elapsed();
            living.clear();
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
        let count = count as f64;
        vec![time.as_secs_f64() * 1e9 / count]
    }))
}

/// Writes to every page.
fn touch(address: NonNull<u8>, len: usize) {
    for offset in (0..len).step_by(PAGE_LEN) {
        // SAFETY: below `len`, and the region has so many bytes.
        let page = unsafe { address.add(offset) };
        // SAFETY: the region is ours alone, and writable.
        unsafe { page.write_volatile(1) };
    }
}
