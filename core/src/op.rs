//! One file operation as plain data, and two ways to carry it out.
//!
//! ```text
//!              ┌─ encode ──► Sqe ──► a ring             started now, completed later
//!   Op, Chain ─┤
//!              └─ perform ─► the calls of a Kernel      done when it returns
//! ```
//!
//! An [`Op`] is one operation, a [`Chain`] several that depend on each other. Both ways give the same results,
//! the same short counts, the same errors and the same cancellations; a host without io_uring runs the same
//! program.
//!
//! What is wrong with an operation by itself is found when it is made, with the numbers that are wrong, before any
//! kernel is asked; see [`OpError`]. A transfer of no bytes asks nothing of the kernel: it completes with 0
//! whatever its file is.
//!
//! # Where the two ways differ
//!
//! These are Linux's own differences, which no encoding hides:
//!
//! - A non-blocking pipe or socket that is not ready answers a call with `AGAIN`; in a ring it is waited for. Pass
//!   [`RwFlags::NOWAIT`] to get `AGAIN` on both.
//! - A pipe answers a positioned call with `SPIPE`; in a ring the offset is ignored. And both ways ignore the offset
//!   of a write on a descriptor that was opened to append. [`Positions`] tells such files, once per file.
//! - A short write at the current position moves the position by what was written; in a ring it may stay where it
//!   was. Go on at [`Offset::At`].
//! - A device whose driver knows no flags for single writes refuses them to a call with `OPNOTSUPP`; in a ring they are
//!   ignored, [`RwFlags::DATA_SYNC`] among them. Regular files and block devices know them.
//! - [`RwFlags::HIGH_PRIORITY`] goes to the kernel with a call only: a ring polls or does not, as it was set up.
//! - A call raises `SIGXFSZ` or `SIGPIPE` in the thread that makes it; in a ring, a worker of the kernel may be the
//!   one that gets it.
//! - A number of a fixed buffer or of a registered file means something to a ring only. A call uses the address of
//!   the buffer, and looks the file up in a table of the caller's, a [`Files`].
//! - A ring does not sever a soft link behind a flush, an allocation, or an operation on names that fails
//!   ([`Op::severs_in_ring`]). A chain with such a link is not left to it, but pushed in parts ([`segment`]).
//! - Over an operation that it does not know, or that it finds malformed when it takes it up, a ring cancels the whole
//!   chain, earlier links included. What is made here is well-formed; whether it is known, a
//!   [`Probe`](crate::ring::Probe) tells.
//! - Before 5.17, a ring looks descriptors up when it takes a chain up. Over one that is not open it then cancels the
//!   rest of the chain, hard links too. The boot matrix has met that on long-term 5.10.

mod chain;
mod descriptor;
mod encode;
mod error;
mod files;
mod new;
mod perform;
mod positions;
mod transfer;

use core::ffi::c_char;

pub(crate) use chain::unsevered;
pub use chain::{Chain, ChainError, Link, Then, perform_chain, segment};
pub use error::OpError;
pub use files::{FileTable, Files, NoFiles, Put};
pub use positions::Positions;

use crate::abi::{FileSlot, Statx};
use crate::errno::Errno;
use crate::iovec::IoVec;
use crate::kernel::{
    AdviseFile, Allocate, BorrowedFd, Fd, OpenFlags, RenameFlags, RwFlags, SyncRange, UnlinkFlags,
};

/// Which file an operation is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A descriptor.
    Fd(Fd),
    /// A slot of registered files: of the ring's table, or by calls of a [`Files`].
    Slot(u32),
}

impl From<Fd> for Target {
    fn from(fd: Fd) -> Self {
        Self::Fd(fd)
    }
}

impl From<BorrowedFd<'_>> for Target {
    fn from(fd: BorrowedFd<'_>) -> Self {
        Self::Fd(fd.fd())
    }
}

/// Where in a file a transfer begins.
///
/// The current position has a name of its own, because its number, −1, is what a wrong subtraction yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// So many bytes from the start, at most `i64::MAX`.
    At(u64),
    /// Where the file's position is, which moves on by what is transferred. In a ring 5.6.
    Current,
}

impl Offset {
    /// As the kernel takes it.
    pub const fn encoded(self) -> u64 {
        match self {
            Self::At(offset) => offset,
            Self::Current => u64::MAX,
        }
    }
}

impl From<u64> for Offset {
    fn from(offset: u64) -> Self {
        Self::At(offset)
    }
}

/// One file operation.
///
/// Plain data: it borrows nothing, and its addresses are used by whoever carries it out, under a contract of
/// theirs. It can be looked into, and is made by the functions named after its variants.
///
/// ```
/// # #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
/// # fn main() -> Result<(), Box<dyn core::error::Error>> {
/// use bareio_core::{Fd, Linux, kernel::OpenFlags, op::Op};
///
/// let open = Op::open_at(Fd::CWD, c"/dev/zero", OpenFlags::READ, 0)?;
/// // SAFETY: the path is valid, and `Fd::CWD` is always open.
/// let zero = Fd(unsafe { open.perform(&Linux) }?.cast_signed());
///
/// let mut bytes = [0xff_u8; 16];
/// let read = Op::read(zero, bytes.as_mut_ptr(), bytes.len(), 0)?;
/// // SAFETY: `bytes` is valid for the call, and `zero` is open.
/// assert_eq!(unsafe { read.perform(&Linux) }, Ok(16));
/// assert_eq!(bytes, [0; 16]);
/// // SAFETY: nobody uses the descriptor any more.
/// unsafe { Op::close(zero).perform(&Linux) }?;
/// # Ok(()) }
/// # #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Does nothing, and completes with 0.
    Nop,
    /// Reads; completes with the count, 0 at the end of the file.
    #[non_exhaustive]
    Read {
        /// From which file.
        file: Target,
        /// To where.
        buf: *mut u8,
        /// How many bytes at most.
        len: u32,
        /// From where in the file.
        offset: Offset,
        /// How.
        flags: RwFlags,
    },
    /// Writes; completes with the count.
    #[non_exhaustive]
    Write {
        /// To which file.
        file: Target,
        /// From where.
        buf: *const u8,
        /// How many bytes at most.
        len: u32,
        /// To where in the file.
        offset: Offset,
        /// How.
        flags: RwFlags,
    },
    /// Reads into a fixed buffer of the ring.
    #[non_exhaustive]
    ReadFixed {
        /// From which file.
        file: Target,
        /// To where, within the fixed buffer.
        buf: *mut u8,
        /// How many bytes at most.
        len: u32,
        /// From where in the file.
        offset: Offset,
        /// How.
        flags: RwFlags,
        /// Which fixed buffer.
        buf_index: u16,
    },
    /// Writes from a fixed buffer of the ring.
    #[non_exhaustive]
    WriteFixed {
        /// To which file.
        file: Target,
        /// From where, within the fixed buffer.
        buf: *const u8,
        /// How many bytes at most.
        len: u32,
        /// To where in the file.
        offset: Offset,
        /// How.
        flags: RwFlags,
        /// Which fixed buffer.
        buf_index: u16,
    },
    /// Reads into several pieces of memory, in order.
    #[non_exhaustive]
    ReadVectored {
        /// From which file.
        file: Target,
        /// The first piece.
        pieces: *const IoVec,
        /// How many there are.
        count: u32,
        /// Their bytes together.
        len: u32,
        /// From where in the file.
        offset: Offset,
        /// How.
        flags: RwFlags,
    },
    /// Writes from several pieces of memory, in order.
    #[non_exhaustive]
    WriteVectored {
        /// To which file.
        file: Target,
        /// The first piece.
        pieces: *const IoVec,
        /// How many there are.
        count: u32,
        /// Their bytes together.
        len: u32,
        /// To where in the file.
        offset: Offset,
        /// How.
        flags: RwFlags,
    },
    /// Flushes the data and all that is known of the file.
    #[non_exhaustive]
    SyncAll {
        /// Which file.
        file: Target,
    },
    /// Flushes the data, and what reading it back needs.
    #[non_exhaustive]
    SyncData {
        /// Which file.
        file: Target,
    },
    /// Starts or awaits writing back a range. It makes nothing durable.
    #[non_exhaustive]
    SyncRange {
        /// Of which file.
        file: Target,
        /// From where.
        offset: u64,
        /// How many bytes; 0: to the end.
        len: u32,
        /// What.
        how: SyncRange,
    },
    /// Reserves, frees or zeroes space of a file.
    #[non_exhaustive]
    Allocate {
        /// Of which file.
        file: Target,
        /// What.
        how: Allocate,
        /// From where.
        offset: u64,
        /// How many bytes.
        len: u64,
    },
    /// Sets the size of a file.
    #[non_exhaustive]
    Truncate {
        /// Of which file.
        file: Target,
        /// To how many bytes.
        len: u64,
    },
    /// Opens a file.
    #[non_exhaustive]
    OpenAt {
        /// From where the path is seen.
        dir: Fd,
        /// The path, ending in a nul byte.
        path: *const c_char,
        /// How.
        flags: OpenFlags,
        /// The permissions of a file that is made.
        mode: u32,
        /// Into which slot of registered files; `None`: a descriptor.
        slot: Option<FileSlot>,
    },
    /// Closes a descriptor, or empties a slot of registered files.
    #[non_exhaustive]
    Close {
        /// Which.
        file: Target,
    },
    /// Tells what is known of a file.
    #[non_exhaustive]
    Stat {
        /// From where the path is seen.
        dir: Fd,
        /// The path, ending in a nul byte; empty: of `dir` itself.
        path: *const c_char,
        /// Which fields are wanted.
        mask: u32,
        /// To where.
        stat: *mut Statx,
    },
    /// Says how a range of a file will be used.
    #[non_exhaustive]
    AdviseFile {
        /// Of which file.
        file: Target,
        /// From where.
        offset: u64,
        /// How many bytes; 0: to the end.
        len: u64,
        /// How.
        advice: AdviseFile,
    },
    /// Renames a file.
    #[non_exhaustive]
    RenameAt {
        /// From where the old path is seen.
        from_dir: Fd,
        /// The old path, ending in a nul byte.
        from: *const c_char,
        /// From where the new path is seen.
        to_dir: Fd,
        /// The new path, ending in a nul byte.
        to: *const c_char,
        /// How.
        flags: RenameFlags,
    },
    /// Removes a name.
    #[non_exhaustive]
    UnlinkAt {
        /// From where the path is seen.
        dir: Fd,
        /// The path, ending in a nul byte.
        path: *const c_char,
        /// What it names.
        flags: UnlinkFlags,
    },
    /// Makes a directory.
    #[non_exhaustive]
    MakeDirAt {
        /// From where the path is seen.
        dir: Fd,
        /// The path, ending in a nul byte.
        path: *const c_char,
        /// Its permissions.
        mode: u32,
    },
}

// SAFETY: numbers and addresses, which are never dereferenced here; whoever carries it out answers for them.
unsafe impl Send for Op {}
// SAFETY: as for `Send`; there is no interior mutability.
unsafe impl Sync for Op {}

impl Op {
    /// How many bytes a read or write is to move; `None` for anything else.
    pub const fn transfer_len(&self) -> Option<u32> {
        match *self {
            Self::Read { len, .. }
            | Self::Write { len, .. }
            | Self::ReadFixed { len, .. }
            | Self::WriteFixed { len, .. }
            | Self::ReadVectored { len, .. }
            | Self::WriteVectored { len, .. } => Some(len),
            _ => None,
        }
    }

    /// Whether it completes with 0 without a look at its file: a transfer of no bytes, or [`Op::Nop`].
    pub const fn is_nothing(&self) -> bool {
        matches!((self, self.transfer_len()), (Self::Nop, _) | (_, Some(0)))
    }

    /// Whether `result` says that all of it was done: no error, and no short count.
    ///
    /// A hard link goes on after a short write, and a flush behind it then succeeds; so this, and not the result of
    /// the flush alone, says whether the bytes are durable.
    ///
    /// ```
    /// # use bareio_core::{Fd, op::Op};
    /// let write = Op::write(Fd(3), b"four".as_ptr(), 4, 0)?;
    /// assert!(write.is_whole(Ok(4)));
    /// assert!(!write.is_whole(Ok(3)));
    /// # Ok::<(), bareio_core::op::OpError>(())
    /// ```
    pub const fn is_whole(&self, result: Result<u32, Errno>) -> bool {
        match (result, self.transfer_len()) {
            (Err(_), _) => false,
            (Ok(moved), Some(len)) => moved == len,
            (Ok(_), None) => true,
        }
    }
}
