//! What is left after a short write.

use std::io::IoSlice;

/// Takes the first `count` bytes off `pieces`: what is left is what was not written yet.
///
/// ```
/// use std::io::IoSlice;
/// use bareio::writer::advance;
///
/// let mut event = [IoSlice::new(b"head "), IoSlice::new(b""), IoSlice::new(b"body\n")];
/// let mut rest = &mut event[..];
/// advance(&mut rest, 7);
/// assert_eq!((rest.len(), &*rest[0]), (1, &b"dy\n"[..]));
/// ```
///
/// Empty pieces before what is left go along.
///
/// # Panics
///
/// If there are fewer than `count` bytes: nothing can have written more than there was.
#[expect(clippy::mut_mut, reason = "as `IoSlice::advance_slices` has it: the slice itself becomes shorter")]
pub fn advance(pieces: &mut &mut [IoSlice<'_>], count: usize) {
    IoSlice::advance_slices(pieces, count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_leaves_exactly_what_was_not_written() {
        let cases: [(usize, &[&[u8]]); 6] = [
            (0, &[b"abc", b"", b"de"]),
            (1, &[b"bc", b"", b"de"]),
            (3, &[b"de"]),
            (4, &[b"e"]),
            (5, &[]),
            (2, &[b"c", b"", b"de"]),
        ];
        for (count, left) in cases {
            let mut pieces = [IoSlice::new(b"abc"), IoSlice::new(b""), IoSlice::new(b"de")];
            let mut rest = &mut pieces[..];
            advance(&mut rest, count);
            let rest: Vec<&[u8]> = rest.iter().map(|piece| &**piece).collect();
            assert_eq!(rest, left, "after {count} bytes");
        }
    }

    #[test]
    #[should_panic(expected = "beyond")]
    fn more_than_there_was_cannot_have_been_written() {
        advance(&mut &mut [IoSlice::new(b"abc")][..], 4);
    }
}
