//! A pool of anything.

use core::fmt;
use core::marker::PhantomData;
use core::mem::{self, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::time::Duration;

use super::index::{
    AcquireError, CapacityError, Closed, Exhausted, Foreign, Handle, Held, IndexPool, Line, PutError,
    ReserveError,
};
use crate::kernel::Kernel;

/// A bounded, lock-free pool of values, each made once, when the pool is, and lent to one owner at a time.
///
/// A value stays where it is: an [`Item`] refers to it and nothing is copied. What one owner leaves, the next
/// finds; dropping the pool drops the values.
///
/// ```
/// use std::mem::MaybeUninit;
/// use bareio_core::pool::{IndexPool, ItemPool, Line};
///
/// let mut lines = [const { Line::new() }; IndexPool::lines(3)];
/// let mut slots = [const { MaybeUninit::uninit() }; 3];
/// let pool = ItemPool::new(&mut lines, &mut slots, |index| vec![index; 4])?;
///
/// let mut item = pool.get(1)?;
/// assert_eq!(*item, [1, 1, 1, 1]);
/// item.push(7);
/// drop(item);
/// let mut item = pool.get(1)?;
/// assert_eq!(item.replace(Vec::new()), [1, 1, 1, 1, 7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ItemPool<'m, T> {
    pool: IndexPool<'m>,
    /// As many as the pool has indexes, all initialised; each is touched by the owner of its index only.
    slots: NonNull<T>,
    lent: PhantomData<(&'m mut [MaybeUninit<T>], T)>,
}

// SAFETY: it owns its values, and an owner on any thread has exclusive use of one.
unsafe impl<T: Send> Send for ItemPool<'_, T> {}
// SAFETY: through `&ItemPool` a value is reached by one thread at a time, which gets a `&mut T`: sending, not
// sharing.
unsafe impl<T: Send> Sync for ItemPool<'_, T> {}

impl<'m, T> ItemPool<'m, T> {
    /// A pool of as many values as there are `slots`, each made by `make`, which is given its index: called once
    /// for each, in order, and never again.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if there are no slots, or more than 2³¹, or too few `lines`. Then nothing is made.
    ///
    /// # Panics
    ///
    /// If `make` does. The values made until then are dropped.
    pub fn new(
        lines: &'m mut [Line],
        slots: &'m mut [MaybeUninit<T>],
        mut make: impl FnMut(u32) -> T,
    ) -> Result<Self, CapacityError> {
        let capacity =
            u32::try_from(slots.len()).map_err(|_| CapacityError::Capacity { capacity: u32::MAX })?;
        let pool = IndexPool::new(lines, capacity)?;
        let mut filling = Filling { slots, count: 0 };
        for index in 0..capacity {
            filling.slots[filling.count].write(make(index));
            filling.count += 1;
        }
        let slots = filling.finish();
        Ok(Self { pool, slots: NonNull::from(slots).cast(), lent: PhantomData })
    }

    /// Draws a value; see [`IndexPool::get`] for `hint`.
    ///
    /// # Errors
    ///
    /// [`Exhausted`]: there was a moment during the call at which none was free, but for those that handles
    /// keep in reserve.
    #[inline]
    pub fn get(&self, hint: u32) -> Result<Item<'_, T>, Exhausted> {
        Ok(self.item(self.pool.take(hint)?))
    }

    /// Draws a value, and waits for one if need be; see [`IndexPool::acquire`].
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the time is over, the pool was closed, or there is a `timeout` and no clock.
    pub fn acquire<K: Kernel + Sync>(
        &self,
        kernel: &K,
        timeout: Option<Duration>,
    ) -> Result<Item<'_, T>, AcquireError> {
        Ok(self.item(self.pool.acquire(kernel, timeout)?))
    }

    /// Draws a value as soon as there is one; see [`IndexPool::acquire_async`].
    ///
    /// # Errors
    ///
    /// [`Closed`] if the pool was closed.
    pub async fn acquire_async(&self) -> Result<Item<'_, T>, Closed> {
        Ok(self.item(self.pool.acquire_async().await?))
    }

    /// Lets nobody wait for a value any more; see [`IndexPool::close`].
    pub fn close(&self) {
        self.pool.close();
    }

    /// A handle that keeps `reserve` values for itself; see [`IndexPool::handle`].
    ///
    /// # Errors
    ///
    /// [`ReserveError`], as for an index pool.
    pub fn handle(&self, reserve: u32) -> Result<ItemHandle<'_, T>, ReserveError> {
        Ok(ItemHandle { handle: self.pool.handle(reserve)?, slots: self.slots, items: PhantomData })
    }

    /// The value that was turned into the number `index` by [`Item::into_index`].
    ///
    /// # Errors
    ///
    /// [`PutError`] if no value of this pool is a mere number of that value now.
    pub fn hold(&self, index: u32) -> Result<Item<'_, T>, PutError> {
        Ok(self.item(self.pool.hold(index)?))
    }

    /// How many values there are.
    pub const fn capacity(&self) -> u32 {
        self.pool.capacity()
    }

    /// How many values are free and kept by no handle. Exact only while nobody draws or puts.
    pub fn free(&self) -> u32 {
        self.pool.free()
    }

    /// How many values no handle has reserved.
    pub fn unreserved(&self) -> u32 {
        self.pool.unreserved()
    }

    #[inline]
    fn item<'p>(&'p self, held: Held<'p>) -> Item<'p, T> {
        // SAFETY: the guard is of our pool, whose every index has a slot.
        unsafe { Item::new(held, self.slots) }
    }
}

impl<T> Drop for ItemPool<'_, T> {
    fn drop(&mut self) {
        let slots = NonNull::slice_from_raw_parts(self.slots, self.pool.capacity() as usize);
        // SAFETY: all are initialised, and items borrow the pool, so none is in use: one that was leaked never
        // will be again.
        unsafe { ptr::drop_in_place(slots.as_ptr()) };
    }
}

impl<T> fmt::Debug for ItemPool<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemPool").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// Slots of which the first `count` are initialised, and dropped if it is.
struct Filling<'m, T> {
    slots: &'m mut [MaybeUninit<T>],
    count: usize,
}

impl<'m, T> Filling<'m, T> {
    /// The slots, for good.
    fn finish(mut self) -> &'m mut [MaybeUninit<T>] {
        self.count = 0;
        mem::take(&mut self.slots)
    }
}

impl<T> Drop for Filling<'_, T> {
    fn drop(&mut self) {
        for slot in &mut self.slots[..self.count] {
            // SAFETY: one of the first `count`.
            unsafe { slot.assume_init_drop() };
        }
    }
}

/// One value of an [`ItemPool`], and its only owner. Dropped, it goes back; the value stays as it is.
#[must_use = "an item that is dropped goes back to its pool at once"]
pub struct Item<'p, T> {
    held: Held<'p>,
    value: NonNull<T>,
    owned: PhantomData<&'p mut T>,
}

// SAFETY: it stands for a `&mut T`.
unsafe impl<T: Send> Send for Item<'_, T> {}
// SAFETY: as for `Send`.
unsafe impl<T: Sync> Sync for Item<'_, T> {}

impl<'p, T> Item<'p, T> {
    /// # Safety
    ///
    /// `held` is of the pool of an `ItemPool` that lives for `'p`, whose slots these are.
    #[inline]
    unsafe fn new(held: Held<'p>, slots: NonNull<T>) -> Self {
        // SAFETY: there is a slot for each index.
        let value = unsafe { slots.add(held.index() as usize) };
        Self { held, value, owned: PhantomData }
    }

    /// Its number in the pool.
    pub const fn index(&self) -> u32 {
        self.held.index()
    }

    /// Puts another value in its place, and returns this one.
    pub fn replace(&mut self, value: T) -> T {
        mem::replace(&mut **self, value)
    }

    /// Makes it a plain number, to be made an item again by [`ItemPool::hold`].
    pub fn into_index(self) -> u32 {
        self.held.into_index()
    }
}

impl<T> Deref for Item<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the value is initialised, and ours alone while we hold its index.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for Item<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { self.value.as_mut() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Item<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("index", &self.index()).field("value", &**self).finish()
    }
}

/// One thread's way into an [`ItemPool`]: as [`Handle`] is for indexes.
pub struct ItemHandle<'p, T> {
    handle: Handle<'p>,
    slots: NonNull<T>,
    items: PhantomData<&'p mut T>,
}

// SAFETY: it stands for the values that it keeps.
unsafe impl<T: Send> Send for ItemHandle<'_, T> {}
// SAFETY: nothing is reached through a shared handle.
unsafe impl<T: Send> Sync for ItemHandle<'_, T> {}

impl<'p, T> ItemHandle<'p, T> {
    /// Draws a value: the last one put, or a new one from the pool.
    ///
    /// # Errors
    ///
    /// [`Exhausted`]: nothing is at hand, and nothing unreserved is free.
    #[inline]
    pub fn get(&mut self) -> Result<Item<'p, T>, Exhausted> {
        let held = self.handle.get()?;
        // SAFETY: the handle is of the pool whose slots these are.
        Ok(unsafe { Item::new(held, self.slots) })
    }

    /// Puts a value back: into the reserve, or if that is full, into the pool.
    ///
    /// # Errors
    ///
    /// [`Foreign`], with the item, if it is of another pool.
    #[inline]
    pub fn put(&mut self, item: Item<'p, T>) -> Result<(), Foreign<Item<'p, T>>> {
        let Item { held, value, owned } = item;
        self.handle.put(held).map_err(|Foreign(held)| Foreign(Item { held, value, owned }))
    }
}

impl<T> fmt::Debug for ItemHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemHandle").field("handle", &self.handle).finish_non_exhaustive()
    }
}
