//! The directory of a file, which holds its name.

use std::path::Path;

use bareio_core::kernel::OpenFlags;
use bareio_core::{Errno, Kernel};

use super::descriptor::Descriptor;
use super::path::terminated;
use crate::error::{Error, Result};

/// The directory that holds `path`.
pub(crate) fn of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        // A bare name lies in the working directory; and the root in itself.
        _ if path.has_root() => path,
        _ => Path::new("."),
    }
}

/// Flushes the names in `path`.
pub(crate) fn sync<K: Kernel>(kernel: K, path: &Path) -> Result<()> {
    if cfg!(windows) {
        // The system offers nothing of the kind.
        return Ok(());
    }
    let directory =
        terminated(path, |path| Descriptor::open(kernel, path, OpenFlags::READ | OpenFlags::DIRECTORY, 0))?;
    match directory.sync_all() {
        // Some file systems have nothing to flush there.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(errno) => Err(Error::os("fsync", errno)),
    }
}
