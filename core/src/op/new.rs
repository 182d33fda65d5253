//! How operations are made, and what is checked then.

use core::ffi::CStr;

use super::{Offset, Op, OpError, Target};
use crate::abi::{FileSlot, Statx};
use crate::iovec::{IOV_MAX, IoVec, MAX_RW_LEN};
use crate::kernel::{AdviseFile, Allocate, Fd, OpenFlags, RenameFlags, RwFlags, SyncRange, UnlinkFlags};

/// Checks a range of a file.
const fn check_range(offset: u64, len: u64) -> Result<(), OpError> {
    const MAX: u64 = i64::MAX.unsigned_abs();
    if offset > MAX {
        return Err(OpError::Offset { offset });
    }
    if len > MAX - offset {
        return Err(OpError::Range { offset, len });
    }
    Ok(())
}

/// Checks a transfer, and returns its length as an entry carries it.
#[inline]
fn check_transfer(len: usize, offset: Offset) -> Result<u32, OpError> {
    if len > MAX_RW_LEN {
        return Err(OpError::Length { len });
    }
    if let Offset::At(offset) = offset {
        check_range(offset, len as u64)?;
    }
    u32::try_from(len).map_err(|_| OpError::Length { len })
}

/// Checks a vectored transfer, and returns count and length as an operation carries them.
fn check_pieces(pieces: &[IoVec], offset: Offset) -> Result<(u32, u32), OpError> {
    let count = pieces.len();
    if count > IOV_MAX {
        return Err(OpError::Pieces { count });
    }
    let len = pieces.iter().fold(0_usize, |sum, piece| sum.saturating_add(piece.len()));
    let len = check_transfer(len, offset)?;
    u32::try_from(count).map(|count| (count, len)).map_err(|_| OpError::Pieces { count })
}

/// Checks a path. A ring takes paths up before it runs any link of a chain, and would cancel all for a bad one.
const fn check_path(path: &CStr) -> Result<(), OpError> {
    match path.count_bytes() {
        0 => Err(OpError::EmptyPath),
        len if len > OpError::PATH_MAX => Err(OpError::LongPath { len }),
        _ => Ok(()),
    }
}

impl Op {
    /// Reads up to `len` bytes into the memory at `buf`, from `offset` bytes on or at [`Offset::Current`].
    ///
    /// # Errors
    ///
    /// [`OpError::Length`], [`OpError::Offset`], [`OpError::Range`].
    ///
    /// ```
    /// # use bareio_core::{Fd, op::{Offset, Op, OpError}};
    /// let mut bytes = [0; 4096];
    /// let read = Op::read(Fd(3), bytes.as_mut_ptr(), bytes.len(), 8192)?;
    /// let next = Op::read(Fd(3), bytes.as_mut_ptr(), bytes.len(), Offset::Current)?;
    /// // −1 does not mean the current position.
    /// let wrong = Op::read(Fd(3), bytes.as_mut_ptr(), bytes.len(), u64::MAX);
    /// assert_eq!(wrong, Err(OpError::Offset { offset: u64::MAX }));
    /// # Ok::<(), OpError>(())
    /// ```
    #[inline]
    pub fn read(
        file: impl Into<Target>,
        buf: *mut u8,
        len: usize,
        offset: impl Into<Offset>,
    ) -> Result<Self, OpError> {
        let (file, offset, flags) = (file.into(), offset.into(), RwFlags::NONE);
        Ok(Self::Read { file, buf, len: check_transfer(len, offset)?, offset, flags })
    }

    /// Writes up to `len` bytes from the memory at `buf`, to `offset` bytes on or at [`Offset::Current`].
    ///
    /// # Errors
    ///
    /// [`OpError::Length`], [`OpError::Offset`], [`OpError::Range`].
    #[inline]
    pub fn write(
        file: impl Into<Target>,
        buf: *const u8,
        len: usize,
        offset: impl Into<Offset>,
    ) -> Result<Self, OpError> {
        let (file, offset, flags) = (file.into(), offset.into(), RwFlags::NONE);
        Ok(Self::Write { file, buf, len: check_transfer(len, offset)?, offset, flags })
    }

    /// As [`read`](Self::read), into memory at `buf` within the ring's fixed buffer `buf_index`.
    ///
    /// By calls the index means nothing. Memory outside the fixed buffer is `FAULT` from the ring: what is
    /// registered there is for the owner of the registration to check.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_fixed(
        file: impl Into<Target>,
        buf: *mut u8,
        len: usize,
        offset: impl Into<Offset>,
        buf_index: u16,
    ) -> Result<Self, OpError> {
        let (file, offset, flags) = (file.into(), offset.into(), RwFlags::NONE);
        Ok(Self::ReadFixed { file, buf, len: check_transfer(len, offset)?, offset, flags, buf_index })
    }

    /// As [`write`](Self::write), from memory at `buf` within the ring's fixed buffer `buf_index`; see
    /// [`read_fixed`](Self::read_fixed).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_fixed(
        file: impl Into<Target>,
        buf: *const u8,
        len: usize,
        offset: impl Into<Offset>,
        buf_index: u16,
    ) -> Result<Self, OpError> {
        let (file, offset, flags) = (file.into(), offset.into(), RwFlags::NONE);
        Ok(Self::WriteFixed { file, buf, len: check_transfer(len, offset)?, offset, flags, buf_index })
    }

    /// Reads into `pieces`, one after the other. Empty ones are passed over, but count among the 1,024 that one
    /// call takes. The list itself is used where it is: whoever carries the operation out keeps it there.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); [`OpError::Pieces`].
    pub fn read_vectored(
        file: impl Into<Target>,
        pieces: &[IoVec],
        offset: impl Into<Offset>,
    ) -> Result<Self, OpError> {
        let (file, offset, flags) = (file.into(), offset.into(), RwFlags::NONE);
        let (count, len) = check_pieces(pieces, offset)?;
        Ok(Self::ReadVectored { file, pieces: pieces.as_ptr(), count, len, offset, flags })
    }

    /// Writes from `pieces`, one after the other; see [`read_vectored`](Self::read_vectored).
    ///
    /// # Errors
    ///
    /// As [`read_vectored`](Self::read_vectored).
    ///
    /// ```
    /// # use bareio_core::{Fd, IoVec, op::{Op, OpError}};
    /// let pieces = [IoVec::of(b"one, "), IoVec::EMPTY, IoVec::of(b"two")];
    /// assert_eq!(Op::write_vectored(Fd(3), &pieces, 0)?.transfer_len(), Some(8));
    /// let many = [IoVec::EMPTY; 1025];
    /// assert_eq!(Op::write_vectored(Fd(3), &many, 0), Err(OpError::Pieces { count: 1025 }));
    /// # Ok::<(), OpError>(())
    /// ```
    pub fn write_vectored(
        file: impl Into<Target>,
        pieces: &[IoVec],
        offset: impl Into<Offset>,
    ) -> Result<Self, OpError> {
        let (file, offset, flags) = (file.into(), offset.into(), RwFlags::NONE);
        let (count, len) = check_pieces(pieces, offset)?;
        Ok(Self::WriteVectored { file, pieces: pieces.as_ptr(), count, len, offset, flags })
    }

    /// Adds `wanted` to the flags of a read or write; anything else has none, and stays as it is.
    ///
    /// ```
    /// # use bareio_core::{Fd, kernel::RwFlags, op::{Op, OpError}};
    /// // Durable when it completes.
    /// let write = Op::write(Fd(3), b"record".as_ptr(), 6, 0)?.with_flags(RwFlags::DATA_SYNC);
    /// # Ok::<(), OpError>(())
    /// ```
    #[inline]
    #[must_use]
    pub const fn with_flags(mut self, wanted: RwFlags) -> Self {
        match &mut self {
            Self::Read { flags, .. }
            | Self::Write { flags, .. }
            | Self::ReadFixed { flags, .. }
            | Self::WriteFixed { flags, .. }
            | Self::ReadVectored { flags, .. }
            | Self::WriteVectored { flags, .. } => *flags = flags.with(wanted),
            _ => {}
        }
        self
    }

    /// Flushes the data and all that is known of the file.
    #[inline]
    pub fn sync_all(file: impl Into<Target>) -> Self {
        Self::SyncAll { file: file.into() }
    }

    /// Flushes the data, and what reading it back needs.
    #[inline]
    pub fn sync_data(file: impl Into<Target>) -> Self {
        Self::SyncData { file: file.into() }
    }

    /// Starts or awaits writing back `len` bytes from `offset` (0: to the end). It paces large writes and makes
    /// nothing durable.
    ///
    /// # Errors
    ///
    /// [`OpError::Offset`], [`OpError::Range`].
    pub fn sync_range(
        file: impl Into<Target>,
        offset: u64,
        len: u32,
        how: SyncRange,
    ) -> Result<Self, OpError> {
        check_range(offset, u64::from(len))?;
        Ok(Self::SyncRange { file: file.into(), offset, len, how })
    }

    /// Reserves, frees or zeroes `len` bytes of the file's space from `offset`.
    ///
    /// # Errors
    ///
    /// [`OpError::Offset`], [`OpError::Range`].
    pub fn allocate(file: impl Into<Target>, how: Allocate, offset: u64, len: u64) -> Result<Self, OpError> {
        check_range(offset, len)?;
        Ok(Self::Allocate { file: file.into(), how, offset, len })
    }

    /// Sets the size of the file to `len` bytes. In a ring 6.9.
    ///
    /// # Errors
    ///
    /// [`OpError::Range`].
    pub fn truncate(file: impl Into<Target>, len: u64) -> Result<Self, OpError> {
        check_range(0, len)?;
        Ok(Self::Truncate { file: file.into(), len })
    }

    /// Opens `path`, seen from `dir`, and completes with the descriptor, which is close-on-exec. `mode` holds the
    /// permissions of a file that is made.
    ///
    /// # Errors
    ///
    /// [`OpError::EmptyPath`], [`OpError::LongPath`].
    pub const fn open_at(dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Self, OpError> {
        match check_path(path) {
            Ok(()) => Ok(Self::OpenAt { dir, path: path.as_ptr(), flags, mode, slot: None }),
            Err(error) => Err(error),
        }
    }

    /// As [`open_at`](Self::open_at), into a slot of registered files: what was there is closed. It completes with
    /// 0, or for [`FileSlot::ALLOC`] with the slot, any that was free. In a ring 5.15.
    ///
    /// # Errors
    ///
    /// As [`open_at`](Self::open_at).
    pub const fn open_at_slot(
        dir: Fd,
        path: &CStr,
        flags: OpenFlags,
        mode: u32,
        slot: FileSlot,
    ) -> Result<Self, OpError> {
        match check_path(path) {
            Ok(()) => Ok(Self::OpenAt { dir, path: path.as_ptr(), flags, mode, slot: Some(slot) }),
            Err(error) => Err(error),
        }
    }

    /// Closes a descriptor, or empties a slot of registered files (in a ring 5.15).
    #[inline]
    pub fn close(file: impl Into<Target>) -> Self {
        Self::Close { file: file.into() }
    }

    /// Tells what is known of `path`, seen from `dir`, or of `dir` itself if the path is empty. `mask` says which
    /// fields are wanted, such as [`Statx::BASIC_STATS`].
    ///
    /// # Errors
    ///
    /// [`OpError::LongPath`].
    pub const fn stat(dir: Fd, path: &CStr, mask: u32, stat: *mut Statx) -> Result<Self, OpError> {
        match check_path(path) {
            Ok(()) | Err(OpError::EmptyPath) => Ok(Self::Stat { dir, path: path.as_ptr(), mask, stat }),
            Err(error) => Err(error),
        }
    }

    /// Says how `len` bytes of the file from `offset` (0: to the end) will be used. In a ring, lengths from 4 GiB
    /// on take 6.10.
    ///
    /// # Errors
    ///
    /// [`OpError::Offset`], [`OpError::Range`].
    pub fn advise_file(
        file: impl Into<Target>,
        offset: u64,
        len: u64,
        advice: AdviseFile,
    ) -> Result<Self, OpError> {
        check_range(offset, len)?;
        Ok(Self::AdviseFile { file: file.into(), offset, len, advice })
    }

    /// Renames `from`, seen from `from_dir`, to `to`, seen from `to_dir`. In a ring 5.11.
    ///
    /// # Errors
    ///
    /// [`OpError::EmptyPath`], [`OpError::LongPath`].
    pub fn rename_at(
        from_dir: Fd,
        from: &CStr,
        to_dir: Fd,
        to: &CStr,
        flags: RenameFlags,
    ) -> Result<Self, OpError> {
        check_path(from)?;
        check_path(to)?;
        Ok(Self::RenameAt { from_dir, from: from.as_ptr(), to_dir, to: to.as_ptr(), flags })
    }

    /// Removes the name `path`, seen from `dir`. In a ring 5.11.
    ///
    /// # Errors
    ///
    /// [`OpError::EmptyPath`], [`OpError::LongPath`].
    pub fn unlink_at(dir: Fd, path: &CStr, flags: UnlinkFlags) -> Result<Self, OpError> {
        check_path(path)?;
        Ok(Self::UnlinkAt { dir, path: path.as_ptr(), flags })
    }

    /// Makes the directory `path`, seen from `dir`. In a ring 5.15.
    ///
    /// # Errors
    ///
    /// [`OpError::EmptyPath`], [`OpError::LongPath`].
    pub fn make_dir_at(dir: Fd, path: &CStr, mode: u32) -> Result<Self, OpError> {
        check_path(path)?;
        Ok(Self::MakeDirAt { dir, path: path.as_ptr(), mode })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    const MAX: u64 = i64::MAX as u64;
    const NULL: *mut u8 = core::ptr::null_mut();

    #[test]
    fn a_transfer_ends_at_the_largest_offset_at_the_latest() {
        assert!(Op::read(Fd(3), NULL, 1, MAX - 1).is_ok());
        assert!(Op::read(Fd(3), NULL, 0, MAX).is_ok());
        assert_eq!(Op::read(Fd(3), NULL, 1, MAX), Err(OpError::Range { offset: MAX, len: 1 }));
        assert_eq!(Op::write(Fd(3), NULL, 0, MAX + 1), Err(OpError::Offset { offset: MAX + 1 }));
        assert_eq!(Op::write(Fd(3), NULL, 4, u64::MAX), Err(OpError::Offset { offset: u64::MAX }));
        assert_eq!(Op::write_fixed(Fd(3), NULL, 1, MAX, 0), Err(OpError::Range { offset: MAX, len: 1 }));
        let piece = [IoVec::new(NULL, 1)];
        assert_eq!(Op::read_vectored(Fd(3), &piece, MAX), Err(OpError::Range { offset: MAX, len: 1 }));
        assert!(Op::write(Fd(3), NULL, 4, Offset::Current).is_ok());
    }

    #[test]
    fn a_transfer_is_as_long_as_the_kernel_moves_and_no_longer() {
        assert_eq!(Op::read(Fd(3), NULL, MAX_RW_LEN, 0).unwrap().transfer_len(), Some(0x7fff_f000));
        let len = MAX_RW_LEN + 1;
        assert_eq!(Op::read(Fd(3), NULL, len, 0), Err(OpError::Length { len }));
        // Cut to 32 bits it would be 1.
        assert_eq!(Op::write(Fd(3), NULL, 1 << 32 | 1, 0), Err(OpError::Length { len: 1 << 32 | 1 }));
        let halves = [IoVec::new(NULL, MAX_RW_LEN), IoVec::new(NULL, 1)];
        assert_eq!(Op::write_vectored(Fd(3), &halves, 0), Err(OpError::Length { len }));
        let wraps = [IoVec::new(NULL, usize::MAX), IoVec::new(NULL, 2)];
        assert_eq!(Op::write_vectored(Fd(3), &wraps, 0), Err(OpError::Length { len: usize::MAX }));
    }

    #[test]
    fn empty_pieces_count_among_those_of_a_call() {
        assert!(Op::read_vectored(Fd(3), &vec![IoVec::EMPTY; 1024], 0).is_ok_and(|op| op.is_nothing()));
        let many = Op::read_vectored(Fd(3), &vec![IoVec::EMPTY; 1025], 0);
        assert_eq!(many, Err(OpError::Pieces { count: 1025 }));
    }

    #[test]
    fn ranges_of_a_file_are_checked_too() {
        let range = OpError::Range { offset: MAX, len: 1 };
        assert_eq!(Op::allocate(Fd(3), Allocate::NONE, MAX, 1), Err(range));
        assert_eq!(Op::sync_range(Fd(3), MAX, 1, SyncRange::WRITE), Err(range));
        assert_eq!(Op::advise_file(Fd(3), MAX, 1, AdviseFile::Normal), Err(range));
        assert_eq!(Op::truncate(Fd(3), MAX + 1), Err(OpError::Range { offset: 0, len: MAX + 1 }));
    }

    #[test]
    fn a_path_has_bytes_but_not_too_many() {
        let mut long = [b'a'; 4097];
        long[4096] = 0;
        let long = CStr::from_bytes_with_nul(&long).unwrap();
        let open = |path| Op::open_at(Fd::CWD, path, OpenFlags::READ, 0);
        assert_eq!(open(c""), Err(OpError::EmptyPath));
        assert_eq!(open(long), Err(OpError::LongPath { len: 4096 }));
        assert!(open(&long[1..]).is_ok());
        assert_eq!(Op::unlink_at(Fd::CWD, c"", UnlinkFlags::NONE), Err(OpError::EmptyPath));
        // Of the directory itself.
        assert!(Op::stat(Fd(3), c"", 0, core::ptr::null_mut()).is_ok());
    }
}
