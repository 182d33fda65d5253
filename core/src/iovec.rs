//! Lists of memory pieces, as the kernel's vectored calls take them.

use core::marker::PhantomData;

use crate::align::Overflow;

/// The most pieces that one vectored call takes (`UIO_MAXIOV`).
pub const IOV_MAX: usize = 1024;

/// The most bytes that one read or write moves, 2 GiB less a page: the kernel cuts what is longer.
///
/// Source: `read(2)`, `MAX_RW_COUNT` in `linux/fs.h` for 4 KiB pages; larger pages cut a little earlier.
pub const MAX_RW_LEN: usize = 0x7fff_f000;

/// One piece of memory: `struct iovec`.
///
/// Plain data: holding one borrows nothing and proves nothing. Whoever hands it to the kernel answers for
/// the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IoVec {
    base: *mut u8,
    len: usize,
}

// SAFETY: an address and a length, which are never dereferenced here; whoever does answers for it.
unsafe impl Send for IoVec {}
// SAFETY: as for `Send`; there is no interior mutability.
unsafe impl Sync for IoVec {}

impl IoVec {
    /// No memory.
    pub const EMPTY: Self = Self { base: core::ptr::null_mut(), len: 0 };

    /// The `len` bytes at `base`.
    pub const fn new(base: *mut u8, len: usize) -> Self {
        Self { base, len }
    }

    /// The memory of `bytes`, for the kernel to read from. It must not be written through.
    pub const fn of(bytes: &[u8]) -> Self {
        Self { base: bytes.as_ptr().cast_mut(), len: bytes.len() }
    }

    /// The memory of `bytes`, for the kernel to write to.
    pub const fn of_mut(bytes: &mut [u8]) -> Self {
        Self { base: bytes.as_mut_ptr(), len: bytes.len() }
    }

    /// Where it begins.
    pub const fn base(self) -> *mut u8 {
        self.base
    }

    /// Its length in bytes.
    pub const fn len(self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A list of [`IoVec`]s that borrows the memory it names.
///
/// The borrow keeps the bytes alive and, for the mutable form, unaliased for `'a`.
#[derive(Debug, Clone)]
pub struct IoVecs<'a, const N: usize> {
    list: heapless::Vec<IoVec, N>,
    borrowed: PhantomData<&'a mut [u8]>,
}

impl<'a, const N: usize> IoVecs<'a, N> {
    /// Borrows every slice, in order. Empty ones are left out.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if more than `N` slices are not empty.
    pub fn from_slices(slices: &[&'a [u8]]) -> Result<Self, TooMany> {
        Self::collect(slices.iter().map(|bytes| IoVec::of(bytes)))
    }

    /// Borrows every slice for writing, in order. Empty ones are left out.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if more than `N` slices are not empty.
    pub fn from_slices_mut(slices: &'a mut [&'a mut [u8]]) -> Result<Self, TooMany> {
        Self::collect(slices.iter_mut().map(|bytes| IoVec::of_mut(bytes)))
    }

    fn collect(pieces: impl Iterator<Item = IoVec>) -> Result<Self, TooMany> {
        let mut list = heapless::Vec::new();
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            list.push(piece).map_err(|_| TooMany { limit: N })?;
        }
        Ok(Self { list, borrowed: PhantomData })
    }

    /// The pieces.
    pub fn as_slice(&self) -> &[IoVec] {
        &self.list
    }
}

/// More pieces than a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// How many it holds.
    pub limit: usize,
}

impl core::fmt::Display for TooMany {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "more than {} pieces of memory in one call; split it", self.limit)
    }
}

impl core::error::Error for TooMany {}

/// The bytes of all pieces together.
///
/// # Errors
///
/// [`Overflow`] if that is above `isize::MAX`, which the kernel refuses.
pub fn total(pieces: &[IoVec]) -> Result<usize, Overflow> {
    pieces
        .iter()
        .try_fold(0_usize, |sum, piece| sum.checked_add(piece.len))
        .filter(|&sum| isize::try_from(sum).is_ok())
        .ok_or(Overflow)
}

/// What is left of `pieces` after a transfer of `done` bytes, for the next call.
///
/// Pieces used up are passed over, empty ones on the way with them, and the first that is left is shortened
/// in place.
///
/// # Panics
///
/// If `done` is more than [`total`]: nothing can have moved more bytes than there were.
pub fn advance(pieces: &mut [IoVec], done: usize) -> &mut [IoVec] {
    let mut used = 0;
    let mut left = done;
    // Empty pieces go along with used-up ones before them, never by themselves.
    while let Some(piece) = pieces.get(used).filter(|piece| done > 0 && piece.len <= left) {
        left -= piece.len;
        used += 1;
    }
    let rest = &mut pieces[used..];
    match rest.first_mut() {
        Some(first) => {
            first.base = first.base.wrapping_add(left);
            first.len -= left;
        }
        None => assert_eq!(left, 0, "a transfer cannot have moved more bytes than it was given"),
    }
    rest
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn list(pieces: &[(usize, usize)]) -> Vec<IoVec> {
        pieces.iter().map(|&(base, len)| IoVec::new(core::ptr::without_provenance_mut(base), len)).collect()
    }

    #[test]
    fn advance_keeps_exactly_the_unwritten_bytes() {
        let pieces = [(0, 4), (100, 0), (200, 3)];
        let cases: [(usize, &[(usize, usize)]); 5] = [
            (0, &[(0, 4), (100, 0), (200, 3)]),
            (3, &[(3, 1), (100, 0), (200, 3)]),
            (4, &[(200, 3)]), // on a boundary: the empty piece goes along
            (5, &[(201, 2)]),
            (7, &[]),
        ];
        for (done, rest) in cases {
            assert_eq!(advance(&mut list(&pieces), done), list(rest), "after {done} bytes");
        }
    }

    #[test]
    #[should_panic(expected = "more bytes than it was given")]
    fn advancing_beyond_the_end_is_a_bug() {
        advance(&mut list(&[(0, 4)]), 5);
    }

    #[test]
    fn a_total_never_wraps() {
        assert_eq!(total(&list(&[(0, 4), (0, 0), (9, 3)])), Ok(7));
        assert_eq!(total(&[]), Ok(0));
        assert_eq!(total(&list(&[(0, usize::MAX), (0, 1)])), Err(Overflow));
        assert_eq!(total(&list(&[(0, isize::MAX as usize), (0, 1)])), Err(Overflow));
    }

    #[test]
    fn a_list_leaves_empty_slices_out_and_refuses_one_too_many() {
        let vecs = IoVecs::<2>::from_slices(&[b"ab", b"", b"c"]).unwrap();
        assert_eq!(vecs.as_slice().iter().map(|piece| piece.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(IoVecs::<1>::from_slices(&[b"a", b"b"]).unwrap_err(), TooMany { limit: 1 });
    }
}
