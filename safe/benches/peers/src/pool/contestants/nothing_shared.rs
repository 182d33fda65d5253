//! No pool at all: a `Vec` for every thread. It shows what the harness costs, and whether the processors were ours:
//! threads that share nothing must run evenly. What one thread
//! hands to another stays there, and is made up anew here: so the hand-off shows what its channel alone can carry.

use super::super::{CAPACITY, Pool, Worker};

pub(in super::super) struct Threads;

impl Pool for Threads {
    type Token<'p> = u32;
    type Worker<'p> = Own;

    fn with_capacity(_: u32) -> Self {
        Self
    }

    fn worker(&self, _: u32) -> Own {
        Own((0..CAPACITY).collect())
    }
}

/// One thread's indexes.
pub(in super::super) struct Own(Vec<u32>);

impl Worker for Own {
    type Token = u32;

    #[inline(always)]
    fn get(&mut self) -> Option<u32> {
        self.0.pop().or(Some(0))
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        if self.0.len() < self.0.capacity() {
            self.0.push(index);
        }
    }
}
