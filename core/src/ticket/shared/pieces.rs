//! The memory for lists of pieces, made once.

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::iovec::IoVec;

/// How many pieces a block has: the least that a list takes.
pub(super) const BLOCK: usize = 16;
/// How many blocks there are at most.
pub(super) const BLOCKS: usize = 256;

/// Room for lists of pieces, in blocks, of which a list takes as many as it needs, side by side.
///
/// A bit for each block that is taken, and the first gap that is wide enough: lists live for the length of one write, so that there
/// is little to break the room up.
#[derive(Debug)]
pub(super) struct Pieces<'t> {
    first: NonNull<IoVec>,
    blocks: usize,
    taken: [u64; BLOCKS / 64],
    memory: PhantomData<&'t mut [IoVec]>,
}

// SAFETY: it has the memory exclusively, and what lies there may be sent.
unsafe impl Send for Pieces<'_> {}

impl<'t> Pieces<'t> {
    pub(super) fn new(memory: &'t mut [IoVec]) -> Self {
        let blocks = (memory.len() / BLOCK).min(BLOCKS);
        let first = NonNull::from(memory).cast();
        Self { first, blocks, taken: [0; BLOCKS / 64], memory: PhantomData }
    }

    const fn is_taken(&self, block: usize) -> bool {
        self.taken[block / 64] >> (block % 64) & 1 == 1
    }

    /// Takes room for `count` pieces, and says which block is its first.
    pub(super) fn take(&mut self, count: usize) -> Option<usize> {
        let wanted = count.div_ceil(BLOCK);
        let mut begin = 0;
        for block in 0..self.blocks {
            if self.is_taken(block) {
                begin = block + 1;
            } else if block + 1 - begin == wanted {
                for block in begin..=block {
                    self.taken[block / 64] |= 1 << (block % 64);
                }
                return Some(begin);
            }
        }
        None
    }

    /// Gives the room of a list back, which nobody uses any more.
    pub(super) fn put(&mut self, block: usize, count: usize) {
        for block in block..block + count.div_ceil(BLOCK) {
            debug_assert!(self.is_taken(block), "block {block} was given back before");
            self.taken[block / 64] &= !(1 << (block % 64));
        }
    }

    /// Writes a piece of the list that begins at `block`.
    ///
    /// # Safety
    ///
    /// The list is the caller's, has that many pieces, and nobody reads it yet.
    pub(super) unsafe fn set(&mut self, block: usize, at: usize, piece: IoVec) {
        // SAFETY: within what was taken, by the caller's word, and so within the memory.
        let place = unsafe { self.first.add(block * BLOCK + at) };
        // SAFETY: as above; the memory is ours, and nobody reads this part of it.
        unsafe { place.write(piece) };
    }

    /// The list that begins at `block`.
    ///
    /// # Safety
    ///
    /// The list is the caller's, has that many pieces, and is not written for as long as this is used.
    pub(super) unsafe fn list(&self, block: usize, count: usize) -> &'t [IoVec] {
        // SAFETY: within what was taken, by the caller's word, and so within the memory.
        let first = unsafe { self.first.add(block * BLOCK) };
        // SAFETY: as above; initialised, for it was a slice.
        unsafe { core::slice::from_raw_parts(first.as_ptr(), count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_lie_side_by_side_and_their_room_is_found_again() {
        let mut memory = [IoVec::EMPTY; 5 * BLOCK + 3];
        let mut pieces = Pieces::new(&mut memory);
        assert_eq!(pieces.take(1), Some(0));
        assert_eq!(pieces.take(BLOCK + 1), Some(1));
        assert_eq!(pieces.take(2 * BLOCK), Some(3));
        assert_eq!(pieces.take(1), None, "five blocks and a rest are five");
        pieces.put(0, 1);
        assert_eq!(pieces.take(BLOCK + 1), None, "the gap is one block wide");
        pieces.put(1, BLOCK + 1);
        assert_eq!(pieces.take(3 * BLOCK), Some(0));
    }

    #[test]
    fn room_for_1024_pieces_spans_words() {
        extern crate std;
        let mut memory = std::vec![IoVec::EMPTY; 130 * BLOCK];
        let mut pieces = Pieces::new(&mut memory);
        assert_eq!([pieces.take(1), pieces.take(1024), pieces.take(1024)], [Some(0), Some(1), Some(65)]);
        assert_eq!(pieces.take(17), None);
        pieces.put(1, 1024);
        assert_eq!(pieces.take(1024), Some(1));
    }
}
