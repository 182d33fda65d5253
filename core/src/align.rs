//! Powers of two, and the arithmetic of ranges on their grid.
//!
//! ```text
//!            |----block----|----block----|----block----|
//! range            [...........................)
//! covering   [.........................................)     what must be read to see the range
//! inner                    [.............)                   what may be given back without touching neighbours
//! ```
//!
//! Everything is checked: near `u64::MAX` the answer is an [`Overflow`], never a wrapped number.

use core::fmt;
use core::ops::Range;

/// A power of two, in bytes: the grid that an address, a length or an offset sits on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Align(u32);

impl Align {
    /// One byte: everything is aligned.
    pub const BYTE: Self = Self(1);
    /// 512 bytes: the sector of most disks.
    pub const B_512: Self = Self(512);
    /// 4,096 bytes: the usual block and page.
    pub const KIB_4: Self = Self(4096);
    /// 2 MiB: a huge page on most processors.
    pub const MIB_2: Self = Self(2 << 20);

    /// A line of this processor's cache: data of two threads on different lines do not slow each other down.
    ///
    /// 64 bytes, 128 on 64-bit ARM and POWER, 256 on s390x. Processors of x86 may fetch lines in pairs: there,
    /// two hot writers are best kept two lines apart.
    pub const CACHE_LINE: Self = if cfg!(any(target_arch = "aarch64", target_arch = "powerpc64")) {
        Self(128)
    } else if cfg!(target_arch = "s390x") {
        Self(256)
    } else {
        Self(64)
    };

    /// The grid of `bytes`, or `None` if that is not a power of two or above 2³¹.
    ///
    /// ```
    /// # use bareio_core::Align;
    /// assert_eq!(Align::new(4096), Some(Align::KIB_4));
    /// assert_eq!(Align::new(0), None);
    /// assert_eq!(Align::new(3), None);
    /// ```
    pub const fn new(bytes: u64) -> Option<Self> {
        if bytes.is_power_of_two() && bytes <= 1 << 31 {
            #[expect(clippy::cast_possible_truncation, reason = "just checked to be at most 2³¹")]
            return Some(Self(bytes as u32));
        }
        None
    }

    /// Its size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0 as u64
    }

    /// Its size in bytes, for memory.
    #[expect(clippy::len_without_is_empty, reason = "a size, not a number of elements, and never 0")]
    pub const fn len(self) -> usize {
        self.0 as usize
    }

    /// Whether `value` is a multiple of it. Zero is.
    pub const fn divides(self, value: u64) -> bool {
        value & (self.bytes() - 1) == 0
    }

    /// The finer of two grids.
    #[must_use]
    pub const fn min(self, other: Self) -> Self {
        if self.0 <= other.0 { self } else { other }
    }

    /// The coarser of two grids: what sits on it sits on both.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        if self.0 >= other.0 { self } else { other }
    }

    /// `value` rounded down to a multiple.
    pub const fn floor(self, value: u64) -> u64 {
        value & !(self.bytes() - 1)
    }

    /// `value` rounded up to a multiple.
    ///
    /// # Errors
    ///
    /// [`Overflow`] if that is above `u64::MAX`.
    ///
    /// ```
    /// # use bareio_core::Align;
    /// assert_eq!(Align::KIB_4.ceil(5), Ok(4096));
    /// assert_eq!(Align::KIB_4.ceil(4097), Ok(8192));
    /// assert!(Align::KIB_4.ceil(u64::MAX).is_err());
    /// ```
    pub const fn ceil(self, value: u64) -> Result<u64, Overflow> {
        match value.checked_add(self.bytes() - 1) {
            Some(sum) => Ok(self.floor(sum)),
            None => Err(Overflow),
        }
    }

    /// `len`, in bytes of memory, rounded up to a multiple.
    ///
    /// # Errors
    ///
    /// [`Overflow`] if that is above `isize::MAX`, the most that one object in memory may have.
    pub const fn ceil_len(self, len: usize) -> Result<usize, Overflow> {
        match self.ceil(len as u64) {
            Ok(rounded) if rounded <= isize::MAX as u64 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "just checked to fit isize")]
                Ok(rounded as usize)
            }
            _ => Err(Overflow),
        }
    }

    /// The smallest range of whole blocks that covers `range`; an empty range covers nothing.
    ///
    /// The bytes to skip at its front are `range.start - covering.start`.
    ///
    /// # Errors
    ///
    /// [`Overflow`] if its end is above `u64::MAX`.
    ///
    /// ```
    /// # use bareio_core::Align;
    /// assert_eq!(Align::KIB_4.covering(1..4097), Ok(0..8192));
    /// assert_eq!(Align::KIB_4.covering(7..7), Ok(7..7));
    /// ```
    pub const fn covering(self, range: Range<u64>) -> Result<Range<u64>, Overflow> {
        if range.start >= range.end {
            return Ok(range.start..range.start);
        }
        match self.ceil(range.end) {
            Ok(end) => Ok(self.floor(range.start)..end),
            Err(overflow) => Err(overflow),
        }
    }

    /// The largest range of whole blocks within `range`; empty, at its start, if there is none.
    ///
    /// ```
    /// # use bareio_core::Align;
    /// assert_eq!(Align::KIB_4.inner(100..12_588), 4096..12_288);
    /// assert!(Align::KIB_4.inner(1..4097).is_empty());
    /// ```
    pub const fn inner(self, range: Range<u64>) -> Range<u64> {
        let end = self.floor(range.end);
        match self.ceil(range.start) {
            Ok(start) if start < end => start..end,
            _ => range.start..range.start,
        }
    }

    /// Checks one number of a direct read or write.
    ///
    /// # Errors
    ///
    /// [`Misaligned`], naming `part`, if `value` is not a multiple.
    pub const fn check(self, part: Part, value: u64) -> Result<(), Misaligned> {
        if self.divides(value) { Ok(()) } else { Err(Misaligned { part, value, align: self }) }
    }
}

impl fmt::Debug for Align {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Align({})", self.0)
    }
}

impl fmt::Display for Align {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A size or an offset that does not fit its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length or an offset is too large to be represented")
    }
}

impl core::error::Error for Overflow {}

/// Which number of a direct read or write is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The address of the buffer.
    Address,
    /// The length of the buffer, in bytes.
    Length,
    /// The position in the file, in bytes.
    Offset,
}

/// A direct read or write that does not sit on the file's grid.
///
/// Found before the kernel is asked, because the kernel's own answer, `EINVAL`, does not say which of the
/// three numbers is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misaligned {
    /// The number that is off.
    pub part: Part,
    /// What it is.
    pub value: u64,
    /// What it must be a multiple of.
    pub align: Align,
}

impl fmt::Display for Misaligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, value, align } = self;
        match part {
            Part::Address => write!(f, "buffer address {value:#x}")?,
            Part::Length => write!(f, "buffer length {value}")?,
            Part::Offset => write!(f, "file offset {value}")?,
        }
        write!(f, " is not a multiple of {align}, as direct I/O on this file requires")
    }
}

impl core::error::Error for Misaligned {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_meets_its_edges() {
        let block = Align::KIB_4;
        assert_eq!(block.ceil(0), Ok(0));
        assert_eq!(block.ceil(5), Ok(4096));
        assert_eq!(block.ceil(4096), Ok(4096));
        assert_eq!(block.ceil(4097), Ok(8192));
        assert_eq!(block.floor(u64::MAX), u64::MAX - 4095);
        assert_eq!(block.ceil(u64::MAX - 4095), Ok(u64::MAX - 4095));
        assert_eq!(block.ceil(u64::MAX - 4094), Err(Overflow));
        assert_eq!(block.ceil_len(isize::MAX as usize), Err(Overflow));
    }

    #[test]
    fn covering_and_inner_bracket_every_range() {
        let block = Align::KIB_4;
        assert_eq!(block.covering(1..4097), Ok(0..8192));
        let range = 100..3 * 4096 + 200;
        assert_eq!(block.covering(range.clone()), Ok(0..16384));
        assert_eq!(block.inner(range), 4096..12288);
        assert!(block.inner(1..4096).is_empty());
        assert_eq!(block.covering(5..5), Ok(5..5));
        assert_eq!(block.covering(1..u64::MAX), Err(Overflow));
        assert!(block.inner(u64::MAX - 1..u64::MAX).is_empty());
        assert!(block.inner(9..9).is_empty());
    }

    #[test]
    fn only_powers_of_two_up_to_two_gib_are_grids() {
        assert_eq!(Align::new(1), Some(Align::BYTE));
        assert_eq!(Align::new(1 << 31).map(Align::bytes), Some(1 << 31));
        assert_eq!(Align::new(1 << 32), None);
        assert_eq!(Align::new(4095), None);
    }

    #[test]
    fn a_misaligned_number_is_named_with_what_would_be_right() {
        extern crate std;
        let error = Align::KIB_4.check(Part::Offset, 4097).unwrap_err();
        assert_eq!(
            std::string::ToString::to_string(&error),
            "file offset 4097 is not a multiple of 4096, as direct I/O on this file requires"
        );
        assert_eq!(Align::KIB_4.check(Part::Length, 0), Ok(()));
    }
}
