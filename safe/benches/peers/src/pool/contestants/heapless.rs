//! heapless: free indexes in its `mpmc::Queue`, which it deprecates as not lock-free. Its `pool` takes memory that is
//! static, one pool a type, and has no instance to share between a case's contestants.

#![expect(deprecated, reason = "to time it is the point")]

use heapless::mpmc::Queue;

use super::super::{CAPACITY, Pool, Worker};

/// A queue that seems full while another thread is in the middle of a get needs a put to be tried again; twice the room
/// makes that rare.
pub(in super::super) struct Mpmc(Box<Queue<u32, { 2 * CAPACITY as usize }>>);

impl Pool for Mpmc {
    type Token<'p> = u32;
    type Worker<'p> = &'p Self;

    fn with_capacity(capacity: u32) -> Self {
        let free = Box::new(Queue::new());
        for index in 0..capacity {
            free.enqueue(index).expect("room for the capacity");
        }
        Self(free)
    }

    fn worker(&self, _: u32) -> &Self {
        self
    }
}

impl Worker for &Mpmc {
    type Token = u32;

    #[inline(always)]
    fn get(&mut self) -> Option<u32> {
        self.0.dequeue()
    }

    #[inline(always)]
    fn put(&mut self, mut index: u32) {
        while let Err(again) = self.0.enqueue(index) {
            index = again;
            std::hint::spin_loop();
        }
    }
}
