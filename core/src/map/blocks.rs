//! Many equal, aligned blocks in one region.

use core::iter::FusedIterator;
use core::ops::Range;

use crate::align::{Align, Overflow};

/// Equal blocks, end to end, in a region that begins on their boundary.
///
/// Arithmetic only: it holds no memory. A block's size is rounded up to its alignment, so that every block
/// begins on the boundary if the region does.
///
/// ```
/// use bareio_core::{Align, Linux, Mapping, map::Blocks};
///
/// let len = Blocks::region_len(3000, Align::KIB_4, 16)?;
/// let mut memory = Mapping::new(Linux, len)?;
/// let blocks = Blocks::new(memory.len(), 3000, Align::KIB_4)?;
/// assert_eq!((blocks.count(), blocks.len()), (16, 4096));
/// let third = blocks.range(2).ok_or("there are 16")?;
/// memory.as_mut_slice()[third].fill(1);
/// assert_eq!(blocks.index_of(8192), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Bytes from one block to the next, never 0.
    len: usize,
    /// `count * len` fits an `isize`.
    count: usize,
}

impl Blocks {
    /// As many blocks of at least `len` bytes, each aligned to `align`, as fit into `region_len` bytes. A block
    /// of 0 bytes is taken as one of 1.
    ///
    /// # Errors
    ///
    /// [`Overflow`] if `len`, rounded up, or `region_len` is above `isize::MAX`.
    pub const fn new(region_len: usize, len: usize, align: Align) -> Result<Self, Overflow> {
        match Self::stride(len, align) {
            Ok(len) if region_len <= isize::MAX as usize => Ok(Self { len, count: region_len / len }),
            _ => Err(Overflow),
        }
    }

    /// The bytes that `count` blocks of at least `len` bytes take, each aligned to `align`.
    ///
    /// # Errors
    ///
    /// [`Overflow`] if that is above `isize::MAX`.
    pub const fn region_len(len: usize, align: Align, count: usize) -> Result<usize, Overflow> {
        match Self::stride(len, align) {
            Ok(len) => match len.checked_mul(count) {
                Some(total) if total <= isize::MAX as usize => Ok(total),
                _ => Err(Overflow),
            },
            Err(overflow) => Err(overflow),
        }
    }

    const fn stride(len: usize, align: Align) -> Result<usize, Overflow> {
        align.ceil_len(if len == 0 { 1 } else { len })
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The size of one in bytes, rounding included.
    #[expect(clippy::len_without_is_empty, reason = "a size, not a number of elements, and never 0")]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// The bytes of block `index`, counted from the region's first, or `None` if there are not so many blocks.
    pub const fn range(&self, index: usize) -> Option<Range<usize>> {
        if index >= self.count {
            return None;
        }
        // Cannot wrap: `count` of them fit the region.
        let start = index * self.len;
        Some(start..start + self.len)
    }

    /// The block that begins `offset` bytes into the region, or `None` if none begins there.
    pub const fn index_of(&self, offset: usize) -> Option<usize> {
        let index = offset / self.len;
        if index < self.count && offset.is_multiple_of(self.len) { Some(index) } else { None }
    }

    /// The ranges of all blocks, in order.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = Range<usize>> + ExactSizeIterator + FusedIterator + use<> {
        let len = self.len;
        (0..self.count).map(move |index| index * len..(index + 1) * len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_tile_the_region_without_overlap_and_without_a_part_of_one() {
        let blocks = Blocks::new(10_000, 100, Align::B_512).unwrap();
        assert_eq!((blocks.len(), blocks.count()), (512, 19));
        assert_eq!(blocks.iter().len(), 19);
        for (index, range) in blocks.iter().enumerate() {
            assert_eq!(blocks.range(index), Some(range.clone()));
            assert_eq!(blocks.index_of(range.start), Some(index));
            assert_eq!(blocks.index_of(range.start + 1), None);
        }
        assert_eq!(blocks.range(18), Some(9216..9728));
        assert_eq!(blocks.range(19), None);
        assert_eq!(blocks.index_of(9728), None);
    }

    #[test]
    fn edges_of_size_and_count() {
        assert_eq!(Blocks::new(8, 0, Align::BYTE).map(|blocks| (blocks.len(), blocks.count())), Ok((1, 8)));
        assert_eq!(Blocks::new(4095, 1, Align::KIB_4).map(|blocks| blocks.count()), Ok(0));
        assert_eq!(Blocks::new(4096, isize::MAX as usize, Align::KIB_4), Err(Overflow));
        assert_eq!(Blocks::new(usize::MAX, 1, Align::BYTE), Err(Overflow));
        assert_eq!(Blocks::region_len(1, Align::KIB_4, 3), Ok(12_288));
        assert_eq!(Blocks::region_len(1, Align::KIB_4, usize::MAX), Err(Overflow));
        assert_eq!(Blocks::region_len(1, Align::KIB_4, 0), Ok(0));
        assert_eq!(Blocks::region_len(1, Align::KIB_4, 1 << 51), Err(Overflow));
    }
}
