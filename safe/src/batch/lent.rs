//! Files, lent to the operations of a batch.

use bareio_core::kernel::OpenFlags;
use bareio_core::op::Positions;
use bareio_core::{Align, BorrowedFd, Errno, Kernel, Part};

use crate::error::{Error, Result};
use crate::file::durable::Poison;
use crate::file::{File, Grid, Sync};

/// What can be lent to operations on kernel `K` for `'a`.
///
/// A [`File`] can, on any kernel; and on [`Native`](crate::Native) the standard library's descriptors. Of whatever else
/// has a descriptor, lend `as_fd()`.
pub trait Lend<'a, K> {
    /// Lends it.
    fn lend(self) -> Lent<'a>;
}

/// A file that is lent: it stays open, and stays the same, for `'a`.
///
/// What an offset means to a file is asked once in the life of a [`File`], and of a bare descriptor in each batch, by two
/// short calls; or once, here:
///
/// ```
/// use bareio::batch::{Batcher, Lent};
///
/// let file = tempfile::tempfile()?;
/// let mut batcher = Batcher::auto();
/// let lent = Lent::asked(&file)?;
/// for record in 0..4_u64 {
///     // One system call each.
///     batcher.linked_write_fsync(lent, &[record as u8; 512], record * 512)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lent<'a> {
    pub(super) file: BorrowedFd<'a>,
    pub(super) manner: Option<Manner>,
    pub(super) poison: Option<&'a Poison>,
}

/// What has to be known of a file to read and write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    positions: Positions,
    /// Whether it was opened for direct I/O.
    pub(super) is_direct: bool,
    /// What direct I/O asks for; of a bare descriptor it is not known.
    grid: Option<Grid>,
    /// Whether each write is flushed by itself.
    pub(super) flushes: bool,
}

impl<'a> Lent<'a> {
    /// A descriptor of which nothing is known.
    pub(super) const fn bare(file: BorrowedFd<'a>) -> Self {
        Self { file, manner: None, poison: None }
    }

    /// As [`asked`](Self::asked), on another kernel.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn asked_of<K: Kernel>(kernel: &K, file: impl Lend<'a, K>) -> Result<Self> {
        let lent = file.lend();
        let manner = match lent.manner {
            Some(manner) => manner,
            None => super::way::ask(kernel, lent.file)?,
        };
        Ok(Self { manner: Some(manner), ..lent })
    }
}

impl<'a> Lent<'a> {
    /// Asks what an offset means to `file`, for as long as it is lent.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn asked(file: impl Lend<'a, crate::Native>) -> Result<Self> {
        Self::asked_of(&crate::host::NATIVE, file)
    }
}

impl Manner {
    /// Of a bare descriptor: what it answered. A kernel that cannot tell is taken to keep to offsets.
    pub(super) fn new(positions: Result<Positions, Errno>, flags: Result<OpenFlags, Errno>) -> Result<Self> {
        let positions = match positions {
            Err(Errno::NOSYS) => Positions::Kept,
            answer => answer.map_err(|errno| Error::os("lseek", errno))?,
        };
        let flags = match flags {
            Err(Errno::NOSYS) => OpenFlags::READ,
            answer => answer.map_err(|errno| Error::os("fcntl", errno))?,
        };
        Ok(Self {
            positions,
            is_direct: flags.contains(OpenFlags::DIRECT),
            grid: None,
            flushes: flags.intersects(OpenFlags::DATA_SYNC.with(OpenFlags::SYNC)),
        })
    }

    fn of<K: Kernel>(file: &File<K>) -> Self {
        Self {
            positions: file.positions(),
            is_direct: file.granted().is_direct(),
            grid: Some(file.align()),
            flushes: file.sync_mode() != Sync::None,
        }
    }

    /// On what offsets a transfer can begin. A device has blocks of 512 bytes at least.
    pub(super) fn grid(&self, writes: bool) -> Align {
        match self.grid {
            Some(grid) if writes => grid.offset,
            Some(grid) => grid.read_offset,
            None if self.is_direct => Align::B_512,
            None => Align::BYTE,
        }
    }

    /// Checks where a transfer begins.
    pub(super) fn check(&self, writes: bool, offset: u64) -> Result<()> {
        if writes { self.positions.check_write() } else { self.positions.check_read() }?;
        if self.grid.is_some() {
            self.grid(writes).check(Part::Offset, offset)?;
        }
        Ok(())
    }

    /// Checks one piece of its memory.
    pub(super) fn check_piece(&self, writes: bool, address: u64, len: u64) -> Result<()> {
        if let Some(grid) = self.grid {
            grid.memory.check(Part::Address, address)?;
            self.grid(writes).check(Part::Length, len)?;
        }
        Ok(())
    }
}

impl<'a, K> Lend<'a, K> for Lent<'a> {
    fn lend(self) -> Self {
        self
    }
}

impl<'a, K: Kernel> Lend<'a, K> for &'a File<K> {
    fn lend(self) -> Lent<'a> {
        Lent { file: self.lend(), manner: Some(Manner::of(self)), poison: Some(self.poison_word()) }
    }
}

/// For whoever brings a kernel: the core's own form of a descriptor.
impl<'a, K> Lend<'a, K> for BorrowedFd<'a> {
    fn lend(self) -> Lent<'a> {
        Lent::bare(self)
    }
}

#[cfg(unix)]
mod unix {
    use std::os::fd::{BorrowedFd, OwnedFd};

    use super::{Lend, Lent};
    use crate::fd::{self, SharedFile};
    use crate::host::Native;

    impl<'a> Lend<'a, Native> for &'a std::fs::File {
        fn lend(self) -> Lent<'a> {
            Lent::bare(fd::lend(self))
        }
    }

    impl<'a> Lend<'a, Native> for &'a OwnedFd {
        fn lend(self) -> Lent<'a> {
            Lent::bare(fd::lend(self))
        }
    }

    impl<'a> Lend<'a, Native> for &'a SharedFile {
        fn lend(self) -> Lent<'a> {
            Lent::bare(fd::lend(self))
        }
    }

    impl<'a> Lend<'a, Native> for BorrowedFd<'a> {
        fn lend(self) -> Lent<'a> {
            Lent::bare(super::super::way::lend(self))
        }
    }
}
