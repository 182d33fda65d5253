//! A scheduler for each core, behind one handle.
//!
//! ```
//! use bareio::{File, Shards, sched::{Op, Scheduler}};
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = File::create(folder.path().join("data"))?;
//! let shards = Shards::build(&Scheduler::builder().depth(64), 2)?;
//! std::thread::scope(|scope| {
//!     for index in 0..shards.count() {
//!         let (shards, file) = (&shards, &file);
//!         scope.spawn(move || {
//!             let here = shards.bind(index)?;
//!             // By this thread's own ring, which no other thread is in the way at.
//!             here.submit(Op::write(file, vec![1; 512], 512 * index as u64))?.wait()?;
//!             // And by the ring of whoever this key belongs to.
//!             shards.for_key(4711).submit(Op::sync_data(file))?.wait()?;
//!             Ok::<_, bareio::Error>(())
//!         });
//!     }
//! });
//! assert_eq!(file.size()?, 1024);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a shard is
//!
//! A [`Scheduler`] of its own: its own ring, slots, limits and statistics, so that threads which keep to their own shards share
//! no lock and no line of memory. It is a whole one: any thread may submit to any shard, wait for any ticket and drop it,
//! and everything that is said of a scheduler is true of each.
//!
//! That is how an operation is handed over: it goes straight into the other shard's ring, by one call of the thread that hands it
//! over, and whoever waits for it drives that ring if its own thread does not. Nothing depends on the other thread: it may compute,
//! sleep or be gone. A thread that ends takes nothing with it; what the kernel gives up then is begun again.
//!
//! # What was not chosen
//!
//! A ring that the kernel knows to be one thread's (`SINGLE_ISSUER`, `DEFER_TASKRUN`) can be entered by that thread alone. What
//! others hand over would lie in a queue until that thread comes by, or is woken: by an eventfd, or by `MSG_RING`, which
//! posts a completion into the other ring that the ring has to keep room for and must not count as one of its own. Each is a
//! call for whoever hands over, and a wake-up, a call and a switch of threads for whoever takes over, where here it is one call in
//! all; two full shards that hand over to each other would wait for each other; and the operations of a thread that ends
//! would be nobody's. Who wants such a ring for one thread, and hands nothing over, has it in the core:
//! [`Driver`](crate::core::ticket::Driver).

mod bound;
pub(super) mod cpu;
mod layout;
mod route;
mod statistics;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use bound::Bound;
pub use layout::Layout;
pub use statistics::ShardsStatistics;

use super::builder::Place;
use super::{Base, Builder, Chain, ChainTicket, Op, Running, Scheduler, StillBusy, Ticket};
use crate::error::{Refused, Result, Why};
use crate::file::File;
use crate::host::{NATIVE, Native};

/// Schedulers, one for each core, behind one handle. Cheap to clone; clones share them.
///
/// Dropped with its last ticket, each shard ends as a [`Scheduler`] does. They are asked all at once, and waited for together for
/// as long as one of them is [patient](Builder::patience).
pub struct Shards<K: Base = Native>(Arc<Inner<K>>);

struct Inner<K: Base> {
    shards: Vec<Scheduler<K>>,
    cpus: Vec<Option<usize>>,
    id: u64,
    patience: Duration,
    counts: bool,
    handed_over: AtomicU64,
}

impl<K: Base> Clone for Shards<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Base> fmt::Debug for Shards<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards")
            .field("running", &self.running())
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

impl Shards {
    /// As many as this thread may use processors, wherever their threads run.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn new() -> Result<Self> {
        Self::build(&Scheduler::builder(), Layout::of_host())
    }

    /// So many, or on these processors; each with these settings, whose numbers are of one shard.
    ///
    /// They are all of one kind: if one has no ring, because the host grants no more, none has, unless rings were demanded.
    ///
    /// # Errors
    ///
    /// - [`OutOfRange`](crate::ErrorKind::OutOfRange): one of the numbers.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported): rings were demanded, and there are none; or processors were named on a
    ///   host other than Linux.
    pub fn build(builder: &Builder, layout: impl Into<Layout>) -> Result<Self> {
        Self::make(builder, &layout.into(), &NATIVE)
    }
}

impl<K: Base> Shards<K> {
    /// On another kernel. Processors are the host's.
    ///
    /// # Errors
    ///
    /// As [`build`](Shards::build).
    #[cfg(feature = "sim")]
    pub fn build_with_kernel(builder: &Builder, layout: impl Into<Layout>, kernel: &K) -> Result<Self> {
        Self::make(builder, &layout.into(), kernel)
    }

    fn make(builder: &Builder, layout: &Layout, kernel: &K) -> Result<Self> {
        let cpus = layout.places()?;
        let all = |no_ring| -> Result<Vec<Scheduler<K>>> {
            let mut shards: Vec<Scheduler<K>> = Vec::with_capacity(cpus.len());
            for &cpu in &cpus {
                let place = Place { cpu, beside: shards.first(), no_ring };
                shards.push(builder.make(kernel.clone(), &place)?);
            }
            Ok(shards)
        };
        let mut shards = all(None)?;
        if let Some(why) = odd_one(&shards) {
            drop(shards);
            shards = all(Some(why))?;
        }
        Ok(Self(Arc::new(Inner {
            shards,
            cpus,
            id: bound::new_id(),
            patience: builder.patience,
            counts: builder.counts,
            handed_over: AtomicU64::new(0),
        })))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.shards.len()
    }

    /// All of them, by their index.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Scheduler<K>> {
        self.0.shards.iter()
    }

    /// What carries operations out, and why.
    pub fn running(&self) -> Running {
        self.shard(0).running()
    }

    /// The shard with this index. It can be cloned, and lives on by itself then.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub fn shard(&self, index: usize) -> &Scheduler<K> {
        let count = self.count();
        self.0.shards.get(index).unwrap_or_else(|| panic!("shard {index} of {count}: indices begin with 0"))
    }

    /// The processor that the threads of a shard are kept on, if it was named.
    ///
    /// # Panics
    ///
    /// As [`shard`](Self::shard).
    pub fn cpu(&self, index: usize) -> Option<usize> {
        let _ = self.shard(index);
        self.0.cpus[index]
    }

    /// Makes a shard the calling thread's, until the answer is dropped, and keeps the thread on the shard's processor, if it has
    /// one, until then. Other threads may be bound to the same one.
    ///
    /// # Errors
    ///
    /// The kernel's, if there is no such processor, or the thread may not use it.
    ///
    /// # Panics
    ///
    /// As [`shard`](Self::shard), and if the thread is bound to a shard of these already.
    pub fn bind(&self, index: usize) -> Result<Bound<'_, K>> {
        let _ = self.shard(index);
        Bound::new(self, index)
    }

    /// The calling thread's shard; `None` if it is [bound](Self::bind) to none, which is never made up for by a guess.
    pub fn local(&self) -> Option<&Scheduler<K>> {
        self.local_index().map(|index| self.shard(index))
    }

    /// The index of the calling thread's shard.
    pub fn local_index(&self) -> Option<usize> {
        bound::index_here(self.0.id)
    }

    /// The index of the shard that a key belongs to: a hash, or any number. It is the same every time for as many shards, in this
    /// process; do not store it.
    pub fn index_for_key(&self, key: u64) -> usize {
        route::shard_of(key, self.count())
    }

    /// The shard that a key belongs to.
    pub fn for_key(&self, key: u64) -> &Scheduler<K> {
        self.shard(self.index_for_key(key))
    }

    /// The index of the shard that an open file belongs to. All clones of it belong to one; the same file opened once more may
    /// belong to another: where that matters, take [a key](Self::for_key) of your own, such as the number of the inode.
    pub fn index_for_file(&self, file: &File<K>) -> usize {
        self.index_for_key(u64::from(file.lend().fd().0.cast_unsigned()))
    }

    /// The shard that an open file belongs to.
    pub fn for_file(&self, file: &File<K>) -> &Scheduler<K> {
        self.shard(self.index_for_file(file))
    }

    /// Hands an operation to a shard, whichever the calling thread's is. If there is no room, waits for some, driving that shard
    /// meanwhile: two that hand over to each other do not wait for each other.
    ///
    /// It is [`Scheduler::submit`] of that shard, and counted as handed over if the thread is not bound to it.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::submit`], with the operation.
    ///
    /// # Panics
    ///
    /// As [`shard`](Self::shard).
    pub fn hand_off<B: Send + 'static>(
        &self,
        index: usize,
        op: Op<B, K>,
    ) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        let ticket = self.shard(index).submit(op)?;
        self.note_handed_over(index);
        Ok(ticket)
    }

    /// As [`hand_off`](Self::hand_off), if there is room.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::try_submit`], with the operation.
    ///
    /// # Panics
    ///
    /// As [`shard`](Self::shard).
    pub fn try_hand_off<B: Send + 'static>(
        &self,
        index: usize,
        op: Op<B, K>,
    ) -> Result<Ticket<B, K>, Refused<Op<B, K>>> {
        let ticket = self.shard(index).try_submit(op)?;
        self.note_handed_over(index);
        Ok(ticket)
    }

    /// As [`hand_off`](Self::hand_off), of a chain, which goes whole.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::submit_chain`], with the chain.
    ///
    /// # Panics
    ///
    /// As [`shard`](Self::shard).
    pub fn hand_off_chain<B: Send + 'static>(
        &self,
        index: usize,
        chain: Chain<B, K>,
    ) -> Result<ChainTicket<B, K>, Refused<Chain<B, K>>> {
        let ticket = self.shard(index).submit_chain(chain)?;
        self.note_handed_over(index);
        Ok(ticket)
    }

    fn note_handed_over(&self, index: usize) {
        if self.0.counts && self.local_index() != Some(index) {
            // Relaxed: a number for people.
            self.0.handed_over.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Closes every shard, as [`Scheduler::close`] does, for at most `within` in all: none lets anything in any more before the first is
    /// waited for. Twice is fine.
    ///
    /// # Errors
    ///
    /// [`StillBusy`], with how many operations have not ended in all of them.
    pub fn close(&self, within: Duration) -> Result<(), StillBusy> {
        self.iter().for_each(ask_to_end);
        let until = until(self.shard(0), within);
        let mut count = 0;
        for shard in self.iter() {
            let left = match (until, shard.0.kernel.now()) {
                (Some(until), Ok(now)) => until.saturating_sub(now),
                _ => within,
            };
            count += shard.close(left).map_or_else(|busy| busy.count, |()| 0);
        }
        if count == 0 { Ok(()) } else { Err(StillBusy { count }) }
    }

    /// What all have done so far, and each.
    pub fn statistics(&self) -> ShardsStatistics {
        let shards: Vec<_> = self.iter().map(Scheduler::statistics).collect();
        // Relaxed: a number for people.
        let handed_over = self.0.handed_over.load(Ordering::Relaxed);
        ShardsStatistics::new(shards, handed_over)
    }
}

/// Why one has no ring, where others have.
fn odd_one<K: Base>(shards: &[Scheduler<K>]) -> Option<Why> {
    let has_ring = shards.iter().any(|shard| shard.running().is_ring());
    shards.iter().find_map(|shard| match shard.running() {
        Running::Posix(why) if has_ring => Some(why),
        _ => None,
    })
}

/// When so much time has passed, by the clock of the kernel, if it has one.
fn until<K: Base>(shard: &Scheduler<K>, within: Duration) -> Option<Duration> {
    shard.0.kernel.now().ok()?.checked_add(within)
}

/// Shuts it and cancels what is in flight, without waiting.
fn ask_to_end<K: Base>(shard: &Scheduler<K>) {
    // What has not ended yet is waited for later.
    let _ = shard.close(Duration::ZERO);
}

impl<K: Base> Drop for Inner<K> {
    /// Asks all to end before the first is waited for, and lets them share one deadline. One that somebody else has a handle or a
    /// ticket of goes on.
    fn drop(&mut self) {
        let until = self.shards.first().and_then(|first| until(first, self.patience));
        for shard in &self.shards {
            // Only we have it, so nobody can clone it meanwhile.
            if Arc::strong_count(&shard.0) == 1 {
                if let Some(until) = until {
                    let _ = shard.0.hurry.set(until);
                }
                ask_to_end(shard);
            }
        }
    }
}
