//! Whole chains, or none of them.

use core::fmt;

use super::{Ring, RingError};
use crate::abi::SqeFlags;
use crate::kernel::Kernel;
use crate::op::{ChainError, Link, Then, unsevered};

impl<K: Kernel> Ring<K> {
    /// Stages all operations of a chain, the one at `index` with the user data that `user_data` returns for it. The
    /// next submission takes them along.
    ///
    /// They are staged in one reservation, and so in one submission: split over two, the second part would run at
    /// once, a flush before its write.
    ///
    /// # Errors
    ///
    /// [`PushError::Ring`] with [`RingError::Full`]: there is no room for all of them now; submit, and try again.
    /// [`PushError::Chain`]: there never will be, or a ring would not keep a link of theirs; then push them in
    /// [segments](crate::op::segment). Nothing was staged.
    ///
    /// # Safety
    ///
    /// Every operation's entry keeps the contract of [`push`](Self::push). The kernel looks a descriptor up when the
    /// operation that names it runs, so all of them stay open until the last completion.
    pub unsafe fn push_chain(
        &mut self,
        links: &[Link],
        mut user_data: impl FnMut(usize) -> u64,
    ) -> Result<(), PushError> {
        if let Some(index) = unsevered(links) {
            return Err(ChainError::Unsevered { index }.into());
        }
        let limit = self.entries();
        let count = match u32::try_from(links.len()) {
            Ok(count) if count <= limit => count,
            _ => return Err(ChainError::TooLong { len: links.len(), limit: limit as usize }.into()),
        };
        // SAFETY: the caller keeps the contract for each entry.
        let mut slots = unsafe { self.reserve(count)? };
        for (index, link) in links.iter().enumerate() {
            let entry = link.op.encode().user_data(user_data(index));
            let flags = match link.then {
                _ if index + 1 == links.len() => SqeFlags::NONE,
                Then::Soft => SqeFlags::IO_LINK,
                Then::Hard => SqeFlags::IO_HARDLINK,
            };
            slots.push(entry.flags(flags));
        }
        slots.stage();
        Ok(())
    }
}

/// Why a chain was not staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// It is none that this ring could ever take.
    Chain(ChainError),
    /// The ring cannot take it now.
    Ring(RingError),
}

impl From<ChainError> for PushError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<RingError> for PushError {
    fn from(error: RingError) -> Self {
        Self::Ring(error)
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(error) => error.fmt(f),
            Self::Ring(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PushError {}
