//! Asking a file for its grid.
#![expect(
    unsafe_code,
    reason = "asks any kernel, whose methods take the caller's word for descriptors and memory"
)]

use std::ffi::CString;

use bareio_core::abi::Statx;
use bareio_core::kernel::OpenFlags;
use bareio_core::{Align, AlignedBuf, BorrowedFd, Errno, Fd, Kernel};

use super::Grid;
use crate::{Error, Result, Why};

/// `BLKSSZGET`: the logical sector of a device. Of `linux/fs.h`, the same number on every processor that Rust has
/// and this crate runs on.
const BLKSSZGET: u32 = 0x1268;

/// How often an interrupted call is made again.
const PATIENCE: u32 = 1 << 20;

impl Grid {
    /// What direct I/O on `file` asks, whether or not it is open for that now.
    ///
    /// Taken from what the file system says; else from the sector of its device; else 4,096 bytes; and what the file
    /// system did not say is confirmed by reading a block.
    #[cfg(unix)]
    pub(crate) fn of<K: Kernel + ?Sized>(kernel: &K, file: BorrowedFd<'_>) -> Result<Self> {
        let mut stat = Statx::default();
        let mask = Statx::BASIC_STATS | Statx::DIOALIGN | Statx::DIO_READ_ALIGN;
        // SAFETY: `file` is open; an empty path stands for it.
        match again(|| unsafe { kernel.stat(file.fd(), c"", mask, &mut stat) }) {
            Ok(()) | Err(Errno::NOSYS) => {}
            Err(errno) => return Err(Error::os("statx", errno)),
        }
        Self::told(kernel, file, &stat)
    }

    /// The same, of a file of which so much is known.
    pub(crate) fn told<K: Kernel + ?Sized>(kernel: &K, file: BorrowedFd<'_>, stat: &Statx) -> Result<Self> {
        if stat.mask & Statx::DIOALIGN != 0 && (stat.is_regular() || stat.is_block_device()) {
            return said(stat);
        }
        let sector = sector(kernel, file, stat);
        for grid in [sector, Some(Align::KIB_4)].into_iter().flatten() {
            if confirmed(kernel, file, grid)? {
                return Ok(Self::uniform(grid));
            }
        }
        Err(none("it refuses a read of one aligned block"))
    }
}

fn none(why: &'static str) -> Error {
    Error::unsupported("direct I/O on this file", Why::Because(why))
}

/// What the file system said.
fn said(stat: &Statx) -> Result<Grid> {
    let align = |bytes: u32| Align::new(u64::from(bytes));
    let (Some(memory), Some(offset)) = (align(stat.dio_mem_align), align(stat.dio_offset_align)) else {
        return Err(none("its file system says so"));
    };
    let read = if stat.mask & Statx::DIO_READ_ALIGN == 0 { None } else { align(stat.dio_read_offset_align) };
    Ok(Grid { memory, offset, read_offset: read.unwrap_or(offset) })
}

/// The logical sector of the device that the file is, or is on.
fn sector<K: Kernel + ?Sized>(kernel: &K, file: BorrowedFd<'_>, stat: &Statx) -> Option<Align> {
    if stat.is_block_device() {
        let mut bytes = 0_u32;
        // SAFETY: `file` is open, and the request fills in an `int`.
        unsafe { kernel.control(file.fd(), BLKSSZGET, (&raw mut bytes).cast()) }.ok()?;
        return Align::new(u64::from(bytes));
    }
    let device = format!("/sys/dev/block/{}:{}", stat.dev_major, stat.dev_minor);
    // A partition has no queue of its own.
    ["queue", "../queue"]
        .into_iter()
        .find_map(|queue| number(kernel, &format!("{device}/{queue}/logical_block_size")))
}

/// The power of two that a small file holds as text.
fn number<K: Kernel + ?Sized>(kernel: &K, path: &str) -> Option<Align> {
    let path = CString::new(path).ok()?;
    // SAFETY: the working directory is always there.
    let fd = unsafe { kernel.open_at(Fd::CWD, &path, OpenFlags::READ, 0) }.ok()?;
    let mut text = [0_u8; 32];
    // SAFETY: the file is open, and the memory valid for the call.
    let len = again(|| unsafe { kernel.read_at(fd, text.as_mut_ptr(), text.len(), 0) });
    // SAFETY: opened above, and not used any more.
    let _ = unsafe { kernel.close(fd) };
    str::from_utf8(text.get(..len.ok()?)?).ok()?.trim().parse().ok().and_then(Align::new)
}

/// Whether the file reads one block on `grid`. One that is open for writing only cannot be asked, and is believed.
fn confirmed<K: Kernel + ?Sized>(kernel: &K, file: BorrowedFd<'_>, grid: Align) -> Result<bool> {
    let block = AlignedBuf::new(kernel, grid.len(), grid)?;
    // SAFETY: the file is open; `block` has room for a block, and is nobody else's.
    match again(|| unsafe { kernel.read_at(file.fd(), block.as_ptr().as_ptr(), grid.len(), 0) }) {
        Ok(_) | Err(Errno::BADF) => Ok(true),
        Err(Errno::INVAL) => Ok(false),
        Err(Errno::ISDIR) => Err(none("it is a directory")),
        Err(Errno::SPIPE) => Err(none("it has no positions")),
        Err(errno) => Err(Error::os("pread", errno)),
    }
}

/// Makes `call` until no signal interrupts it.
fn again<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 0..PATIENCE {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
    Err(Errno::INTR)
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use std::cell::RefCell;
    use std::ffi::CStr;
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::ErrorKind;
    use crate::host::NATIVE;

    /// A kernel of before 6.1, on a device with sectors of `sector` bytes, that reads directly on a grid of `reads`.
    struct Old {
        sector: &'static str,
        reads: Option<Align>,
        asked: RefCell<Vec<String>>,
    }

    // SAFETY: it passes on to the real kernel, refuses without doing anything, or writes within the memory given.
    unsafe impl Kernel for Old {
        fn page_len(&self) -> Result<usize, Errno> {
            NATIVE.page_len()
        }

        fn map(
            &self,
            len: usize,
            flags: bareio_core::kernel::MapFlags,
        ) -> Result<std::ptr::NonNull<u8>, Errno> {
            NATIVE.map(len, flags)
        }

        unsafe fn unmap(&self, at: std::ptr::NonNull<u8>, len: usize) -> Result<(), Errno> {
            // SAFETY: the caller's word.
            unsafe { NATIVE.unmap(at, len) }
        }

        unsafe fn stat(&self, dir: Fd, path: &CStr, _: u32, stat: &mut Statx) -> Result<(), Errno> {
            // SAFETY: the caller's word.
            unsafe { NATIVE.stat(dir, path, Statx::BASIC_STATS, stat) }?;
            (stat.dev_major, stat.dev_minor) = (8, 1);
            Ok(())
        }

        unsafe fn open_at(&self, _: Fd, path: &CStr, _: OpenFlags, _: u32) -> Result<Fd, Errno> {
            let path = path.to_str().unwrap();
            self.asked.borrow_mut().push(path.to_owned());
            if path == "/sys/dev/block/8:1/../queue/logical_block_size" {
                Ok(Fd(1000))
            } else {
                Err(Errno::NOENT)
            }
        }

        unsafe fn close(&self, fd: Fd) -> Result<(), Errno> {
            assert_eq!(fd, Fd(1000), "only what it opened is closed");
            self.asked.borrow_mut().push("close".to_owned());
            Ok(())
        }

        unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize, Errno> {
            if fd == Fd(1000) {
                // SAFETY: the caller's word, and it has fewer bytes than that.
                unsafe { buf.copy_from_nonoverlapping(self.sector.as_ptr(), self.sector.len().min(len)) };
                return Ok(self.sector.len());
            }
            assert_eq!(offset, 0);
            let grid = self.reads.ok_or(Errno::INVAL)?;
            let fits = grid.divides(buf.addr() as u64) && grid.divides(len as u64);
            if fits { Ok(0) } else { Err(Errno::INVAL) }
        }
    }

    fn ask(sector: &'static str, reads: Option<Align>) -> (Result<Grid>, Vec<String>) {
        let file = tempfile::tempfile().unwrap();
        let old = Old { sector, reads, asked: RefCell::default() };
        // SAFETY: it is open for as long as this lasts.
        let lent = unsafe { BorrowedFd::borrow_raw(Fd(file.as_raw_fd())) };
        let grid = Grid::of(&old, lent);
        (grid, old.asked.into_inner())
    }

    #[test]
    fn without_a_word_of_the_file_system_the_sector_of_the_device_is_tried() {
        let (grid, asked) = ask("512\n", Some(Align::B_512));
        assert_eq!(grid, Ok(Grid::uniform(Align::B_512)));
        assert_eq!(asked.last().map(String::as_str), Some("close"), "{asked:?}");
    }

    #[test]
    fn a_grid_that_the_file_does_not_read_on_is_not_believed() {
        // A file system with blocks larger than the sector.
        assert_eq!(ask("512\n", Some(Align::KIB_4)).0, Ok(Grid::uniform(Align::KIB_4)));
        assert_eq!(ask("nonsense", Some(Align::B_512)).0, Ok(Grid::uniform(Align::KIB_4)));
        let error = ask("512\n", None).0.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error}");
    }

    #[test]
    fn a_file_system_that_says_zero_cannot() {
        let mut stat = Statx { dio_mem_align: 4, dio_offset_align: 512, ..Statx::default() };
        let grid = Grid { memory: Align::new(4).unwrap(), offset: Align::B_512, read_offset: Align::B_512 };
        assert_eq!(said(&stat), Ok(grid));
        stat.dio_read_offset_align = 64;
        assert_eq!(said(&stat), Ok(grid), "what was not filled in is not read");
        stat.mask = Statx::DIO_READ_ALIGN;
        assert_eq!(said(&stat).unwrap().read_offset, Align::new(64).unwrap());
        (stat.dio_mem_align, stat.dio_offset_align) = (0, 0);
        assert!(said(&stat).unwrap_err().is_unsupported());
    }
}
