//! The memory of pools as fixed buffers of a ring.
#![expect(unsafe_code, reason = "registers memory with a ring, and keeps it for longer than that")]

use std::fmt;
use std::sync::Arc;

use bareio_core::ring::{Ring, RingError, SharedRing};
use bareio_core::{Errno, IoVec, Kernel};

use super::BufferPool;
use super::inner::Inner;
use crate::error::{Error, Result};

/// The most bytes that one fixed buffer may have.
///
/// Source: `io_buffer_validate` in `io_uring/rsrc.c`.
const MAX_LEN: usize = 1 << 30;

/// A range of slots in pieces that a ring can register, cut between slots.
pub(super) fn cut(whole: IoVec, slot_len: usize) -> impl Iterator<Item = IoVec> {
    // A slot that is longer than a fixed buffer may be is in several, and only its first part is found again.
    let most = if slot_len > MAX_LEN { MAX_LEN } else { MAX_LEN / slot_len * slot_len };
    let pieces = whole.len().div_ceil(most);
    (0..pieces).map(move |piece| {
        let at = piece * most;
        IoVec::new(whole.base().wrapping_add(at), most.min(whole.len() - at))
    })
}

/// Whether the kernel took the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// It did: reads and writes through it look no pages up.
    Registered,
    /// It did not, and everything works with plain buffers. `NOMEM`: the memory is over `RLIMIT_MEMLOCK`; raise that, or
    /// have fewer buffers. `PERM`, `ACCES`: registering is forbidden here.
    Unregistered(Errno),
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered => f.write_str("registered"),
            Self::Unregistered(Errno::NOMEM) => f.write_str(
                "not registered: the buffers are over RLIMIT_MEMLOCK, or memory is short; raise the limit or have fewer",
            ),
            Self::Unregistered(errno) => write!(f, "not registered: {errno}"),
        }
    }
}

/// The memory of whole pools as fixed buffers of one ring, and where in it a guard lies.
///
/// A fixed buffer is a pool's one mapping, not a buffer of it; so a ring needs one index for each size, and whichever guard
/// an operation has is found by its address.
///
/// ```no_run
/// use bareio::core::ring::Builder;
/// use bareio::pool::{BufferPool, FixedBuffers, Registration};
///
/// let pool = BufferPool::new(64 << 10, 16)?;
/// let ring = Builder::new(64).shared(bareio::host::NATIVE)?;
/// // SAFETY: `fixed` is kept until the ring is gone.
/// let fixed = unsafe { FixedBuffers::register(&ring, &[&pool]) }?;
/// if let Registration::Unregistered(_) = fixed.registration() {
///     eprintln!("{}", fixed.registration()); // and go on
/// }
/// let buf = pool.acquire()?;
/// let index = fixed.index_of(buf.as_ptr(), buf.capacity()); // for `sqe::read_fixed`
/// # let _ = index;
/// # drop(ring);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FixedBuffers<K: Kernel + Send + Sync + 'static> {
    /// The memory, kept for as long as the ring may use it.
    pools: Box<[Arc<Inner<K>>]>,
    /// By address: first byte, end, index.
    ranges: Box<[(usize, usize, u16)]>,
    registration: Registration,
}

impl<K: Kernel + Send + Sync + 'static> FixedBuffers<K> {
    /// Registers the memory of `pools` with `ring`. If the kernel does not take it, for its limits or because it must not, all
    /// goes on without: [`registration`](Self::registration) says so, and [`index_of`](Self::index_of) finds nothing.
    ///
    /// # Errors
    ///
    /// [`Forked`](crate::ErrorKind::Forked) in a forked child.
    ///
    /// # Safety
    ///
    /// What is returned is kept, or leaked, until the buffers are unregistered or the ring has ended, *and* the last
    /// operation that used them has completed.
    pub unsafe fn register<R: Kernel>(ring: &SharedRing<R>, pools: &[&BufferPool<K>]) -> Result<Self> {
        Self::register_by(pools, |pieces| {
            // SAFETY: memory that the pools keep, which the caller keeps.
            unsafe { ring.register_buffers(pieces) }
        })
    }

    /// The same, with a ring that is one thread's.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    ///
    /// # Safety
    ///
    /// As [`register`](Self::register).
    pub unsafe fn register_local<R: Kernel>(ring: &mut Ring<R>, pools: &[&BufferPool<K>]) -> Result<Self> {
        Self::register_by(pools, |pieces| {
            // SAFETY: memory that the pools keep, which the caller keeps.
            unsafe { ring.register_buffers(pieces) }
        })
    }

    fn register_by(
        pools: &[&BufferPool<K>],
        register: impl FnOnce(&[IoVec]) -> Result<(), RingError>,
    ) -> Result<Self> {
        let pieces: Vec<IoVec> = pools.iter().flat_map(|pool| pool.regions()).collect();
        let registration = match register(&pieces) {
            Ok(()) => Registration::Registered,
            Err(RingError::Kernel(errno)) => Registration::Unregistered(errno),
            Err(error) => return Err(Error::from(error).during("io_uring_register")),
        };
        let mut ranges: Vec<_> = match registration {
            // The kernel takes at most 16,384, so every index fits.
            Registration::Registered => {
                (0..).zip(&pieces).map(|(index, piece)| range(*piece, index)).collect()
            }
            Registration::Unregistered(_) => Vec::new(),
        };
        ranges.sort_unstable();
        let pools = pools.iter().map(|pool| Arc::clone(&pool.0)).collect();
        Ok(Self { pools, ranges: ranges.into(), registration })
    }

    /// Whether the kernel took the memory, and if not, why.
    pub const fn registration(&self) -> Registration {
        self.registration
    }

    /// Which fixed buffer the `len` bytes at `address` lie in: those of a guard, or of a part of one.
    ///
    /// `None`: in none, or the memory is not registered; the operation is to be a plain one. It is found by address, and that
    /// is safe because the memory is kept: what lies in it is of these pools.
    pub fn index_of(&self, address: *const u8, len: usize) -> Option<u16> {
        let address = address.addr();
        let behind = self.ranges.partition_point(|(first, _, _)| *first <= address);
        let (_, end, index) = *self.ranges.get(behind.checked_sub(1)?)?;
        (address.checked_add(len)? <= end).then_some(index)
    }
}

fn range(piece: IoVec, index: u16) -> (usize, usize, u16) {
    let first = piece.base().addr();
    (first, first + piece.len(), index)
}

impl<K: Kernel + Send + Sync + 'static> fmt::Debug for FixedBuffers<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedBuffers")
            .field("pools", &self.pools.len())
            .field("ranges", &self.ranges.len())
            .field("registration", &self.registration)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_beyond_a_gibibyte_is_cut_between_slots() {
        let slot = 384 << 20; // two fit into a gibibyte
        let whole = IoVec::new(std::ptr::without_provenance_mut(4096), slot * 5);
        let pieces: Vec<_> =
            cut(whole, slot).map(|piece| (piece.base().addr() - 4096, piece.len())).collect();
        assert_eq!(pieces, [(0, 2 * slot), (2 * slot, 2 * slot), (4 * slot, slot)]);
        let small = IoVec::new(std::ptr::without_provenance_mut(4096), 4096 * 7);
        assert!(cut(small, 4096).eq([small]));
    }
}
