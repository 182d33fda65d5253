//! A buffer with many readers.
#![expect(unsafe_code, reason = "says where the bytes of a pool's buffer are, and that they stay there")]

use std::fmt;
use std::ops::Deref;

use super::PoolBuf;
use super::lease::{SharedLease, WeakLease};
use crate::buf::IoBuf;

/// A buffer that many can read and nobody writes. Cloned, it is the same bytes; the last one to be dropped gives them
/// back to the pool.
///
/// It may be in several writes at once.
#[must_use = "a buffer that is dropped is read by one less"]
pub struct SharedBuf {
    lease: SharedLease,
    /// At most the capacity.
    len: usize,
}

impl SharedBuf {
    pub(super) const fn new(lease: SharedLease, len: usize) -> Self {
        Self { lease, len }
    }

    /// The bytes it holds.
    pub fn as_slice(&self) -> &[u8] {
        self
    }

    /// A handle that does not keep the buffer from going back, nor the pool's memory.
    pub fn downgrade(&self) -> WeakBuf {
        WeakBuf { lease: self.lease.downgrade(), len: self.len }
    }

    /// The buffer, to be written again, if nobody else reads it.
    ///
    /// # Errors
    ///
    /// Itself, if somebody does.
    pub fn try_into_exclusive(self) -> Result<PoolBuf, Self> {
        let Self { lease, len } = self;
        match lease.try_into_exclusive() {
            Ok(lease) => Ok(PoolBuf::with_len(lease, len)),
            Err(lease) => Err(Self { lease, len }),
        }
    }

    /// How many readers there are, at this moment.
    pub fn readers(&self) -> u32 {
        self.lease.shared().readers()
    }

    /// Whether it is one of a pool's bounded number, and not one with memory of its own.
    pub fn is_pooled(&self) -> bool {
        self.lease.owner().is_pool()
    }

    /// The name of the pool that it was drawn from; empty if that has none.
    pub fn pool_name(&self) -> &str {
        self.lease.owner().name()
    }
}

impl Clone for SharedBuf {
    /// Another reader of the same bytes. Nothing is copied or allocated.
    fn clone(&self) -> Self {
        Self { lease: self.lease.clone(), len: self.len }
    }
}

impl From<PoolBuf> for SharedBuf {
    fn from(buf: PoolBuf) -> Self {
        buf.share()
    }
}

impl Deref for SharedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.lease.shared()[..self.len]
    }
}

impl AsRef<[u8]> for SharedBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for SharedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBuf")
            .field("len", &self.len)
            .field("readers", &self.readers())
            .finish_non_exhaustive()
    }
}

// SAFETY: its bytes are in the pool's mapping, which the lease keeps, and while there are readers nobody writes them.
unsafe impl IoBuf for SharedBuf {
    fn data(&self) -> (*const u8, usize) {
        (self.lease.shared().as_ptr(), self.len)
    }
}

/// A buffer that may have gone back. See [`SharedBuf::downgrade`].
///
/// ```
/// use bareio::pool::BufferPool;
///
/// let pool = BufferPool::new(4096, 1)?;
/// let first = pool.acquire()?.share();
/// let stale = first.downgrade();
/// drop(first);
/// // The same memory, shared anew: the handle is not taken in.
/// let second = pool.acquire()?.share();
/// assert!(stale.upgrade().is_none());
/// # drop(second);
/// # Ok::<(), bareio::Error>(())
/// ```
#[derive(Clone)]
pub struct WeakBuf {
    lease: WeakLease,
    len: usize,
}

impl WeakBuf {
    /// The buffer, if it still has readers. Once it went back, never again, though its memory be shared anew.
    pub fn upgrade(&self) -> Option<SharedBuf> {
        Some(SharedBuf { lease: self.lease.upgrade()?, len: self.len })
    }
}

impl fmt::Debug for WeakBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakBuf").field("len", &self.len).finish_non_exhaustive()
    }
}
