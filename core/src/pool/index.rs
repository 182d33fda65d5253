//! A lock-free pool of numbers.

mod acquire;
mod backoff;
mod error;
mod handle;
mod line;
pub(crate) mod park;
mod waiters;
mod watch;

use core::ptr;
use core::task::Waker;

pub use acquire::{Acquire, AcquireError, Closed};
pub use backoff::{Backoff, Pause};
pub use error::{CapacityError, Exhausted, PutError, ReserveError};
pub use handle::{Foreign, Handle, Held, MAX_RESERVE};
use line::Lent;
pub use line::{Line, Lines};
use waiters::{Phase, Waiters};
use watch::Watch;

use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// Indexes in a word: each takes a bit in its lower half and one in its upper half.
const PER_WORD: u32 = 32;
/// The lower half: one bit for each index that is free.
const FREE: usize = 0xffff_ffff;
/// Bits in a word of the summary.
const PER_SUMMARY: usize = 64;

/// A bounded, lock-free pool of the numbers below its capacity, each with one owner at a time.
///
/// ```text
/// word 0, a line of its own        word 1                      …     summary
/// ┌───────────────┬──────────────┐ ┌───────────────┬─────────┐     ┌────────────┐
/// │ drawn (31..0) │ free (31..0) │ │ drawn         │ free    │     │ words that │
/// └───────────────┴──────────────┘ └───────────────┴─────────┘     │ are not 0  │
///                                                                  └────────────┘
///   free  drawn
///     1     0     free
///     0     1     drawn as a plain number, by `get`
///     0     0     kept by a handle, or held by a guard
/// ```
///
/// Both bits of an index are in one word and change in one atomic step, so there is no moment at which an
/// index has two owners or none, no list to be corrupted, and no ABA: a put that does not find the index
/// drawn is refused, in release builds too. What no pool of plain numbers can see is a number put back by
/// somebody who is no longer its owner while a later owner has it. Where that would matter, draw through a
/// [`Handle`], whose guards are the only way to put back what they hold.
///
/// The summary says which words have something free. It is a hint: a wrong bit costs time, never an index.
///
/// # Progress
///
/// Lock-free: a step is repeated only if another thread's step succeeded meanwhile, so a thread that is
/// preempted anywhere, with an index or without, keeps nobody else from drawing or putting. A guard that is
/// dropped while nobody waits is put back by a single atomic instruction. Those who wait, by
/// [`acquire`](Self::acquire), have a queue with a lock; no draw and no put ever waits for it.
///
/// # Cost
///
/// [`get`](Self::get) and [`put`](Self::put) are one locked instruction each while every thread keeps to
/// hints of its own; through a [`Handle`], none. [`Exhausted`] costs a look at every word. The memory is a
/// line, of 64 or 128 bytes, for 32 indexes.
///
/// ```
/// use bareio_core::pool::{Exhausted, IndexPool, Line, PutError};
///
/// let mut lines = [const { Line::new() }; IndexPool::lines(2)];
/// let pool = IndexPool::new(&mut lines, 2)?;
/// let (a, b) = (pool.get(0)?, pool.get(0)?);
/// assert_eq!(pool.get(0), Err(Exhausted));
/// assert_eq!(pool.put(b), Ok(()));
/// assert_eq!(pool.put(b), Err(PutError::Free { index: b }));
/// # pool.put(a)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct IndexPool<'m> {
    words: Lent<'m>,
    /// A bit for each word, or nothing if there is but one word.
    summary: Lent<'m>,
    capacity: u32,
    /// What the living handles have reserved; at most `capacity`.
    reserved: AtomicU32,
    pub(in crate::pool) watch: Watch,
    pub(in crate::pool) waiters: Waiters,
}

impl<'m> IndexPool<'m> {
    /// The most indexes that a pool can have: 2³¹.
    pub const MAX_CAPACITY: u32 = 1 << 31;

    /// How many lines a pool of `capacity` indexes takes.
    pub const fn lines(capacity: u32) -> usize {
        let words = capacity.div_ceil(PER_WORD) as usize;
        if words > 1 { words + words.div_ceil(PER_SUMMARY) } else { words }
    }

    /// A pool of `capacity` indexes, all of them free, over the first [`lines`](Self::lines) of `lines`.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if `capacity` is 0 or above [`MAX_CAPACITY`](Self::MAX_CAPACITY), or `lines` too few.
    pub fn new(lines: &'m mut [Line], capacity: u32) -> Result<Self, CapacityError> {
        if capacity == 0 || capacity > Self::MAX_CAPACITY {
            return Err(CapacityError::Capacity { capacity });
        }
        let (needed, given) = (Self::lines(capacity), lines.len());
        if given < needed {
            return Err(CapacityError::Lines { needed, given });
        }
        let (words, summary) = lines[..needed].split_at_mut(capacity.div_ceil(PER_WORD) as usize);
        let mut left = capacity;
        for line in &mut *words {
            let here = left.min(PER_WORD);
            left -= here;
            *line = Line::with(FREE >> (PER_WORD - here));
        }
        // A summary bit beyond the last word would be a wrong hint, so it is not set.
        let mut left = words.len();
        for line in &mut *summary {
            let here = left.min(PER_SUMMARY);
            left -= here;
            *line = Line::with(usize::MAX >> (PER_SUMMARY - here));
        }
        let (words, summary) = (Lent::new(words), Lent::new(summary));
        Ok(Self {
            words,
            summary,
            capacity,
            reserved: AtomicU32::new(0),
            watch: Watch::new(),
            waiters: Waiters::new(),
        })
    }

    /// How many indexes it has; they are the numbers below this.
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many indexes no handle has reserved.
    pub fn unreserved(&self) -> u32 {
        // Relaxed: a number to look at.
        self.capacity - self.reserved.load(Ordering::Relaxed)
    }

    /// How many indexes are free and kept by no handle. Exact only while nobody draws or puts.
    pub fn free(&self) -> u32 {
        // Relaxed: a number to look at.
        self.words.iter().map(|line| (line.word.load(Ordering::Relaxed) & FREE).count_ones()).sum()
    }

    /// Draws a free index: `hint` itself if it is free, else one near it, else any.
    ///
    /// The index that this thread had last is the best hint, because what goes with it is still in the
    /// processor's cache; threads that begin 32 apart do not disturb each other. Any number will do.
    ///
    /// # Errors
    ///
    /// [`Exhausted`]: there was a moment during the call at which no index was free, but for those that
    /// handles keep in reserve.
    #[inline]
    pub fn get(&self, hint: u32) -> Result<u32, Exhausted> {
        self.draw_any(hint, 1 | (1 << PER_WORD))
    }

    /// Draws a free index, as [`get`](Self::get) does, and returns its guard.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], as for `get`.
    #[inline]
    pub fn take(&self, hint: u32) -> Result<Held<'_>, Exhausted> {
        Ok(Held::new(self, self.draw_any(hint, 1)?))
    }

    /// Puts back an index that [`get`](Self::get) or [`Held::into_index`] gave out.
    ///
    /// # Errors
    ///
    /// [`PutError`] if the index is free already, held by a guard or a handle, or not of this pool. Nothing
    /// has changed then.
    #[inline]
    pub fn put(&self, index: u32) -> Result<(), PutError> {
        let (line, bit) = self.locate(index)?;
        let both = bit | (bit << PER_WORD);
        // Relaxed: a guess; the exchange decides. A caller that drew the index knows of the draw, and so
        // cannot read a state from before it.
        let mut word = line.load(Ordering::Relaxed);
        while word & both == bit << PER_WORD {
            // SeqCst: Release, pairs with the Acquire in `draw` and `claim`, so that the next owner sees
            // everything the last one did; and step 1 of `watch`.
            match line.compare_exchange_weak(word, word ^ both, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => {
                    self.after_put(index);
                    return Ok(());
                }
                Err(now) => word = now,
            }
        }
        Err(if word & bit == 0 { PutError::Held { index } } else { PutError::Free { index } })
    }

    /// Makes a guard of a plain number that [`get`](Self::get) or [`Held::into_index`] gave out.
    ///
    /// # Errors
    ///
    /// [`PutError`] if the index was not given out, or is not of this pool.
    pub fn hold(&self, index: u32) -> Result<Held<'_>, PutError> {
        let (line, bit) = self.locate(index)?;
        // Acquire: pairs with the Release in `mark_drawn`, because the number may have come from another thread, or have
        // been guessed. Only the bit that is written is tested, which makes this a single instruction.
        if line.fetch_and(!(bit << PER_WORD), Ordering::Acquire) & (bit << PER_WORD) != 0 {
            return Ok(Held::new(self, index));
        }
        // Relaxed: as in `put`.
        let word = line.load(Ordering::Relaxed);
        Err(if word & bit == 0 { PutError::Held { index } } else { PutError::Free { index } })
    }

    /// A handle that keeps `reserve` indexes for itself, at most [`MAX_RESERVE`].
    ///
    /// They are taken out of the pool now and stay out for as long as the handle lives. That is what makes it
    /// fast, and what it costs: nobody else can draw them, not even while they are idle.
    ///
    /// # Errors
    ///
    /// [`ReserveError`] if `reserve` is above the limit, if other handles have reserved so much that it is not
    /// there, or if too few are free at the moment.
    pub fn handle(&self, reserve: u32) -> Result<Handle<'_>, ReserveError> {
        if reserve > MAX_RESERVE {
            return Err(ReserveError::TooLarge { reserve });
        }
        let grant = |reserved: u32| (self.capacity - reserved >= reserve).then(|| reserved + reserve);
        // Relaxed, both: a count that guards no memory; the indexes themselves are claimed one by one.
        let before = self.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grant);
        let before = before
            .map_err(|reserved| ReserveError::Reserved { reserve, unreserved: self.capacity - reserved })?;
        // Handles made one after another begin in different words.
        Handle::fill(self, reserve, before)
    }

    /// Gives back the right to reserve `count` indexes.
    pub(in crate::pool) fn unreserve(&self, count: u32) {
        // Relaxed: as in `handle`.
        self.reserved.fetch_sub(count, Ordering::Relaxed);
    }

    /// The index of a guard, from now on a plain number.
    pub(in crate::pool) fn mark_drawn(&self, index: u32) {
        if let Ok((line, bit)) = self.locate(index) {
            // Release: pairs with the Acquire in `hold`, so that who makes a guard of the number sees what its owner did.
            line.fetch_or(bit << PER_WORD, Ordering::Release);
        }
    }

    /// Puts back the index of a guard, or one that a handle keeps.
    #[inline]
    pub(in crate::pool) fn give_back(&self, index: u32) {
        if let Ok((line, bit)) = self.locate(index) {
            // SeqCst: Release, pairs with the Acquire in `draw` and `claim`; and step 1 of `watch`. The old
            // value is of no interest, which makes this a plain `lock or`.
            line.fetch_or(bit, Ordering::SeqCst);
            self.after_put(index);
        }
    }

    /// Claims up to `count` indexes, at least 1, all from one word, and passes them to `each`, those near `hint` last.
    /// Returns how many.
    pub(in crate::pool) fn claim(&self, hint: u32, count: u32, mut each: impl FnMut(u32)) -> u32 {
        let at = self.word_of(hint);
        let found = self.claim_from(at, count).map(|claimed| (at, claimed));
        let found = found.or_else(|| self.search(at, |at| Some((at, self.claim_from(at, count)?))));
        let Some((at, mut claimed)) = found else { return 0 };
        let total = claimed.count_ones();
        while claimed != 0 {
            let last = claimed.ilog2();
            each(index_of(at, last));
            claimed ^= 1 << last;
        }
        total
    }

    fn claim_from(&self, at: usize, count: u32) -> Option<usize> {
        let line = &self.words[at].word;
        loop {
            // Relaxed: a guess; what counts is what the next step has cleared.
            let free = line.load(Ordering::Relaxed) & FREE;
            if free == 0 {
                return None;
            }
            let wanted = lowest(free, count);
            // Acquire: pairs with the Release in `put` and `give_back`. Release: step 3 of `watch`.
            let claimed = line.fetch_and(!wanted, Ordering::AcqRel) & wanted;
            if claimed != 0 {
                return Some(claimed);
            }
        }
    }

    #[inline]
    fn draw_any(&self, hint: u32, change: usize) -> Result<u32, Exhausted> {
        let (at, first) = (self.word_of(hint), hint % PER_WORD);
        let drawn = self.draw(at, first, change);
        drawn.or_else(|| self.search(at, |at| self.draw(at, first, change))).ok_or(Exhausted)
    }

    /// Draws one index of the word `at`, the first at or after bit `first` that is free, by the `change` that
    /// would draw index 0.
    #[inline]
    fn draw(&self, at: usize, first: u32, change: usize) -> Option<u32> {
        let line = &self.words[at].word;
        // Relaxed: a guess; the exchange decides.
        let mut word = line.load(Ordering::Relaxed);
        loop {
            let free = word & FREE;
            if free == 0 {
                return None;
            }
            let ahead = free >> first << first;
            let bit = (if ahead == 0 { free } else { ahead }).trailing_zeros();
            let drawn = word ^ (change << bit);
            // Acquire: pairs with the Release in `put` and `give_back`, so that the new owner sees everything
            // the last one did. Release: step 3 of `watch`.
            match line.compare_exchange_weak(word, drawn, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(index_of(at, bit)),
                Err(now) => word = now,
            }
        }
    }

    /// Tries `take` on words that the summary names, then on all, until it takes or there is nothing.
    #[cold]
    fn search<R>(&self, from: usize, mut take: impl FnMut(usize) -> Option<R>) -> Option<R> {
        self.search_summary(from, &mut take).or_else(|| {
            self.watch.look(|| {
                (0..self.words.len()).find_map(|at| {
                    let taken = take(at)?;
                    self.note_free(at);
                    Some(taken)
                })
            })
        })
    }

    fn search_summary<R>(&self, from: usize, mut take: impl FnMut(usize) -> Option<R>) -> Option<R> {
        for step in 0..self.summary.len() {
            let at = (from / PER_SUMMARY + step) % self.summary.len();
            let line = &self.summary[at].word;
            // Relaxed, here and below: a hint.
            let mut bits = line.load(Ordering::Relaxed);
            while bits != 0 {
                let bit = bits & bits.wrapping_neg();
                bits ^= bit;
                let word = at * PER_SUMMARY + bit.trailing_zeros() as usize;
                if let Some(taken) = take(word) {
                    return Some(taken);
                }
                line.fetch_and(!bit, Ordering::Relaxed);
                if self.words[word].word.load(Ordering::Relaxed) & FREE != 0 {
                    line.fetch_or(bit, Ordering::Relaxed);
                }
            }
        }
        None
    }

    /// Notes in the summary that a word has something free.
    #[inline]
    fn note_free(&self, at: usize) {
        if let Some(line) = self.summary.get(at / PER_SUMMARY) {
            let bit = 1 << (at % PER_SUMMARY);
            // Relaxed, both: a hint. A bit that stays clear by a race is set by the next who finds the word.
            if line.word.load(Ordering::Relaxed) & bit == 0 {
                line.word.fetch_or(bit, Ordering::Relaxed);
            }
        }
    }

    #[inline]
    fn after_put(&self, index: u32) {
        self.note_free((index / PER_WORD) as usize);
        if self.watch.is_watched() {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        self.watch.changed();
        self.serve();
    }

    /// Gives those who wait what is free, in order, and wakes them. Never waits itself: if somebody else is at
    /// it, that one will see what we have to say.
    pub(in crate::pool) fn serve(&self) {
        while let Some(mut queue) = self.waiters.try_lock() {
            let seen = self.watch.changes();
            let waker = queue.serve_first(|| {
                if self.waiters.is_closed() {
                    return Some(Phase::Closed);
                }
                self.draw_any(0, 1).ok().map(Phase::Served)
            });
            drop(queue);
            // The lock is free again: a waker may do anything, also come back here.
            let served = waker.map(Waker::wake).is_some();
            if !served && self.watch.changes_after_unlocking() == seen {
                return;
            }
        }
    }

    /// The first index of the word behind that of `index`; of the first word, behind the last.
    pub(in crate::pool) fn next_word(&self, index: u32) -> u32 {
        let next = (index / PER_WORD + 1) * PER_WORD;
        if next < self.capacity() { next } else { 0 }
    }

    #[inline]
    fn word_of(&self, hint: u32) -> usize {
        let at = (hint / PER_WORD) as usize;
        if at < self.words.len() { at } else { at % self.words.len() }
    }

    #[inline]
    fn locate(&self, index: u32) -> Result<(&AtomicUsize, usize), PutError> {
        match self.words.get((index / PER_WORD) as usize) {
            Some(line) if index < self.capacity => Ok((&line.word, 1 << (index % PER_WORD))),
            _ => Err(PutError::Foreign { index, capacity: self.capacity }),
        }
    }

    /// Whether both are the same pool.
    #[inline]
    pub(in crate::pool) fn is(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

/// The `count` lowest bits of `bits` that are set, or all of them if there are fewer.
fn lowest(bits: usize, count: u32) -> usize {
    let rest = (0..count).fold(bits, |rest, _| rest & rest.wrapping_sub(1));
    bits ^ rest
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a pool has at most 2³¹ indexes, so at most 2²⁶ words")]
fn index_of(at: usize, bit: u32) -> u32 {
    at as u32 * PER_WORD + bit
}
