//! A buffer in a slot.

use std::mem::MaybeUninit;

use bareio_core::ticket::{StableBuf, StableBufMut};

use super::{IoBuf, IoBufMut};

/// A buffer while an operation has it: what the [tickets](bareio_core::ticket) of the core take.
///
/// ```
/// use bareio::buf::Held;
/// use bareio::core::ticket::StableBufMut;
///
/// let mut held = Held::new(vec![0; 512].into_boxed_slice());
/// assert_eq!(held.room().1, 512);
/// assert_eq!(held.into_inner().len(), 512);
/// ```
///
/// Moving a `Box<[u8]>` asserts that it is the only way to its bytes, also when the kernel is at them; so it lies in a
/// `MaybeUninit`, moving which asserts nothing. It is always initialised.
pub struct Held<B>(MaybeUninit<B>);

impl<B> Held<B> {
    /// Takes hold of `buf`.
    pub const fn new(buf: B) -> Self {
        Self(MaybeUninit::new(buf))
    }

    /// The buffer again, when nobody is at its bytes any more.
    pub fn into_inner(self) -> B {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: initialised in `new`, and read once: `this` is not dropped.
        unsafe { this.0.assume_init_read() }
    }
}

impl<B> Drop for Held<B> {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, and dropped once.
        unsafe { self.0.assume_init_drop() };
    }
}

// SAFETY: the buffer says so of its bytes; and moving the `MaybeUninit` around it asserts nothing of them.
unsafe impl<B: IoBuf> StableBuf for Held<B> {
    fn bytes(&self) -> (*const u8, usize) {
        // SAFETY: initialised in `new`.
        let buf = unsafe { self.0.assume_init_ref() };
        buf.data()
    }
}

// SAFETY: the buffer says so of its bytes; and moving the `MaybeUninit` around it asserts nothing of them.
unsafe impl<B: IoBufMut> StableBufMut for Held<B> {
    fn room(&mut self) -> (*mut u8, usize) {
        // SAFETY: initialised in `new`.
        let buf = unsafe { self.0.assume_init_mut() };
        buf.room()
    }

    unsafe fn set_filled(&mut self, len: usize) {
        // SAFETY: initialised in `new`.
        let buf = unsafe { self.0.assume_init_mut() };
        // SAFETY: the caller's word.
        unsafe { buf.set_filled(len) };
    }
}

impl<B> std::fmt::Debug for Held<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}
