//! Files that are read and written as a whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bareio_core::{AllocError, Errno, Kernel};

use super::Fs;
use crate::error::{Error, Result};
use crate::file::path::terminated;
use crate::file::{Direct, File, OpenOptions, directory, names};

/// How much is read at once behind what a file says its size is, in bytes.
const MORE: usize = 8192;

/// How many names of temporary files are tried.
const TRIES: u32 = 1000;

/// Sets names of temporary files apart within this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl<K: Kernel + Clone> Fs<K> {
    /// See [`read_file`](super::read_file).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read_file(&self, path: impl AsRef<Path>, direct: Direct) -> Result<Vec<u8>> {
        let options = OpenOptions::new().read(true).direct(direct);
        let file = options.open_on(self.kernel.clone(), path.as_ref())?;
        let too_long = |_| AllocError::TooLong { len: usize::MAX };
        let size = usize::try_from(file.size()?).map_err(too_long)?;
        let mut bytes = Vec::new();
        let mut got = 0_usize;
        // One byte more, so that the end is seen; and as long as there is more, which the size did not tell.
        let mut room = size.saturating_add(1);
        loop {
            bytes
                .try_reserve_exact(room)
                .map_err(|_| AllocError::TooLong { len: got.saturating_add(room) })?;
            bytes.resize(got + room, 0);
            let count = file.read_unaligned_at(&mut bytes[got..], got as u64)?;
            got += count;
            bytes.truncate(got);
            if count < room {
                return Ok(bytes);
            }
            room = MORE.max(got);
        }
    }

    /// See [`write_file`](super::write_file).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn write_file(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>, direct: Direct) -> Result<()> {
        let path = path.as_ref();
        let directory = directory::of(path);
        let (temporary, file) = self.temporary(directory, direct, self.mode(path))?;
        let written = file
            .write_unaligned_at(bytes.as_ref(), 0)
            .and_then(|()| file.sync_all())
            .and_then(|()| self.rename(&temporary, path));
        drop(file);
        if let Err(error) = written {
            // What is said of it is beside the error that made it necessary.
            let _ = self.remove(&temporary);
            return Err(error);
        }
        self.sync_dir(directory)
    }

    /// The permissions of the file that will be replaced; of a new one if there is none.
    fn mode(&self, path: &Path) -> u32 {
        const PERMISSIONS: u32 = 0o777;
        let old = terminated(path, |path| Ok(names::stat(&self.kernel, path)?));
        old.map_or(0o666, |old| u32::from(old.mode) & PERMISSIONS)
    }

    /// A new file in `directory`, of a name that nobody has.
    fn temporary(&self, directory: &Path, direct: Direct, mode: u32) -> Result<(PathBuf, File<K>)> {
        let options = OpenOptions::new().read(true).write(true).create_new(true).direct(direct).mode(mode);
        for _ in 0..TRIES {
            // Relaxed: a number of its own is all that is wanted.
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = directory.join(format!(".bareio-{}-{number}.tmp", std::process::id()));
            match options.open_on(self.kernel.clone(), &path) {
                Ok(file) => return Ok((path, file)),
                // Left behind by a power cut, or by a process of the same number elsewhere.
                Err(error) if error.errno() == Some(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::os("open", Errno::EXIST))
    }
}
