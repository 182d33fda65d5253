//! Operations as blocking calls.

use core::ffi::CStr;

use super::transfer::Transfer;
use super::{Files, NoFiles, Op, Put, Target};
use crate::abi::{FileSlot, Statx};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::kernel::{Fd, Kernel};

/// How often an interrupted call is made again before its `EINTR` is passed on. Signals do not come a million times
/// in a row; a filter that answers `EINTR` to everything does.
const PATIENCE: u32 = 1 << 20;

/// Makes `call` until no signal interrupts it.
#[inline]
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 0..PATIENCE {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
    Err(Errno::INTR)
}

/// A count of bytes as a completion carries it.
pub(super) fn count(moved: usize) -> Result<u32> {
    u32::try_from(moved).map_err(|_| Errno::OVERFLOW)
}

/// Flushes the data of a file.
///
/// # Safety
///
/// As [`Kernel::sync_data`].
pub(super) unsafe fn sync_data<K: Kernel + ?Sized>(kernel: &K, fd: Fd) -> Result<()> {
    // SAFETY: the caller vouches for the file.
    match unsafe { kernel.sync_data(fd) } {
        // SAFETY: as above.
        Err(Errno::NOSYS) => unsafe { kernel.sync_all(fd) },
        answer => answer,
    }
}

/// Closes a descriptor. Its number is free even if a signal interrupts that, so there is no second call.
///
/// # Safety
///
/// As [`Kernel::close`].
unsafe fn close<K: Kernel + ?Sized>(kernel: &K, fd: Fd) -> Result<u32> {
    // SAFETY: the caller gives it up.
    match unsafe { kernel.close(fd) } {
        Ok(()) | Err(Errno::INTR) => Ok(0),
        Err(errno) => Err(errno),
    }
}

/// Puts a descriptor into a table, and closes what was in its place, or the descriptor itself if it is refused.
///
/// # Safety
///
/// `fd` is the caller's to give away, and nobody uses what is in `slot`.
unsafe fn register<K, F>(kernel: &K, files: &F, slot: FileSlot, fd: Fd) -> Result<u32>
where
    K: Kernel + ?Sized,
    F: Files + ?Sized,
{
    let (unwanted, answer) = match files.put(slot, fd) {
        Ok(Put { replaced, .. }) if slot != FileSlot::ALLOC => (replaced, Ok(0)),
        Ok(Put { replaced, slot }) => (replaced, Ok(slot)),
        Err(errno) => (Some(fd), Err(errno)),
    };
    if let Some(unwanted) = unwanted {
        // SAFETY: it is in no table, and the caller vouches that nobody uses it. What closing it says is no result of
        // the file that was opened; a ring does not tell either.
        let _ = unsafe { close(kernel, unwanted) };
    }
    answer
}

/// A call that says nothing but that it was done.
fn done(call: impl FnMut() -> Result<()>) -> Result<u32> {
    uninterrupted(call).map(|()| 0)
}

impl Op {
    /// Carries it out by blocking calls, without registered files, and returns what a completion would carry.
    ///
    /// A signal does not end it. `AGAIN` from a file that was opened not to wait is passed on.
    ///
    /// What `kernel` lacks is `NOSYS`, but for these, which mean the same by other calls:
    /// [`sync_data`](Kernel::sync_data) becomes [`sync_all`](Kernel::sync_all); a positioned vectored transfer
    /// becomes one call a piece, up to the first that is short; and a write to be flushed becomes a write and a flush.
    ///
    /// # Errors
    ///
    /// The kernel's, for this operation.
    ///
    /// # Safety
    ///
    /// - The descriptors that it names are open, and are the caller's to use in this way. One that it closes is
    ///   not used by anybody any more.
    /// - The memory that it names (of every piece, and the list of pieces itself) is valid until this returns; nobody
    ///   else touches what is to be written to, and nobody writes what is to be read from.
    /// - The lengths of a list of pieces are those it was made with.
    /// - A path that it names ends in a nul byte.
    #[inline]
    pub unsafe fn perform<K: Kernel + ?Sized>(&self, kernel: &K) -> Result<u32> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { self.perform_with(kernel, &NoFiles) }
    }

    /// As [`perform`](Self::perform), with registered files from `files`.
    ///
    /// # Errors
    ///
    /// The kernel's, or those of `files`.
    ///
    /// # Safety
    ///
    /// As [`perform`](Self::perform); and every descriptor in `files` is open, and stays in its slot until this
    /// returns if this uses it.
    pub unsafe fn perform_with<K, F>(&self, kernel: &K, files: &F) -> Result<u32>
    where
        K: Kernel + ?Sized,
        F: Files + ?Sized,
    {
        if self.is_nothing() {
            return Ok(0);
        }
        let fd = |file| match file {
            Target::Fd(fd) => Ok(fd),
            Target::Slot(slot) => files.get(slot),
        };
        match *self {
            Self::Nop => Ok(0),
            Self::Read { file, buf, len, offset, flags }
            | Self::ReadFixed { file, buf, len, offset, flags, .. } => {
                let transfer = Transfer { kernel, fd: fd(file)?, offset, flags };
                // SAFETY: the caller vouches for the file and the memory.
                unsafe { transfer.read(&[IoVec::new(buf, len as usize)]) }
            }
            Self::Write { file, buf, len, offset, flags }
            | Self::WriteFixed { file, buf, len, offset, flags, .. } => {
                let transfer = Transfer { kernel, fd: fd(file)?, offset, flags };
                // SAFETY: the caller vouches for the file and the memory.
                unsafe { transfer.write(&[IoVec::new(buf.cast_mut(), len as usize)]) }
            }
            Self::ReadVectored { file, pieces, count, offset, flags, .. } => {
                let transfer = Transfer { kernel, fd: fd(file)?, offset, flags };
                // SAFETY: the caller vouches for the list.
                let pieces = unsafe { core::slice::from_raw_parts(pieces, count as usize) };
                // SAFETY: the caller vouches for the file and the memory of each piece.
                unsafe { transfer.read(pieces) }
            }
            Self::WriteVectored { file, pieces, count, offset, flags, .. } => {
                let transfer = Transfer { kernel, fd: fd(file)?, offset, flags };
                // SAFETY: the caller vouches for the list.
                let pieces = unsafe { core::slice::from_raw_parts(pieces, count as usize) };
                // SAFETY: the caller vouches for the file and the memory of each piece.
                unsafe { transfer.write(pieces) }
            }
            Self::SyncAll { file } => {
                let fd = fd(file)?;
                // SAFETY: the caller vouches for the file.
                done(|| unsafe { kernel.sync_all(fd) })
            }
            Self::SyncData { file } => {
                let fd = fd(file)?;
                // SAFETY: the caller vouches for the file.
                done(|| unsafe { sync_data(kernel, fd) })
            }
            Self::SyncRange { file, offset, len, how } => {
                let fd = fd(file)?;
                // SAFETY: the caller vouches for the file.
                done(|| unsafe { kernel.sync_range(fd, offset, u64::from(len), how) })
            }
            Self::Allocate { file, how, offset, len } => {
                let fd = fd(file)?;
                // SAFETY: the caller vouches for the file.
                done(|| unsafe { kernel.allocate(fd, how, offset, len) })
            }
            Self::Truncate { file, len } => {
                let fd = fd(file)?;
                // SAFETY: the caller vouches for the file.
                done(|| unsafe { kernel.truncate(fd, len) })
            }
            Self::AdviseFile { file, offset, len, advice } => {
                let fd = fd(file)?;
                // SAFETY: the caller vouches for the file.
                done(|| unsafe { kernel.advise_file(fd, offset, len, advice) })
            }
            Self::OpenAt { dir, path, flags, mode, slot } => {
                // SAFETY: the caller vouches for the path.
                let path = unsafe { CStr::from_ptr(path) };
                // SAFETY: the caller vouches for the directory.
                let fd = uninterrupted(|| unsafe { kernel.open_at(dir, path, flags, mode) })?;
                match slot {
                    None => u32::try_from(fd.0).map_err(|_| Errno::OVERFLOW),
                    // SAFETY: the descriptor is new.
                    Some(slot) => unsafe { register(kernel, files, slot, fd) },
                }
            }
            Self::Close { file: Target::Fd(fd) } => {
                // SAFETY: the caller gives it up.
                unsafe { close(kernel, fd) }
            }
            Self::Close { file: Target::Slot(slot) } => {
                let fd = files.take(slot)?;
                // SAFETY: it is out of the table, and the caller vouches that nobody uses it.
                unsafe { close(kernel, fd) }
            }
            Self::Stat { dir, path, mask, stat } => {
                // SAFETY: the caller vouches for the path.
                let path = unsafe { CStr::from_ptr(path) };
                // The caller's memory need not hold a value yet, so no reference is made to it.
                let mut answer = Statx::default();
                // SAFETY: the caller vouches for the directory.
                done(|| unsafe { kernel.stat(dir, path, mask, &mut answer) })?;
                // SAFETY: the caller vouches for the memory.
                unsafe { stat.write(answer) };
                Ok(0)
            }
            Self::RenameAt { from_dir, from, to_dir, to, flags } => {
                // SAFETY: the caller vouches for the path.
                let from = unsafe { CStr::from_ptr(from) };
                // SAFETY: the caller vouches for the path.
                let to = unsafe { CStr::from_ptr(to) };
                // SAFETY: the caller vouches for the directories.
                done(|| unsafe { kernel.rename_at(from_dir, from, to_dir, to, flags) })
            }
            Self::UnlinkAt { dir, path, flags } => {
                // SAFETY: the caller vouches for the path.
                let path = unsafe { CStr::from_ptr(path) };
                // SAFETY: the caller vouches for the directory.
                done(|| unsafe { kernel.unlink_at(dir, path, flags) })
            }
            Self::MakeDirAt { dir, path, mode } => {
                // SAFETY: the caller vouches for the path.
                let path = unsafe { CStr::from_ptr(path) };
                // SAFETY: the caller vouches for the directory.
                done(|| unsafe { kernel.make_dir_at(dir, path, mode) })
            }
        }
    }
}
