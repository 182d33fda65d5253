//! One scheduler, with its one ring, for all threads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use bareio::sched::{Backend, Builder, Op, Ticket};
use bareio::{AlignedBuf, File, Native, Scheduler};

use super::super::{Contestant, DEPTH, Places, buffers};
use crate::case::LeftOut;

pub(super) fn settings() -> Builder {
    Scheduler::builder().depth(64).backend(Backend::IoUring)
}

pub(super) struct One(Scheduler);

impl Contestant for One {
    fn open(_: usize) -> Result<Self, LeftOut> {
        settings().build().map(Self).map_err(|error| error.to_string())
    }

    fn read(&self, thread: usize, file: &File, stop: &AtomicBool) -> u64 {
        keep_reading(thread, file, stop, |op| self.0.submit(op).expect("room for all"))
    }
}

/// Keeps as many reads in flight as there may be.
pub(super) fn keep_reading(
    thread: usize,
    file: &File,
    stop: &AtomicBool,
    submit: impl Fn(Op<AlignedBuf<Native>>) -> Ticket<AlignedBuf<Native>>,
) -> u64 {
    let mut places = Places::of(thread);
    let mut under_way = VecDeque::with_capacity(DEPTH);
    for buffer in buffers() {
        under_way.push_back(submit(Op::read(file, buffer, places.next())));
    }
    let mut count = 0;
    while let Some(oldest) = under_way.pop_front() {
        let (_, buffer) = oldest.wait().expect("a read within the file");
        count += 1;
        // Relaxed: nothing but the wish to stop is told by it.
        if !stop.load(Ordering::Relaxed) {
            under_way.push_back(submit(Op::read(file, buffer, places.next())));
        }
    }
    count
}
