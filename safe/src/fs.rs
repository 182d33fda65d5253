//! Names of files, and files as a whole.
//!
//! ```
//! use bareio::{file::Direct, fs};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! fs::mkdir(folder.join("a/b"))?;
//! let path = folder.join("a/b/settings");
//! fs::write_file(&path, b"old", Direct::Off)?;
//! // Whole or not at all, whenever the power fails; and durable when this returns.
//! fs::write_file(&path, b"new", Direct::Off)?;
//! assert_eq!(fs::read_file(&path, Direct::Off)?, b"new");
//! assert_eq!(fs::ls(folder.join("a/b"))?, [path]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The functions here work on this host; [`Fs`] has them for any kernel.

mod list;
mod whole;

use std::path::{Path, PathBuf};

use bareio_core::kernel::{RenameFlags, UnlinkFlags};
use bareio_core::{Errno, Kernel};

use crate::error::{Error, Result};
use crate::file::path::terminated;
use crate::file::{Direct, OpenOptions, directory, names};
use crate::host::{NATIVE, Native};

/// The names of a kernel's files, seen from the working directory.
///
/// ```
/// use bareio::fs::Fs;
/// assert!(Fs::new().exists("Cargo.toml")?);
/// # Ok::<(), bareio::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fs<K: Kernel = Native> {
    kernel: K,
}

impl Fs {
    /// Those of this host.
    pub const fn new() -> Self {
        Self { kernel: NATIVE }
    }
}

impl Default for Fs {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Kernel + Clone> Fs<K> {
    /// Those of another kernel.
    #[cfg(feature = "sim")]
    pub const fn with_kernel(kernel: K) -> Self {
        Self { kernel }
    }

    /// See [`exists`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn exists(&self, path: impl AsRef<Path>) -> Result<bool> {
        terminated(path.as_ref(), |path| match names::stat(&self.kernel, path) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(Error::os("statx", errno)),
        })
    }

    /// See [`size`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn size(&self, path: impl AsRef<Path>) -> Result<u64> {
        let path = path.as_ref();
        let stat = terminated(path, |path| {
            names::stat(&self.kernel, path).map_err(|errno| Error::os("statx", errno))
        })?;
        if stat.is_block_device() {
            return OpenOptions::new().read(true).open_on(self.kernel.clone(), path)?.size();
        }
        Ok(stat.size)
    }

    /// See [`mkdir`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn mkdir(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match self.make(path) {
            Err(Errno::NOENT) if path.parent().is_some_and(|parent| !parent.as_os_str().is_empty()) => {
                self.mkdir(directory::of(path))?;
                self.make(path).or_else(|errno| self.is_there(path, errno))
            }
            Err(errno) => self.is_there(path, errno),
            Ok(()) => Ok(()),
        }
        .map_err(|errno| Error::os("mkdir", errno))
    }

    fn make(&self, path: &Path) -> Result<(), Errno> {
        let made = terminated(path, |path| names::make_dir(&self.kernel, path, 0o777));
        made.map_err(|error| error.errno().unwrap_or(Errno::INVAL))
    }

    /// Passes `errno` on unless the directory is there.
    fn is_there(&self, path: &Path, errno: Errno) -> Result<(), Errno> {
        // Some systems say of the root that they cannot, rather than that it is there.
        let stat = terminated(path, |path| {
            names::stat(&self.kernel, path).map_err(|errno| Error::os("statx", errno))
        });
        if stat.is_ok_and(|stat| stat.is_dir()) { Ok(()) } else { Err(errno) }
    }

    /// See [`rename`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
        terminated(from.as_ref(), |from| {
            terminated(to.as_ref(), |to| names::rename(&self.kernel, from, to, RenameFlags::NONE))
        })
    }

    /// See [`remove`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn remove(&self, path: impl AsRef<Path>) -> Result<()> {
        self.unlink(path.as_ref(), UnlinkFlags::NONE)
    }

    /// See [`remove_dir`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn remove_dir(&self, path: impl AsRef<Path>) -> Result<()> {
        self.unlink(path.as_ref(), UnlinkFlags::REMOVE_DIR)
    }

    fn unlink(&self, path: &Path, flags: UnlinkFlags) -> Result<()> {
        terminated(path, |path| {
            names::unlink(&self.kernel, path, flags).map_err(|errno| Error::os("unlink", errno))
        })
    }

    /// See [`sync_dir`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn sync_dir(&self, path: impl AsRef<Path>) -> Result<()> {
        directory::sync(self.kernel.clone(), path.as_ref())
    }
}

/// Whether there is something of that name. A symbolic link counts if it leads somewhere.
///
/// # Errors
///
/// The kernel's: it may not be allowed to look.
///
/// ```
/// assert!(!bareio::fs::exists("no/such/file")?);
/// # Ok::<(), bareio::Error>(())
/// ```
pub fn exists(path: impl AsRef<Path>) -> Result<bool> {
    Fs::new().exists(path)
}

/// The size of a file in bytes, or of a block device.
///
/// # Errors
///
/// The kernel's.
///
/// ```
/// assert!(bareio::fs::size("Cargo.toml")? > 100);
/// # Ok::<(), bareio::Error>(())
/// ```
pub fn size(path: impl AsRef<Path>) -> Result<u64> {
    Fs::new().size(path)
}

/// Makes a directory, and those above it that are missing. One that is there is fine.
///
/// The names are durable once the directories above are flushed: [`sync_dir`].
///
/// # Errors
///
/// The kernel's. `EXIST`: there is something of that name that is no directory.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let deep = folder.path().join("one/two/three");
/// bareio::fs::mkdir(&deep)?;
/// bareio::fs::mkdir(&deep)?;
/// assert!(deep.is_dir());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn mkdir(path: impl AsRef<Path>) -> Result<()> {
    Fs::new().mkdir(path)
}

/// The regular files in a directory, in no order, each with the path of the directory before its name. Directories,
/// links, devices and the like are left out.
///
/// # Errors
///
/// The kernel's.
///
/// ```
/// let files = bareio::fs::ls("src")?;
/// assert!(files.contains(&std::path::PathBuf::from("src/lib.rs")));
/// # Ok::<(), bareio::Error>(())
/// ```
pub fn ls(path: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    Fs::new().ls(path)
}

/// Renames a file or a directory. What has the new name is replaced, at one stroke: nobody sees neither.
///
/// The change is durable once the directory, or both, are flushed: [`sync_dir`].
///
/// # Errors
///
/// The kernel's.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (from, to) = (folder.path().join("from"), folder.path().join("to"));
/// std::fs::write(&from, "bytes")?;
/// bareio::fs::rename(&from, &to)?;
/// assert!(to.exists() && !from.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
    Fs::new().rename(from, to)
}

/// Removes a file. Who has it open still reads and writes it.
///
/// # Errors
///
/// The kernel's. `NOENT`: there is none. `ISDIR`: it is a directory; see [`remove_dir`].
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("file");
/// std::fs::write(&path, "bytes")?;
/// bareio::fs::remove(&path)?;
/// assert!(bareio::fs::remove(&path).unwrap_err().is_not_found());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn remove(path: impl AsRef<Path>) -> Result<()> {
    Fs::new().remove(path)
}

/// Removes an empty directory.
///
/// # Errors
///
/// The kernel's. `NOTEMPTY`: it is not.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("empty");
/// bareio::fs::mkdir(&path)?;
/// bareio::fs::remove_dir(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn remove_dir(path: impl AsRef<Path>) -> Result<()> {
    Fs::new().remove_dir(path)
}

/// Flushes a directory, so that the names in it are durable: those that were made, renamed and removed. On Windows it
/// does nothing, since the system offers nothing of the kind.
///
/// # Errors
///
/// The kernel's.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// bareio::fs::sync_dir(folder.path())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sync_dir(path: impl AsRef<Path>) -> Result<()> {
    Fs::new().sync_dir(path)
}

/// All bytes of a file.
///
/// With direct I/O they come from the device, whatever the page cache has.
///
/// # Errors
///
/// - [`Unsupported`](crate::ErrorKind::Unsupported): [`Direct::Required`], and the file cannot do it.
/// - [`Alloc`](crate::ErrorKind::Alloc): there is no memory for it.
/// - The kernel's.
///
/// ```
/// use bareio::{file::Direct, fs};
/// assert!(fs::read_file("Cargo.toml", Direct::Preferred)?.starts_with(b"[package]"));
/// # Ok::<(), bareio::Error>(())
/// ```
pub fn read_file(path: impl AsRef<Path>, direct: Direct) -> Result<Vec<u8>> {
    Fs::new().read_file(path, direct)
}

/// Replaces a file by one with these bytes, or makes one: whenever the power fails or an error comes, there is the old
/// file or the new one, whole. When this returns, it is the new one, durably.
///
/// The bytes go to a temporary file beside it, which is flushed, renamed and made durable by flushing the directory.
/// That is another file: other links to the old one keep the old bytes, and so does whoever has it open; a symbolic link is
/// replaced and not followed; and its permissions are those of the old file, less the process's mask. What a power cut leaves behind of temporary files is named `.bareio-*.tmp`.
///
/// # Errors
///
/// - [`Unsupported`](crate::ErrorKind::Unsupported): [`Direct::Required`], and the file system cannot do it.
/// - The kernel's. The old file is there; or, if it was flushing the directory that failed, the new one, and a power cut may bring
///   back the old.
///
/// ```
/// use bareio::{file::Direct, fs};
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("settings");
/// fs::write_file(&path, b"of any length", Direct::Preferred)?;
/// assert_eq!(fs::size(&path)?, 13);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_file(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>, direct: Direct) -> Result<()> {
    Fs::new().write_file(path, bytes, direct)
}
