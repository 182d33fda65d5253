//! `pread`, one at a time.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::super::{Block, Contestant, Fixture};

pub(super) struct Calls {
    file: File,
    fixture: Fixture,
    block: Block,
}

impl Contestant for Calls {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        if depth > 1 {
            return Err("one at a time".to_owned());
        }
        Ok(Self { file: fixture.file()?, fixture, block: Block::new() })
    }

    fn read(&mut self, count: u64) {
        for _ in 0..count {
            self.file.read_exact_at(self.block.bytes(), self.fixture.offset()).expect("a read");
        }
    }
}
