//! How a file is opened.

use std::path::Path;

use bareio_core::Kernel;
use bareio_core::kernel::OpenFlags;

use super::{Direct, File, Sync, directory, opening};
use crate::error::Result;
use crate::host::{NATIVE, Native};

/// How a file is opened: as the standard library's, with direct I/O and flushing beside it.
///
/// ```
/// use bareio::file::{Direct, OpenOptions, Sync};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("data");
/// let file = OpenOptions::new()
///     .read(true)
///     .write(true)
///     .create(true)
///     .direct(Direct::Preferred)
///     .sync(Sync::Data)
///     .open(&path)?;
/// assert_eq!(file.sync_mode(), Sync::Data);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct OpenOptions {
    pub(super) flags: OpenFlags,
    pub(super) direct: Direct,
    pub(super) mode: u32,
    pub(super) sync_dir: bool,
}

impl OpenOptions {
    /// Nothing is allowed yet: say at least [`read`](Self::read) or [`write`](Self::write).
    pub const fn new() -> Self {
        Self { flags: OpenFlags::NONE, direct: Direct::Off, mode: 0o666, sync_dir: false }
    }

    /// As [`File::open_wal`] opens: read and written, made if it is not there, each write durable when it returns, and its
    /// name as well.
    pub const fn wal(direct: Direct) -> Self {
        Self::new().read(true).write(true).create(true).sync(Sync::Data).sync_dir(true).direct(direct)
    }

    const fn set(mut self, flag: OpenFlags, wanted: bool) -> Self {
        self.flags = if wanted { self.flags.with(flag) } else { self.flags.without(flag) };
        self
    }

    /// Sets whether it can be read.
    pub const fn read(self, wanted: bool) -> Self {
        self.set(OpenFlags::READ, wanted)
    }

    /// Sets whether it can be written.
    pub const fn write(self, wanted: bool) -> Self {
        self.set(OpenFlags::WRITE, wanted)
    }

    /// Sets whether every write goes to the end of the file, wherever that is then; it implies
    /// [`write`](Self::write). Positioned writes to such a file are refused, since Linux ignores their offset.
    pub const fn append(self, wanted: bool) -> Self {
        let this = self.set(OpenFlags::APPEND, wanted);
        if wanted { this.write(true) } else { this }
    }

    /// Sets whether it is emptied.
    pub const fn truncate(self, wanted: bool) -> Self {
        self.set(OpenFlags::TRUNCATE, wanted)
    }

    /// Sets whether it is made if it is not there. Its name is durable once the directory is flushed:
    /// [`sync_dir`](Self::sync_dir).
    pub const fn create(self, wanted: bool) -> Self {
        self.set(OpenFlags::CREATE, wanted)
    }

    /// Sets whether it is made now, and is an error if it is there.
    pub const fn create_new(self, wanted: bool) -> Self {
        let this = self.set(OpenFlags::EXCLUSIVE, wanted);
        if wanted { this.create(true) } else { this }
    }

    /// Sets whether it is read and written past the page cache. [`Direct::Off`] otherwise.
    pub const fn direct(mut self, direct: Direct) -> Self {
        self.direct = direct;
        self
    }

    /// Sets whether each write is durable when it returns. [`Sync::None`] otherwise.
    pub const fn sync(self, sync: Sync) -> Self {
        let this = self.set(OpenFlags::DATA_SYNC.with(OpenFlags::SYNC), false);
        match sync {
            Sync::None => this,
            Sync::Data => this.set(OpenFlags::DATA_SYNC, true),
            Sync::All => this.set(OpenFlags::SYNC, true),
        }
    }

    /// Sets whether its directory is flushed, so that its name is durable when it is open. It is not otherwise.
    pub const fn sync_dir(mut self, wanted: bool) -> Self {
        self.sync_dir = wanted;
        self
    }

    /// Sets the permissions of a file that is made, less the process's mask. `0o666` otherwise.
    pub const fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// With which flags, direct I/O aside.
    pub(crate) const fn flags(&self) -> OpenFlags {
        self.flags
    }

    pub(crate) const fn is_dir_flushed(&self) -> bool {
        self.sync_dir
    }

    pub(crate) const fn permissions(&self) -> u32 {
        self.mode
    }

    pub(crate) const fn direct_mode(&self) -> Direct {
        self.direct
    }

    /// Opens the file at `path`.
    ///
    /// It asks once, here, what the file is, what its offsets mean, and what direct I/O needs; no read or write asks
    /// again.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported): [`Direct::Required`], and the file cannot do it.
    /// - The kernel's.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File<Native>> {
        self.open_on(NATIVE, path.as_ref())
    }

    /// As [`open`](Self::open), on another kernel.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    #[cfg(feature = "sim")]
    pub fn open_with_kernel<K: Kernel + Clone>(&self, kernel: K, path: impl AsRef<Path>) -> Result<File<K>> {
        self.open_on(kernel, path.as_ref())
    }

    /// The same, whatever the features are.
    pub(crate) fn open_on<K: Kernel + Clone>(&self, kernel: K, path: &Path) -> Result<File<K>> {
        let file = opening::open(kernel, path, self)?;
        if self.sync_dir {
            directory::sync(file.kernel().clone(), directory::of(path))?;
        }
        Ok(file)
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}
