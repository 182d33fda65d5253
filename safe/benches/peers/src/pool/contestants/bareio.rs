//! bareio: its `IndexPool`, by `&self` with the last index as the hint, and through handles that reserve as many as they
//! can.

use bareio_core::pool::{Handle, Held, IndexPool, Line, MAX_RESERVE};

use super::super::{Pool, Worker};

/// Hints of neighbouring threads are so far apart, which is a word of the pool.
const APART: u32 = 32;

/// The pool, in lines that are leaked: a pool borrows them, and a contestant owns what it needs.
fn pool(capacity: u32) -> IndexPool<'static> {
    let lines: Vec<Line> = (0..IndexPool::lines(capacity)).map(|_| Line::new()).collect();
    IndexPool::new(lines.leak(), capacity).expect("as many lines as the capacity takes")
}

pub(in super::super) struct Plain(IndexPool<'static>);

impl Pool for Plain {
    type Token<'p> = u32;
    type Worker<'p> = Hinted<'p>;

    fn with_capacity(capacity: u32) -> Self {
        Self(pool(capacity))
    }

    fn worker(&self, thread: u32) -> Hinted<'_> {
        Hinted { pool: &self.0, hint: thread * APART }
    }
}

/// One thread's use of a pool without a handle.
pub(in super::super) struct Hinted<'p> {
    pool: &'p IndexPool<'static>,
    /// The index that this thread had last.
    hint: u32,
}

impl Worker for Hinted<'_> {
    type Token = u32;

    #[inline(always)]
    fn get(&mut self) -> Option<u32> {
        let index = self.pool.get(self.hint).ok()?;
        self.hint = index;
        Some(index)
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        self.pool.put(index).expect("an index that was drawn");
    }
}

pub(in super::super) struct Handles(IndexPool<'static>);

impl Pool for Handles {
    type Token<'p> = Held<'p>;
    type Worker<'p> = Handle<'p>;

    fn with_capacity(capacity: u32) -> Self {
        Self(pool(capacity))
    }

    fn worker(&self, _: u32) -> Handle<'_> {
        self.0.handle(MAX_RESERVE).expect("fewer threads than words")
    }
}

impl<'p> Worker for Handle<'p> {
    type Token = Held<'p>;

    #[inline(always)]
    fn get(&mut self) -> Option<Held<'p>> {
        self.get().ok()
    }

    #[inline(always)]
    fn put(&mut self, held: Held<'p>) {
        self.put(held).expect("an index of this pool");
    }
}
