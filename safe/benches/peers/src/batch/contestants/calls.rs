//! The system's own calls, one after the other, by the standard library: `pread` and `pwrite`.

use std::os::unix::fs::FileExt;

use super::super::fixture::{BLOCK_LEN, Fixture};
use super::super::{Contestant, What};

pub(super) struct Calls;

impl Contestant for Calls {
    fn open() -> Result<Self, String> {
        Ok(Self)
    }

    fn run(&mut self, fixture: &mut Fixture, what: What) -> Result<(), String> {
        let Fixture { file, memory, offsets, .. } = fixture;
        for (block, &offset) in memory.as_mut_slice().chunks_mut(BLOCK_LEN).zip(&*offsets) {
            let done = match what {
                What::Read => file.read_exact_at(block, offset),
                What::Write => file.write_all_at(block, offset),
            };
            done.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
