//! A growable buffer on the grid of direct I/O.

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;

use crate::align::Align;
use crate::kernel::Kernel;
use crate::map::{AllocError, Granted, MapOptions, Mapping, RawMapping};

/// A `Vec<u8>` for direct I/O: its first byte is aligned to a block, and its capacity is whole blocks.
///
/// A read asks for the [`capacity`](Self::capacity) and then sets the length; a write sends the length,
/// [padded](Self::pad) to the block. Memory comes from the kernel in whole pages, resident before it is used;
/// for many small buffers, take them from a pool.
///
/// Nothing here panics for want of memory: what may allocate returns a `Result`.
///
/// ```
/// use bareio_core::{Align, AlignedBuf, Linux};
///
/// let mut buf = AlignedBuf::new(Linux, 5000, Align::KIB_4)?;
/// assert_eq!((buf.len(), buf.capacity()), (0, 8192));
/// buf.extend_from_slice(b"header")?;
/// buf.pad(0);
/// assert_eq!(buf.len(), 4096);
/// assert!(buf.starts_with(b"header\0\0"));
/// # Ok::<(), bareio_core::AllocError>(())
/// ```
pub struct AlignedBuf<K: Kernel> {
    /// Only `..len` of it is known to be initialised: [`AlignedBuf::spare_capacity_mut`] gives the rest away.
    mapping: Mapping<K>,
    /// At most the mapping's.
    len: usize,
    /// Divides the mapping's length and address.
    block: Align,
}

impl<K: Kernel> AlignedBuf<K> {
    /// An empty buffer for at least `capacity` bytes, aligned to `block`, on the largest pages to be had.
    ///
    /// # Errors
    ///
    /// As [`with_options`](Self::with_options).
    pub fn new(kernel: K, capacity: usize, block: Align) -> Result<Self, AllocError> {
        Self::with_options(kernel, capacity, block, MapOptions::new())
    }

    /// An empty buffer for at least `capacity` bytes, aligned to `block`, in memory mapped as `options` say. An
    /// alignment in `options` is replaced by `block`.
    ///
    /// # Errors
    ///
    /// As [`Mapping::with_options`]; a capacity of 0 is [`AllocError::Zero`].
    pub fn with_options(
        kernel: K,
        capacity: usize,
        block: Align,
        options: MapOptions,
    ) -> Result<Self, AllocError> {
        let whole = block.ceil_len(capacity).map_err(|_| AllocError::TooLong { len: capacity })?;
        let mapping = Mapping::with_options(kernel, whole, options.align(block))?;
        Ok(Self { mapping, len: 0, block })
    }

    /// How many bytes it may hold without growing: a multiple of [`block`](Self::block), never 0.
    pub const fn capacity(&self) -> usize {
        self.mapping.len()
    }

    /// What its address and its capacity are multiples of.
    pub const fn block(&self) -> Align {
        self.block
    }

    /// How many bytes it holds.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What kind of memory was granted.
    pub const fn granted(&self) -> Granted {
        self.mapping.granted()
    }

    /// The bytes it holds.
    pub const fn as_slice(&self) -> &[u8] {
        // SAFETY: the first `len` bytes of the mapping are initialised, and borrowed with the buffer.
        unsafe { slice::from_raw_parts(self.mapping.as_ptr().as_ptr(), self.len) }
    }

    /// The bytes it holds, to be written.
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.mapping.as_ptr().as_ptr(), self.len) }
    }

    /// The first byte, for a read into the whole capacity: valid until the buffer grows or is dropped.
    pub const fn as_ptr(&self) -> NonNull<u8> {
        self.mapping.as_ptr()
    }

    /// The bytes from the length to the capacity. What is written there counts after [`set_len`](Self::set_len).
    pub const fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        let spare = self.capacity() - self.len;
        // SAFETY: the length is at most the capacity.
        let first = unsafe { self.mapping.as_ptr().add(self.len) };
        // SAFETY: `spare` bytes of the mapping follow, borrowed exclusively; they need not be initialised.
        unsafe { slice::from_raw_parts_mut(first.as_ptr().cast(), spare) }
    }

    /// Says how many bytes it holds.
    ///
    /// # Safety
    ///
    /// - `len` is at most [`capacity`](Self::capacity).
    /// - The bytes up to `len` are initialised. Those that nobody ever wrote to are, as zeroes.
    pub const unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.capacity());
        self.len = len;
    }

    /// Cuts it to `len` bytes; if it holds no more, nothing happens. The capacity stays.
    pub const fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
        }
    }

    /// Cuts it to nothing. The capacity stays.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Makes room for `additional` bytes more. It grows to twice its capacity at least, or to just what is
    /// needed if that is refused. Its address may change.
    ///
    /// # Errors
    ///
    /// As [`Mapping::grow`], and the buffer is as it was.
    pub fn reserve(&mut self, additional: usize) -> Result<(), AllocError> {
        if additional <= self.capacity() - self.len {
            return Ok(());
        }
        let needed = self.len.saturating_add(additional);
        let twice = needed.max(self.capacity().saturating_mul(2));
        self.grow_to(twice).or_else(|_| self.grow_to(needed))
    }

    /// Makes room for `additional` bytes more, and for no more than rounding adds.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn reserve_exact(&mut self, additional: usize) -> Result<(), AllocError> {
        self.grow_to(self.len.saturating_add(additional))
    }

    fn grow_to(&mut self, capacity: usize) -> Result<(), AllocError> {
        let whole = self.block.ceil_len(capacity).map_err(|_| AllocError::TooLong { len: capacity })?;
        self.mapping.grow(whole)
    }

    /// Appends a copy of `bytes`.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve): nothing was appended.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) -> Result<(), AllocError> {
        self.reserve(bytes.len())?;
        let spare = self.spare_capacity_mut().as_mut_ptr().cast::<u8>();
        // SAFETY: there is room for as many bytes now, and `bytes`, borrowed from elsewhere, is not in it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), spare, bytes.len()) };
        self.len += bytes.len();
        Ok(())
    }

    /// Cuts or lengthens it to `len` bytes; those that are new are `value`.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve): nothing changed.
    pub fn resize(&mut self, len: usize, value: u8) -> Result<(), AllocError> {
        let Some(additional) = len.checked_sub(self.len) else {
            self.len = len;
            return Ok(());
        };
        self.reserve(additional)?;
        self.lengthen(additional, value);
        Ok(())
    }

    /// Lengthens it with `value` to a multiple of its block, as a direct write needs it. Never allocates: the
    /// capacity is one.
    pub fn pad(&mut self, value: u8) {
        let past = self.len & (self.block.len() - 1);
        if past > 0 {
            self.lengthen(self.block.len() - past, value);
        }
    }

    fn lengthen(&mut self, additional: usize, value: u8) {
        self.spare_capacity_mut()[..additional].fill(MaybeUninit::new(value));
        self.len += additional;
    }

    /// A copy of the bytes it holds, in memory of its own mapped with the same options.
    ///
    /// # Errors
    ///
    /// As [`with_options`](Self::with_options).
    pub fn try_clone(&self) -> Result<Self, AllocError>
    where
        K: Clone,
    {
        let kernel = self.mapping.kernel().clone();
        let mut copy = Self::with_options(kernel, self.len.max(1), self.block, self.mapping.options())?;
        copy.extend_from_slice(self)?;
        Ok(copy)
    }

    /// Takes it apart. The memory stays mapped.
    pub fn into_raw(self) -> (K, RawBuf) {
        let Self { mapping, len, block } = self;
        let (kernel, mapping) = mapping.into_raw();
        (kernel, RawBuf { mapping, len, block })
    }

    /// Puts it together again.
    ///
    /// # Safety
    ///
    /// - `raw` came from [`into_raw`](Self::into_raw) of a buffer from this kernel, and no more than its
    ///   length was changed since.
    /// - Nothing else has been made of it since, and nobody uses its memory.
    /// - Its length is at most that of its mapping, and that many bytes are initialised.
    pub const unsafe fn from_raw(kernel: K, raw: RawBuf) -> Self {
        // SAFETY: the caller vouches for where it came from. No slice is ever taken of more than the length.
        let mapping = unsafe { Mapping::from_raw(kernel, raw.mapping) };
        Self { mapping, len: raw.len, block: raw.block }
    }
}

/// The parts of an [`AlignedBuf`], taken out of it by [`AlignedBuf::into_raw`].
///
/// Plain data: nothing is unmapped when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawBuf {
    /// Its memory.
    pub mapping: RawMapping,
    /// How many bytes it holds.
    pub len: usize,
    /// What its address and capacity are multiples of.
    pub block: Align,
}

impl<K: Kernel> Deref for AlignedBuf<K> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl<K: Kernel> DerefMut for AlignedBuf<K> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

impl<K: Kernel> AsRef<[u8]> for AlignedBuf<K> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<K: Kernel> AsMut<[u8]> for AlignedBuf<K> {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl<K: Kernel> fmt::Debug for AlignedBuf<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBuf")
            .field("ptr", &self.as_ptr())
            .field("len", &self.len)
            .field("capacity", &self.capacity())
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}
