//! A buffer with one owner.
#![expect(unsafe_code, reason = "says where the bytes of a pool's buffer are, and that they stay there")]

use std::fmt;
use std::ops::{Deref, DerefMut};

use bareio_core::Align;

use super::SharedBuf;
use super::lease::Lease;
use crate::buf::{IoBuf, IoBufMut};
use crate::error::{ErrorKind, Result};

/// A buffer of a [`BufferPool`](super::BufferPool), or a standalone one, and the only owner of its bytes. Dropped, it
/// goes back.
///
/// As a `Vec<u8>`, it has a length and a capacity, and the capacity never changes: a read fills it up to that and sets
/// the length, a write sends the length. It dereferences to the bytes that it holds. New from the pool, it holds none.
///
/// Its address stays the same until it goes back, and is on the pool's grid.
#[must_use = "a buffer that is dropped goes back to its pool at once"]
pub struct PoolBuf {
    lease: Lease,
    /// At most the capacity. All bytes up to that are initialised: memory of a slab always is.
    len: usize,
}

impl PoolBuf {
    pub(super) const fn new(lease: Lease) -> Self {
        Self { lease, len: 0 }
    }

    pub(super) const fn with_len(lease: Lease, len: usize) -> Self {
        Self { lease, len }
    }

    pub(super) fn into_lease(self) -> Lease {
        self.lease
    }

    /// How many bytes it holds.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes it may hold.
    pub fn capacity(&self) -> usize {
        self.lease.buffer().len()
    }

    /// The bytes it holds.
    pub fn as_slice(&self) -> &[u8] {
        self
    }

    /// The bytes it holds, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self
    }

    /// All its bytes up to the capacity, to be written. What an earlier owner left is among them. The length stays as it
    /// is.
    pub fn whole_mut(&mut self) -> &mut [u8] {
        self.lease.buffer_mut()
    }

    /// Says how many bytes it holds. Those that are new are whatever an earlier owner left there.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ErrorKind::OutOfRange) beyond the capacity; the length is as it was.
    pub fn set_len(&mut self, len: usize) -> Result<()> {
        self.len = self.check_len(len)?;
        Ok(())
    }

    /// Appends a copy of `bytes`.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ErrorKind::OutOfRange) if they do not fit: nothing was appended.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) -> Result<()> {
        let len = self.check_len(self.len.saturating_add(bytes.len()))?;
        let old = self.len;
        self.whole_mut()[old..len].copy_from_slice(bytes);
        self.len = len;
        Ok(())
    }

    /// Cuts it to `len` bytes; if it holds no more, nothing happens.
    pub const fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
        }
    }

    /// Cuts it to nothing.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Wipes all its bytes up to the capacity. The length stays as it is.
    pub fn zero(&mut self) {
        self.whole_mut().fill(0);
    }

    /// Its first `len` bytes and as many more as make that a multiple of `align`: what direct I/O is to move for `len` bytes
    /// of data.
    ///
    /// ```
    /// use bareio::{Align, pool::BufferPool};
    ///
    /// let buf = BufferPool::new(16 << 10, 1)?.acquire_zeroed()?;
    /// assert_eq!(buf.aligned_prefix(5000, Align::KIB_4)?.len(), 8192);
    /// assert!(buf.aligned_prefix((16 << 10) + 1, Align::KIB_4).is_err());
    /// # Ok::<(), bareio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ErrorKind::OutOfRange) if that is beyond the capacity, [`Misaligned`](ErrorKind::Misaligned) if its first
    /// byte is not on that grid.
    pub fn aligned_prefix(&self, len: usize, align: Align) -> Result<&[u8]> {
        let len = self.check_prefix(len, align)?;
        Ok(&self.lease.buffer()[..len])
    }

    /// The same, to be written.
    ///
    /// # Errors
    ///
    /// As [`aligned_prefix`](Self::aligned_prefix).
    pub fn aligned_prefix_mut(&mut self, len: usize, align: Align) -> Result<&mut [u8]> {
        let len = self.check_prefix(len, align)?;
        Ok(&mut self.whole_mut()[..len])
    }

    /// Makes it a buffer that many can read and nobody writes. Its length is as it is now, for good.
    pub fn share(self) -> SharedBuf {
        let len = self.len;
        SharedBuf::new(self.lease.share(), len)
    }

    /// Whether it is one of a pool's bounded number, and not one with memory of its own.
    pub fn is_pooled(&self) -> bool {
        self.lease.owner().is_pool()
    }

    /// The name of the pool that it was drawn from; empty if that has none.
    pub fn pool_name(&self) -> &str {
        self.lease.owner().name()
    }

    fn check_len(&self, len: usize) -> Result<usize> {
        let most = self.capacity();
        if len > most {
            return Err(beyond("buffer length", len, most).into());
        }
        Ok(len)
    }

    fn check_prefix(&self, len: usize, align: Align) -> Result<usize> {
        align.check(bareio_core::Part::Address, self.lease.buffer().as_ptr().addr() as u64)?;
        let len = align.ceil_len(len)?;
        self.check_len(len)
    }
}

fn beyond(what: &'static str, value: usize, most: usize) -> ErrorKind {
    ErrorKind::OutOfRange { what, value: value as u64, least: 0, most: most as u64, power_of_two: false }
}

impl Deref for PoolBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.lease.buffer()[..self.len]
    }
}

impl DerefMut for PoolBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = self.len;
        &mut self.whole_mut()[..len]
    }
}

impl AsRef<[u8]> for PoolBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for PoolBuf {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl fmt::Debug for PoolBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuf")
            .field("len", &self.len)
            .field("capacity", &self.capacity())
            .field("is_pooled", &self.is_pooled())
            .finish_non_exhaustive()
    }
}

// SAFETY: its bytes are in the pool's mapping, which the lease keeps, and are its own.
unsafe impl IoBuf for PoolBuf {
    fn data(&self) -> (*const u8, usize) {
        (self.lease.buffer().as_ptr(), self.len)
    }
}

// SAFETY: as above.
unsafe impl IoBufMut for PoolBuf {
    fn room(&mut self) -> (*mut u8, usize) {
        let capacity = self.capacity();
        (self.lease.buffer_mut().as_mut_ptr(), capacity)
    }

    unsafe fn set_filled(&mut self, len: usize) {
        // Within the capacity, by the caller's word; and if not, no further.
        self.len = len.min(self.capacity());
    }
}
