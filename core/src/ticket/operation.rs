use core::ffi::CStr;

use super::stable::{OwnedFile, StableBuf, StableBufMut};
use crate::abi::Sqe;
use crate::errno::{Errno, Result};
use crate::iovec::MAX_RW_LEN;
use crate::kernel::{Fd, Kernel, OpenFlags};
use crate::sqe;

/// An operation, with everything that it owns while the kernel works on it.
///
/// # Safety
///
/// What [`entry`](Self::entry) names stays valid until the operation is dropped, and is not the operation's own
/// inline memory: a slot may go away under an operation that was forgotten. Until `finish` or `dispose`, nobody
/// touches what the kernel may write.
///
/// The entry keeps the rest of the contract of [`Ring::push`](crate::ring::Ring::push) too, and links to no other: of its
/// flags, `IO_LINK`, `IO_HARDLINK` and `CQE_SKIP_SUCCESS` are not set.
pub unsafe trait Operation: Send + 'static {
    /// What comes of it.
    type Output;

    /// Whether its failure cancels what is linked behind it. Reads, writes and opens do so, flushes do not (since
    /// 6.0), nor does much else.
    const SEVERS: bool = false;

    /// Its entry. The operation is where it will stay.
    ///
    /// # Errors
    ///
    /// What is wrong with it; it is not submitted then.
    fn entry(&mut self) -> Result<Sqe>;

    /// Takes the result, after the last completion.
    fn finish(self, result: Result<u32>) -> Self::Output;

    /// Disposes of it after the last completion, when nobody wants the result.
    fn dispose(self, result: Result<u32>)
    where
        Self: Sized,
    {
        let _ = result;
    }
}

fn position(offset: u64) -> Result<u64> {
    // Above it, an offset means the current position, or nothing.
    if i64::try_from(offset).is_ok() { Ok(offset) } else { Err(Errno::INVAL) }
}

fn clamp(len: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 2 GiB")]
    let len = len.min(MAX_RW_LEN) as u32;
    len
}

/// Reads at an offset into a buffer's room. Its output is the count, which may be short, and the buffer.
#[derive(Debug)]
pub struct Read<F, B> {
    file: F,
    buf: B,
    offset: u64,
}

impl<F: OwnedFile, B: StableBufMut> Read<F, B> {
    /// Up to as many bytes as `buf` has room for, from byte `offset` of the file.
    pub const fn new(file: F, buf: B, offset: u64) -> Self {
        Self { file, buf, offset }
    }
}

// SAFETY: the buffer's bytes and the descriptor stay, by the contracts of their traits.
unsafe impl<F: OwnedFile + Send, B: StableBufMut + Send> Operation for Read<F, B> {
    type Output = (Result<u32>, B);

    const SEVERS: bool = true;

    fn entry(&mut self) -> Result<Sqe> {
        let (first, len) = self.buf.room();
        Ok(sqe::read(self.file.fd(), first, clamp(len), position(self.offset)?))
    }

    fn finish(mut self, result: Result<u32>) -> Self::Output {
        if let Ok(count) = result {
            // SAFETY: the kernel wrote that many, and was given no more room than there is.
            unsafe { self.buf.set_filled(count as usize) };
        }
        (result, self.buf)
    }
}

/// Writes a buffer's data at an offset. Its output is the count, which may be short, and the buffer.
#[derive(Debug)]
pub struct Write<F, B> {
    file: F,
    buf: B,
    offset: u64,
}

impl<F: OwnedFile, B: StableBuf> Write<F, B> {
    /// The data of `buf`, to byte `offset` of the file.
    pub const fn new(file: F, buf: B, offset: u64) -> Self {
        Self { file, buf, offset }
    }
}

// SAFETY: the buffer's bytes and the descriptor stay, by the contracts of their traits.
unsafe impl<F: OwnedFile + Send, B: StableBuf + Send> Operation for Write<F, B> {
    type Output = (Result<u32>, B);

    const SEVERS: bool = true;

    fn entry(&mut self) -> Result<Sqe> {
        let (first, len) = self.buf.bytes();
        Ok(sqe::write(self.file.fd(), first, clamp(len), position(self.offset)?))
    }

    fn finish(self, result: Result<u32>) -> Self::Output {
        (result, self.buf)
    }
}

/// Flushes a file.
#[derive(Debug)]
pub struct Sync<F> {
    file: F,
    all: bool,
}

impl<F: OwnedFile> Sync<F> {
    /// Its data, and what reading it back needs.
    pub const fn data(file: F) -> Self {
        Self { file, all: false }
    }

    /// Its data, and all that is known of it.
    pub const fn all(file: F) -> Self {
        Self { file, all: true }
    }
}

// SAFETY: the descriptor stays, by the contract of its trait.
unsafe impl<F: OwnedFile + Send> Operation for Sync<F> {
    type Output = Result<()>;

    fn entry(&mut self) -> Result<Sqe> {
        let fd = self.file.fd();
        Ok(if self.all { sqe::sync_all(fd) } else { sqe::sync_data(fd) })
    }

    fn finish(self, result: Result<u32>) -> Self::Output {
        result.map(drop)
    }
}

/// Opens a file. Its output is the new descriptor, which is the caller's to close; if nobody wants it, it is
/// closed.
#[derive(Debug)]
pub struct Open<K> {
    kernel: K,
    path: &'static CStr,
    flags: OpenFlags,
    mode: u32,
}

impl<K: Kernel + 'static> Open<K> {
    /// `path`, seen from the working directory; `mode` holds the permissions of a file that is created. `kernel`
    /// closes what nobody wants.
    pub const fn new(kernel: K, path: &'static CStr, flags: OpenFlags, mode: u32) -> Self {
        Self { kernel, path, flags, mode }
    }
}

// SAFETY: the path stays for ever.
unsafe impl<K: Kernel + Send + 'static> Operation for Open<K> {
    type Output = Result<Fd>;

    const SEVERS: bool = true;

    fn entry(&mut self) -> Result<Sqe> {
        Ok(sqe::open_at(Fd::CWD, self.path.as_ptr(), self.flags, self.mode))
    }

    fn finish(self, result: Result<u32>) -> Self::Output {
        result.map(|fd| Fd(fd.cast_signed()))
    }

    fn dispose(self, result: Result<u32>) {
        if let Ok(fd) = result {
            // SAFETY: opened by this operation, and nobody has been told its number.
            let _ = unsafe { self.kernel.close(Fd(fd.cast_signed())) };
        }
    }
}
