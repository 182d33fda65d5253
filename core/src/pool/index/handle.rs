//! Drawing from a pool without touching shared memory.

use core::fmt;
use core::hint::assert_unchecked;
use core::mem;

use super::IndexPool;
use super::{Exhausted, ReserveError};

/// The most indexes that a handle reserves: as many as one word of the pool has.
pub const MAX_RESERVE: u32 = 32;

/// One thread's way into an [`IndexPool`]: a few indexes kept in reserve, last in, first out.
///
/// [`get`](Self::get) and [`put`](Self::put) work on the reserve, which nobody else can see, and cost a few
/// plain instructions. Only an empty reserve is filled from the pool, up to all of it by one locked
/// instruction; and only what finds the reserve full is put into the pool, as is a guard that is dropped.
///
/// The reserve is the handle's for as long as it lives: the pool counts on its other indexes only, whether
/// the handle uses its own or not. A handle that is leaked leaks them. An index may be drawn from one handle
/// and put into another, or dropped anywhere; then the handle it came from has one less at hand, until it
/// next fills up.
///
/// ```
/// use bareio_core::pool::{IndexPool, Line};
///
/// let mut lines = [const { Line::new() }; IndexPool::lines(100)];
/// let pool = IndexPool::new(&mut lines, 100)?;
/// let mut handle = pool.handle(16)?;
/// assert_eq!((pool.unreserved(), pool.free()), (84, 84));
///
/// let held = handle.get()?;
/// let index = held.index();
/// assert!(handle.put(held).is_ok());
/// assert_eq!(handle.get()?.index(), index, "last in, first out");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is put is gone, so it cannot be put twice:
///
/// ```compile_fail,E0382
/// # use bareio_core::pool::{IndexPool, Line};
/// # let mut lines = [const { Line::new() }; IndexPool::lines(100)];
/// # let pool = IndexPool::new(&mut lines, 100).unwrap();
/// # let mut handle = pool.handle(16).unwrap();
/// let held = handle.get().unwrap();
/// handle.put(held);
/// handle.put(held);
/// ```
#[derive(Debug)]
pub struct Handle<'p> {
    pool: &'p IndexPool<'p>,
    /// The first `len` are ours and free.
    stack: [u32; MAX_RESERVE as usize],
    /// At most `reserve`.
    len: u32,
    /// At most `MAX_RESERVE`.
    reserve: u32,
    /// Where to look for more: at the last index that did not fit, which is warm; or if all has gone elsewhere since the
    /// last claim, at the word behind that one, so that what others put back has time to gather.
    hint: u32,
}

impl<'p> Handle<'p> {
    /// A full handle. `reserve` of the pool's indexes have been counted as reserved for it.
    pub(in crate::pool) fn fill(
        pool: &'p IndexPool<'p>,
        reserve: u32,
        hint: u32,
    ) -> Result<Self, ReserveError> {
        let mut handle = Self { pool, stack: [0; MAX_RESERVE as usize], len: 0, reserve, hint };
        while handle.len < reserve {
            if handle.claim() == 0 {
                // Dropping it gives back the indexes and the reservation.
                return Err(ReserveError::InUse { reserve, free: handle.len });
            }
        }
        Ok(handle)
    }

    /// The pool it draws from.
    pub const fn pool(&self) -> &'p IndexPool<'p> {
        self.pool
    }

    /// How many indexes it reserves.
    pub const fn reserve(&self) -> u32 {
        self.reserve
    }

    /// How many of them are at hand.
    pub const fn at_hand(&self) -> u32 {
        self.len
    }

    /// Draws an index: the last one put, or a new one from the pool.
    ///
    /// # Errors
    ///
    /// [`Exhausted`]: nothing is at hand, and nothing unreserved is free.
    #[inline]
    pub fn get(&mut self) -> Result<Held<'p>, Exhausted> {
        if self.len == 0 {
            return self.get_from_pool();
        }
        self.len -= 1;
        // SAFETY: `len` was at most `reserve`, which is at most `MAX_RESERVE`, and is one less now. The
        // compiler cannot know; a check here would be a tenth of the whole.
        unsafe { assert_unchecked(self.len < MAX_RESERVE) };
        let index = self.stack[self.len as usize];
        Ok(Held { pool: self.pool, index })
    }

    #[cold]
    #[inline(never)]
    fn get_from_pool(&mut self) -> Result<Held<'p>, Exhausted> {
        if self.reserve == 0 {
            let Self { pool, hint, .. } = self;
            let claimed = pool.claim(*hint, 1, |index| *hint = index);
            return if claimed == 0 { Err(Exhausted) } else { Ok(Held { pool, index: *hint }) };
        }
        if self.claim() == 0 { Err(Exhausted) } else { self.get() }
    }

    /// Fills up from one word of the pool. The reserve is not full.
    fn claim(&mut self) -> u32 {
        let Self { pool, stack, len, reserve, hint } = self;
        let (from, mut last) = (*hint, *hint);
        let claimed = pool.claim(from, *reserve - *len, |index| {
            stack[*len as usize] = index;
            *len += 1;
            last = index;
        });
        *hint = pool.next_word(last);
        claimed
    }

    /// Puts an index back: into the reserve, or if that is full, into the pool.
    ///
    /// # Errors
    ///
    /// [`Foreign`], with the guard, if it is of another pool.
    #[inline]
    pub fn put(&mut self, held: Held<'p>) -> Result<(), Foreign<Held<'p>>> {
        if !held.is_of(self.pool) {
            return Err(Foreign(held));
        }
        if self.len < self.reserve {
            // SAFETY: `reserve` is at most `MAX_RESERVE`.
            unsafe { assert_unchecked(self.len < MAX_RESERVE) };
            self.stack[self.len as usize] = held.index;
            self.len += 1;
            mem::forget(held);
        } else {
            // It is dropped, which puts it into the pool.
            self.hint = held.index;
        }
        Ok(())
    }
}

impl Drop for Handle<'_> {
    /// Gives everything at hand back to the pool, and the reservation with it.
    fn drop(&mut self) {
        for &index in &self.stack[..self.len as usize] {
            self.pool.give_back(index);
        }
        self.pool.unreserve(self.reserve);
    }
}

/// An index, drawn through a [`Handle`], and the only one of its number. Dropped, it goes back to the pool.
#[derive(Debug)]
#[must_use = "an index that is dropped goes back to the pool at once"]
pub struct Held<'p> {
    pool: &'p IndexPool<'p>,
    index: u32,
}

impl<'p> Held<'p> {
    /// The guard of an index that is nobody's but the caller's, and that is not free in the pool.
    pub(in crate::pool) const fn new(pool: &'p IndexPool<'p>, index: u32) -> Self {
        Self { pool, index }
    }

    /// The number.
    #[inline]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Whether it is of this pool.
    #[inline]
    pub(in crate::pool) fn is_of(&self, pool: &IndexPool<'_>) -> bool {
        self.pool.is(pool)
    }

    /// Gives up owning it: it does not go back.
    pub(in crate::pool) const fn into_parts(self) -> (&'p IndexPool<'p>, u32) {
        let parts = (self.pool, self.index);
        mem::forget(self);
        parts
    }

    /// Makes it a plain number, for [`IndexPool::put`] or [`IndexPool::hold`].
    pub fn into_index(self) -> u32 {
        self.pool.mark_drawn(self.index);
        let index = self.index;
        mem::forget(self);
        index
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.pool.give_back(self.index);
    }
}

/// Something that is not of this pool, given back.
#[derive(Debug)]
pub struct Foreign<T>(pub T);

impl<T> fmt::Display for Foreign<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not of this pool; put it where it was drawn")
    }
}

impl<T: fmt::Debug> core::error::Error for Foreign<T> {}
