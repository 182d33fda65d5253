//! The pools.

mod bareio;
mod concurrent_queue;
mod crossbeam_queue;
mod heapless;
mod lockfree_object_pool;
mod mutex;
mod nothing_shared;
mod sharded_slab;

use super::{CONTROL, HANDLE, Measures, PLAIN, REFERENCE, measures};
use crate::arguments::Arguments;

/// All of them.
pub(super) fn all(arguments: &Arguments) -> Vec<Measures> {
    vec![
        measures::<bareio::Handles>(HANDLE, arguments),
        measures::<bareio::Plain>(PLAIN, arguments),
        measures::<crossbeam_queue::Bounded>(REFERENCE, arguments),
        measures::<crossbeam_queue::Unbounded>("crossbeam-seg-queue", arguments),
        measures::<concurrent_queue::Bounded>("concurrent-queue", arguments),
        measures::<heapless::Mpmc>("heapless-mpmc", arguments),
        measures::<sharded_slab::Sharded>("sharded-slab", arguments),
        measures::<lockfree_object_pool::Linear>("lockfree-object-pool", arguments),
        measures::<mutex::Std>("std-mutex-vec", arguments),
        measures::<mutex::ParkingLot>("parking-lot-mutex-vec", arguments),
        measures::<nothing_shared::Threads>(CONTROL, arguments),
    ]
}
