//! What holds on every way.

pub(crate) mod chains;
pub(crate) mod files;
pub(crate) mod nothing;
pub(crate) mod refused;
pub(crate) mod whole;

use bareio::batch::{Lend, Lent};
use bareio::core::Kernel;
use bareio::{Error, File};

/// A file, lent.
pub(crate) fn lend<K: Kernel>(file: &File<K>) -> Lent<'_> {
    Lend::<K>::lend(file)
}

/// Index and text of an error.
pub(crate) fn told(error: Error) -> (Option<u32>, String) {
    (error.index(), error.to_string())
}
