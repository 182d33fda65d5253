//! The table of calls itself.

use core::ffi::CStr;
use core::ptr::NonNull;
use core::time::Duration;

use super::{
    AdviseFile, Allocate, Fd, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, SyncRange, UnlinkFlags,
};
use crate::abi::{AdviseMemory, EnterFlags, Params, Register, Statx};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::sync::AtomicU32;

/// What this crate runs on.
///
/// [`Linux`](super::Linux) is one, by raw system calls; a unikernel implements it with the methods that it has. The
/// others answer [`Errno::NOSYS`], and the code above does without. Error numbers are Linux's on every platform.
///
/// `Err(NOSYS)` means that nothing happened. Once a method has succeeded on a value, a later `NOSYS` from it
/// is an error to report and no reason to fall back.
///
/// # Safety
///
/// The implementor answers for these:
/// - A mapping that [`map`](Self::map), [`map_ring`](Self::map_ring) or [`remap`](Self::remap) returns is
///   `len` bytes of readable and writable memory, aligned to the page, that nobody else uses until it is unmapped; or for
///   `map_ring`, the new, empty ring that [`io_uring_setup`](Self::io_uring_setup)'s answer truly describes.
/// - A method writes to memory only where its arguments allow it, and, io_uring apart, no longer than it lasts.
/// - What a ring does with submitted entries is what `io_uring(7)` says: memory named by an entry is touched
///   after the entry is published and until its last completion is posted, and never after that.
/// - A descriptor that a method returns is new, open, and the caller's.
/// - A number of bytes, or of entries taken, that a method returns is true and at most what was asked for; an error: none.
///
/// The caller of the `unsafe` methods answers for these:
/// - A descriptor is open, and the caller's to use in this way.
/// - Memory that is passed by address is valid for the length given, for the whole call, and nobody else
///   writes to it (for reads into it: nobody else touches it) meanwhile.
/// - Whatever else the method's own text asks.
#[expect(unused_variables, reason = "the names are documentation; the default bodies use none")]
pub unsafe trait Kernel {
    // ---- io_uring -----------------------------------------------------------------------------------
    /// Makes a ring of `entries` submission entries; `io_uring_setup(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's; [`SetupError`](crate::ring::SetupError) explains them.
    fn io_uring_setup(&self, entries: u32, params: &mut Params) -> Result<Fd> {
        Err(Errno::NOSYS)
    }

    /// Submits `submit` entries and waits for `complete` completions; `io_uring_enter(2)`. Returns how many it took.
    ///
    /// # Errors
    ///
    /// The kernel's. Entries that were not consumed stay queued.
    ///
    /// # Safety
    ///
    /// - `ring` is a ring, or with [`EnterFlags::REGISTERED_RING`] the index of one, registered with this thread.
    /// - Every entry that is queued in it fulfils the contract of [`Ring::push`](crate::ring::Ring::push).
    /// - `arg` is null, or what `flags` says, of `arg_len` bytes.
    unsafe fn io_uring_enter(
        &self,
        ring: Fd,
        submit: u32,
        complete: u32,
        flags: EnterFlags,
        arg: *const u8,
        arg_len: usize,
    ) -> Result<u32> {
        Err(Errno::NOSYS)
    }

    /// Registers something with a ring, or asks something of it; `io_uring_register(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// - `ring` is a ring, or with [`Register::USE_REGISTERED_RING`] in `what` the index of a registered one.
    /// - `arg` and `count` are what `what` asks for. Memory that is registered stays valid until it is
    ///   unregistered and no operation uses it any more.
    unsafe fn io_uring_register(&self, ring: Fd, what: Register, arg: *mut u8, count: u32) -> Result<u32> {
        Err(Errno::NOSYS)
    }

    // ---- memory -------------------------------------------------------------------------------------
    /// The size of a page, in bytes, a power of two.
    ///
    /// # Errors
    ///
    /// `NOSYS` only.
    fn page_len(&self) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    /// Maps `len` bytes of private memory that reads as zero; `mmap(2)`.
    ///
    /// # Errors
    ///
    /// `NOMEM`: there is not so much; with [`MapFlags::HUGE`], not so many huge pages are reserved.
    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        Err(Errno::NOSYS)
    }

    /// Maps `len` bytes of a ring, from `offset` on; `mmap(2)`, shared and populated.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `ring` is a ring, and `offset` and `len` are as `io_uring_setup(2)` says for what it answered.
    unsafe fn map_ring(&self, ring: Fd, offset: u64, len: usize) -> Result<NonNull<u8>> {
        Err(Errno::NOSYS)
    }

    /// Grows or shrinks a mapping made by [`map`](Self::map), moving it where it must; `mremap(2)`.
    ///
    /// # Errors
    ///
    /// `NOMEM`: there is not so much; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// `at` and `len` are a whole mapping; if this succeeds, nothing uses its old place any more.
    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>> {
        Err(Errno::NOSYS)
    }

    /// Gives a mapping, or whole pages of one, back; `munmap(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// Nobody uses that memory any more, and the kernel does not on behalf of a ring.
    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Says how a mapping will be used; `madvise(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's. `INVAL`: it does not know the advice.
    ///
    /// # Safety
    ///
    /// `at` and `len` are whole pages of a mapping of the caller's. With [`AdviseMemory::DONTNEED`], nobody
    /// relies on what they hold.
    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Takes all access from whole pages of a mapping, so that touching them is caught; `mprotect(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// Nobody touches those pages any more.
    unsafe fn guard(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        Err(Errno::NOSYS)
    }

    // ---- files --------------------------------------------------------------------------------------
    /// Opens `path`, seen from `dir` (or [`Fd::CWD`]); `openat(2)`, close-on-exec always. `mode` holds the
    /// permissions of a file that is created.
    ///
    /// # Errors
    ///
    /// The kernel's. `INVAL` with [`OpenFlags::DIRECT`]: the file system cannot.
    ///
    /// # Safety
    ///
    /// `dir` is open.
    unsafe fn open_at(&self, dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Fd> {
        Err(Errno::NOSYS)
    }

    /// Closes a descriptor; `close(2)`. The number is free afterwards, whatever is returned.
    ///
    /// # Errors
    ///
    /// The kernel's, for data that could not be written back.
    ///
    /// # Safety
    ///
    /// `fd` is the caller's to close, and nobody uses its number any more.
    unsafe fn close(&self, fd: Fd) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Reads up to `len` bytes at `offset`; `pread(2)`. Returns the count, 0 at the end of the file.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// As the trait says of descriptors and memory.
    unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    /// Writes up to `len` bytes at `offset`; `pwrite(2)`. Returns the count.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// As the trait says of descriptors and memory.
    unsafe fn write_at(&self, fd: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    /// Reads into several pieces of memory; `preadv2(2)`. An `offset` of `u64::MAX` is the current position.
    ///
    /// # Errors
    ///
    /// The kernel's. `OPNOTSUPP`: one of `flags` is not known or not possible.
    ///
    /// # Safety
    ///
    /// As the trait says of descriptors, and of the memory of every piece.
    unsafe fn read_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    /// Writes from several pieces of memory; `pwritev2(2)`. An `offset` of `u64::MAX` is the current position.
    ///
    /// # Errors
    ///
    /// The kernel's. `OPNOTSUPP`: one of `flags` is not known or not possible.
    ///
    /// # Safety
    ///
    /// As the trait says of descriptors, and of the memory of every piece.
    unsafe fn write_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    /// Flushes data and all that is known of the file; `fsync(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's. After `IO`, `NOSPC` or `DQUOT`, writes may be lost, and a second flush will not say so.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn sync_all(&self, fd: Fd) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Flushes data, and what reading it back needs; `fdatasync(2)`.
    ///
    /// # Errors
    ///
    /// As [`sync_all`](Self::sync_all).
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn sync_data(&self, fd: Fd) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Starts or awaits writing back `len` bytes from `offset` (0: to the end); `sync_file_range(2)`. It paces
    /// large writes and makes nothing durable.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn sync_range(&self, fd: Fd, offset: u64, len: u64, how: SyncRange) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Reserves, frees or zeroes `len` bytes of the file's space from `offset`; `fallocate(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's. `OPNOTSUPP`: the file system cannot.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn allocate(&self, fd: Fd, how: Allocate, offset: u64, len: u64) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Sets the size of the file to `len` bytes; `ftruncate(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn truncate(&self, fd: Fd, len: u64) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Tells what is known of `path` seen from `dir`, or of `dir` itself if `path` is empty; `statx(2)`.
    /// `mask` says which fields are wanted.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `dir` is open.
    unsafe fn stat(&self, dir: Fd, path: &CStr, mask: u32, stat: &mut Statx) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Says how `len` bytes of the file from `offset` (0: to the end) will be used; `posix_fadvise(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn advise_file(&self, fd: Fd, offset: u64, len: u64, advice: AdviseFile) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Copies up to `len` bytes from one file to another, sharing blocks where the file system can;
    /// `copy_file_range(2)`. Returns the count.
    ///
    /// # Errors
    ///
    /// The kernel's. `XDEV`, `OPNOTSUPP`, `INVAL`: copy by reading and writing.
    ///
    /// # Safety
    ///
    /// Both descriptors are open.
    unsafe fn copy_range(
        &self,
        from: Fd,
        from_offset: u64,
        to: Fd,
        to_offset: u64,
        len: usize,
    ) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    /// Moves the file's position, or finds data and holes; `lseek(2)`. Returns the new position in bytes.
    ///
    /// # Errors
    ///
    /// `NXIO`: there is no data, or no hole, from `offset` on. `INVAL`: the file system cannot tell.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn seek(&self, fd: Fd, offset: u64, from: Seek) -> Result<u64> {
        Err(Errno::NOSYS)
    }

    /// With which flags a descriptor is open, those apart that end with the opening; `fcntl(2)`, `F_GETFL`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `fd` is open.
    unsafe fn open_flags(&self, fd: Fd) -> Result<OpenFlags> {
        Err(Errno::NOSYS)
    }

    /// Removes a name; `unlinkat(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `dir` is open.
    unsafe fn unlink_at(&self, dir: Fd, path: &CStr, flags: UnlinkFlags) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Renames; `renameat2(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// Both directories are open.
    unsafe fn rename_at(
        &self,
        from_dir: Fd,
        from: &CStr,
        to_dir: Fd,
        to: &CStr,
        flags: RenameFlags,
    ) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Makes a directory; `mkdirat(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    ///
    /// # Safety
    ///
    /// `dir` is open.
    unsafe fn make_dir_at(&self, dir: Fd, path: &CStr, mode: u32) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Sends a control request to a device; `ioctl(2)`. Returns the call's own value.
    ///
    /// # Errors
    ///
    /// The device's. `NOTTY`: it does not know the request.
    ///
    /// # Safety
    ///
    /// `fd` is open, and `arg` is what `request` asks for.
    unsafe fn control(&self, fd: Fd, request: u32, arg: *mut u8) -> Result<usize> {
        Err(Errno::NOSYS)
    }

    // ---- time and threads ---------------------------------------------------------------------------
    /// Time since some fixed point, never going back; `clock_gettime(CLOCK_MONOTONIC)`.
    ///
    /// # Errors
    ///
    /// `NOSYS` only.
    fn now(&self) -> Result<Duration> {
        Err(Errno::NOSYS)
    }

    /// Sleeps while `*word == expected`, until woken, or for at most `timeout`; `futex(2)`. It may also return
    /// for no reason. Nothing but `word` itself tells why it returned.
    ///
    /// # Errors
    ///
    /// `NOSYS`: the host cannot wait; spin and yield instead.
    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// Wakes up to `count` of those who [`wait`](Self::wait) on `word`. Returns how many.
    ///
    /// # Errors
    ///
    /// `NOSYS`: nobody can be waiting.
    fn wake(&self, word: &AtomicU32, count: u32) -> Result<u32> {
        Err(Errno::NOSYS)
    }

    /// Lets another thread run; `sched_yield(2)`.
    ///
    /// # Errors
    ///
    /// `NOSYS` only.
    fn yield_now(&self) -> Result<()> {
        Err(Errno::NOSYS)
    }

    /// A number that differs between a process and its forked children; `getpid(2)`.
    ///
    /// # Errors
    ///
    /// `NOSYS`: there is no fork here.
    fn process_id(&self) -> Result<u32> {
        Err(Errno::NOSYS)
    }
}
