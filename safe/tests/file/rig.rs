//! What the tests share: folders, memory on a grid, and a kernel that is watched and tampered with.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

use bareio::core::abi::{AdviseMemory, Statx};
use bareio::core::kernel::{
    AdviseFile, Allocate, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, SyncRange, UnlinkFlags,
};
use bareio::core::sim::Sim;
use bareio::core::{Fd, IoVec, Kernel};
use bareio::file::{Direct, File, OpenOptions};
use bareio::{Align, AlignedBuf, Errno};

type Answer<T> = Result<T, Errno>;

/// One call, as far as the tests look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Of whatever kind the call has.
    pub(crate) flags: u32,
}

/// What becomes of a call.
pub(crate) enum Act {
    Go,
    Fail(Errno),
    /// It moves so many bytes at most.
    Cut(usize),
    /// What it tells of a file is changed.
    Told(fn(&mut Statx)),
}

type Plan = Box<dyn FnMut(&Call) -> Act + Send>;

#[derive(Default)]
struct Watch {
    calls: Vec<Call>,
    plan: Option<Plan>,
}

/// A kernel whose calls are written down, and answered as a test wants.
#[derive(Clone)]
pub(crate) struct Watched<K> {
    pub(crate) kernel: K,
    watch: Arc<Mutex<Watch>>,
}

impl<K: Kernel> Watched<K> {
    pub(crate) fn new(kernel: K) -> Self {
        Self { kernel, watch: Arc::default() }
    }

    /// From now on, `plan` decides.
    pub(crate) fn plan(&self, plan: impl FnMut(&Call) -> Act + Send + 'static) {
        self.watch.lock().unwrap().plan = Some(Box::new(plan));
    }

    /// The calls since this was asked last.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.watch.lock().unwrap().calls)
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.calls().into_iter().map(|call| call.name).collect()
    }

    fn decide(&self, name: &'static str, offset: u64, len: u64, flags: u32) -> Act {
        let call = Call { name, offset, len, flags };
        let mut watch = self.watch.lock().unwrap();
        watch.calls.push(call);
        let plan = watch.plan.take();
        drop(watch);
        let Some(mut plan) = plan else { return Act::Go };
        let act = plan(&call);
        let mut watch = self.watch.lock().unwrap();
        watch.plan.get_or_insert(plan);
        act
    }

    fn simply<T>(
        &self,
        name: &'static str,
        offset: u64,
        len: u64,
        flags: u32,
        go: impl FnOnce() -> Answer<T>,
    ) -> Answer<T> {
        match self.decide(name, offset, len, flags) {
            Act::Fail(errno) => Err(errno),
            _ => go(),
        }
    }
}

fn bytes(pieces: &[IoVec]) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

/// The first `most` bytes of `pieces`.
fn cut(pieces: &[IoVec], most: usize) -> Vec<IoVec> {
    let mut left = most;
    let pieces = pieces.iter().map(|piece| {
        let len = piece.len().min(left);
        left -= len;
        IoVec::new(piece.base(), len)
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

// SAFETY: every method is the same method of `K` with the same arguments, less bytes at most, or an error.
unsafe impl<K: Kernel> Kernel for Watched<K> {
    fn page_len(&self) -> Answer<usize> {
        self.kernel.page_len()
    }
    fn map(&self, len: usize, flags: MapFlags) -> Answer<NonNull<u8>> {
        self.simply("map", 0, len as u64, flags.0, || self.kernel.map(len, flags))
    }
    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Answer<NonNull<u8>> {
        // SAFETY: the caller's word.
        unsafe { self.kernel.remap(at, len, new_len) }
    }
    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Answer<()> {
        // SAFETY: the caller's word.
        unsafe { self.kernel.unmap(at, len) }
    }
    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Answer<()> {
        // SAFETY: the caller's word.
        unsafe { self.kernel.advise(at, len, advice) }
    }
    unsafe fn open_at(&self, dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Answer<Fd> {
        // SAFETY: the caller's word.
        self.simply("open", 0, 0, flags.0, || unsafe { self.kernel.open_at(dir, path, flags, mode) })
    }
    unsafe fn close(&self, fd: Fd) -> Answer<()> {
        let act = self.decide("close", 0, 0, 0);
        // SAFETY: the caller's word.
        let closed = unsafe { self.kernel.close(fd) };
        if let Act::Fail(errno) = act { Err(errno) } else { closed }
    }
    unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Answer<usize> {
        let len = match self.decide("pread", offset, len as u64, 0) {
            Act::Fail(errno) => return Err(errno),
            Act::Cut(most) => len.min(most),
            _ => len,
        };
        // SAFETY: the caller's word, for fewer bytes.
        unsafe { self.kernel.read_at(fd, buf, len, offset) }
    }
    unsafe fn write_at(&self, fd: Fd, buf: *const u8, len: usize, offset: u64) -> Answer<usize> {
        let len = match self.decide("pwrite", offset, len as u64, 0) {
            Act::Fail(errno) => return Err(errno),
            Act::Cut(most) => len.min(most),
            _ => len,
        };
        // SAFETY: the caller's word, for fewer bytes.
        unsafe { self.kernel.write_at(fd, buf, len, offset) }
    }
    unsafe fn read_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Answer<usize> {
        let pieces = match self.decide("preadv", offset, bytes(pieces), flags.0) {
            Act::Fail(errno) => return Err(errno),
            Act::Cut(most) => cut(pieces, most),
            _ => pieces.to_vec(),
        };
        // SAFETY: the caller's word, for fewer bytes.
        unsafe { self.kernel.read_vectored(fd, &pieces, offset, flags) }
    }
    unsafe fn write_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Answer<usize> {
        let pieces = match self.decide("pwritev", offset, bytes(pieces), flags.0) {
            Act::Fail(errno) => return Err(errno),
            Act::Cut(most) => cut(pieces, most),
            _ => pieces.to_vec(),
        };
        // SAFETY: the caller's word, for fewer bytes.
        unsafe { self.kernel.write_vectored(fd, &pieces, offset, flags) }
    }
    unsafe fn sync_all(&self, fd: Fd) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("fsync", 0, 0, 0, || unsafe { self.kernel.sync_all(fd) })
    }
    unsafe fn sync_data(&self, fd: Fd) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("fdatasync", 0, 0, 0, || unsafe { self.kernel.sync_data(fd) })
    }
    unsafe fn sync_range(&self, fd: Fd, offset: u64, len: u64, how: SyncRange) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("sync_range", offset, len, how.0, || unsafe {
            self.kernel.sync_range(fd, offset, len, how)
        })
    }
    unsafe fn allocate(&self, fd: Fd, how: Allocate, offset: u64, len: u64) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("fallocate", offset, len, how.0, || unsafe { self.kernel.allocate(fd, how, offset, len) })
    }
    unsafe fn truncate(&self, fd: Fd, len: u64) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("ftruncate", 0, len, 0, || unsafe { self.kernel.truncate(fd, len) })
    }
    unsafe fn stat(&self, dir: Fd, path: &CStr, mask: u32, stat: &mut Statx) -> Answer<()> {
        let act = self.decide("statx", 0, 0, mask);
        // SAFETY: the caller's word.
        unsafe { self.kernel.stat(dir, path, mask, stat) }?;
        match act {
            Act::Fail(errno) => return Err(errno),
            Act::Told(change) => change(stat),
            _ => {}
        }
        Ok(())
    }
    unsafe fn advise_file(&self, fd: Fd, offset: u64, len: u64, advice: AdviseFile) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("fadvise", offset, len, advice as u32, || unsafe {
            self.kernel.advise_file(fd, offset, len, advice)
        })
    }
    unsafe fn copy_range(&self, from: Fd, at: u64, to: Fd, to_at: u64, len: usize) -> Answer<usize> {
        let len = match self.decide("copy_range", at, len as u64, 0) {
            Act::Fail(errno) => return Err(errno),
            Act::Cut(most) => len.min(most),
            _ => len,
        };
        // SAFETY: the caller's word.
        unsafe { self.kernel.copy_range(from, at, to, to_at, len) }
    }
    unsafe fn seek(&self, fd: Fd, offset: u64, from: Seek) -> Answer<u64> {
        // SAFETY: the caller's word.
        self.simply("lseek", offset, 0, 0, || unsafe { self.kernel.seek(fd, offset, from) })
    }
    unsafe fn open_flags(&self, fd: Fd) -> Answer<OpenFlags> {
        // SAFETY: the caller's word.
        self.simply("fcntl", 0, 0, 0, || unsafe { self.kernel.open_flags(fd) })
    }
    unsafe fn unlink_at(&self, dir: Fd, path: &CStr, flags: UnlinkFlags) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("unlink", 0, 0, flags.0, || unsafe { self.kernel.unlink_at(dir, path, flags) })
    }
    unsafe fn rename_at(&self, from: Fd, old: &CStr, to: Fd, new: &CStr, flags: RenameFlags) -> Answer<()> {
        self.simply("rename", 0, 0, flags.0, || {
            // SAFETY: the caller's word.
            unsafe { self.kernel.rename_at(from, old, to, new, flags) }
        })
    }
    unsafe fn make_dir_at(&self, dir: Fd, path: &CStr, mode: u32) -> Answer<()> {
        // SAFETY: the caller's word.
        self.simply("mkdir", 0, 0, mode, || unsafe { self.kernel.make_dir_at(dir, path, mode) })
    }
    unsafe fn control(&self, fd: Fd, request: u32, arg: *mut u8) -> Answer<usize> {
        // SAFETY: the caller's word.
        self.simply("ioctl", 0, 0, request, || unsafe { self.kernel.control(fd, request, arg) })
    }
}

/// A watched kernel in memory that does nothing by itself that a test did not ask for.
pub(crate) fn sim() -> Watched<Sim> {
    Watched::new(Sim::builder().calm().build())
}

/// To read and write, made if it is not there.
pub(crate) fn both() -> OpenOptions {
    OpenOptions::new().read(true).write(true).create(true)
}

/// A file on a kernel in memory, of these bytes. What opening it took is forgotten.
pub(crate) fn on_sim(sim: &Watched<Sim>, content: &[u8], direct: Direct) -> File<Watched<Sim>> {
    sim.kernel.put("file", content).unwrap();
    let file = both().direct(direct).open_with_kernel(sim.clone(), "file").unwrap();
    sim.calls();
    file
}

/// `len` bytes that tell where they are.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..251).cycle().take(len).collect()
}

/// The same, on a grid of 4,096 bytes.
pub(crate) fn aligned(bytes: &[u8]) -> AlignedBuf<Sim> {
    let mut buf = AlignedBuf::new(Sim::builder().calm().build(), bytes.len().max(1), Align::KIB_4).unwrap();
    buf.extend_from_slice(bytes).unwrap();
    buf
}

/// A folder on a file system with direct I/O if this host has one, which goes with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Says that a test is skipped, and why; with `BAREIO_REQUIRE_ALL` set, that is a failure.
pub(crate) fn skip(reason: &str) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{name} may not be skipped: {reason}");
    eprintln!("skipped {name}: {reason}");
}
