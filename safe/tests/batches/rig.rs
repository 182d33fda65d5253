//! What these tests share.

use bareio::File;
use bareio::batch::{Backend, Batcher};
use bareio::core::sim::Sim;
use bareio::file::OpenOptions;

/// How many seeds each claim is tried with.
pub(crate) const SEEDS: u64 = if cfg!(miri) { 2 } else { 60 };

pub(crate) const RING: Backend = Backend::IoUring { depth: 8 };

pub(crate) fn batcher(sim: &Sim, backend: Backend) -> Batcher<Sim> {
    Batcher::with_kernel(sim.clone(), backend).expect("a batcher")
}

/// A file to be read and written, made if it is not there.
pub(crate) fn file(sim: &Sim, name: &str) -> File<Sim> {
    let options = OpenOptions::new().read(true).write(true).create(true);
    options.open_with_kernel(sim.clone(), name).expect("a file")
}

/// `len` bytes that are no others'.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).expect("below 251")).collect()
}
