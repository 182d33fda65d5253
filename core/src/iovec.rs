//! Lists of memory pieces, as the kernel's vectored calls take them.

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use linux_raw_sys::general as sys;

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

const _: () = {
    assert!(size_of::<IoVec>() == size_of::<sys::iovec>());
    assert!(align_of::<IoVec>() == align_of::<sys::iovec>());
    assert!(core::mem::offset_of!(IoVec, base) == core::mem::offset_of!(sys::iovec, iov_base));
    assert!(core::mem::offset_of!(IoVec, len) == core::mem::offset_of!(sys::iovec, iov_len));
};

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

    /// The memory of `bytes`, initialised or not, for the kernel to write to.
    pub const fn of_uninit(bytes: &mut [MaybeUninit<u8>]) -> Self {
        Self { base: bytes.as_mut_ptr().cast(), len: bytes.len() }
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

/// A list of [`IoVec`]s that borrows the memory it names, for the kernel to read from.
///
/// Nothing is copied but addresses and lengths, and nothing is allocated: the list holds `N` of them itself.
///
/// ```
/// use bareio_core::{Align, AlignedBuf, Linux, iovec::{IoVecs, total}};
///
/// let mut block = AlignedBuf::new(Linux, 4096, Align::KIB_4)?;
/// block.extend_from_slice(b"body")?;
/// let list = IoVecs::<4>::collect([b"head".as_slice(), block.as_slice(), b""])?;
/// assert_eq!((list.as_slice().len(), total(list.as_slice())?), (2, 8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct IoVecs<'a, const N: usize> {
    list: heapless::Vec<IoVec, N>,
    borrowed: PhantomData<&'a [u8]>,
}

impl<'a, const N: usize> IoVecs<'a, N> {
    /// Borrows every slice, in order. Empty ones are left out.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if more than `N` slices are not empty.
    pub fn from_slices(slices: &[&'a [u8]]) -> Result<Self, TooMany> {
        Self::collect(slices.iter().copied())
    }

    /// Borrows every slice that `slices` yields, in order: those of buffers, or the blocks of a region. Empty
    /// ones are left out.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if more than `N` slices are not empty.
    pub fn collect(slices: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, TooMany> {
        let list = gather(slices.into_iter().map(IoVec::of))?;
        Ok(Self { list, borrowed: PhantomData })
    }

    /// The pieces. See [`total`] and [`address_and_count`].
    pub fn as_slice(&self) -> &[IoVec] {
        &self.list
    }
}

/// A list of [`IoVec`]s that borrows the memory it names exclusively, for the kernel to write to.
///
/// It cannot be cloned: two lists would name the same bytes.
#[derive(Debug)]
pub struct IoVecsMut<'a, const N: usize> {
    list: heapless::Vec<IoVec, N>,
    borrowed: PhantomData<&'a mut [u8]>,
}

impl<'a, const N: usize> IoVecsMut<'a, N> {
    /// Borrows every slice, in order. Empty ones are left out.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if more than `N` slices are not empty.
    pub fn from_slices(slices: &'a mut [&mut [u8]]) -> Result<Self, TooMany> {
        Self::collect(slices.iter_mut().map(|bytes| &mut **bytes))
    }

    /// Borrows every slice that `slices` yields, in order. Empty ones are left out.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if more than `N` slices are not empty.
    pub fn collect(slices: impl IntoIterator<Item = &'a mut [u8]>) -> Result<Self, TooMany> {
        let list = gather(slices.into_iter().map(IoVec::of_mut))?;
        Ok(Self { list, borrowed: PhantomData })
    }

    /// The pieces. See [`total`] and [`address_and_count`].
    pub fn as_slice(&self) -> &[IoVec] {
        &self.list
    }
}

/// The pieces that are not empty.
fn gather<const N: usize>(pieces: impl Iterator<Item = IoVec>) -> Result<heapless::Vec<IoVec, N>, TooMany> {
    let mut list = heapless::Vec::new();
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        list.push(piece).map_err(|_| TooMany { limit: N })?;
    }
    Ok(list)
}

/// The address and the count of a list, as a vectored call or a registration takes them.
///
/// # Errors
///
/// [`TooMany`] if there are more than [`IOV_MAX`]: the kernel refuses them.
pub const fn address_and_count(pieces: &[IoVec]) -> Result<(*const IoVec, u32), TooMany> {
    if pieces.len() > IOV_MAX {
        return Err(TooMany { limit: IOV_MAX });
    }
    #[expect(clippy::cast_possible_truncation, reason = "just checked to be at most 1,024")]
    Ok((pieces.as_ptr(), pieces.len() as u32))
}

/// More pieces than a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// How many it holds.
    pub limit: usize,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    fn a_list_names_the_bytes_themselves_and_leaves_empty_slices_out() {
        let (head, body) = ([1_u8; 3], [2_u8; 5]);
        let list = IoVecs::<2>::from_slices(&[&head, b"", &body]).unwrap();
        assert_eq!(list.as_slice(), [IoVec::of(&head), IoVec::of(&body)]);
        assert_eq!(list.as_slice()[1].base().cast_const(), body.as_ptr());
        assert_eq!(total(list.as_slice()), Ok(8));
        assert_eq!(IoVecs::<1>::from_slices(&[b"a", b"b"]).unwrap_err(), TooMany { limit: 1 });
    }

    #[test]
    fn a_list_to_write_to_names_every_block_of_a_region_once() {
        let mut region = [0_u8; 10];
        let list = IoVecsMut::<4>::collect(region.chunks_exact_mut(4)).unwrap();
        assert_eq!((list.as_slice().len(), total(list.as_slice())), (2, Ok(8)));
        for (index, piece) in list.as_slice().iter().enumerate() {
            assert_eq!(piece.len(), 4);
            // SAFETY: the list borrows these four bytes, and nobody else uses them.
            unsafe { piece.base().write_bytes(u8::try_from(index).unwrap() + 1, 4) };
        }
        assert_eq!(region, [1, 1, 1, 1, 2, 2, 2, 2, 0, 0]);

        let (mut left, mut right) = ([0_u8; 2], [0_u8; 3]);
        let mut slices = [&mut left[..], &mut right[..]];
        assert_eq!(total(IoVecsMut::<2>::from_slices(&mut slices).unwrap().as_slice()), Ok(5));
    }

    #[test]
    fn the_kernel_takes_1024_pieces_and_no_more() {
        let pieces = std::vec![IoVec::EMPTY; IOV_MAX + 1];
        assert_eq!(address_and_count(&pieces[1..]), Ok((pieces[1..].as_ptr(), 1024)));
        assert_eq!(address_and_count(&pieces), Err(TooMany { limit: 1024 }));
    }
}
