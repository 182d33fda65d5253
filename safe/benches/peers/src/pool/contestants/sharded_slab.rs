//! sharded-slab: an index is the key of an entry inserted, and put back by its removal. A shard a thread; it grows
//! where the others are bounded.

use sharded_slab::Slab;

use super::super::{Pool, Worker};

pub(in super::super) struct Sharded(Slab<u32>);

impl Pool for Sharded {
    type Token<'p> = usize;
    type Worker<'p> = &'p Self;

    /// As large as the others by having been so once.
    fn with_capacity(capacity: u32) -> Self {
        let slab = Slab::new();
        let keys: Vec<usize> = (0..capacity).filter_map(|index| slab.insert(index)).collect();
        for key in keys {
            slab.remove(key);
        }
        Self(slab)
    }

    fn worker(&self, _: u32) -> &Self {
        self
    }
}

impl Worker for &Sharded {
    type Token = usize;

    #[inline(always)]
    fn get(&mut self) -> Option<usize> {
        self.0.insert(0)
    }

    #[inline(always)]
    fn put(&mut self, key: usize) {
        self.0.remove(key);
    }
}
