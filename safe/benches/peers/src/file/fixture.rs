//! The file that is read, and the memory that it is read into.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::time::Duration;

/// Bytes of a read.
pub(crate) const BLOCK: usize = 4096;
/// Blocks of the file.
const BLOCKS: u64 = 16 << 10;

/// Where the file is, and how it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On disk, past the page cache.
    Direct,
    /// On disk, through it, and all of it cached.
    Buffered,
    /// On tmpfs.
    Memory,
}

/// A file of random reads.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) path: &'static Path,
    pub(crate) place: Place,
}

impl Fixture {
    pub(crate) fn new(place: Place) -> Result<Self, String> {
        static DISK: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        static MEMORY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let made = match place {
            Place::Direct | Place::Buffered => DISK.get_or_init(|| {
                make(&std::env::var_os("BAREIO_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from))
            }),
            Place::Memory => MEMORY.get_or_init(|| make(Path::new("/dev/shm"))),
        };
        let path = made.as_ref().map_err(Clone::clone)?;
        let fixture = Self { path, place };
        fixture.file()?;
        Ok(fixture)
    }

    /// The flags that it is opened with, beside those of reading.
    pub(crate) fn flags(&self) -> i32 {
        if self.place == Place::Direct { libc::O_DIRECT } else { 0 }
    }

    /// The file, opened anew.
    pub(crate) fn file(&self) -> Result<File, String> {
        let file = OpenOptions::new().read(true).custom_flags(self.flags()).open(self.path);
        file.map_err(|error| format!("{}: {error}", self.path.display()))
    }

    /// A place to read from.
    #[expect(clippy::unused_self, reason = "all files are of one size")]
    pub(crate) fn offset(&self) -> u64 {
        fastrand::u64(..BLOCKS) * BLOCK as u64
    }
}

/// Makes the file. It has no name any more when the program ends, or the next run takes it over.
fn make(folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join("bareio-bench-file");
    let fail = |error| format!("{}: {error}", path.display());
    let mut file = File::create(&path).map_err(fail)?;
    for _ in 0..BLOCKS / 256 {
        file.write_all(&vec![0xb5; 256 * BLOCK]).map_err(fail)?;
    }
    file.sync_all().map_err(fail)?;
    Ok(path)
}

/// A block of memory that direct I/O takes.
#[derive(Debug)]
pub(crate) struct Block(NonNull<u8>);

// SAFETY: it owns its memory.
unsafe impl Send for Block {}
// SAFETY: as above; it is written through `&mut` only, and by kernels.
unsafe impl Sync for Block {}

const LAYOUT: std::alloc::Layout = match std::alloc::Layout::from_size_align(BLOCK, BLOCK) {
    Ok(layout) => layout,
    Err(_) => panic!("a block is a power of two"),
};

impl Block {
    pub(crate) fn new() -> Self {
        // SAFETY: the layout is not of no bytes.
        let memory = unsafe { std::alloc::alloc_zeroed(LAYOUT) };
        Self(NonNull::new(memory).unwrap_or_else(|| std::alloc::handle_alloc_error(LAYOUT)))
    }

    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.0.as_ptr()
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: so many, initialised, and ours.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr(), BLOCK) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated so, and nobody uses it any more.
        unsafe { std::alloc::dealloc(self.0.as_ptr(), LAYOUT) };
    }
}

/// Processor time of this process so far, its threads and the kernel's work for it included.
pub(crate) fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}
