//! Windows, by way of the standard library.
#![expect(unsafe_code, reason = "promises what every kernel promises of its calls")]

mod error;
mod open;

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs::{self, File};
use std::mem::ManuallyDrop;
use std::os::windows::fs::{FileExt, MetadataExt};
use std::os::windows::io::{AsRawHandle, FromRawHandle, IntoRawHandle, RawHandle};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bareio_core::abi::Statx;
use bareio_core::iovec::MAX_RW_LEN;
use bareio_core::kernel::{Allocate, MapFlags, OpenFlags, RenameFlags, UnlinkFlags};
use bareio_core::sync::AtomicU32;
use bareio_core::{Errno, Fd, Kernel};

use super::wait;
use error::answer;

type Result<T> = std::result::Result<T, Errno>;

/// What memory is aligned to, in bytes. The system maps in 65,536, and pages are 4,096.
const PAGE: usize = 4096;

/// Windows: files and memory, by way of the standard library, and no rings. What is built on it carries operations out by
/// calls.
///
/// A descriptor is a handle: of those, the system says that 32 bits are significant. Paths are UTF-8. Errors are Linux's
/// numbers. What is `NOSYS` here is done without: a vectored transfer is one call a piece, and flushing data is flushing
/// all. Directories cannot be flushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host;

/// The file with this descriptor, which stays its owner's.
fn file(fd: Fd) -> ManuallyDrop<File> {
    let handle: RawHandle = ptr::without_provenance_mut((fd.0 as isize).cast_unsigned());
    // SAFETY: the callers of the kernel's methods vouch that it is open; it is not closed, as it is not dropped.
    ManuallyDrop::new(unsafe { File::from_raw_handle(handle) })
}

/// A new descriptor for the file.
fn descriptor(file: File) -> Result<Fd> {
    let handle = file.as_raw_handle().addr().cast_signed();
    let fd = i32::try_from(handle).map(Fd).map_err(|_| Errno::OVERFLOW)?;
    let _: RawHandle = file.into_raw_handle();
    Ok(fd)
}

fn path(path: &CStr) -> Result<&Path> {
    path.to_str().map(Path::new).map_err(|_| Errno::INVAL)
}

/// Paths are seen from the working directory only.
fn here(dir: Fd) -> Result<()> {
    if dir == Fd::CWD { Ok(()) } else { Err(Errno::NOSYS) }
}

fn layout(len: usize) -> Result<Layout> {
    Layout::from_size_align(len, PAGE).ok().filter(|layout| layout.size() > 0).ok_or(Errno::INVAL)
}

/// The mappings that there are: address and length. An allocator takes back whole ones only, and does not tell.
fn mapped() -> MutexGuard<'static, BTreeMap<usize, usize>> {
    static MAPPED: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());
    MAPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn describe(metadata: &fs::Metadata, stat: &mut Statx) {
    let kind = if metadata.is_dir() { 0o040_000 } else { 0o100_000 };
    *stat = Statx {
        mask: Statx::BASIC_STATS,
        blksize: 4096,
        nlink: 1,
        mode: kind | if metadata.permissions().readonly() { 0o444 } else { 0o644 },
        size: metadata.len(),
        blocks: metadata.file_size().div_ceil(512),
        ..Statx::default()
    };
}

// SAFETY: memory is from the allocator, zeroed, aligned to a page and given back with the same layout; files are the standard
// library's, which writes to memory as long as a call lasts and returns the true counts; new descriptors are new handles.
unsafe impl Kernel for Host {
    fn page_len(&self) -> Result<usize> {
        Ok(PAGE)
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        if flags.contains(MapFlags::HUGE) {
            return Err(Errno::NOMEM);
        }
        let layout = layout(len)?;
        // SAFETY: the layout has a size.
        let at = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(Errno::NOMEM)?;
        mapped().insert(at.addr().get(), len);
        Ok(at)
    }

    /// Whole mappings only. Who wants to give back a part keeps it.
    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        let layout = layout(len)?;
        let mut mapped = mapped();
        if mapped.get(&at.addr().get()) != Some(&len) {
            return Err(Errno::INVAL);
        }
        mapped.remove(&at.addr().get());
        drop(mapped);
        // SAFETY: allocated with this layout, as was just looked up; the caller vouches that nobody uses it any more.
        unsafe { dealloc(at.as_ptr(), layout) };
        Ok(())
    }

    unsafe fn open_at(&self, dir: Fd, name: &CStr, flags: OpenFlags, _mode: u32) -> Result<Fd> {
        here(dir)?;
        descriptor(open::open(path(name)?, flags)?)
    }

    unsafe fn close(&self, fd: Fd) -> Result<()> {
        drop(ManuallyDrop::into_inner(file(fd)));
        Ok(())
    }

    unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize> {
        // A reference to it needs it initialised, which memory to be read into need not be.
        // SAFETY: the caller vouches that it may be written to.
        unsafe { buf.write_bytes(0, len) };
        // SAFETY: initialised just now, and nobody else's for the call.
        let buf = unsafe { std::slice::from_raw_parts_mut(buf, len.min(MAX_RW_LEN)) };
        match answer(file(fd).seek_read(buf, offset)) {
            // The end of the file.
            Err(Errno::NODATA) => Ok(0),
            answer => answer,
        }
    }

    unsafe fn write_at(&self, fd: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize> {
        // SAFETY: the caller vouches for the memory.
        let buf = unsafe { std::slice::from_raw_parts(buf, len.min(MAX_RW_LEN)) };
        answer(file(fd).seek_write(buf, offset))
    }

    unsafe fn sync_all(&self, fd: Fd) -> Result<()> {
        answer(file(fd).sync_all())
    }

    unsafe fn truncate(&self, fd: Fd, len: u64) -> Result<()> {
        answer(file(fd).set_len(len))
    }

    /// Reserves by making the file longer: what was not written takes up its space there as well.
    unsafe fn allocate(&self, fd: Fd, how: Allocate, offset: u64, len: u64) -> Result<()> {
        if how != Allocate::NONE {
            return Err(Errno::OPNOTSUPP);
        }
        let file = file(fd);
        let end = offset.checked_add(len).ok_or(Errno::FBIG)?;
        if answer(file.metadata())?.len() >= end { Ok(()) } else { answer(file.set_len(end)) }
    }

    unsafe fn stat(&self, dir: Fd, name: &CStr, _mask: u32, stat: &mut Statx) -> Result<()> {
        let metadata = if name.is_empty() {
            answer(file(dir).metadata())?
        } else {
            here(dir)?;
            answer(fs::metadata(path(name)?))?
        };
        describe(&metadata, stat);
        Ok(())
    }

    unsafe fn unlink_at(&self, dir: Fd, name: &CStr, flags: UnlinkFlags) -> Result<()> {
        here(dir)?;
        let name = path(name)?;
        if flags.contains(UnlinkFlags::REMOVE_DIR) {
            return answer(fs::remove_dir(name));
        }
        if name.is_dir() { Err(Errno::ISDIR) } else { answer(fs::remove_file(name)) }
    }

    unsafe fn rename_at(
        &self,
        from_dir: Fd,
        from: &CStr,
        to_dir: Fd,
        to: &CStr,
        flags: RenameFlags,
    ) -> Result<()> {
        here(from_dir)?;
        here(to_dir)?;
        if flags != RenameFlags::NONE {
            return Err(Errno::INVAL);
        }
        answer(fs::rename(path(from)?, path(to)?))
    }

    unsafe fn make_dir_at(&self, dir: Fd, name: &CStr, _mode: u32) -> Result<()> {
        here(dir)?;
        answer(fs::create_dir(path(name)?))
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
        // There is no fork here.
        Err(Errno::NOSYS)
    }
}
