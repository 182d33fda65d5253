/// A stream of numbers that is the same for the same seed on every machine.
///
/// The generator is `SplitMix64`: one addition and three mixing steps a number, and no state that a seed of zero
/// would spoil. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, or 0 if that is 0. The bias of the remainder is of no matter here.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        let number = self.next();
        if end == 0 { 0 } else { number % end }
    }

    /// As [`below`](Self::below), for lengths and indices.
    #[expect(clippy::cast_possible_truncation, reason = "usize is 64 bits wide, as lib.rs demands")]
    pub(super) const fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// The upper half of a number.
    pub(super) const fn word(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// True once in `count` times, on average; never if that is 0, and then no number is drawn.
    pub(super) const fn one_in(&mut self, count: u32) -> bool {
        count != 0 && self.below(count as u64) == 0
    }
}
