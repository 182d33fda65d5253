//! Linux, by raw system calls. The only file that executes one.

use core::ffi::CStr;
use core::ptr::NonNull;
use core::time::Duration;

use linux_raw_sys::general as sys;
use sc::syscall;

use super::{
    AdviseFile, Allocate, Fd, Kernel, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, SyncRange, UnlinkFlags,
};
use crate::abi::{AdviseMemory, EnterFlags, Params, Register, Statx, Timespec};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::sync::AtomicU32;

/// The Linux kernel that the program runs on.
///
/// Zero-sized: it costs nothing to carry one in every ring and buffer. It needs no libc, and where a call is
/// missing the kernel's own `ENOSYS` is passed on.
///
/// ```
/// use bareio_core::{Kernel, Linux};
/// let before = Linux.now()?;
/// assert!(Linux.now()? >= before);
/// # Ok::<(), bareio_core::Errno>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Linux;

/// The call's value, or its error.
fn check(ret: usize) -> Result<usize> {
    Errno::check(ret)
}

/// The call's error, for those whose value says nothing.
fn done(ret: usize) -> Result<()> {
    Errno::check(ret).map(drop)
}

/// The descriptor that the call returned.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "descriptors fit an i32")]
fn descriptor(ret: usize) -> Result<Fd> {
    Errno::check(ret).map(|fd| Fd(fd as i32))
}

/// The count that the call returned, where it fits a C int by its contract.
#[inline(always)]
fn count(ret: usize) -> Result<u32> {
    const MOST: usize = i32::MAX.unsigned_abs() as usize;
    #[expect(clippy::cast_possible_truncation, reason = "just checked to fit")]
    if ret <= MOST { Ok(ret as u32) } else { Err(refusal(ret)) }
}

/// The error in a register that holds no count.
#[cold]
fn refusal(ret: usize) -> Errno {
    Errno::check(ret).err().unwrap_or(Errno::OVERFLOW)
}

/// The mapping that the call returned.
fn mapping(ret: usize) -> Result<NonNull<u8>> {
    let address = Errno::check(ret)?;
    // The kernel made this memory, so no Rust pointer to it exists yet: its provenance is the exposed one.
    NonNull::new(core::ptr::with_exposed_provenance_mut(address)).ok_or(Errno::NOMEM)
}

/// How a number travels in a register: sign-extended, as C would pass it.
#[expect(clippy::cast_sign_loss, reason = "the kernel reads the register as signed again")]
const fn register(fd: Fd) -> usize {
    fd.0 as isize as usize
}

/// As `openat` takes them: close-on-exec always.
fn open_bits(flags: OpenFlags) -> u32 {
    flags.linux() | sys::O_CLOEXEC | sys::O_LARGEFILE
}

/// The halves of an offset as `preadv2` takes them. On 64-bit processors the low half carries all of it.
#[expect(clippy::cast_possible_truncation, reason = "usize is 64 bits wide, as lib.rs demands")]
const fn offset_halves(offset: u64) -> (usize, usize) {
    (offset as usize, 0)
}

/// `madvise` of nothing at `at`, which only checks its arguments.
fn advise_nothing(at: usize) -> Result<()> {
    // SAFETY: advice on no bytes changes nothing.
    done(unsafe { syscall!(MADVISE, at, 0, sys::MADV_NORMAL as usize) })
}

#[expect(clippy::cast_possible_truncation, reason = "usize is 64 bits wide, as lib.rs demands")]
const fn word(value: u64) -> usize {
    value as usize
}

// SAFETY: each method is one system call with the arguments that its manual page names, and Linux keeps the
// contract of the trait: it writes where it was told to, maps memory that nobody has, and returns descriptors
// that are new.
unsafe impl Kernel for Linux {
    fn io_uring_setup(&self, entries: u32, params: &mut Params) -> Result<Fd> {
        let params: *mut Params = params;
        // SAFETY: `params` is valid for the call, which reads and writes no more than it.
        descriptor(unsafe { syscall!(IO_URING_SETUP, entries as usize, params) })
    }

    #[inline]
    unsafe fn io_uring_enter(
        &self,
        ring: Fd,
        submit: u32,
        complete: u32,
        flags: EnterFlags,
        arg: *const u8,
        arg_len: usize,
    ) -> Result<u32> {
        // SAFETY: the caller vouches for the ring, its entries and the argument.
        count(unsafe {
            syscall!(
                IO_URING_ENTER,
                register(ring),
                submit as usize,
                complete as usize,
                flags.0 as usize,
                arg,
                arg_len
            )
        })
    }

    unsafe fn io_uring_register(&self, ring: Fd, what: Register, arg: *mut u8, args: u32) -> Result<u32> {
        // SAFETY: the caller vouches for the ring and the argument.
        count(unsafe { syscall!(IO_URING_REGISTER, register(ring), what.0 as usize, arg, args as usize) })
    }

    /// Found by trial: `madvise` of no bytes succeeds at multiples of a page and nowhere else. The auxiliary
    /// vector would say it too, but without libc or a start-up code of ours there is no safe way to it.
    fn page_len(&self) -> Result<usize> {
        // MADV_NORMAL, the default.
        let accepts = |at: &usize| advise_nothing(*at).is_ok();
        (12..=21).map(|log| 1_usize << log).find(accepts).ok_or(Errno::NOSYS)
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        const TABLE: [(MapFlags, u32); 3] = [
            (MapFlags::POPULATE, sys::MAP_POPULATE),
            (MapFlags::HUGE, sys::MAP_HUGETLB | (21 << sys::MAP_HUGE_SHIFT)),
            (MapFlags::NORESERVE, sys::MAP_NORESERVE),
        ];
        let access = sys::PROT_READ | sys::PROT_WRITE;
        let kind = TABLE
            .iter()
            .filter(|(flag, _)| flags.contains(*flag))
            .fold(sys::MAP_PRIVATE | sys::MAP_ANONYMOUS, |bits, (_, bit)| bits | bit);
        // SAFETY: without MAP_FIXED a new mapping takes nothing from anybody.
        mapping(unsafe { syscall!(MMAP, 0, len, access as usize, kind as usize, usize::MAX, 0) })
    }

    unsafe fn map_ring(&self, ring: Fd, offset: u64, len: usize) -> Result<NonNull<u8>> {
        let access = (sys::PROT_READ | sys::PROT_WRITE) as usize;
        let kind = (sys::MAP_SHARED | sys::MAP_POPULATE) as usize;
        // SAFETY: as in `map`; the caller vouches for the ring.
        mapping(unsafe { syscall!(MMAP, 0, len, access, kind, register(ring), word(offset)) })
    }

    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>> {
        let at = at.as_ptr().expose_provenance();
        // SAFETY: the caller vouches that this is a whole mapping and that nobody relies on its old place.
        mapping(unsafe { syscall!(MREMAP, at, len, new_len, sys::MREMAP_MAYMOVE as usize) })
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        // SAFETY: the caller vouches that nobody uses this memory any more.
        done(unsafe { syscall!(MUNMAP, at.as_ptr(), len) })
    }

    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<()> {
        // SAFETY: the caller vouches for the memory and for what the advice does to it.
        done(unsafe { syscall!(MADVISE, at.as_ptr(), len, advice.0 as usize) })
    }

    unsafe fn guard(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        // SAFETY: the caller vouches that nobody touches these pages any more.
        done(unsafe { syscall!(MPROTECT, at.as_ptr(), len, sys::PROT_NONE as usize) })
    }

    unsafe fn open_at(&self, dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Fd> {
        // SAFETY: `path` ends in a nul byte, and the caller vouches for `dir`.
        descriptor(unsafe {
            syscall!(OPENAT, register(dir), path.as_ptr(), open_bits(flags) as usize, mode as usize)
        })
    }

    unsafe fn close(&self, fd: Fd) -> Result<()> {
        // SAFETY: the caller gives the descriptor up.
        done(unsafe { syscall!(CLOSE, register(fd)) })
    }

    unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize> {
        // SAFETY: the caller vouches for the descriptor and the memory.
        check(unsafe { syscall!(PREAD64, register(fd), buf, len, word(offset)) })
    }

    unsafe fn write_at(&self, fd: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize> {
        // SAFETY: the caller vouches for the descriptor and the memory.
        check(unsafe { syscall!(PWRITE64, register(fd), buf, len, word(offset)) })
    }

    /// By the oldest call that does it: the second version is of 4.6, and emulators lack it.
    unsafe fn read_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        let (first, count) = (pieces.as_ptr(), pieces.len());
        let (low, high) = offset_halves(offset);
        if flags != RwFlags::NONE {
            // SAFETY: `IoVec` is `struct iovec`; the caller vouches for the descriptor and every piece.
            return check(unsafe {
                syscall!(PREADV2, register(fd), first, count, low, high, flags.0 as usize)
            });
        }
        if offset == u64::MAX {
            // SAFETY: as above.
            return check(unsafe { syscall!(READV, register(fd), first, count) });
        }
        // SAFETY: as above.
        check(unsafe { syscall!(PREADV, register(fd), first, count, low, high) })
    }

    /// By the oldest call that does it: the second version is of 4.6, and emulators lack it.
    unsafe fn write_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        let (first, count) = (pieces.as_ptr(), pieces.len());
        let (low, high) = offset_halves(offset);
        if flags != RwFlags::NONE {
            // SAFETY: `IoVec` is `struct iovec`; the caller vouches for the descriptor and every piece.
            return check(unsafe {
                syscall!(PWRITEV2, register(fd), first, count, low, high, flags.0 as usize)
            });
        }
        if offset == u64::MAX {
            // SAFETY: as above.
            return check(unsafe { syscall!(WRITEV, register(fd), first, count) });
        }
        // SAFETY: as above.
        check(unsafe { syscall!(PWRITEV, register(fd), first, count, low, high) })
    }

    unsafe fn sync_all(&self, fd: Fd) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        done(unsafe { syscall!(FSYNC, register(fd)) })
    }

    unsafe fn sync_data(&self, fd: Fd) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        done(unsafe { syscall!(FDATASYNC, register(fd)) })
    }

    unsafe fn sync_range(&self, fd: Fd, offset: u64, len: u64, how: SyncRange) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        done(unsafe { syscall!(SYNC_FILE_RANGE, register(fd), word(offset), word(len), how.0 as usize) })
    }

    unsafe fn allocate(&self, fd: Fd, how: Allocate, offset: u64, len: u64) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        done(unsafe { syscall!(FALLOCATE, register(fd), how.0 as usize, word(offset), word(len)) })
    }

    unsafe fn truncate(&self, fd: Fd, len: u64) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        done(unsafe { syscall!(FTRUNCATE, register(fd), word(len)) })
    }

    unsafe fn stat(&self, dir: Fd, path: &CStr, mask: u32, stat: &mut Statx) -> Result<()> {
        let flags = if path.is_empty() { sys::AT_EMPTY_PATH } else { 0 };
        let stat: *mut Statx = stat;
        // SAFETY: `path` ends in a nul byte, `stat` is valid for the call, and the caller vouches for `dir`.
        done(unsafe { syscall!(STATX, register(dir), path.as_ptr(), flags as usize, mask as usize, stat) })
    }

    unsafe fn advise_file(&self, fd: Fd, offset: u64, len: u64, advice: AdviseFile) -> Result<()> {
        // SAFETY: the caller vouches for the descriptor.
        done(unsafe { syscall!(FADVISE64, register(fd), word(offset), word(len), advice as usize) })
    }

    unsafe fn copy_range(
        &self,
        from: Fd,
        from_offset: u64,
        to: Fd,
        to_offset: u64,
        len: usize,
    ) -> Result<usize> {
        let (from_at, to_at) = (&raw const from_offset, &raw const to_offset);
        // SAFETY: both offsets are valid for the call; the caller vouches for the descriptors.
        check(unsafe { syscall!(COPY_FILE_RANGE, register(from), from_at, register(to), to_at, len, 0) })
    }

    unsafe fn seek(&self, fd: Fd, offset: u64, from: Seek) -> Result<u64> {
        // SAFETY: the caller vouches for the descriptor.
        check(unsafe { syscall!(LSEEK, register(fd), word(offset), from as usize) }).map(|at| at as u64)
    }

    unsafe fn open_flags(&self, fd: Fd) -> Result<OpenFlags> {
        // SAFETY: the caller vouches for the descriptor; the command takes no argument.
        count(unsafe { syscall!(FCNTL, register(fd), sys::F_GETFL as usize) }).map(OpenFlags::from_linux)
    }

    unsafe fn unlink_at(&self, dir: Fd, path: &CStr, flags: UnlinkFlags) -> Result<()> {
        // SAFETY: `path` ends in a nul byte, and the caller vouches for `dir`.
        done(unsafe { syscall!(UNLINKAT, register(dir), path.as_ptr(), flags.0 as usize) })
    }

    unsafe fn rename_at(
        &self,
        from_dir: Fd,
        from: &CStr,
        to_dir: Fd,
        to: &CStr,
        flags: RenameFlags,
    ) -> Result<()> {
        // SAFETY: both paths end in a nul byte, and the caller vouches for the directories.
        done(unsafe {
            syscall!(
                RENAMEAT2,
                register(from_dir),
                from.as_ptr(),
                register(to_dir),
                to.as_ptr(),
                flags.0 as usize
            )
        })
    }

    unsafe fn make_dir_at(&self, dir: Fd, path: &CStr, mode: u32) -> Result<()> {
        // SAFETY: `path` ends in a nul byte, and the caller vouches for `dir`.
        done(unsafe { syscall!(MKDIRAT, register(dir), path.as_ptr(), mode as usize) })
    }

    unsafe fn control(&self, fd: Fd, request: u32, arg: *mut u8) -> Result<usize> {
        // SAFETY: the caller vouches for the descriptor and for what the request makes of `arg`.
        check(unsafe { syscall!(IOCTL, register(fd), request as usize, arg) })
    }

    fn now(&self) -> Result<Duration> {
        let mut now = Timespec::default();
        // SAFETY: `now` is valid for the call.
        done(unsafe { syscall!(CLOCK_GETTIME, sys::CLOCK_MONOTONIC as usize, &raw mut now) })?;
        let sec = u64::try_from(now.sec).map_err(|_| Errno::OVERFLOW)?;
        let nsec = u32::try_from(now.nsec).map_err(|_| Errno::OVERFLOW)?;
        Ok(Duration::new(sec, nsec))
    }

    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        let timeout = timeout.map(Timespec::from);
        let timeout = timeout.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
        let word = core::ptr::from_ref(word);
        let op = (sys::FUTEX_WAIT | sys::FUTEX_PRIVATE_FLAG) as usize;
        // SAFETY: `word` and `timeout` are valid for the call, which only reads them.
        match done(unsafe { syscall!(FUTEX, word, op, expected as usize, timeout) }) {
            Err(Errno::NOSYS) => Err(Errno::NOSYS),
            // Woken, changed already, timed out or interrupted: only the word tells.
            _ => Ok(()),
        }
    }

    fn wake(&self, word: &AtomicU32, threads: u32) -> Result<u32> {
        let word = core::ptr::from_ref(word);
        let op = (sys::FUTEX_WAKE | sys::FUTEX_PRIVATE_FLAG) as usize;
        // The kernel reads the number as signed.
        let threads = threads.min(i32::MAX.unsigned_abs()) as usize;
        // SAFETY: the call uses `word` as a key and reads nothing.
        count(unsafe { syscall!(FUTEX, word, op, threads) })
    }

    fn yield_now(&self) -> Result<()> {
        // SAFETY: the call takes nothing.
        done(unsafe { syscall!(SCHED_YIELD) })
    }

    fn process_id(&self) -> Result<u32> {
        // SAFETY: the call takes nothing.
        count(unsafe { syscall!(GETPID) })
    }
}
