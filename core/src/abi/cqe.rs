use super::{CqeFlags, same_layout};
use crate::errno::{Errno, Result};

/// A completion: what became of one operation.
///
/// Layout: `struct io_uring_cqe` of 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Cqe {
    /// What the operation's entry carried.
    pub user_data: u64,
    /// A count or another result, or the negated error number.
    pub res: i32,
    /// What came with it.
    pub flags: CqeFlags,
}

impl Cqe {
    /// The operation's result.
    ///
    /// # Errors
    ///
    /// The operation's own error.
    #[inline]
    pub const fn result(&self) -> Result<u32> {
        Errno::check_res(self.res)
    }

    /// Whether it is the last of its operation: only then does the kernel let go of the operation's memory.
    #[inline]
    pub const fn is_terminal(&self) -> bool {
        !self.flags.contains(CqeFlags::MORE)
    }
}

same_layout!(Cqe, linux_raw_sys::io_uring::io_uring_cqe, user_data = user_data, res = res, flags = flags);
