//! Writing.

use std::io::IoSlice;
use std::os::fd::AsFd;
use std::sync::OnceLock;

use bareio_core::{BorrowedFd, Errno, Kernel};

use super::lane::Attempt;
use super::{MAX_PIECES, Strategy, Writer, advance, calls};
use crate::error::{Error, ErrorKind, Result};
use crate::fd::lend;

/// Writes `pieces`, one after the other, where `file` stands, and returns how many bytes that were; as `writev(2)`.
///
/// By one writer that all share and that never ends: safe from any thread, never [`Closed`](ErrorKind::Closed).
///
/// ```
/// use std::io::IoSlice;
/// # let file = tempfile::tempfile()?;
/// assert_eq!(bareio::writer::write_vectored(&file, &[IoSlice::new(b"one"), IoSlice::new(b"two")])?, 6);
/// # Ok::<(), bareio::Error>(())
/// ```
///
/// # Errors
///
/// As [`Writer::write_vectored`].
pub fn write_vectored(file: &impl AsFd, pieces: &[IoSlice<'_>]) -> Result<usize> {
    shared()?.write_vectored(file, pieces)
}

/// The writer that all share.
fn shared() -> Result<&'static Writer> {
    static SHARED: OnceLock<Writer> = OnceLock::new();
    if let Some(writer) = SHARED.get() {
        return Ok(writer);
    }
    let writer = Writer::new()?;
    Ok(SHARED.get_or_init(|| writer))
}

impl<K: Kernel> Writer<K> {
    /// By what a write to `file` goes. Where it is [`IoUring`](Strategy::IoUring), a thread that finds the ring taken by
    /// another's write does not wait for that, and goes by `writev(2)` too.
    ///
    /// ```
    /// use bareio::writer::{Strategy, Writer};
    ///
    /// let (_read, write) = std::io::pipe()?;
    /// let demanding = Writer::options().strategy(Strategy::IoUring).build();
    /// for writer in [Writer::new(), demanding].into_iter().flatten() {
    ///     assert_eq!(writer.strategy_for(&write), Strategy::Writev);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn strategy_for(&self, file: &impl AsFd) -> Strategy {
        self.route(lend(file))
    }

    /// Writes `bytes` where `file` stands, and returns how many that were; as `write(2)`.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed), or the kernel's. `AGAIN`: the file was opened not to wait, and would have to.
    #[inline]
    pub fn write(&self, file: &impl AsFd, bytes: &[u8]) -> Result<usize> {
        self.write_to(lend(file), bytes)
    }

    /// Writes `pieces`, one after the other, where `file` stands, and returns how many bytes that were; as `writev(2)`. Fewer than
    /// there are is no error: [`advance`], and write the rest.
    ///
    /// Pieces with nothing in them are skipped, and if there are no others, the kernel is not asked.
    ///
    /// # Errors
    ///
    /// In this order: [`Closed`](ErrorKind::Closed); [`OutOfRange`](ErrorKind::OutOfRange) for more than
    /// [`MAX_PIECES`], empty ones included; the kernel's. `AGAIN`: the file was opened not to wait, and would have to.
    #[inline]
    pub fn write_vectored(&self, file: &impl AsFd, pieces: &[IoSlice<'_>]) -> Result<usize> {
        self.write_vectored_to(lend(file), pieces)
    }

    /// The same, for any number of pieces: as many calls as it takes, until one is short.
    ///
    /// # Errors
    ///
    /// As [`write_vectored`](Self::write_vectored), but for the number of pieces, if nothing was written at all. An error behind the
    /// first bytes shows with the next write.
    pub fn write_vectored_split(&self, file: &impl AsFd, pieces: &[IoSlice<'_>]) -> Result<usize> {
        self.check_open()?;
        let fd = lend(file);
        let mut written = 0;
        for part in pieces.chunks(MAX_PIECES) {
            match self.write_vectored_to(fd, part) {
                Ok(count) => {
                    written += count;
                    if count < part.iter().map(|piece| piece.len()).sum() {
                        break;
                    }
                }
                Err(_) if written > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Writes all of `pieces`, however many, and goes on after short writes.
    ///
    /// `pieces` is advanced over what was written. So after an error, what is left there is what was not.
    ///
    /// ```
    /// use std::io::IoSlice;
    /// use bareio::writer::Writer;
    /// # let file = tempfile::tempfile()?;
    /// let mut event = [IoSlice::new(b"head "), IoSlice::new(b"body\n")];
    /// let mut rest = &mut event[..];
    /// Writer::new()?.write_all_vectored(&file, &mut rest)?;
    /// assert!(rest.is_empty());
    /// # Ok::<(), bareio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed); [`ShortWrite`](ErrorKind::ShortWrite) if the kernel takes nothing of what there is;
    /// the kernel's.
    #[expect(
        clippy::mut_mut,
        reason = "as `IoSlice::advance_slices` has it: the slice itself becomes shorter"
    )]
    pub fn write_all_vectored(&self, file: &impl AsFd, pieces: &mut &mut [IoSlice<'_>]) -> Result<()> {
        self.write_all_to(lend(file), pieces)
    }

    #[expect(
        clippy::mut_mut,
        reason = "as `IoSlice::advance_slices` has it: the slice itself becomes shorter"
    )]
    pub(super) fn write_all_to(&self, fd: BorrowedFd<'_>, pieces: &mut &mut [IoSlice<'_>]) -> Result<()> {
        self.check_open()?;
        advance(pieces, 0); // over empty ones, which would end it too early
        let mut written = 0;
        while !pieces.is_empty() {
            let count = self.write_vectored_to(fd, &pieces[..pieces.len().min(MAX_PIECES)])?;
            if count == 0 {
                let left: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
                return Err(Error::new(ErrorKind::ShortWrite { wanted: written + left, got: written }));
            }
            written += count as u64;
            advance(pieces, count);
        }
        Ok(())
    }

    /// As [`write`](Self::write), on a descriptor of any kernel.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn write_to(&self, fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize> {
        self.check_open()?;
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.lane.is_some() {
            return self.write_by_route(fd, &[IoSlice::new(bytes)]);
        }
        self.calls.write(&self.kernel, fd, bytes).map_err(|errno| Error::os("write", errno))
    }

    /// As [`write_vectored`](Self::write_vectored), on a descriptor of any kernel.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn write_vectored_to(&self, fd: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> Result<usize> {
        self.check_open()?;
        if pieces.len() > MAX_PIECES {
            return Err(too_many(pieces.len()));
        }
        // Empty ones at the ends are cut off; those in between, the kernel skips by itself.
        let Some(first) = pieces.iter().position(|piece| !piece.is_empty()) else { return Ok(0) };
        let last = pieces.iter().rposition(|piece| !piece.is_empty()).unwrap_or(first);
        let pieces = &pieces[first..=last];
        if self.lane.is_some() {
            return self.write_by_route(fd, pieces);
        }
        self.write_by_call(fd, pieces)
    }

    fn write_by_call(&self, fd: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> Result<usize> {
        if let [piece] = pieces {
            return self.calls.write(&self.kernel, fd, piece).map_err(|errno| Error::os("write", errno));
        }
        if calls::is_worth_gathering(pieces) {
            let written = self.calls.write_gathered(&self.kernel, fd, pieces);
            return written.map_err(|errno| Error::os("write", errno));
        }
        self.calls.write_vectored(&self.kernel, fd, pieces).map_err(|errno| Error::os("writev", errno))
    }

    #[cold]
    fn write_by_route(&self, fd: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> Result<usize> {
        if let (Strategy::IoUring, Some(lane)) = (self.route(fd), &self.lane) {
            match calls::write_by_ring(lane, fd, pieces) {
                Attempt::Done(Err(errno)) if !is_rings_own(errno) => {
                    return Err(Error::os("io_uring writev", errno));
                }
                Attempt::Done(Ok(count)) => return Ok(count),
                // Nothing was written.
                Attempt::Done(Err(_)) | Attempt::NotBegun => {}
            }
        }
        self.write_by_call(fd, pieces)
    }

    fn route(&self, fd: BorrowedFd<'_>) -> Strategy {
        match &self.lane {
            Some(lane) if lane.is_open() && calls::is_appended_file(&self.kernel, fd) => Strategy::IoUring,
            _ => Strategy::Writev,
        }
    }
}

/// Whether it is about the ring, and not about the file: a call may fare better.
const fn is_rings_own(errno: Errno) -> bool {
    matches!(errno, Errno::AGAIN | Errno::CANCELED | Errno::INTR)
}

#[cold]
fn too_many(count: usize) -> Error {
    let most = MAX_PIECES as u64;
    let value = count as u64;
    ErrorKind::OutOfRange { what: "count of pieces", value, least: 0, most, power_of_two: false }.into()
}
