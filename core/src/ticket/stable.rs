use crate::buf::AlignedBuf;
use crate::kernel::{BorrowedFd, Fd, Kernel};
use crate::map::Mapping;

/// A buffer whose bytes stay where they are when it is moved, to be written to a file.
///
/// # Safety
///
/// - [`bytes`](Self::bytes) says the same until the buffer is dropped, wherever it is moved.
/// - Moving it asserts nothing of those bytes: it is no `Box<[u8]>` or `&mut [u8]` *value* that would claim
///   to be the only way to them while the kernel reads. (For reading they may be shared: `&'static [u8]` is fine.)
pub unsafe trait StableBuf: 'static {
    /// Where its bytes are, and how many hold data.
    fn bytes(&self) -> (*const u8, usize);
}

/// A buffer whose bytes stay where they are when it is moved, to be read into.
///
/// # Safety
///
/// As [`StableBuf`], for [`room`](Self::room), and the kernel may write there while the buffer, and nothing in it, is
/// touched by nobody.
pub unsafe trait StableBufMut: 'static {
    /// Where its bytes are, and how many it has room for.
    fn room(&mut self) -> (*mut u8, usize);

    /// Takes note that the first `len` bytes hold data now.
    ///
    /// # Safety
    ///
    /// They were written, and `len` is at most what `room` said.
    unsafe fn set_filled(&mut self, len: usize);
}

// SAFETY: shared and never written.
unsafe impl StableBuf for &'static [u8] {
    fn bytes(&self) -> (*const u8, usize) {
        (self.as_ptr(), self.len())
    }
}

/// A buffer of the caller's for as long as the program runs, as raw parts.
///
/// A `&'static mut [u8]` cannot itself lie in a slot while the kernel writes, for it says that nobody else does.
#[derive(Debug)]
pub struct StaticBuf {
    first: core::ptr::NonNull<u8>,
    len: usize,
}

// SAFETY: it owns its bytes as the `&'static mut` did that it was made from.
unsafe impl Send for StaticBuf {}
// SAFETY: as above; through `&self` it only tells where they are.
unsafe impl Sync for StaticBuf {}

impl From<&'static mut [u8]> for StaticBuf {
    fn from(bytes: &'static mut [u8]) -> Self {
        Self { len: bytes.len(), first: core::ptr::NonNull::from(bytes).cast() }
    }
}

impl From<StaticBuf> for &'static mut [u8] {
    fn from(buf: StaticBuf) -> Self {
        // SAFETY: the parts of the exclusive slice that it was made from, given back once.
        unsafe { core::slice::from_raw_parts_mut(buf.first.as_ptr(), buf.len) }
    }
}

// SAFETY: raw parts, of memory that stays for ever.
unsafe impl StableBuf for StaticBuf {
    fn bytes(&self) -> (*const u8, usize) {
        (self.first.as_ptr(), self.len)
    }
}

// SAFETY: raw parts, of memory that stays for ever; all of it is initialised.
unsafe impl StableBufMut for StaticBuf {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.first.as_ptr(), self.len)
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}

// SAFETY: the mapping holds its bytes by raw pointer, and stays where it is.
unsafe impl<K: Kernel + 'static> StableBuf for Mapping<K> {
    fn bytes(&self) -> (*const u8, usize) {
        (self.as_ptr().as_ptr(), self.len())
    }
}

// SAFETY: as above; all of it is initialised.
unsafe impl<K: Kernel + 'static> StableBufMut for Mapping<K> {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.as_ptr().as_ptr(), self.len())
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}

// SAFETY: the buffer holds its bytes by raw pointer, and moves them only when it grows, which needs `&mut`.
unsafe impl<K: Kernel + 'static> StableBuf for AlignedBuf<K> {
    fn bytes(&self) -> (*const u8, usize) {
        (self.as_ptr().as_ptr(), self.len())
    }
}

// SAFETY: as above; the room is its capacity, whose tail it never shows before `set_filled`.
unsafe impl<K: Kernel + 'static> StableBufMut for AlignedBuf<K> {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.as_ptr().as_ptr(), self.capacity())
    }

    unsafe fn set_filled(&mut self, len: usize) {
        // SAFETY: by the caller's word they were written, and `len` is at most the capacity.
        unsafe { self.set_len(len) };
    }
}

/// Something that keeps a descriptor open: for ever, or until it is dropped.
///
/// # Safety
///
/// The descriptor stays open, and stays the same file, until the owner is dropped, wherever it is moved.
pub unsafe trait OwnedFile: 'static {
    /// The descriptor.
    fn fd(&self) -> Fd;
}

// SAFETY: open for ever.
unsafe impl OwnedFile for BorrowedFd<'static> {
    fn fd(&self) -> Fd {
        (*self).fd()
    }
}
