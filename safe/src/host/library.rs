//! A host whose calls are made by way of its C library.
#![expect(unsafe_code, reason = "promises what every kernel promises of its calls")]

mod flags;
mod stat;

use std::ffi::CStr;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bareio_core::abi::{AdviseMemory, Statx};
use bareio_core::iovec::{IOV_MAX, MAX_RW_LEN};
use bareio_core::kernel::{
    AdviseFile, Allocate, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, UnlinkFlags,
};
use bareio_core::sync::AtomicU32;
use bareio_core::{Errno, Fd, IoVec, Kernel};
use rustix::fs::{AtFlags, Mode};
use rustix::mm::{MprotectFlags, ProtFlags};

use super::{errno, wait};
use crate::native::{self, Advice};

type Result<T> = std::result::Result<T, Errno>;

/// A host whose calls are made by way of its C library: other Unixes, and Linux on processors that the core makes no
/// system calls on.
///
/// It has memory, files and time, and no rings: what is built on it carries operations out by calls. It is here on every
/// Unix, for tests among other things; [`Native`](super::Native) is what to use.
///
/// Its numbers of errors are Linux's. Threads wait by a table of locks of this process, so a forked child of a process
/// with several threads must not wait by it.
///
/// ```
/// use bareio::core::{Fd, Kernel, kernel::OpenFlags};
/// use bareio::host::Host;
/// use bareio::Errno;
///
/// // SAFETY: the working directory is always there.
/// let error = unsafe { Host.open_at(Fd::CWD, c"no such file", OpenFlags::READ, 0) }.unwrap_err();
/// assert_eq!(error, Errno::NOENT);
/// assert!(Host.page_len()?.is_power_of_two());
/// # Ok::<(), Errno>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host;

/// The library's answer, with Linux's number.
fn answer<T>(answer: rustix::io::Result<T>) -> Result<T> {
    answer.map_err(|errno| errno::from_raw(errno.raw_os_error()).unwrap_or(Errno::IO))
}

/// A descriptor for the library, which takes no negative numbers; and the working directory by the name it has there.
fn fd<'a>(fd: Fd) -> Result<BorrowedFd<'a>> {
    match fd.0 {
        0.. => {
            // SAFETY: whoever calls a method of the kernel vouches that it is open for the call.
            Ok(unsafe { BorrowedFd::borrow_raw(fd.0) })
        }
        _ if fd == Fd::CWD => Ok(rustix::fs::CWD),
        _ => Err(Errno::BADF),
    }
}

/// Memory to be read into, for the library.
///
/// # Safety
///
/// `len` bytes at `buf` are valid for as long as the slice is used, and nobody else's.
unsafe fn target<'a>(buf: *mut u8, len: usize) -> &'a mut [MaybeUninit<u8>] {
    // No more than a call moves; and a slice may not have more than isize::MAX.
    let len = len.min(MAX_RW_LEN);
    let buf = if len == 0 { ptr::dangling_mut() } else { buf };
    // SAFETY: the caller vouches for it, and of nothing any address that is not null will do.
    unsafe { std::slice::from_raw_parts_mut(buf.cast(), len) }
}

/// Memory to be written from, for the library.
///
/// # Safety
///
/// `len` bytes at `buf` are valid for as long as the slice is used, and nobody writes to them.
unsafe fn source<'a>(buf: *const u8, len: usize) -> &'a [u8] {
    let len = len.min(MAX_RW_LEN);
    let buf = if len == 0 { ptr::dangling() } else { buf };
    // SAFETY: as in `target`.
    unsafe { std::slice::from_raw_parts(buf, len) }
}

fn mapped(answered: rustix::io::Result<*mut std::ffi::c_void>) -> Result<NonNull<u8>> {
    NonNull::new(answer(answered)?.cast()).ok_or(Errno::NOMEM)
}

/// A request to a device, of which nothing is known here.
#[cfg(target_os = "linux")]
struct Request {
    request: u32,
    arg: *mut u8,
}

// SAFETY: its argument is what the caller of `control` vouches for, and what it answers is looked at by nobody here.
#[cfg(target_os = "linux")]
unsafe impl rustix::ioctl::Ioctl for Request {
    type Output = usize;

    // What is written to is the caller's, and not seen from here.
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> rustix::ioctl::Opcode {
        self.request as rustix::ioctl::Opcode
    }

    fn as_ptr(&mut self) -> *mut std::ffi::c_void {
        self.arg.cast()
    }

    unsafe fn output_from_ptr(
        answer: rustix::ioctl::IoctlOutput,
        _: *mut std::ffi::c_void,
    ) -> rustix::io::Result<usize> {
        usize::try_from(answer).map_err(|_| rustix::io::Errno::OVERFLOW)
    }
}

// SAFETY: each method is one call of the library, or a few in a row, with the arguments that its manual page names, and
// the library keeps the contract of the trait: it writes where it was told to, maps memory that nobody has, and returns
// descriptors that are new.
unsafe impl Kernel for Host {
    fn page_len(&self) -> Result<usize> {
        Ok(rustix::param::page_size())
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        let Some(kind) = flags::map(flags) else { return Err(Errno::NOMEM) };
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: at no fixed place, a new mapping takes nothing from anybody.
        let at = mapped(unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, access, kind) })?;
        if flags.contains(MapFlags::POPULATE) && !flags::MAP_POPULATES {
            for offset in (0..len).step_by(self.page_len()?) {
                // SAFETY: below `len`.
                let byte = unsafe { at.add(offset) };
                // SAFETY: new memory of ours, which holds a zero there. Volatile, or else it would be left out.
                unsafe { byte.write_volatile(0) };
            }
        }
        Ok(at)
    }

    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>> {
        #[cfg(target_os = "linux")]
        {
            let how = rustix::mm::MremapFlags::MAYMOVE;
            // SAFETY: the caller vouches that this is a whole mapping and that nobody relies on its old place.
            mapped(unsafe { rustix::mm::mremap(at.as_ptr().cast(), len, new_len, how) })
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (at, len, new_len);
            Err(Errno::NOSYS)
        }
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        // SAFETY: the caller vouches that nobody uses this memory any more.
        answer(unsafe { rustix::mm::munmap(at.as_ptr().cast(), len) })
    }

    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<()> {
        let Some(advice) = flags::advise_memory(advice) else { return Err(Errno::INVAL) };
        // SAFETY: the caller vouches for the memory and for what the advice does to it.
        answer(unsafe { rustix::mm::madvise(at.as_ptr().cast(), len, advice) })
    }

    unsafe fn guard(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        // SAFETY: the caller vouches that nobody touches these pages any more.
        answer(unsafe { rustix::mm::mprotect(at.as_ptr().cast(), len, MprotectFlags::empty()) })
    }

    unsafe fn open_at(&self, dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Fd> {
        let Some(bits) = flags::open(flags) else { return Err(Errno::INVAL) };
        #[expect(clippy::cast_possible_truncation, reason = "permissions have 12 bits")]
        let mode = Mode::from_raw_mode((mode as u16).into());
        // Miri knows no `openat`.
        let opened = if dir == Fd::CWD {
            rustix::fs::open(path, bits, mode)
        } else {
            rustix::fs::openat(fd(dir)?, path, bits, mode)
        };
        let file: OwnedFd = answer(opened)?;
        if flags.contains(OpenFlags::DIRECT) && native::OPEN_DIRECT.is_empty() {
            answer(native::set_direct(file.as_fd(), true))?;
        }
        Ok(Fd(file.into_raw_fd()))
    }

    unsafe fn close(&self, fd: Fd) -> Result<()> {
        if fd.0 < 0 {
            return Err(Errno::BADF);
        }
        // SAFETY: the caller gives the descriptor up.
        answer(unsafe { rustix::io::try_close(fd.0) })
    }

    unsafe fn read_at(&self, file: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize> {
        // SAFETY: the caller vouches for the memory.
        let buf = unsafe { target(buf, len) };
        answer(rustix::io::pread(fd(file)?, buf, offset)).map(|(read, _)| read.len())
    }

    unsafe fn write_at(&self, file: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize> {
        // SAFETY: the caller vouches for the memory.
        let buf = unsafe { source(buf, len) };
        answer(rustix::io::pwrite(fd(file)?, buf, offset))
    }

    unsafe fn read_vectored(&self, file: Fd, pieces: &[IoVec], offset: u64, how: RwFlags) -> Result<usize> {
        let file = fd(file)?;
        // The library's own list is written to, by its type; this one may not be.
        let mut list = [IoVec::EMPTY; IOV_MAX];
        let list = list.get_mut(..pieces.len()).ok_or(Errno::INVAL)?;
        list.copy_from_slice(pieces);
        // SAFETY: both are `struct iovec`; the caller vouches for the memory of every piece.
        let list =
            unsafe { std::slice::from_raw_parts_mut(list.as_mut_ptr().cast::<IoSliceMut<'_>>(), list.len()) };
        if how != RwFlags::NONE {
            #[cfg(target_os = "linux")]
            return answer(rustix::io::preadv2(file, list, offset, flags::read_write(how)));
            #[cfg(not(target_os = "linux"))]
            return Err(Errno::NOSYS);
        }
        answer(match offset {
            u64::MAX => rustix::io::readv(file, list),
            _ => rustix::io::preadv(file, list, offset),
        })
    }

    unsafe fn write_vectored(&self, file: Fd, pieces: &[IoVec], offset: u64, how: RwFlags) -> Result<usize> {
        let file = fd(file)?;
        if pieces.len() > IOV_MAX {
            return Err(Errno::INVAL);
        }
        // SAFETY: both are `struct iovec`; the caller vouches for the memory of every piece.
        let list = unsafe { std::slice::from_raw_parts(pieces.as_ptr().cast::<IoSlice<'_>>(), pieces.len()) };
        if how != RwFlags::NONE {
            #[cfg(target_os = "linux")]
            return answer(rustix::io::pwritev2(file, list, offset, flags::read_write(how)));
            #[cfg(not(target_os = "linux"))]
            return Err(Errno::NOSYS);
        }
        answer(match offset {
            u64::MAX => rustix::io::writev(file, list),
            _ => rustix::io::pwritev(file, list, offset),
        })
    }

    unsafe fn sync_all(&self, file: Fd) -> Result<()> {
        answer(native::sync_all(fd(file)?))
    }

    unsafe fn sync_data(&self, file: Fd) -> Result<()> {
        answer(native::sync_data(fd(file)?))
    }

    unsafe fn allocate(&self, file: Fd, how: Allocate, offset: u64, len: u64) -> Result<()> {
        let file = fd(file)?;
        let keep = how.contains(Allocate::KEEP_SIZE);
        // What Linux says to them; elsewhere the library may take them for something else.
        if len == 0 || offset.checked_add(len).is_none_or(|end| i64::try_from(end).is_err()) {
            answer(rustix::fs::fcntl_getfl(file))?;
            return Err(if len == 0 || i64::try_from(offset.max(len)).is_err() {
                Errno::INVAL
            } else {
                Errno::FBIG
            });
        }
        answer(match how.without(Allocate::KEEP_SIZE) {
            Allocate::NONE => native::reserve(file, offset, len, keep),
            Allocate::PUNCH_HOLE if keep => native::punch(file, offset, len),
            Allocate::ZERO_RANGE => native::zero(file, offset, len, keep),
            _ => return Err(Errno::OPNOTSUPP),
        })
    }

    unsafe fn truncate(&self, file: Fd, len: u64) -> Result<()> {
        if i64::try_from(len).is_err() {
            return Err(Errno::INVAL);
        }
        answer(rustix::fs::ftruncate(fd(file)?, len))
    }

    unsafe fn stat(&self, dir: Fd, path: &CStr, mask: u32, stat: &mut Statx) -> Result<()> {
        *stat = answer(stat::of(fd(dir)?, path, mask))?;
        Ok(())
    }

    unsafe fn advise_file(&self, file: Fd, offset: u64, len: u64, advice: AdviseFile) -> Result<()> {
        let advice = match advice {
            AdviseFile::Normal | AdviseFile::NoReuse => Advice::Normal,
            AdviseFile::Random => Advice::Random,
            AdviseFile::Sequential => Advice::Sequential,
            AdviseFile::WillNeed => Advice::WillNeed,
            AdviseFile::DontNeed => Advice::DontNeed,
        };
        answer(native::advise(fd(file)?, offset, len, advice))
    }

    unsafe fn copy_range(
        &self,
        from: Fd,
        from_offset: u64,
        to: Fd,
        to_offset: u64,
        len: usize,
    ) -> Result<usize> {
        answer(native::copy(fd(from)?, from_offset, fd(to)?, to_offset, len))
    }

    unsafe fn seek(&self, file: Fd, offset: u64, from: Seek) -> Result<u64> {
        let Some(place) = flags::seek(offset, from) else { return Err(Errno::INVAL) };
        answer(rustix::fs::seek(fd(file)?, place))
    }

    unsafe fn open_flags(&self, file: Fd) -> Result<OpenFlags> {
        let file = fd(file)?;
        // Miri does not know of its files how they were opened.
        if cfg!(miri) { Err(Errno::NOSYS) } else { answer(rustix::fs::fcntl_getfl(file)).map(flags::opened) }
    }

    unsafe fn unlink_at(&self, dir: Fd, path: &CStr, flags: UnlinkFlags) -> Result<()> {
        let how = if flags.contains(UnlinkFlags::REMOVE_DIR) { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        // Miri knows no `unlinkat`.
        match (dir, how.is_empty()) {
            (Fd::CWD, true) => answer(rustix::fs::unlink(path)),
            (Fd::CWD, false) => answer(rustix::fs::rmdir(path)),
            _ => answer(rustix::fs::unlinkat(fd(dir)?, path, how)),
        }
    }

    unsafe fn rename_at(
        &self,
        from_dir: Fd,
        from: &CStr,
        to_dir: Fd,
        to: &CStr,
        flags: RenameFlags,
    ) -> Result<()> {
        if flags != RenameFlags::NONE {
            #[cfg(any(target_os = "linux", target_vendor = "apple"))]
            return answer(rustix::fs::renameat_with(
                fd(from_dir)?,
                from,
                fd(to_dir)?,
                to,
                flags::rename(flags),
            ));
            // As a file system of Linux says that cannot.
            #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
            return Err(Errno::INVAL);
        }
        match (from_dir, to_dir) {
            (Fd::CWD, Fd::CWD) => answer(rustix::fs::rename(from, to)),
            _ => answer(rustix::fs::renameat(fd(from_dir)?, from, fd(to_dir)?, to)),
        }
    }

    unsafe fn make_dir_at(&self, dir: Fd, path: &CStr, mode: u32) -> Result<()> {
        #[expect(clippy::cast_possible_truncation, reason = "permissions have 12 bits")]
        let mode = Mode::from_raw_mode((mode as u16).into());
        match dir {
            Fd::CWD => answer(rustix::fs::mkdir(path, mode)),
            _ => answer(rustix::fs::mkdirat(fd(dir)?, path, mode)),
        }
    }

    /// Of Linux alone: elsewhere the same number may be another request.
    #[cfg(target_os = "linux")]
    unsafe fn control(&self, file: Fd, request: u32, arg: *mut u8) -> Result<usize> {
        // SAFETY: the caller vouches for what the request makes of `arg`.
        answer(unsafe { rustix::ioctl::ioctl(fd(file)?, Request { request, arg }) })
    }

    fn now(&self) -> Result<Duration> {
        static START: OnceLock<Instant> = OnceLock::new();
        Ok(START.get_or_init(Instant::now).elapsed())
    }

    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        wait::wait(word, expected, timeout);
        Ok(())
    }

    fn wake(&self, word: &AtomicU32, count: u32) -> Result<u32> {
        Ok(wait::wake(word, count))
    }

    fn yield_now(&self) -> Result<()> {
        std::thread::yield_now();
        Ok(())
    }

    fn process_id(&self) -> Result<u32> {
        Ok(std::process::id())
    }
}
