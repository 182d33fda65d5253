//! Calls on names, seen from the working directory.
#![expect(
    unsafe_code,
    reason = "the calls of a kernel take a directory as a number; the working directory is open always"
)]

use std::ffi::CStr;

use bareio_core::abi::Statx;
use bareio_core::kernel::UnlinkFlags;
use bareio_core::{Errno, Fd, Kernel};

use super::descriptor::{Descriptor, uninterrupted};

/// What is known of `path`.
pub(crate) fn stat<K: Kernel>(kernel: &K, path: &CStr) -> Result<Statx, Errno> {
    let mut stat = Statx::default();
    // SAFETY: the working directory is open always.
    uninterrupted(|| unsafe { kernel.stat(Fd::CWD, path, Statx::BASIC_STATS, &mut stat) })?;
    Ok(stat)
}

/// Removes the name `path`.
pub(crate) fn unlink<K: Kernel>(kernel: &K, path: &CStr, flags: UnlinkFlags) -> Result<(), Errno> {
    // SAFETY: the working directory is open always.
    uninterrupted(|| unsafe { kernel.unlink_at(Fd::CWD, path, flags) })
}

/// Removes `path` again, if it still leads to `file`, which was made just now.
pub(crate) fn remove<K: Kernel>(kernel: &K, path: &CStr, file: &Descriptor<K>) {
    let ours = match (stat(kernel, path), file.stat(Statx::BASIC_STATS)) {
        (Ok(named), Ok(made)) => named.is_same_file(&made),
        _ => false,
    };
    if ours {
        // What is said of it is beside the error that made it necessary.
        let _ = unlink(kernel, path, UnlinkFlags::NONE);
    }
}
