//! concurrent-queue: free indexes in a bounded queue.

use concurrent_queue::ConcurrentQueue;

use super::super::{Pool, Worker};

pub(in super::super) struct Bounded(ConcurrentQueue<u32>);

impl Pool for Bounded {
    type Token<'p> = u32;
    type Worker<'p> = &'p Self;

    fn with_capacity(capacity: u32) -> Self {
        let free = ConcurrentQueue::bounded(capacity as usize);
        for index in 0..capacity {
            free.push(index).expect("room for the capacity");
        }
        Self(free)
    }

    fn worker(&self, _: u32) -> &Self {
        self
    }
}

impl Worker for &Bounded {
    type Token = u32;

    #[inline(always)]
    fn get(&mut self) -> Option<u32> {
        self.0.pop().ok()
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        self.0.push(index).expect("room for what was drawn");
    }
}
