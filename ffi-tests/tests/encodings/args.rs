//! Arguments: random, reproducible, and with the edges among them.

use bareio_core::Fd;

/// A stream of arguments; the same for the same round.
pub(super) struct Args(u64);

impl Args {
    pub(super) fn new(round: u64) -> Self {
        Self(round)
    }

    /// The next number: an edge in one of eight, any number otherwise.
    pub(super) fn u64(&mut self) -> u64 {
        match self.mixed() % 16 {
            0 => 0,
            1 => u64::MAX,
            _ => self.mixed(),
        }
    }

    /// The next of the sequence that Steele, Lea and Flood call `SplitMix`.
    fn mixed(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low half of a random number")]
    pub(super) fn u32(&mut self) -> u32 {
        self.u64() as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low part of a random number")]
    pub(super) fn u16(&mut self) -> u16 {
        self.u64() as u16
    }

    /// A number that C's `int` holds and is not negative.
    pub(super) fn index(&mut self) -> u32 {
        self.u32() >> 2
    }

    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.u32() % limit
    }

    pub(super) fn fd(&mut self) -> Fd {
        Fd(self.u32().cast_signed())
    }

    /// An address, of nothing.
    #[expect(clippy::cast_possible_truncation, reason = "addresses are 64 bits wide here")]
    pub(super) fn ptr<T>(&mut self) -> *mut T {
        std::ptr::without_provenance_mut(self.u64() as usize)
    }
}
