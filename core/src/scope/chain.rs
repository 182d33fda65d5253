use core::fmt;
use core::marker::PhantomData;

use super::loan::Loan;
use super::slots::Id;
use super::{Refused, Scope, Started, Ticket, check_offset, clamp};
use crate::abi::{Sqe, SqeFlags};
use crate::errno::{Errno, Result};
use crate::kernel::{BorrowedFd, Kernel};
use crate::ring::RingError;
use crate::sqe;

/// The most operations of one chain.
const MOST: usize = 16;

/// Operations that start one after the other, pushed together or not at all.
///
/// A failure, or a short transfer, cancels those behind it. Nothing goes behind a flush, though: since 6.0 the kernel
/// goes on with a chain whose flush has failed, so whatever relies on a flush waits for its ticket first. Dropped without [`push`](Self::push), none is
/// started, and each ticket says `CANCELED` and gives its loan back.
pub struct Chain<'s, 'scope, 'env: 'scope, K: Kernel> {
    scope: &'s Scope<'scope, 'env, K>,
    entries: heapless::Vec<(Id, Sqe), MOST>,
    /// Whether the last one is a flush.
    ends: bool,
}

impl<K: Kernel> fmt::Debug for Chain<'_, '_, '_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("len", &self.entries.len()).finish_non_exhaustive()
    }
}

impl<'s, 'scope, 'env, K: Kernel> Chain<'s, 'scope, 'env, K> {
    pub(super) const fn new(scope: &'s Scope<'scope, 'env, K>) -> Self {
        Self { scope, entries: heapless::Vec::new(), ends: false }
    }

    /// Adds a read of up to `buf.len()` bytes at `offset`.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the loan: every slot is taken, or the chain has 16 operations already (`Full`); `offset` is
    /// above `i64::MAX`, or the last operation is a flush (`INVAL`).
    pub fn read(
        &mut self,
        file: BorrowedFd<'env>,
        buf: &'env mut [u8],
        offset: u64,
    ) -> Started<'scope, &'env mut [u8]> {
        self.add(buf, offset, |to, len| sqe::read(file.fd(), to, len, offset))
    }

    /// Adds a write of `buf.len()` bytes at `offset`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn write(
        &mut self,
        file: BorrowedFd<'env>,
        buf: &'env [u8],
        offset: u64,
    ) -> Started<'scope, &'env [u8]> {
        self.add(buf, offset, |from, len| sqe::write(file.fd(), from, len, offset))
    }

    /// Adds a flush of data, and of what reading it back needs.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn sync_data(&mut self, file: BorrowedFd<'env>) -> Started<'scope, ()> {
        self.add_flush(|| sqe::sync_data(file.fd()))
    }

    /// Adds a flush of everything.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn sync_all(&mut self, file: BorrowedFd<'env>) -> Started<'scope, ()> {
        self.add_flush(|| sqe::sync_all(file.fd()))
    }

    /// Stages the chain, whole. The next submission takes it along, in one piece.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`] if it is longer than the ring; nothing was staged, and the tickets say `CANCELED`.
    pub fn push(mut self) -> Result<(), RingError> {
        let mut linked: heapless::Vec<Sqe, MOST> = heapless::Vec::new();
        let last = self.entries.len().saturating_sub(1);
        for (index, (_, entry)) in self.entries.iter().enumerate() {
            let link = if index < last { SqeFlags::IO_LINK } else { SqeFlags::NONE };
            // It cannot be full: both have the same capacity.
            let _ = linked.push(entry.flags(link));
        }
        self.scope.inner.stage(&linked)?;
        for (id, _) in &self.entries {
            self.scope.inner.slots.launch(*id);
        }
        self.entries.clear();
        Ok(())
    }

    fn add_flush(&mut self, entry: impl FnOnce() -> Sqe) -> Started<'scope, ()> {
        let ticket = self.add((), 0, |_, _| entry())?;
        self.ends = true;
        Ok(ticket)
    }

    fn add<B: Loan>(
        &mut self,
        loan: B,
        offset: u64,
        entry: impl FnOnce(*mut u8, u32) -> Sqe,
    ) -> Started<'scope, B> {
        if self.entries.is_full() {
            return Err(Refused { error: RingError::Full, loan });
        }
        if self.ends {
            return Err(Refused { error: Errno::INVAL.into(), loan });
        }
        let id = match check_offset(offset).and_then(|()| self.scope.inner.claim()) {
            Ok(id) => id,
            Err(error) => return Err(Refused { error, loan }),
        };
        let raw = loan.into_raw();
        let (address, len) = B::memory(raw);
        // It cannot be full: that was looked at above.
        let _ = self.entries.push((id, entry(address, clamp(len)).user_data(id.user_data())));
        Ok(Ticket { id, raw, scope: PhantomData })
    }
}

impl<K: Kernel> Drop for Chain<'_, '_, '_, K> {
    fn drop(&mut self) {
        for (id, _) in &self.entries {
            self.scope.inner.slots.cancel(*id);
        }
    }
}
