//! Calls on names, seen from the working directory.
#![expect(
    unsafe_code,
    reason = "the calls of a kernel take a directory as a number; the working directory is open always"
)]

use std::ffi::CStr;

use bareio_core::abi::Statx;
use bareio_core::kernel::{RenameFlags, UnlinkFlags};
use bareio_core::{Errno, Fd, Kernel};

use crate::error::{Error, Result};

use super::descriptor::{Descriptor, uninterrupted};

/// What is known of `path`.
pub(crate) fn stat<K: Kernel>(kernel: &K, path: &CStr) -> Result<Statx, Errno> {
    if path.is_empty() {
        // To the call, that would be the directory itself.
        return Err(Errno::NOENT);
    }
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

/// Renames `from` to `to`.
pub(crate) fn rename<K: Kernel>(kernel: &K, from: &CStr, to: &CStr, flags: RenameFlags) -> Result<()> {
    // SAFETY: the working directory is open always.
    uninterrupted(|| unsafe { kernel.rename_at(Fd::CWD, from, Fd::CWD, to, flags) })
        .map_err(|errno| Error::os("rename", errno))
}

/// Makes the directory `path`.
pub(crate) fn make_dir<K: Kernel>(kernel: &K, path: &CStr, mode: u32) -> Result<()> {
    // SAFETY: the working directory is open always.
    uninterrupted(|| unsafe { kernel.make_dir_at(Fd::CWD, path, mode) })
        .map_err(|errno| Error::os("mkdir", errno))
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
