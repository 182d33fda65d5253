//! A whole file, or the one before it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use bareio_core::AlignedBuf;

use super::{Access, Direct, OpenOptions, Opened, open, pwrite_all, sync_all, truncate};
use crate::{Errno, Error, Result, host};

/// How much is written at a time past the page cache, in bytes.
const STEP: usize = 1 << 20;

/// Puts `bytes` into the file `path`, so that whoever opens it, now or after a power cut, finds either all of them or
/// all of what was there before.
///
/// Written to another name in the same directory, flushed, renamed, and the directory flushed: only then is it both
/// whole and there. `bytes` may be empty and of any length; past the page cache it goes through a buffer on the file's
/// grid, and the padding of the last block is cut before the flush.
///
/// The new file has the permissions of the one that it replaces, and is another file: hard links go on to name the old
/// one, and a symbolic link is itself replaced.
///
/// # Errors
///
/// As [`open`], [`pwrite`](super::pwrite), [`sync_all`] and `rename(2)`. Until the rename, what was there before is
/// untouched, and nothing is left behind. An error of the last step, flushing the directory, says that the new file is
/// in place and may be gone again after a power cut.
///
/// # Examples
///
/// ```
/// use bareio::{Direct, fd::write_file_atomically};
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("manifest");
/// write_file_atomically(&path, b"version 1", Direct::Off)?;
/// write_file_atomically(&path, b"version 2", Direct::Preferred)?;
/// assert_eq!(std::fs::read(&path)?, b"version 2");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_file_atomically(path: impl AsRef<Path>, bytes: &[u8], direct: Direct) -> Result<()> {
    let path = path.as_ref();
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Opened first: for want of a descriptor it must not fail last.
    let directory = File::open(parent).map_err(|error| Error::from(error).during("open"))?;
    let (temporary, file) = Temporary::new(parent, direct)?;
    if let Ok(old) = fs::metadata(path) {
        file_of(&file)?
            .set_permissions(old.permissions())
            .map_err(|error| Error::from(error).during("fchmod"))?;
    }
    fill(&file, bytes, &file.access()?)?;
    sync_all(&file)?;
    temporary.rename(path)?;
    sync_all(&directory)
}

/// The standard library's file, for what it can do.
fn file_of(opened: &Opened) -> Result<File> {
    Ok(opened.file.try_clone().map_err(|error| Error::from(error).during("fcntl"))?.into())
}

fn fill(file: &Opened, bytes: &[u8], access: &Access) -> Result<()> {
    if access.grid.is_any() {
        return pwrite_all(file, bytes, 0, access);
    }
    let mut buffer = AlignedBuf::new(host::NATIVE, STEP.min(bytes.len().max(1)), access.grid.block())?;
    let mut at = 0;
    for part in bytes.chunks(STEP) {
        buffer.clear();
        buffer.extend_from_slice(part)?;
        buffer.pad(0);
        pwrite_all(file, buffer.as_slice(), at, access)?;
        at += part.len() as u64;
    }
    truncate(file, bytes.len() as u64)
}

/// A file under a name that nobody asks for, removed unless it is renamed.
struct Temporary(Option<PathBuf>);

impl Temporary {
    fn new(parent: &Path, direct: Direct) -> Result<(Self, Opened)> {
        /// So that threads of one process do not meet.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            // Relaxed: the number alone matters.
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            // Not made of the file's own name, which may be as long as names get.
            let path = parent.join(format!(".bareio-{}-{count}", process::id()));
            match open(&path, &OpenOptions::new().read().write().create_new().direct(direct)) {
                Ok(file) => return Ok((Self(Some(path)), file)),
                // Left behind by a process of this number that was killed.
                Err(error) if error.errno() == Some(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn rename(mut self, to: &Path) -> Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        fs::rename(path, to).map_err(|error| Error::from(error).during("rename"))?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What failed before tells more than this could.
            let _ = fs::remove_file(path);
        }
    }
}
