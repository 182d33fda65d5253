//! The standard library's buffers, the core's, and those of `bytes`.

use std::sync::Arc;

use bareio_core::{AlignedBuf, Kernel};

use super::{IoBuf, IoBufMut, StaticBuf};

// SAFETY: its bytes are on the heap, and nobody else's.
unsafe impl IoBuf for Vec<u8> {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: as above.
unsafe impl IoBufMut for Vec<u8> {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.as_mut_ptr(), self.capacity())
    }

    unsafe fn set_filled(&mut self, len: usize) {
        // SAFETY: written, and within the capacity, by the caller's word.
        unsafe { self.set_len(len) };
    }
}

// SAFETY: its bytes are on the heap, and nobody else's.
unsafe impl IoBuf for Box<[u8]> {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: as above; all of it is initialised.
unsafe impl IoBufMut for Box<[u8]> {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.as_mut_ptr(), self.len())
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}

// SAFETY: its bytes are on the heap, and nobody else's.
unsafe impl IoBuf for String {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: its bytes are on the heap, and whoever shares them reads.
unsafe impl IoBuf for Arc<[u8]> {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: while there are two owners nobody gets a `&mut Vec`, and one who is the only owner is this.
unsafe impl IoBuf for Arc<Vec<u8>> {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: they stay for ever, and nobody writes them.
unsafe impl IoBuf for &'static [u8] {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: they stay for ever, and nobody writes them.
unsafe impl<const N: usize> IoBuf for &'static [u8; N] {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), N)
    }
}

// SAFETY: they stay for ever, and nobody writes them.
unsafe impl IoBuf for &'static str {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: the bytes were a `&'static mut [u8]`, and are its own for ever.
unsafe impl IoBuf for StaticBuf {
    fn data(&self) -> (*const u8, usize) {
        bareio_core::ticket::StableBuf::bytes(self)
    }
}

// SAFETY: as above; all of it is initialised.
unsafe impl IoBufMut for StaticBuf {
    fn room(&mut self) -> (*mut u8, usize) {
        bareio_core::ticket::StableBufMut::room(self)
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}

// SAFETY: its bytes are a mapping of its own.
unsafe impl<K: Kernel + Send + 'static> IoBuf for AlignedBuf<K> {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr().as_ptr(), self.len())
    }
}

// SAFETY: as above.
unsafe impl<K: Kernel + Send + 'static> IoBufMut for AlignedBuf<K> {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.as_ptr().as_ptr(), self.capacity())
    }

    unsafe fn set_filled(&mut self, len: usize) {
        // SAFETY: written, and within the capacity, by the caller's word.
        unsafe { self.set_len(len) };
    }
}

// SAFETY: its bytes stay where they are for as long as a clone of it lives, and whoever shares them reads.
#[cfg(feature = "bytes")]
unsafe impl IoBuf for bytes::Bytes {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: its bytes are on the heap; what it shares with others it does not share these bytes of.
#[cfg(feature = "bytes")]
unsafe impl IoBuf for bytes::BytesMut {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

// SAFETY: as above.
#[cfg(feature = "bytes")]
unsafe impl IoBufMut for bytes::BytesMut {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.as_mut_ptr(), self.capacity())
    }

    unsafe fn set_filled(&mut self, len: usize) {
        // SAFETY: written, and within the capacity, by the caller's word.
        unsafe { self.set_len(len) };
    }
}
