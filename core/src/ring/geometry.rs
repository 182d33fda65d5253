//! Where everything is in a ring's memory, checked once.
//!
//! The kernel answers a set-up with byte offsets. They are copied and checked here, before anything is cast to
//! a pointer, and never read back from the shared memory.

use crate::abi::{Cqe, Params, SetupFlags, Sqe};
use crate::errno::{Errno, Result};

/// The most entries that Linux grants, `IORING_MAX_ENTRIES`.
pub(super) const MAX_ENTRIES: u32 = 32768;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub sq_entries: u32,
    pub cq_entries: u32,
    pub sq_head: usize,
    pub sq_tail: usize,
    pub sq_flags: usize,
    /// The array of indices, where there is one.
    pub sq_array: Option<usize>,
    pub cq_head: usize,
    pub cq_tail: usize,
    pub cq_overflow: usize,
    pub cqes: usize,
    /// The length of the submission ring's mapping, in bytes; in a single mapping, of both.
    pub sq_len: usize,
    /// The length of the completion ring's mapping, in bytes.
    pub cq_len: usize,
    /// The length of the entries' mapping, in bytes.
    pub sqes_len: usize,
}

impl Geometry {
    /// # Errors
    ///
    /// `INVAL` if the answer makes no sense: sizes that are no powers of two or out of range, or a part that
    /// is not aligned.
    pub(super) fn new(params: &Params) -> Result<Self> {
        let sane = |entries: u32, most: u32| entries.is_power_of_two() && entries <= most;
        if !sane(params.sq_entries, MAX_ENTRIES) || !sane(params.cq_entries, 2 * MAX_ENTRIES) {
            return Err(Errno::INVAL);
        }
        let (sq, cq) = (&params.sq_off, &params.cq_off);
        let with_array = !params.flags.contains(SetupFlags::NO_SQARRAY);
        let mut sq_extent = Extent::default();
        let mut cq_extent = Extent::default();
        Ok(Self {
            sq_entries: params.sq_entries,
            cq_entries: params.cq_entries,
            sq_head: sq_extent.word(sq.head)?,
            sq_tail: sq_extent.word(sq.tail)?,
            sq_flags: sq_extent.word(sq.flags)?,
            sq_array: if with_array {
                Some(sq_extent.part(sq.array, params.sq_entries, size_of::<u32>(), align_of::<u32>())?)
            } else {
                None
            },
            cq_head: cq_extent.word(cq.head)?,
            cq_tail: cq_extent.word(cq.tail)?,
            cq_overflow: cq_extent.word(cq.overflow)?,
            cqes: cq_extent.part(cq.cqes, params.cq_entries, size_of::<Cqe>(), align_of::<Cqe>())?,
            sq_len: sq_extent.0,
            cq_len: cq_extent.0,
            sqes_len: params.sq_entries as usize * size_of::<Sqe>(),
        })
    }
}

/// How far a mapping must reach, in bytes.
#[derive(Default)]
struct Extent(usize);

impl Extent {
    fn word(&mut self, offset: u32) -> Result<usize> {
        self.part(offset, 1, size_of::<u32>(), align_of::<u32>())
    }

    fn part(&mut self, offset: u32, count: u32, size: usize, align: usize) -> Result<usize> {
        let offset = offset as usize;
        if !offset.is_multiple_of(align) {
            return Err(Errno::INVAL);
        }
        // No overflow: an offset below 2³² and at most 2²⁰ bytes of entries, in a usize of 64 bits.
        self.0 = self.0.max(offset + count as usize * size);
        Ok(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux 6.1 answers for 8 entries.
    fn linux() -> Params {
        let mut params = Params { sq_entries: 8, cq_entries: 16, ..Params::default() };
        (params.sq_off.head, params.sq_off.tail, params.sq_off.flags) = (0, 64, 276);
        params.sq_off.array = 576;
        (params.cq_off.head, params.cq_off.tail, params.cq_off.overflow) = (128, 192, 284);
        params.cq_off.cqes = 320;
        params
    }

    #[test]
    fn lengths_reach_to_the_last_byte_of_the_last_part() {
        let geometry = Geometry::new(&linux()).unwrap();
        assert_eq!(geometry.sq_len, 576 + 8 * 4);
        assert_eq!(geometry.cq_len, 320 + 16 * 16);
        assert_eq!(geometry.sqes_len, 512);
    }

    #[test]
    fn garbled_answers_are_refused_before_anything_is_mapped() {
        let garble: [fn(&mut Params); 6] = [
            |params| params.sq_entries = 0,
            |params| params.sq_entries = 12,
            |params| params.cq_entries = u32::MAX,
            |params| params.sq_entries = 1 << 31,
            |params| params.cq_off.cqes = 321,
            |params| params.sq_off.tail = 66,
        ];
        for (index, garble) in garble.iter().enumerate() {
            let mut params = linux();
            garble(&mut params);
            assert_eq!(Geometry::new(&params), Err(Errno::INVAL), "case {index}");
        }
    }

    #[test]
    fn without_an_array_its_offset_means_nothing() {
        let mut params = linux();
        params.flags = SetupFlags::NO_SQARRAY;
        params.sq_off.array = 3;
        let geometry = Geometry::new(&params).unwrap();
        assert_eq!((geometry.sq_array, geometry.sq_len), (None, 280));
    }
}
