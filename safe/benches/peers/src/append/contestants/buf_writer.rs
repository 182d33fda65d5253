//! The standard library's `BufWriter`, flushed behind each batch: as it is by default, with 8 KiB, and with room for the
//! longest batch.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use super::super::{Append, EVENT_LEN};
use crate::case::LeftOut;

/// With room for `CAPACITY` bytes.
pub(super) struct Buffered<const CAPACITY: usize>(BufWriter<File>);

/// What `BufWriter::new` has.
pub(super) const DEFAULT: usize = 8 << 10;
/// More than the longest batch.
pub(super) const LARGE: usize = 1025 * EVENT_LEN;

impl<const CAPACITY: usize> Append for Buffered<CAPACITY> {
    fn new(file: File) -> Result<Self, LeftOut> {
        Ok(Self(BufWriter::with_capacity(CAPACITY, file)))
    }

    fn append(&mut self, events: &[[u8; EVENT_LEN]]) {
        for event in events {
            self.0.write_all(event).expect("the disk is not full");
        }
        self.0.flush().expect("the disk is not full");
    }

    fn rewind(&mut self) {
        self.0.get_ref().set_len(0).expect("it is ours");
        self.0.rewind().expect("it is a file");
    }
}
