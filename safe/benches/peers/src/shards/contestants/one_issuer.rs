//! For each thread a ring that the kernel knows to be its alone (`SINGLE_ISSUER`, `DEFER_TASKRUN`): the core's `Driver`. Nobody
//! else can submit to it, nor wait for its operations: that is what shards pay for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use bareio::File;
use bareio_core::Linux;
use bareio_core::ring::Builder;
use bareio_core::ticket::{Driver, Read, Slot, Table};

use super::super::{Contestant, DEPTH, Places, buffers};
use crate::case::LeftOut;

pub(super) struct Rings;

impl Contestant for Rings {
    fn open(_: usize) -> Result<Self, LeftOut> {
        Builder::new(64).build(Linux).map(|_| Self).map_err(|error| error.to_string())
    }

    fn read(&self, thread: usize, file: &File, stop: &AtomicBool) -> u64 {
        let ring = Builder::new(64).build(Linux).expect("one could be made before");
        let mut slots: [Slot; DEPTH] = std::array::from_fn(|_| Slot::new());
        let mut table = Table::new(&mut slots);
        let mut driver = Driver::new(ring, &mut table);
        let mut places = Places::of(thread);
        let mut under_way = VecDeque::with_capacity(DEPTH);
        for buffer in buffers() {
            let read = Read::new(file.clone(), buffer, places.next());
            under_way.push_back(driver.submit(read).expect("room for all"));
        }
        let mut count = 0;
        while let Some(oldest) = under_way.pop_front() {
            let (result, buffer) = driver.wait(oldest).expect("a ring that can be entered");
            result.expect("a read within the file");
            count += 1;
            // Relaxed: nothing but the wish to stop is told by it.
            if !stop.load(Ordering::Relaxed) {
                let read = Read::new(file.clone(), buffer, places.next());
                under_way.push_back(driver.submit(read).expect("room for all"));
            }
        }
        count
    }
}
