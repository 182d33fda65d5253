//! Reads and writes as blocking calls.

use super::Offset;
use super::perform::{count, sync_data, uninterrupted};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::kernel::{Fd, Kernel, RwFlags};

/// A read or write, less its memory.
pub(super) struct Transfer<'k, K: ?Sized> {
    pub(super) kernel: &'k K,
    pub(super) fd: Fd,
    pub(super) offset: Offset,
    pub(super) flags: RwFlags,
}

impl<K: Kernel + ?Sized> Transfer<'_, K> {
    /// Reads into `pieces`.
    ///
    /// # Safety
    ///
    /// The file is open, and the memory of each piece valid and nobody else's until this returns.
    pub(super) unsafe fn read(&self, pieces: &[IoVec]) -> Result<u32> {
        let Self { kernel, fd, offset, flags } = *self;
        let one = |piece: IoVec, at| {
            // SAFETY: the caller vouches for the file and the memory.
            uninterrupted(|| unsafe { kernel.read_at(fd, piece.base(), piece.len(), at) })
        };
        if let Some(answer) = self.plain(pieces, one) {
            return answer;
        }
        // SAFETY: the caller vouches for the file and the memory.
        let all = || unsafe { kernel.read_vectored(fd, pieces, offset.encoded(), flags) };
        match (uninterrupted(all), offset) {
            (Err(Errno::NOSYS), Offset::At(at)) if flags.without(RwFlags::HIGH_PRIORITY) == RwFlags::NONE => {
                count(piecewise(pieces, at, one)?)
            }
            (answer, _) => count(answer?),
        }
    }

    /// Writes from `pieces`.
    ///
    /// # Safety
    ///
    /// The file is open, and the memory of each piece valid and written by nobody until this returns.
    pub(super) unsafe fn write(&self, pieces: &[IoVec]) -> Result<u32> {
        /// What can be done without a call that takes flags.
        const REPLACED: RwFlags = RwFlags::HIGH_PRIORITY.with(RwFlags::DATA_SYNC).with(RwFlags::SYNC);
        let Self { kernel, fd, offset, flags } = *self;
        let one = |piece: IoVec, at| {
            // SAFETY: the caller vouches for the file and the memory.
            uninterrupted(|| unsafe { kernel.write_at(fd, piece.base(), piece.len(), at) })
        };
        if let Some(answer) = self.plain(pieces, one) {
            return answer;
        }
        // SAFETY: the caller vouches for the file and the memory.
        let all = || unsafe { kernel.write_vectored(fd, pieces, offset.encoded(), flags) };
        match (uninterrupted(all), offset) {
            (Err(Errno::NOSYS), Offset::At(at)) if flags.without(REPLACED) == RwFlags::NONE => {
                let moved = piecewise(pieces, at, one)?;
                // SAFETY: the caller vouches for the file.
                unsafe { self.flush() }?;
                count(moved)
            }
            (answer, _) => count(answer?),
        }
    }

    /// One piece at an offset, without flags: the commonest case, and the call with the fewest arguments.
    #[inline]
    fn plain(&self, pieces: &[IoVec], one: impl FnOnce(IoVec, u64) -> Result<usize>) -> Option<Result<u32>> {
        match (pieces, self.offset) {
            (&[piece], Offset::At(at)) if self.flags == RwFlags::NONE => Some(one(piece, at).and_then(count)),
            _ => None,
        }
    }

    /// Flushes as `flags` say.
    ///
    /// # Safety
    ///
    /// The file is open.
    unsafe fn flush(&self) -> Result<()> {
        if self.flags.contains(RwFlags::SYNC) {
            // SAFETY: the caller vouches for the file.
            return uninterrupted(|| unsafe { self.kernel.sync_all(self.fd) });
        }
        if self.flags.contains(RwFlags::DATA_SYNC) {
            // SAFETY: the caller vouches for the file.
            return uninterrupted(|| unsafe { sync_data(self.kernel, self.fd) });
        }
        Ok(())
    }
}

/// Moves piece after piece until one is short. An error after the first bytes ends it as a short count does; it
/// comes back with the next transfer.
fn piecewise(pieces: &[IoVec], offset: u64, one: impl Fn(IoVec, u64) -> Result<usize>) -> Result<usize> {
    let mut done = 0;
    for &piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        match one(piece, offset + done as u64) {
            Ok(moved) => {
                done += moved;
                if moved < piece.len() {
                    break;
                }
            }
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(done)
}
