//! Which shard is the calling thread's.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cpu::{self, Former};
use super::{Base, Scheduler, Shards};
use crate::error::Result;
use crate::host::Native;

thread_local! {
    /// Of which shards this thread is: the number of the set, which is never given twice, and the index in it.
    static HERE: RefCell<Vec<(u64, usize)>> = const { RefCell::new(Vec::new()) };
}

/// A number that no other set of shards of this process has.
pub(super) fn new_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: only that they differ matters.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The index of the calling thread's shard in the set with this number, if it is bound to one.
pub(super) fn index_here(set: u64) -> Option<usize> {
    // A thread that is ending is bound to nothing any more.
    let find = |here: &RefCell<Vec<(u64, usize)>>| {
        here.borrow().iter().find(|(bound, _)| *bound == set).map(|(_, index)| *index)
    };
    HERE.try_with(find).ok().flatten()
}

/// The calling thread's place at a shard, until it is dropped: the scheduler of that shard, and, if the shard has one, its
/// processor.
///
/// It belongs to the thread. Forgotten, the thread stays bound until it ends, and nothing else happens.
#[must_use = "dropped, the thread is bound no more"]
pub struct Bound<'s, K: Base = Native> {
    shards: &'s Shards<K>,
    index: usize,
    former: Option<Former>,
    /// It undoes what it did to its own thread.
    not_send: PhantomData<*const ()>,
}

impl<K: Base> fmt::Debug for Bound<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("index", &self.index).finish_non_exhaustive()
    }
}

impl<'s, K: Base> Bound<'s, K> {
    pub(super) fn new(shards: &'s Shards<K>, index: usize) -> Result<Self> {
        let set = shards.0.id;
        assert!(index_here(set).is_none(), "a thread is bound to one shard of a set at a time");
        let former = shards.cpu(index).map(cpu::pin).transpose()?;
        HERE.with(|here| here.borrow_mut().push((set, index)));
        Ok(Self { shards, index, former, not_send: PhantomData })
    }

    /// The index of the shard.
    pub const fn index(&self) -> usize {
        self.index
    }
}

impl<K: Base> Deref for Bound<'_, K> {
    type Target = Scheduler<K>;

    fn deref(&self) -> &Scheduler<K> {
        self.shards.shard(self.index)
    }
}

impl<K: Base> Drop for Bound<'_, K> {
    fn drop(&mut self) {
        let set = self.shards.0.id;
        // A thread that is ending has no list any more, and needs none.
        let _ = HERE.try_with(|here| here.borrow_mut().retain(|(bound, _)| *bound != set));
        if let Some(former) = &self.former {
            cpu::unpin(former);
        }
    }
}
