//! Buffers as plain addresses, for whatever carries no more.
#![expect(unsafe_code, reason = "an address is made a buffer again, on the caller's word")]

use bareio_core::Kernel;

use super::lease::Lease;
use super::{BufferPool, PoolBuf};
use crate::error::{ErrorKind, Result};

impl PoolBuf {
    /// Makes it the plain address of its first byte, to be made a buffer again by [`BufferPool::reclaim`]: for passing it
    /// through something that carries addresses only. Nothing goes back, and the length is forgotten.
    ///
    /// The address is good for as long as a handle of the pool, or another of its buffers, is kept. One that is never
    /// reclaimed is leaked until the pool goes.
    ///
    /// # Errors
    ///
    /// The buffer itself, if it is of no pool: nobody could reclaim it.
    pub fn into_raw(mut self) -> Result<*mut u8, Self> {
        if !self.is_pooled() {
            return Err(self);
        }
        let address = self.whole_mut().as_mut_ptr();
        let _ = self.into_lease().into_index();
        Ok(address)
    }
}

impl<K: Kernel + Send + Sync + 'static> BufferPool<K> {
    /// Makes an address that [`PoolBuf::into_raw`] gave out a buffer again, which holds nothing. Dropped, it goes back.
    ///
    /// ```
    /// # use bareio::{ErrorKind, pool::BufferPool};
    /// let pool = BufferPool::new(4096, 1)?;
    /// let address = pool.acquire()?.into_raw().expect("it is of a pool");
    /// // SAFETY: it was passed on to us, and nobody uses its bytes.
    /// drop(unsafe { pool.reclaim(address) }?);
    /// // SAFETY: as above, but for the mistake, which is seen.
    /// let twice = unsafe { pool.reclaim(address) }.unwrap_err();
    /// assert!(matches!(twice.kind(), ErrorKind::NotOut(_)));
    /// # Ok::<(), bareio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotInPool`](ErrorKind::NotInPool) for an address that is not the first of one of its buffers, and
    /// [`NotOut`](ErrorKind::NotOut) for one that is not out as an address, which one reclaimed twice is not. Nothing has
    /// changed then.
    ///
    /// # Safety
    ///
    /// Whoever turned the buffer into an address has passed it on to the caller, and nothing, the kernel included, touches its
    /// bytes any more.
    pub unsafe fn reclaim(&self, address: *const u8) -> Result<PoolBuf> {
        let slabs = self.0.slabs();
        let at = slabs.iter().position(|place| place.slab.contains(address)).unwrap_or(0);
        let slab = &slabs[at].slab;
        let index = slab.index_of(address).map_err(ErrorKind::NotInPool)?;
        // SAFETY: the caller's word.
        let buffer = unsafe { slab.hold(index) }.map_err(ErrorKind::NotOut)?;
        let at = u8::try_from(at).unwrap_or_default(); // a pool has at most 255 sizes
        Ok(PoolBuf::new(Lease::new(&self.0, at, buffer)))
    }
}
