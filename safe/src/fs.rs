//! Names of files.

use std::path::Path;

use crate::error::Result;
use crate::file::OpenOptions;

/// Flushes the directory `path`, so that the names in it are durable.
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
    OpenOptions::new().read(true).open(path)?.sync_all()
}
