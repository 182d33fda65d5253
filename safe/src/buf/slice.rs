//! A part of a buffer.

use std::ops::{Bound, Deref, RangeBounds};

use super::{IoBuf, IoBufMut};

/// A part of a buffer, which is a buffer too.
///
/// ```
/// use bareio::buf::{IoBufMut, Slice};
///
/// // The second kilobyte, to be read into.
/// let mut part = Slice::new(vec![0; 4096], 1024..2048);
/// assert_eq!(part.room().1, 1024);
/// assert_eq!(part.into_inner().len(), 4096);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<B> {
    buf: B,
    begin: usize,
    /// At least `begin`.
    end: usize,
}

impl<B> Slice<B> {
    /// The bytes of `buf` from the start of `range` to its end, counted from its first byte.
    ///
    /// An end that is left out is the buffer's: of its data in a write, of its room in a read. A range beyond that is
    /// cut to it.
    ///
    /// # Panics
    ///
    /// If `range` ends before it begins.
    pub fn new(buf: B, range: impl RangeBounds<usize>) -> Self {
        let begin = match range.start_bound() {
            Bound::Included(begin) => *begin,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => usize::MAX,
        };
        assert!(begin <= end, "a part from byte {begin} to byte {end} ends before it begins");
        Self { buf, begin, end }
    }

    /// The whole buffer.
    pub fn into_inner(self) -> B {
        self.buf
    }

    /// The whole buffer, to look at.
    pub const fn get_ref(&self) -> &B {
        &self.buf
    }

    /// First and length of this part of something `len` bytes long.
    fn cut(&self, len: usize) -> (usize, usize) {
        let begin = self.begin.min(len);
        (begin, self.end.min(len) - begin)
    }
}

impl<B: Deref<Target = [u8]>> Slice<B> {
    /// The data in it.
    pub fn as_slice(&self) -> &[u8] {
        let (begin, len) = self.cut(self.buf.len());
        &self.buf[begin..begin + len]
    }
}

// SAFETY: a part of what the buffer names, for which it answers.
unsafe impl<B: IoBuf> IoBuf for Slice<B> {
    fn data(&self) -> (*const u8, usize) {
        let (first, len) = self.buf.data();
        let (begin, len) = self.cut(len);
        // Wrapping: with nothing in it, the address need not be one.
        (first.wrapping_add(begin), len)
    }
}

/// # Panics
///
/// [`room`](IoBufMut::room), if the part begins beyond the buffer's data: what lies between would be read as data, and
/// is not initialised. Begin within the data, or read into the whole buffer.
// SAFETY: a part of what the buffer names, for which it answers.
unsafe impl<B: IoBuf + IoBufMut> IoBufMut for Slice<B> {
    fn room(&mut self) -> (*mut u8, usize) {
        let data = self.buf.data().1;
        let (first, len) = self.buf.room();
        let (begin, len) = self.cut(len);
        assert!(
            begin <= data,
            "a part from byte {begin} on begins beyond the {data} bytes of data before it"
        );
        (first.wrapping_add(begin), len)
    }

    unsafe fn set_filled(&mut self, len: usize) {
        let data = self.buf.data().1;
        let room = self.buf.room().1;
        let (begin, _) = self.cut(room);
        // SAFETY: `begin` is within the data, as `room` found, and what follows it was written by the caller's word; it is
        // within the room, as the part is. Data beyond the part stays.
        unsafe { self.buf.set_filled(data.max(begin + len)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_to_what_there_is() {
        let part = |range: std::ops::Range<usize>| Slice::new(vec![7_u8; 10], range).data().1;
        assert_eq!([part(0..10), part(2..5), part(8..20), part(30..40), part(4..4)], [10, 3, 2, 0, 0]);
        assert_eq!(Slice::new(vec![7_u8; 10], ..).data().1, 10);
        assert_eq!(Slice::new(vec![7_u8; 10], 3..=4).data().1, 2);
    }

    #[test]
    fn what_is_read_into_a_part_leaves_what_is_around_it() {
        let mut buf = Vec::with_capacity(8);
        buf.extend_from_slice(b"abcdef");
        let mut part = Slice::new(buf, 2..4);
        let (first, len) = part.room();
        assert_eq!(len, 2);
        // SAFETY: within the room that was just named.
        unsafe { first.write(b'X') };
        // SAFETY: one byte was written.
        unsafe { part.set_filled(1) };
        assert_eq!(part.into_inner(), b"abXdef");
    }

    #[test]
    fn reading_into_the_spare_room_makes_the_buffer_longer() {
        let mut buf = Vec::with_capacity(8);
        buf.extend_from_slice(b"abc");
        let mut part = Slice::new(buf, 3..);
        let (first, len) = part.room();
        assert!(len >= 5);
        // SAFETY: within the room that was just named.
        unsafe { first.write(b'd') };
        // SAFETY: one byte was written.
        unsafe { part.set_filled(1) };
        assert_eq!(part.into_inner(), b"abcd");
    }

    #[test]
    #[should_panic(expected = "begins beyond the 0 bytes of data")]
    fn a_part_behind_uninitialised_bytes_is_refused() {
        Slice::new(Vec::with_capacity(8), 4..).room();
    }
}
