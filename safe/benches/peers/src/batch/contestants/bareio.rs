//! bareio: a batcher for each backend, and `pread_batch` or `pwrite_batch` on a bare descriptor, which it asks in every batch
//! what its offsets mean.

use bareio::batch::{Backend, Batcher};

use super::super::fixture::{BLOCK_LEN, Fixture};
use super::super::{Contestant, What};

pub(super) struct Auto(Batcher);
pub(super) struct IoUring(Batcher);
pub(super) struct Posix(Batcher);

fn run(batcher: &mut Batcher, fixture: &mut Fixture, what: What) -> Result<(), String> {
    let Fixture { file, memory, offsets, .. } = fixture;
    let (file, offsets) = (&*file, offsets.iter().copied());
    let outcome = match what {
        What::Read => batcher.pread_batch(file, memory.as_mut_slice().chunks_mut(BLOCK_LEN).zip(offsets)),
        What::Write => batcher.pwrite_batch(file, memory.as_slice().chunks(BLOCK_LEN).zip(offsets)),
    };
    outcome.map_err(|error| error.to_string())
}

macro_rules! contestant {
    ($type:ident, $backend:expr) => {
        impl Contestant for $type {
            fn open() -> Result<Self, String> {
                Batcher::new($backend).map(Self).map_err(|error| error.to_string())
            }

            fn run(&mut self, fixture: &mut Fixture, what: What) -> Result<(), String> {
                run(&mut self.0, fixture, what)
            }
        }
    };
}

contestant!(Auto, Backend::Auto);
contestant!(IoUring, Backend::IO_URING);
contestant!(Posix, Backend::Posix);
