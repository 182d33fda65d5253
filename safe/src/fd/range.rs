//! Ranges of bytes in a file, checked.

use std::ops::{Bound, Range, RangeBounds};

use bareio_core::op::OpError;

use crate::Result;

/// The largest offset that there is.
pub(super) const MAX: u64 = i64::MAX.unsigned_abs();

/// Where `range` begins and how many bytes it has, or `None` if it is empty.
pub(super) fn checked(range: &Range<u64>) -> Result<Option<(u64, u64)>> {
    if range.is_empty() {
        return Ok(None);
    }
    let (offset, len) = (range.start, range.end - range.start);
    if range.end > MAX {
        return Err(OpError::Range { offset, len }.into());
    }
    Ok(Some((offset, len)))
}

/// `offset`, or an error if the system would take it for a negative one.
pub(super) fn offset(offset: u64) -> Result<u64> {
    if offset > MAX { Err(OpError::Offset { offset }.into()) } else { Ok(offset) }
}

/// The range that `bounds` name. One without an end has its end at the largest offset.
pub(super) fn of(bounds: &impl RangeBounds<u64>) -> Range<u64> {
    let start = match bounds.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&start) => start.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match bounds.end_bound() {
        Bound::Included(&end) => end.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => MAX,
    };
    start..end
}

#[cfg(test)]
#[expect(clippy::reversed_empty_ranges, reason = "one of the cases")]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_range_is_empty_or_ends_at_the_largest_offset_at_most() {
        assert_eq!(checked(&(5..5)), Ok(None));
        assert_eq!(checked(&(6..5)), Ok(None));
        assert_eq!(checked(&(5..MAX)), Ok(Some((5, MAX - 5))));
        let error = checked(&(1..MAX + 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Operation(OpError::Range { offset: 1, len: MAX }));
        assert!(offset(MAX).is_ok() && offset(MAX + 1).is_err());
    }

    #[test]
    fn bounds_of_every_form_are_ranges() {
        assert_eq!(of(&..), 0..MAX);
        assert_eq!(of(&(3..)), 3..MAX);
        assert_eq!(of(&(..=3)), 0..4);
        assert_eq!(of(&(Bound::Excluded(3), Bound::Included(u64::MAX))), 4..u64::MAX);
    }
}
