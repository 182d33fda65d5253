//! lockfree-object-pool: its `LinearObjectPool`, whose guard goes back when it is dropped. It grows where the others
//! are bounded, a page of 32 at a time.

use lockfree_object_pool::{LinearObjectPool, LinearReusable};

use super::super::{Pool, Worker};

pub(in super::super) struct Linear(LinearObjectPool<u32>);

impl Pool for Linear {
    type Token<'p> = LinearReusable<'p, u32>;
    type Worker<'p> = &'p Self;

    /// As large as the others by having been so once.
    fn with_capacity(capacity: u32) -> Self {
        let pool = LinearObjectPool::new(|| 0, |_| {});
        drop((0..capacity).map(|_| pool.pull()).collect::<Vec<_>>());
        Self(pool)
    }

    fn worker(&self, _: u32) -> &Self {
        self
    }
}

impl<'p> Worker for &'p Linear {
    type Token = LinearReusable<'p, u32>;

    #[inline(always)]
    fn get(&mut self) -> Option<Self::Token> {
        Some(self.0.pull())
    }

    #[inline(always)]
    fn put(&mut self, token: Self::Token) {
        drop(token);
    }
}
