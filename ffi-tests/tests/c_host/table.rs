//! A table of C functions as a [`Kernel`].
//!
//! What crosses to C is numbers, addresses and strings: an embedder needs no header of Linux, and none is used here.

use core::ffi::{CStr, c_char, c_void};
use core::ptr::{self, NonNull};
use core::time::Duration;

use bareio_core::abi::{AdviseMemory, EnterFlags, Params, Register, Statx};
use bareio_core::kernel::{AdviseFile, MapFlags, OpenFlags, RwFlags, SyncRange};
use bareio_core::sync::AtomicU32;
use bareio_core::{Errno, Fd, IoVec, Kernel};

type Result<T> = core::result::Result<T, Errno>;

/// `struct host` of `c/host.h`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Table {
    context: *mut c_void,
    ring_setup: Option<unsafe extern "C" fn(*mut c_void, u32, *mut c_void) -> i64>,
    ring_enter: Option<unsafe extern "C" fn(*mut c_void, i32, u32, u32, u32, *const c_void, u64) -> i64>,
    ring_register: Option<unsafe extern "C" fn(*mut c_void, i32, u32, *mut c_void, u32) -> i64>,
    page_len: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
    map: Option<unsafe extern "C" fn(*mut c_void, u64, u32) -> i64>,
    map_ring: Option<unsafe extern "C" fn(*mut c_void, i32, u64, u64) -> i64>,
    remap: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, u64, u64) -> i64>,
    unmap: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, u64) -> i64>,
    advise: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, u64, u32) -> i64>,
    open_at: Option<unsafe extern "C" fn(*mut c_void, i32, *const c_char, u32, u32) -> i64>,
    close: Option<unsafe extern "C" fn(*mut c_void, i32) -> i64>,
    read_at: Option<unsafe extern "C" fn(*mut c_void, i32, *mut c_void, u64, u64) -> i64>,
    write_at: Option<unsafe extern "C" fn(*mut c_void, i32, *const c_void, u64, u64) -> i64>,
    read_vectored: Option<unsafe extern "C" fn(*mut c_void, i32, *const c_void, u64, u64, u32) -> i64>,
    write_vectored: Option<unsafe extern "C" fn(*mut c_void, i32, *const c_void, u64, u64, u32) -> i64>,
    sync_all: Option<unsafe extern "C" fn(*mut c_void, i32) -> i64>,
    sync_data: Option<unsafe extern "C" fn(*mut c_void, i32) -> i64>,
    sync_range: Option<unsafe extern "C" fn(*mut c_void, i32, u64, u64, u32) -> i64>,
    truncate: Option<unsafe extern "C" fn(*mut c_void, i32, u64) -> i64>,
    stat: Option<unsafe extern "C" fn(*mut c_void, i32, *const c_char, u32, *mut c_void) -> i64>,
    advise_file: Option<unsafe extern "C" fn(*mut c_void, i32, u64, u64, u32) -> i64>,
    now: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
    wait: Option<unsafe extern "C" fn(*mut c_void, *mut u32, u32, i64) -> i64>,
    wake: Option<unsafe extern "C" fn(*mut c_void, *mut u32, u32) -> i64>,
    yield_now: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
    process_id: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
}

/// A host, by its table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host(&'static Table);

// SAFETY: the tables are constants, and their functions may be called on any thread: those of the whole host are calls of
// libc and lock what they share; the least one is used on one thread at a time, by each test that has it.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

unsafe extern "C" {
    safe fn bareio_host_whole() -> &'static Table;
    safe fn bareio_host_least() -> &'static Table;
    /// How many calls the whole host has made.
    pub(crate) safe fn bareio_host_calls() -> u64;
    /// How often the whole host was given a ring's memory back while it was still in use.
    pub(crate) safe fn bareio_host_early() -> u64;
}

impl Host {
    pub(crate) fn whole() -> Self {
        Self(bareio_host_whole())
    }

    pub(crate) fn least() -> Self {
        Self(bareio_host_least())
    }
}

/// What C answers: a number that is not negative, or a negative error number.
fn answer(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| {
        u32::try_from(value.unsigned_abs()).ok().and_then(Errno::new).expect("C answers with error numbers")
    })
}

fn fd(value: i64) -> Result<Fd> {
    answer(value).map(|number| Fd(i32::try_from(number).expect("descriptors are small")))
}

fn count(value: i64) -> Result<u32> {
    answer(value).map(|number| u32::try_from(number).expect("what was asked for was no more"))
}

fn moved(value: i64) -> Result<usize> {
    answer(value).map(|number| usize::try_from(number).expect("what was asked for was no more"))
}

fn done(value: i64) -> Result<()> {
    answer(value).map(drop)
}

fn address(value: i64) -> Result<NonNull<u8>> {
    let address = moved(value)?;
    NonNull::new(ptr::with_exposed_provenance_mut(address)).ok_or(Errno::NOMEM)
}

/// Calls a function of the table, or says that it is missing.
macro_rules! call {
    ($host:ident . $name:ident ( $($arg:expr),* ), $convert:expr) => {
        match $host.0.$name {
            // SAFETY: `c/host.h` asks for what the method asks for, whose caller vouches for it.
            Some(function) => $convert(unsafe { function($host.0.context, $($arg),*) }),
            None => Err(Errno::NOSYS),
        }
    };
}

// SAFETY: each method is one call of a C function, which does what the contract says: the whole host by Linux, and the
// least one as its own text shows.
unsafe impl Kernel for Host {
    fn io_uring_setup(&self, entries: u32, params: &mut Params) -> Result<Fd> {
        call!(self.ring_setup(entries, ptr::from_mut(params).cast()), fd)
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
        call!(self.ring_enter(ring.0, submit, complete, flags.bits(), arg.cast(), arg_len as u64), count)
    }

    unsafe fn io_uring_register(&self, ring: Fd, what: Register, arg: *mut u8, args: u32) -> Result<u32> {
        call!(self.ring_register(ring.0, what.0, arg.cast(), args), count)
    }

    fn page_len(&self) -> Result<usize> {
        call!(self.page_len(), moved)
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        call!(self.map(len as u64, flags.bits()), address)
    }

    unsafe fn map_ring(&self, ring: Fd, offset: u64, len: usize) -> Result<NonNull<u8>> {
        call!(self.map_ring(ring.0, offset, len as u64), address)
    }

    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>> {
        call!(self.remap(at.as_ptr().cast(), len as u64, new_len as u64), address)
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        call!(self.unmap(at.as_ptr().cast(), len as u64), done)
    }

    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<()> {
        call!(self.advise(at.as_ptr().cast(), len as u64, advice.bits()), done)
    }

    unsafe fn open_at(&self, dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Fd> {
        call!(self.open_at(dir.0, path.as_ptr(), flags.bits(), mode), fd)
    }

    unsafe fn close(&self, file: Fd) -> Result<()> {
        call!(self.close(file.0), done)
    }

    unsafe fn read_at(&self, file: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize> {
        call!(self.read_at(file.0, buf.cast(), len as u64, offset), moved)
    }

    unsafe fn write_at(&self, file: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize> {
        call!(self.write_at(file.0, buf.cast(), len as u64, offset), moved)
    }

    unsafe fn read_vectored(&self, file: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        let (first, len) = (pieces.as_ptr().cast(), pieces.len() as u64);
        call!(self.read_vectored(file.0, first, len, offset, flags.bits()), moved)
    }

    unsafe fn write_vectored(
        &self,
        file: Fd,
        pieces: &[IoVec],
        offset: u64,
        flags: RwFlags,
    ) -> Result<usize> {
        let (first, len) = (pieces.as_ptr().cast(), pieces.len() as u64);
        call!(self.write_vectored(file.0, first, len, offset, flags.bits()), moved)
    }

    unsafe fn sync_all(&self, file: Fd) -> Result<()> {
        call!(self.sync_all(file.0), done)
    }

    unsafe fn sync_data(&self, file: Fd) -> Result<()> {
        call!(self.sync_data(file.0), done)
    }

    unsafe fn sync_range(&self, file: Fd, offset: u64, len: u64, how: SyncRange) -> Result<()> {
        call!(self.sync_range(file.0, offset, len, how.bits()), done)
    }

    unsafe fn truncate(&self, file: Fd, len: u64) -> Result<()> {
        call!(self.truncate(file.0, len), done)
    }

    unsafe fn stat(&self, dir: Fd, path: &CStr, mask: u32, stat: &mut Statx) -> Result<()> {
        call!(self.stat(dir.0, path.as_ptr(), mask, ptr::from_mut(stat).cast()), done)
    }

    unsafe fn advise_file(&self, file: Fd, offset: u64, len: u64, advice: AdviseFile) -> Result<()> {
        call!(self.advise_file(file.0, offset, len, advice as u32), done)
    }

    fn now(&self) -> Result<Duration> {
        call!(self.now(), answer).map(Duration::from_nanos)
    }

    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        let most = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        call!(self.wait(ptr::from_ref(word).cast_mut().cast(), expected, timeout.map_or(-1, most)), done)
    }

    fn wake(&self, word: &AtomicU32, threads: u32) -> Result<u32> {
        call!(self.wake(ptr::from_ref(word).cast_mut().cast(), threads), count)
    }

    fn yield_now(&self) -> Result<()> {
        call!(self.yield_now(), done)
    }

    fn process_id(&self) -> Result<u32> {
        call!(self.process_id(), count)
    }
}
