//! Making what was written durable.

use std::os::fd::AsFd;

use super::{EXPLICIT_SYNC_NEEDED, Sync, call, granted};
use crate::{Result, native};

/// Flushes what was written to `file`, and what reading it back needs, its size included; not its times.
///
/// After an error, what was written may be lost, and **a second flush will not say so**: Linux marks the pages clean
/// and forgets. Write it again, to a file opened anew.
///
/// On macOS this is [`sync_all`], for nothing less reaches the medium.
///
/// # Errors
///
/// [`Os`](crate::ErrorKind::Os): the system's. `EIO`, `ENOSPC` and `EDQUOT` speak of earlier writes.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// let mut file = tempfile::tempfile()?;
/// file.write_all(b"a record")?;
/// bareio::fd::sync_data(&file)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `fdatasync(2)`; macOS `F_FULLFSYNC`.
pub fn sync_data(file: impl AsFd) -> Result<()> {
    call("fdatasync", || native::sync_data(file.as_fd()))
}

/// Flushes what was written to `file`, and all that is known of it. A directory's names are flushed by this too.
///
/// # Errors
///
/// As [`sync_data`].
///
/// # Examples
///
/// ```
/// let directory = tempfile::tempdir()?;
/// std::fs::write(directory.path().join("new"), b"")?;
/// // The name is durable only when its directory is.
/// bareio::fd::sync_all(std::fs::File::open(directory.path())?)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `fsync(2)`; macOS `F_FULLFSYNC`, and `fsync` where the file system does not know it.
pub fn sync_all(file: impl AsFd) -> Result<()> {
    call("fsync", || native::sync_all(file.as_fd()))
}

/// Flushes what was written to `file` unless it was opened so that each write is flushed, where that suffices.
///
/// So a program writes the same lines whichever way the file was opened. It costs a question to the descriptor; where
/// [`EXPLICIT_SYNC_NEEDED`], it is [`sync_data`].
///
/// # Errors
///
/// As [`sync_data`].
///
/// # Examples
///
/// ```
/// use bareio::fd::{OpenOptions, Sync, open, pwrite_all, sync_as_opened};
///
/// let directory = tempfile::tempdir()?;
/// let log = open(directory.path().join("log"), &OpenOptions::new().write().create().sync(Sync::Data))?;
/// pwrite_all(&log, b"flushed when this returns", 0, &log.access()?)?;
/// sync_as_opened(&log)?; // nothing left to do, on Linux
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sync_as_opened(file: impl AsFd) -> Result<()> {
    if !EXPLICIT_SYNC_NEEDED && granted(&file)?.sync != Sync::None {
        return Ok(());
    }
    sync_data(file)
}
