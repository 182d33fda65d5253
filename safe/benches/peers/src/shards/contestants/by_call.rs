//! `pread`, one after the other: what needs no ring, no slot and no lock. It has one read in flight for each thread.

use std::sync::atomic::{AtomicBool, Ordering};

use bareio::File;

use super::super::{Contestant, Places, buffers};
use crate::case::LeftOut;

pub(super) struct Calls;

impl Contestant for Calls {
    fn open(_: usize) -> Result<Self, LeftOut> {
        Ok(Self)
    }

    fn read(&self, thread: usize, file: &File, stop: &AtomicBool) -> u64 {
        let (mut places, mut buffer) = (Places::of(thread), buffers().swap_remove(0));
        let mut count = 0;
        // Relaxed: nothing but the wish to stop is told by it.
        while !stop.load(Ordering::Relaxed) {
            (_, buffer) = file.read_into(buffer, places.next()).expect("a read within the file");
            count += 1;
        }
        count
    }
}
