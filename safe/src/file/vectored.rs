//! Reads and writes of several pieces of memory.
#![expect(
    unsafe_code,
    reason = "the kernel takes lists of addresses, and here is where their memory is known to be borrowed"
)]

use std::io::{IoSlice, IoSliceMut};
use std::ops::Deref;

use bareio_core::iovec::{IOV_MAX, MAX_RW_LEN};
use bareio_core::kernel::RwFlags;
use bareio_core::op::OpError;
use bareio_core::{IoVec, Kernel};

use super::File;
use super::progress::{Draining, Filling};
use super::transfer::advanced;
use crate::error::Result;

/// How many pieces are listed on a small piece of the stack.
const FEW: usize = 16;

/// A place in a list of pieces.
#[derive(Clone, Copy, Default)]
struct Cursor {
    /// The piece.
    index: usize,
    /// How many of its bytes come before.
    within: usize,
}

impl Cursor {
    /// Lists `pieces`, of which the first is this one, as many as fit into `room` and `most` bytes of them; empty ones are
    /// left out. Returns how many.
    fn list(self, pieces: impl Iterator<Item = IoVec>, room: &mut [IoVec], most: usize) -> usize {
        let (mut count, mut left, mut skip) = (0, most, self.within);
        for piece in pieces {
            let len = (piece.len() - skip).min(left);
            if len > 0 {
                let Some(slot) = room.get_mut(count) else { break };
                *slot = IoVec::new(piece.base().wrapping_add(skip), len);
                count += 1;
                left -= len;
            }
            skip = 0;
        }
        count
    }

    /// The place `len` bytes further.
    fn advance<B: Deref<Target = [u8]>>(mut self, pieces: &[B], mut len: usize) -> Self {
        while let Some(piece) = pieces.get(self.index) {
            let left = piece.len() - self.within;
            if len < left {
                self.within += len;
                break;
            }
            len -= left;
            self = Self { index: self.index + 1, within: 0 };
        }
        self
    }
}

/// Checks that one call takes so many pieces. Empty ones count, here as in the kernel.
fn check_count(count: usize) -> Result<()> {
    if count > IOV_MAX { Err(OpError::Pieces { count }.into()) } else { Ok(()) }
}

/// The bytes of all pieces.
fn total<B: Deref<Target = [u8]>>(pieces: &[B]) -> usize {
    // Borrowed memory does not add up to more than the address space, unless pieces of it are borrowed twice.
    pieces.iter().fold(0, |sum: usize, piece| sum.saturating_add(piece.len()))
}

impl<K: Kernel> File<K> {
    /// Reads into `pieces`, one after the other, from `offset` on, and returns how many bytes. One system call,
    /// `preadv(2)`; none if all are empty.
    ///
    /// # Errors
    ///
    /// - [`OpError::Pieces`]: there are more than 1,024, empty ones included;
    ///   [`read_exact_vectored_at`](Self::read_exact_vectored_at) splits them.
    /// - As [`read_at`](Self::read_at), for each piece.
    ///
    /// ```
    /// use std::io::IoSliceMut;
    /// use bareio::file::File;
    ///
    /// let (mut head, mut rest) = ([0; 1], [0; 7]);
    /// let pieces = &mut [IoSliceMut::new(&mut head), IoSliceMut::new(&mut rest)];
    /// assert_eq!(File::open("Cargo.toml")?.read_vectored_at(pieces, 0)?, 8);
    /// assert_eq!((&head, &rest), (b"[", b"package"));
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn read_vectored_at(&self, pieces: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        check_count(pieces.len())?;
        self.read_pieces(Cursor::default(), pieces, offset)
    }

    /// Writes `pieces`, one after the other, to `offset` on, and returns how many bytes. One system call,
    /// `pwritev(2)`; none if all are empty.
    ///
    /// # Errors
    ///
    /// - [`OpError::Pieces`]: there are more than 1,024, empty ones included;
    ///   [`write_all_vectored_at`](Self::write_all_vectored_at) splits them.
    /// - As [`write_at`](Self::write_at), for each piece.
    pub fn write_vectored_at(&self, pieces: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        check_count(pieces.len())?;
        self.write_pieces(Cursor::default(), pieces, offset)
    }

    /// Fills all of `pieces` from `offset` on, in as many calls as it takes; there may be any number of them.
    ///
    /// # Errors
    ///
    /// As [`read_exact_at`](Self::read_exact_at), for each piece.
    pub fn read_exact_vectored_at(&self, pieces: &mut [IoSliceMut<'_>], offset: u64) -> Result<()> {
        let mut filling = Filling::new(total(pieces));
        while let Some(next) = filling.next() {
            let at = Cursor::default().advance(pieces, next);
            let count = self.read_pieces(at, pieces, advanced(offset, next)?)?;
            filling.add(self, offset, count);
        }
        filling.check()
    }

    /// Writes all of `pieces` to `offset` on, in as many calls as it takes; there may be any number of them.
    ///
    /// # Errors
    ///
    /// As [`write_all_at`](Self::write_all_at), for each piece.
    ///
    /// ```
    /// use std::io::IoSlice;
    /// use bareio::file::File;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let file = File::create(folder.path().join("data"))?;
    /// let many = vec![IoSlice::new(b"ab"); 2000];
    /// assert!(file.write_vectored_at(&many, 0).is_err());
    /// file.write_all_vectored_at(&many, 0)?;
    /// assert_eq!(file.size()?, 4000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_all_vectored_at(&self, pieces: &[IoSlice<'_>], offset: u64) -> Result<()> {
        let mut draining = Draining::new(total(pieces), self.align().block());
        let (mut at, mut done) = (Cursor::default(), 0);
        while let Some(next) = draining.next() {
            at = at.advance(pieces, next - done);
            done = next;
            draining.add(self.write_pieces(at, pieces, advanced(offset, next)?)?)?;
        }
        Ok(())
    }

    /// One call's worth of the pieces from `at` on.
    fn read_pieces(&self, at: Cursor, pieces: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        let pieces = pieces[at.index..].iter_mut();
        with_room(pieces.len(), |room| {
            let count = at.list(pieces.map(|piece| IoVec::of_mut(piece)), room, self.most());
            let list = &room[..count];
            list.iter().try_for_each(|piece| self.check_read(piece.base(), piece.len(), offset))?;
            // SAFETY: each lies within a piece that is borrowed exclusively.
            unsafe { self.0.descriptor.read_vectored(list, offset) }
        })
    }

    /// One call's worth of the pieces from `at` on.
    fn write_pieces(&self, at: Cursor, pieces: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        let pieces = pieces[at.index..].iter();
        with_room(pieces.len(), |room| {
            let count = at.list(pieces.map(|piece| IoVec::of(piece)), room, self.most());
            let list = &room[..count];
            list.iter().try_for_each(|piece| self.check_write(piece.base(), piece.len(), offset))?;
            // SAFETY: each lies within a piece that is borrowed, and is only read from.
            self.written(|| unsafe { self.0.descriptor.write_vectored(list, offset, RwFlags::NONE) })
        })
    }

    /// The most bytes that one call moves, in whole blocks.
    fn most(&self) -> usize {
        MAX_RW_LEN & !(self.align().block().len() - 1)
    }
}

/// Calls `with` with room for a list of `count` pieces, or for as many as one call takes.
fn with_room<T>(count: usize, with: impl FnOnce(&mut [IoVec]) -> T) -> T {
    // So that few pieces do not pay for many.
    if count <= FEW { with(&mut [IoVec::EMPTY; FEW]) } else { with(&mut [IoVec::EMPTY; IOV_MAX]) }
}
