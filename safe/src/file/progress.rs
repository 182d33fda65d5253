//! How transfers go on that take several calls.

use bareio_core::{Align, Kernel};

use super::File;
use super::transfer::{short_read, short_write};
use crate::error::Result;

/// How often in a row a call may get no further, for having been cut within a block, before it is given up.
const PATIENCE: u32 = 64;

/// A read that is to be whole.
///
/// A call begins on the grid, so after one that was cut within a block, that block is read again.
pub(super) struct Filling {
    wanted: usize,
    got: usize,
    next: usize,
    stalls: u32,
    ended: bool,
}

impl Filling {
    pub(super) const fn new(wanted: usize) -> Self {
        Self { wanted, got: 0, next: 0, stalls: 0, ended: false }
    }

    /// Where the next call begins, unless there is none.
    pub(super) const fn next(&self) -> Option<usize> {
        if self.ended || self.got == self.wanted { None } else { Some(self.next) }
    }

    /// How many bytes are there.
    pub(super) const fn got(&self) -> usize {
        self.got
    }

    /// A call has read `count` bytes; the whole began at `offset` of the file.
    pub(super) fn add<K: Kernel>(&mut self, file: &File<K>, offset: u64, count: usize) {
        let (align, position) = (file.align(), self.next + count);
        self.stalls = if position > self.got { 0 } else { self.stalls + 1 };
        self.got = self.got.max(position);
        self.next = self.got & !(align.block().len() - 1);
        self.ended = count == 0
            || self.stalls > PATIENCE
            || (self.next < self.got && self.got < self.wanted && {
                // Off a grid that the kernel has told, there is only the end of the file. Else the file must say.
                let certain = file.0.facts.told && !align.read_offset.divides(count as u64);
                certain || file.size().map_or(true, |size| offset + self.got as u64 >= size)
            });
    }

    /// # Errors
    ///
    /// [`ShortRead`](crate::ErrorKind::ShortRead), unless all is there.
    pub(super) fn check(&self) -> Result<()> {
        if self.got == self.wanted { Ok(()) } else { Err(short_read(self.wanted, self.got)) }
    }
}

/// A write that is to be whole.
///
/// A call begins on the grid, so after one that was cut within a block, that block is written again.
pub(super) struct Draining {
    len: usize,
    done: usize,
    block: Align,
    stalls: u32,
}

impl Draining {
    pub(super) const fn new(len: usize, block: Align) -> Self {
        Self { len, done: 0, block, stalls: 0 }
    }

    /// Where the next call begins, unless there is none.
    pub(super) const fn next(&self) -> Option<usize> {
        if self.done < self.len { Some(self.done) } else { None }
    }

    /// A call has written `count` bytes.
    ///
    /// # Errors
    ///
    /// [`ShortWrite`](crate::ErrorKind::ShortWrite), if it gets no further. Most often the next call says why; this is when it does not.
    pub(super) fn add(&mut self, count: usize) -> Result<()> {
        let now = self.done + count;
        let next = if now >= self.len { self.len } else { now & !(self.block.len() - 1) };
        self.stalls = if next > self.done { 0 } else { self.stalls + 1 };
        if count == 0 || self.stalls > PATIENCE {
            return Err(short_write(self.len, now));
        }
        self.done = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_write_goes_on_at_the_block_that_was_not_finished() {
        let mut draining = Draining::new(2048, Align::B_512);
        for (count, next) in [(700, Some(512)), (1024, Some(1536)), (100, Some(1536)), (512, None)] {
            draining.add(count).unwrap();
            assert_eq!(draining.next(), next);
        }
        let mut bytes = Draining::new(2048, Align::BYTE);
        bytes.add(700).unwrap();
        assert_eq!(bytes.next(), Some(700));
        assert_eq!(bytes.add(0), Err(short_write(2048, 700)));
    }

    #[test]
    fn a_write_that_never_finishes_a_block_is_given_up() {
        let mut draining = Draining::new(2048, Align::B_512);
        draining.add(512).unwrap();
        let given_up = std::iter::repeat_with(|| draining.add(100)).take(1000).find_map(Result::err);
        assert_eq!(given_up, Some(short_write(2048, 612)));
    }
}
