//! What is in a directory.

use std::any::Any;
use std::path::{Path, PathBuf};

use bareio_core::{Errno, Kernel};

use super::Fs;
use crate::error::{Error, Result};
use crate::host::Native;

impl<K: Kernel + Clone + 'static> Fs<K> {
    /// See [`ls`](super::ls).
    ///
    /// Kernels have no call for it that all of them share: this host is asked by way of the standard library, and the
    /// kernel in memory by its own.
    ///
    /// # Errors
    ///
    /// As there. `NOSYS`: it is neither of these two kernels.
    pub fn ls(&self, path: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let kernel: &dyn Any = &self.kernel;
        let path = path.as_ref();
        #[cfg(feature = "sim")]
        if let Some(sim) = kernel.downcast_ref::<bareio_core::sim::Sim>() {
            let names = path.to_str().and_then(|path| sim.files(path));
            let names = names.ok_or(Error::os("getdents", Errno::NOENT))?;
            return Ok(names.into_iter().map(|name| path.join(name)).collect());
        }
        if kernel.is::<Native>() { list(path) } else { Err(Error::os("getdents", Errno::NOSYS)) }
    }
}

fn list(path: &Path) -> Result<Vec<PathBuf>> {
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
