//! Which shard a key belongs to.

/// The index of the shard, of `count`, that `key` belongs to.
///
/// Keys are often numbers that follow each other, or multiples of a block. They are mixed first (the finalizer of `splitmix64`, a
/// bijection), and then scaled down, which takes a multiplication where a remainder would take a division.
#[expect(clippy::cast_possible_truncation, reason = "below `count`")]
pub(super) fn shard_of(key: u64, count: usize) -> usize {
    let mut mixed = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    ((u128::from(mixed) * count as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_a_row_and_multiples_of_a_block_are_spread_over_all_shards() {
        for step in [1, 8, 4096, 1 << 32] {
            for count in [1, 2, 3, 7, 64] {
                let mut hits = vec![0_u32; count];
                (0..6400).for_each(|key| hits[shard_of(key * step, count)] += 1);
                let even = 6400 / u32::try_from(count).unwrap();
                let fair = even / 2..=even + even / 2 + 1;
                assert!(hits.iter().all(|hits| fair.contains(hits)), "{count} shards, step {step}: {hits:?}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_have_a_shard_too() {
        for key in [0, 1, u64::MAX - 1, u64::MAX] {
            assert_eq!(shard_of(key, 1), 0);
            assert!(shard_of(key, 3) < 3);
        }
    }
}
