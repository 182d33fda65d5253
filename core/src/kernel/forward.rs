//! `&K` is a kernel wherever `K` is, so that one value can serve many rings.

use core::ffi::CStr;
use core::ptr::NonNull;
use core::time::Duration;

use super::{
    AdviseFile, Allocate, Fd, Kernel, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, SyncRange, UnlinkFlags,
};
use crate::abi::{AdviseMemory, EnterFlags, Params, Register, Statx};
use crate::errno::Result;
use crate::iovec::IoVec;
use crate::sync::AtomicU32;

// SAFETY: every method is the same method of `K`, which keeps the contract.
unsafe impl<K: Kernel + ?Sized> Kernel for &K {
    fn io_uring_setup(&self, entries: u32, params: &mut Params) -> Result<Fd> {
        (**self).io_uring_setup(entries, params)
    }

    unsafe fn io_uring_enter(
        &self,
        ring: Fd,
        submit: u32,
        complete: u32,
        flags: EnterFlags,
        arg: *const u8,
        arg_len: usize,
    ) -> Result<u32> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).io_uring_enter(ring, submit, complete, flags, arg, arg_len) }
    }

    unsafe fn io_uring_register(&self, ring: Fd, what: Register, arg: *mut u8, count: u32) -> Result<u32> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).io_uring_register(ring, what, arg, count) }
    }

    fn page_len(&self) -> Result<usize> {
        (**self).page_len()
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        (**self).map(len, flags)
    }

    unsafe fn map_ring(&self, ring: Fd, offset: u64, len: usize) -> Result<NonNull<u8>> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).map_ring(ring, offset, len) }
    }

    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).remap(at, len, new_len) }
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).unmap(at, len) }
    }

    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).advise(at, len, advice) }
    }

    unsafe fn guard(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).guard(at, len) }
    }

    unsafe fn open_at(&self, dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Fd> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).open_at(dir, path, flags, mode) }
    }

    unsafe fn close(&self, fd: Fd) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).close(fd) }
    }

    unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).read_at(fd, buf, len, offset) }
    }

    unsafe fn write_at(&self, fd: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).write_at(fd, buf, len, offset) }
    }

    unsafe fn read_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).read_vectored(fd, pieces, offset, flags) }
    }

    unsafe fn write_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).write_vectored(fd, pieces, offset, flags) }
    }

    unsafe fn sync_all(&self, fd: Fd) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).sync_all(fd) }
    }

    unsafe fn sync_data(&self, fd: Fd) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).sync_data(fd) }
    }

    unsafe fn sync_range(&self, fd: Fd, offset: u64, len: u64, how: SyncRange) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).sync_range(fd, offset, len, how) }
    }

    unsafe fn allocate(&self, fd: Fd, how: Allocate, offset: u64, len: u64) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).allocate(fd, how, offset, len) }
    }

    unsafe fn truncate(&self, fd: Fd, len: u64) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).truncate(fd, len) }
    }

    unsafe fn stat(&self, dir: Fd, path: &CStr, mask: u32, stat: &mut Statx) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).stat(dir, path, mask, stat) }
    }

    unsafe fn advise_file(&self, fd: Fd, offset: u64, len: u64, advice: AdviseFile) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).advise_file(fd, offset, len, advice) }
    }

    unsafe fn copy_range(
        &self,
        from: Fd,
        from_offset: u64,
        to: Fd,
        to_offset: u64,
        len: usize,
    ) -> Result<usize> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).copy_range(from, from_offset, to, to_offset, len) }
    }

    unsafe fn seek(&self, fd: Fd, offset: u64, from: Seek) -> Result<u64> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).seek(fd, offset, from) }
    }

    unsafe fn open_flags(&self, fd: Fd) -> Result<OpenFlags> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).open_flags(fd) }
    }

    unsafe fn unlink_at(&self, dir: Fd, path: &CStr, flags: UnlinkFlags) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).unlink_at(dir, path, flags) }
    }

    unsafe fn rename_at(
        &self,
        from_dir: Fd,
        from: &CStr,
        to_dir: Fd,
        to: &CStr,
        flags: RenameFlags,
    ) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).rename_at(from_dir, from, to_dir, to, flags) }
    }

    unsafe fn make_dir_at(&self, dir: Fd, path: &CStr, mode: u32) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).make_dir_at(dir, path, mode) }
    }

    unsafe fn control(&self, fd: Fd, request: u32, arg: *mut u8) -> Result<usize> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { (**self).control(fd, request, arg) }
    }

    fn now(&self) -> Result<Duration> {
        (**self).now()
    }

    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        (**self).wait(word, expected, timeout)
    }

    fn wake(&self, word: &AtomicU32, count: u32) -> Result<u32> {
        (**self).wake(word, count)
    }

    fn yield_now(&self) -> Result<()> {
        (**self).yield_now()
    }

    fn process_id(&self) -> Result<u32> {
        (**self).process_id()
    }
}
