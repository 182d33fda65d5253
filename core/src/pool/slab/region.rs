//! Memory that a slab can be cut from.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::kernel::Kernel;
use crate::map::Mapping;

/// Memory with one owner, at an address of its own.
///
/// # Safety
///
/// - [`start`](Self::start) and [`len`](Self::len) answer the same for as long as the value lives, also while it
///   is moved.
/// - Those bytes are initialised, readable and writable, and nobody but the value's owner touches them, until
///   it is dropped. The value itself does not touch them either, except through a `&mut` to it or when it is
///   dropped.
pub unsafe trait Region {
    /// The first byte.
    fn start(&self) -> NonNull<u8>;

    /// How many bytes there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Memory lent by somebody else: a `static`, a stack, an allocation.
pub struct Borrowed<'m> {
    start: NonNull<u8>,
    len: usize,
    bytes: PhantomData<&'m mut [u8]>,
}

// SAFETY: it stands for a `&mut [u8]`, which is `Send`.
unsafe impl Send for Borrowed<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for Borrowed<'_> {}

impl<'m> Borrowed<'m> {
    /// Borrows `bytes`.
    pub fn new(bytes: &'m mut [u8]) -> Self {
        Self { len: bytes.len(), start: NonNull::from(bytes).cast(), bytes: PhantomData }
    }
}

// SAFETY: an exclusive borrow of initialised bytes for `'m`, which outlives the value. It is kept as an
// address, so moving the value claims nothing about the bytes.
unsafe impl Region for Borrowed<'_> {
    fn start(&self) -> NonNull<u8> {
        self.start
    }

    fn len(&self) -> usize {
        self.len
    }
}

// SAFETY: a mapping owns its bytes, zeroed by the kernel, at an address that stays as long as it does not grow,
// and only `&mut Mapping` grows it. By itself it touches them only to unmap them.
unsafe impl<K: Kernel> Region for Mapping<K> {
    fn start(&self) -> NonNull<u8> {
        self.as_ptr()
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl fmt::Debug for Borrowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Borrowed").field("start", &self.start).field("len", &self.len).finish()
    }
}
