//! A shard for each thread. By its own, or, at the worst, everything by the other's; with one thread there is no other.

use std::sync::atomic::AtomicBool;

use bareio::{File, Shards};

use super::super::Contestant;
use super::scheduler::{keep_reading, settings};
use crate::case::LeftOut;

fn shards(count: usize) -> Result<Shards, LeftOut> {
    Shards::build(&settings(), count).map_err(|error| error.to_string())
}

pub(super) struct Own(Shards);

impl Contestant for Own {
    fn open(threads: usize) -> Result<Self, LeftOut> {
        shards(threads).map(Self)
    }

    fn read(&self, thread: usize, file: &File, stop: &AtomicBool) -> u64 {
        let here = self.0.bind(thread).expect("a shard for each thread");
        keep_reading(thread, file, stop, |op| here.submit(op).expect("room for all"))
    }
}

pub(super) struct HandedOver(Shards);

impl Contestant for HandedOver {
    fn open(threads: usize) -> Result<Self, LeftOut> {
        shards(threads).map(Self)
    }

    fn read(&self, thread: usize, file: &File, stop: &AtomicBool) -> u64 {
        let _here = self.0.bind(thread).expect("a shard for each thread");
        let other = (thread + 1) % self.0.count();
        keep_reading(thread, file, stop, |op| self.0.hand_off(other, op).expect("room for all"))
    }
}
