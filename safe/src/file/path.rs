//! Paths as the kernel takes them.

use std::ffi::{CStr, CString};
use std::path::Path;

use bareio_core::Errno;

use crate::error::{Error, Result};

/// How long a path may be to be passed on from the stack, its nul byte included.
const SHORT: usize = 384;

/// Calls `with` with `path` ending in a nul byte.
pub(crate) fn terminated<T>(path: &Path, with: impl FnOnce(&CStr) -> Result<T>) -> Result<T> {
    let bytes = bytes(path)?;
    let refused = Error::os("open", Errno::INVAL);
    if bytes.len() < SHORT {
        let mut room = [0_u8; SHORT];
        room[..bytes.len()].copy_from_slice(bytes);
        return with(CStr::from_bytes_with_nul(&room[..=bytes.len()]).map_err(|_| refused)?);
    }
    with(&CString::new(bytes).map_err(|_| refused)?)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere, not every path is one")]
fn bytes(path: &Path) -> Result<&[u8]> {
    Ok(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()))
}

#[cfg(not(unix))]
fn bytes(path: &Path) -> Result<&[u8]> {
    path.to_str().map(str::as_bytes).ok_or(Error::os("open", Errno::INVAL))
}
