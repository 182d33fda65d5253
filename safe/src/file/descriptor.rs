//! A descriptor that is owned, with the calls that can be made on it.
#![expect(
    unsafe_code,
    reason = "the calls of a kernel take descriptors as numbers, and here is the owner that keeps one open"
)]

use std::ffi::CStr;
use std::mem::ManuallyDrop;

use bareio_core::abi::Statx;
use bareio_core::kernel::{AdviseFile, Allocate, OpenFlags, RwFlags, SyncRange};
use bareio_core::op::{Op, Positions};
use bareio_core::{BorrowedFd, Errno, Fd, IoVec, Kernel};

use crate::error::{Error, Result};

/// An open descriptor of `kernel`, closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Descriptor<K: Kernel> {
    kernel: K,
    fd: Fd,
}

impl<K: Kernel> Descriptor<K> {
    /// Opens `path`, seen from the working directory.
    pub(crate) fn open(kernel: K, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Self> {
        let open = Op::open_at(Fd::CWD, path, flags, mode)?;
        // SAFETY: the path is valid, and the working directory always there.
        let fd = unsafe { open.perform(&kernel) }.map_err(|errno| Error::os("open", errno))?;
        Ok(Self { kernel, fd: Fd(fd.cast_signed()) })
    }

    /// Takes over an open descriptor.
    ///
    /// # Safety
    ///
    /// It is open on `kernel`, and the caller's to give away.
    pub(crate) const unsafe fn from_raw(kernel: K, fd: Fd) -> Self {
        Self { kernel, fd }
    }

    pub(crate) const fn fd(&self) -> Fd {
        self.fd
    }

    pub(crate) const fn kernel(&self) -> &K {
        &self.kernel
    }

    /// Lends it to operations of the core.
    pub(crate) fn lend(&self) -> BorrowedFd<'_> {
        // SAFETY: open for as long as this is borrowed.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }

    /// Closes it, and says what closing it said.
    pub(crate) fn close(self) -> Result<()> {
        let this = ManuallyDrop::new(self);
        // SAFETY: it is ours, and gone after this. What the kernel value owns, if anything, is dropped below.
        let closed = unsafe { Op::close(this.fd).perform(&this.kernel) };
        // SAFETY: `this` is not used any more, so the kernel value is read once.
        drop(unsafe { std::ptr::read(&raw const this.kernel) });
        closed.map(drop).map_err(|errno| Error::os("close", errno))
    }

    /// What the descriptor is.
    pub(crate) fn stat(&self, mask: u32) -> Result<Statx, Errno> {
        let mut stat = Statx::default();
        // SAFETY: the descriptor is open.
        uninterrupted(|| unsafe { self.kernel.stat(self.fd, c"", mask, &mut stat) })?;
        Ok(stat)
    }

    /// What an offset means to it.
    pub(crate) fn positions(&self) -> Result<Positions, Errno> {
        // SAFETY: the descriptor is open.
        unsafe { Positions::of(&self.kernel, self.fd) }
    }

    /// With which flags it is open.
    pub(crate) fn flags(&self) -> Result<OpenFlags, Errno> {
        // SAFETY: the descriptor is open.
        unsafe { self.kernel.open_flags(self.fd) }
    }

    /// Reads up to `buf.len()` bytes, which is checked to be no more than one call moves.
    #[inline]
    pub(crate) fn read(&self, buf: &mut [u8], offset: u64, flags: RwFlags) -> Result<usize> {
        // SAFETY: the memory is borrowed exclusively.
        unsafe { self.read_raw(buf.as_mut_ptr(), buf.len(), offset, flags) }
    }

    /// Reads up to `len` bytes to `buf`.
    ///
    /// # Safety
    ///
    /// `len` bytes there are valid, and nobody else touches them meanwhile.
    #[inline]
    pub(crate) unsafe fn read_raw(
        &self,
        buf: *mut u8,
        len: usize,
        offset: u64,
        flags: RwFlags,
    ) -> Result<usize> {
        let read = Op::read(self.fd, buf, len, offset)?;
        let count = if len == 0 {
            Ok(0)
        } else if flags == RwFlags::NONE {
            // The commonest case by far, made without a detour by the operation, which has then done its checks.
            // SAFETY: the descriptor is open, and the caller vouches for the memory.
            uninterrupted(|| unsafe { self.kernel.read_at(self.fd, buf, len, offset) })
        } else {
            // SAFETY: as above.
            unsafe { read.with_flags(flags).perform(&self.kernel) }.map(|count| count as usize)
        };
        count.map_err(|errno| Error::os("pread", errno))
    }

    /// Writes up to `buf.len()` bytes, which is checked to be no more than one call moves.
    #[inline]
    pub(crate) fn write(&self, buf: &[u8], offset: u64, flags: RwFlags) -> Result<usize> {
        // SAFETY: the memory is borrowed.
        unsafe { self.write_raw(buf.as_ptr(), buf.len(), offset, flags) }
    }

    /// Writes up to `len` bytes from `buf`.
    ///
    /// # Safety
    ///
    /// `len` bytes there are valid, and nobody writes to them meanwhile.
    #[inline]
    pub(crate) unsafe fn write_raw(
        &self,
        buf: *const u8,
        len: usize,
        offset: u64,
        flags: RwFlags,
    ) -> Result<usize> {
        let write = Op::write(self.fd, buf, len, offset)?;
        let count = if len == 0 {
            Ok(0)
        } else if flags == RwFlags::NONE {
            // As in a read.
            // SAFETY: the descriptor is open, and the caller vouches for the memory.
            uninterrupted(|| unsafe { self.kernel.write_at(self.fd, buf, len, offset) })
        } else {
            // SAFETY: as above.
            unsafe { write.with_flags(flags).perform(&self.kernel) }.map(|count| count as usize)
        };
        count.map_err(|errno| Error::os("pwrite", errno))
    }

    /// Reads into `pieces`, in order.
    ///
    /// # Safety
    ///
    /// The memory of each is valid, and nobody else touches it meanwhile.
    pub(crate) unsafe fn read_vectored(&self, pieces: &[IoVec], offset: u64) -> Result<usize> {
        let read = Op::read_vectored(self.fd, pieces, offset)?;
        // SAFETY: the descriptor is open, and the caller vouches for the memory.
        let count = unsafe { read.perform(&self.kernel) }.map_err(|errno| Error::os("preadv", errno))?;
        Ok(count as usize)
    }

    /// Writes from `pieces`, in order.
    ///
    /// # Safety
    ///
    /// The memory of each is valid, and nobody writes to it meanwhile.
    pub(crate) unsafe fn write_vectored(
        &self,
        pieces: &[IoVec],
        offset: u64,
        flags: RwFlags,
    ) -> Result<usize> {
        let write = Op::write_vectored(self.fd, pieces, offset)?.with_flags(flags);
        // SAFETY: the descriptor is open, and the caller vouches for the memory.
        let count = unsafe { write.perform(&self.kernel) }.map_err(|errno| Error::os("pwritev", errno))?;
        Ok(count as usize)
    }

    pub(crate) fn sync_data(&self) -> Result<(), Errno> {
        // SAFETY: the descriptor is open.
        unsafe { Op::sync_data(self.fd).perform(&self.kernel) }.map(drop)
    }

    pub(crate) fn sync_all(&self) -> Result<(), Errno> {
        // SAFETY: the descriptor is open.
        unsafe { Op::sync_all(self.fd).perform(&self.kernel) }.map(drop)
    }

    pub(crate) fn sync_range(&self, offset: u64, len: u64, how: SyncRange) -> Result<(), Errno> {
        // SAFETY: the descriptor is open.
        uninterrupted(|| unsafe { self.kernel.sync_range(self.fd, offset, len, how) })
    }

    pub(crate) fn truncate(&self, len: u64) -> Result<()> {
        let truncate = Op::truncate(self.fd, len)?;
        // SAFETY: the descriptor is open.
        unsafe { truncate.perform(&self.kernel) }.map(drop).map_err(|errno| Error::os("ftruncate", errno))
    }

    pub(crate) fn allocate(&self, how: Allocate, offset: u64, len: u64) -> Result<()> {
        let allocate = Op::allocate(self.fd, how, offset, len)?;
        // SAFETY: the descriptor is open.
        unsafe { allocate.perform(&self.kernel) }.map(drop).map_err(|errno| Error::os("fallocate", errno))
    }

    pub(crate) fn advise(&self, offset: u64, len: u64, advice: AdviseFile) -> Result<()> {
        let op = Op::advise_file(self.fd, offset, len, advice)?;
        // SAFETY: the descriptor is open.
        unsafe { op.perform(&self.kernel) }.map(drop).map_err(|errno| Error::os("posix_fadvise", errno))
    }

    /// Copies up to `len` bytes to another descriptor of the same kernel.
    pub(crate) fn copy_range(
        &self,
        offset: u64,
        to: &Self,
        to_offset: u64,
        len: usize,
    ) -> Result<usize, Errno> {
        // SAFETY: both descriptors are open.
        uninterrupted(|| unsafe { self.kernel.copy_range(self.fd, offset, to.fd, to_offset, len) })
    }

    /// Sends a request that takes a value of type `T`, or fills one in.
    ///
    /// # Safety
    ///
    /// That is what the request does with its argument.
    pub(crate) unsafe fn control<T>(&self, request: u32, value: &mut T) -> Result<(), Errno> {
        let value = std::ptr::from_mut(value).cast();
        // SAFETY: the descriptor is open, and the caller vouches for the argument.
        uninterrupted(|| unsafe { self.kernel.control(self.fd, request, value) }).map(drop)
    }
}

impl<K: Kernel> Drop for Descriptor<K> {
    fn drop(&mut self) {
        // What closing says is lost here: nothing that was flushed depends on it.
        // SAFETY: it is ours, and nobody has it after this.
        let _ = unsafe { Op::close(self.fd).perform(&self.kernel) };
    }
}

/// Makes `call` until no signal interrupts it. Bounded: a filter may answer `EINTR` to everything.
#[inline]
pub(crate) fn uninterrupted<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 0..1 << 20 {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
    Err(Errno::INTR)
}
