//! crossbeam-queue: free indexes in an `ArrayQueue` (Vyukov's ring, not lock-free) and in a `SegQueue` (unbounded,
//! allocates a block for every 31 puts).

use crossbeam_queue::{ArrayQueue, SegQueue};

use super::super::{Pool, Worker};

pub(in super::super) struct Bounded(ArrayQueue<u32>);

impl Pool for Bounded {
    type Token<'p> = u32;
    type Worker<'p> = &'p Self;

    fn with_capacity(capacity: u32) -> Self {
        let free = ArrayQueue::new(capacity as usize);
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
        self.0.pop()
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        self.0.push(index).expect("room for what was drawn");
    }
}

pub(in super::super) struct Unbounded(SegQueue<u32>);

impl Pool for Unbounded {
    type Token<'p> = u32;
    type Worker<'p> = &'p Self;

    fn with_capacity(capacity: u32) -> Self {
        let free = SegQueue::new();
        for index in 0..capacity {
            free.push(index);
        }
        Self(free)
    }

    fn worker(&self, _: u32) -> &Self {
        self
    }
}

impl Worker for &Unbounded {
    type Token = u32;

    #[inline(always)]
    fn get(&mut self) -> Option<u32> {
        self.0.pop()
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        self.0.push(index);
    }
}
