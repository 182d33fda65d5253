//! Buffers that operations own while the kernel works on them.
//!
//! An operation that is submitted takes its buffer, and gives it back with the result. What may be handed in says
//! [`IoBuf`], to be written to a file, or [`IoBufMut`], to be read into:
//!
//! | | write | read |
//! |---|---|---|
//! | `Vec<u8>` | its length | up to its capacity; the length becomes what arrived |
//! | `Box<[u8]>`, [`StaticBuf`] | all of it | all of it |
//! | `Arc<[u8]>`, `Arc<Vec<u8>>`, `&'static [u8]`, `&'static str`, `String` | all of it; clones may be in several writes at once | |
//! | [`AlignedBuf`] | its length | up to its capacity; the length becomes what arrived |
//! | [`PoolBuf`](crate::pool::PoolBuf) | its length | up to its capacity; the length becomes what arrived |
//! | [`SharedBuf`](crate::pool::SharedBuf) | its length; clones may be in several writes at once | |
//! | [`Counted`] of any of these | as that; clones may be in several writes at once | |
//! | [`Slice`] of any of these | that part | that part |
//! | `bytes::Bytes`, `bytes::BytesMut` (feature `bytes`) | its length | `BytesMut`: up to its capacity |
//!
//! ```
//! use bareio::buf::{IoBuf, IoBufMut, Slice};
//!
//! let mut buf = Vec::with_capacity(4096);
//! assert_eq!((buf.data().1, buf.room().1), (0, 4096));
//! buf.extend_from_slice(b"0123456789");
//! assert_eq!(Slice::new(buf, 2..5).as_slice(), b"234");
//! ```
#![expect(
    unsafe_code,
    reason = "says of the standard library's buffers where their bytes are, and that these stay there"
)]

mod counted;
mod held;
mod slice;
mod standard;

pub use bareio_core::AlignedBuf;
pub use bareio_core::ticket::StaticBuf;
pub use counted::Counted;
pub use held::Held;
pub use slice::Slice;

/// A buffer to be written to a file.
///
/// # Safety
///
/// - The bytes that [`data`](Self::data) names stay valid and where they are until the buffer is dropped or changed
///   through `&mut`, however it is moved.
/// - Nobody writes to them while the buffer is not touched: if others share them, they read.
pub unsafe trait IoBuf: Send + 'static {
    /// Where its bytes are, and how many hold data. With a length of 0, the address means nothing.
    fn data(&self) -> (*const u8, usize);
}

/// A buffer to be read into.
///
/// # Safety
///
/// - The bytes that [`room`](Self::room) names stay valid and where they are until the buffer is dropped or changed
///   through `&mut`, however it is moved.
/// - They are its own: they may be written through that address for as long as the buffer is not touched.
pub unsafe trait IoBufMut: Send + 'static {
    /// Where its bytes are, and how many it has room for. With a room of 0, the address means nothing.
    fn room(&mut self) -> (*mut u8, usize);

    /// Takes note that the first `len` bytes of its room hold data.
    ///
    /// # Safety
    ///
    /// They were written, and `len` is at most what [`room`](Self::room) said.
    unsafe fn set_filled(&mut self, len: usize);
}
