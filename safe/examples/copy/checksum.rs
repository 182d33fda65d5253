//! A checksum of pieces that arrive in any order.

use std::fmt;

/// The CRC-32C of a whole file, holes included.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checksum(u32);

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Pieces of a file, each summed where it lay in memory.
#[derive(Default)]
pub(crate) struct Pieces(Vec<(u64, usize, u32)>);

impl Pieces {
    /// Adds the piece that begins at `offset`.
    pub(crate) fn add(&mut self, offset: u64, bytes: &[u8]) {
        self.0.push((offset, bytes.len(), crc32c::crc32c(bytes)));
    }

    /// The sum of a file of `len` bytes, of which all that is in no piece is zero.
    pub(crate) fn sum(mut self, len: u64) -> Checksum {
        self.0.sort_unstable();
        let (mut crc, mut at) = (0, 0);
        for (offset, piece_len, piece) in self.0 {
            crc = append_zeros(crc, offset - at);
            crc = crc32c::crc32c_combine(crc, piece, piece_len);
            at = offset + piece_len as u64;
        }
        Checksum(append_zeros(crc, len - at))
    }
}

/// The sum of what `crc` is the sum of, with `count` zero bytes behind it.
fn append_zeros(mut crc: u32, count: u64) -> u32 {
    // Of 1, 2, 4, 8 … zeros, each from the last, as many as there are bits in `count`.
    let (mut zeros, mut len) = (crc32c::crc32c(&[0]), 1);
    for bit in 0..u64::BITS - count.leading_zeros() {
        if count & (1 << bit) != 0 {
            crc = crc32c::crc32c_combine(crc, zeros, len);
        }
        zeros = crc32c::crc32c_combine(zeros, zeros, len);
        len *= 2;
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_and_holes_between_sum_as_the_whole() {
        let mut whole = vec![0; 5000];
        whole[100..200].fill(7);
        whole[4000..4096].fill(9);
        let mut pieces = Pieces::default();
        pieces.add(4000, &whole[4000..4096]);
        pieces.add(100, &whole[100..200]);
        assert_eq!(pieces.sum(5000).to_string(), format!("{:08x}", crc32c::crc32c(&whole)));
        assert_eq!(Pieces::default().sum(0).to_string(), "00000000");
    }
}
