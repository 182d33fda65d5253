//! What is in a directory.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use bareio_core::{Errno, Kernel};

use super::Fs;
use crate::error::{Error, Result};
use crate::host::Native;

impl<K: Kernel + Clone + 'static> Fs<K> {
    /// See [`ls`](super::ls).
    ///
    /// # Errors
    ///
    /// As there. A kernel that is not this host's cannot list.
    pub fn ls(&self, path: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        if TypeId::of::<K>() != TypeId::of::<Native>() {
            return Err(Error::os("getdents", Errno::NOSYS));
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            match entry.file_type() {
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                Ok(_) => {}
                // It was removed meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(files)
    }
}
