//! Past the page cache, or through it; and which of the two was granted.

use std::fmt;

use bareio_core::{Align, Misaligned, Part};

use crate::error::Why;

/// Whether a file is to be read and written past the page cache.
///
/// ```
/// use bareio::file::{Direct, File, OpenOptions};
///
/// // As the file system can; what it did can be asked.
/// let file = OpenOptions::new().read(true).direct(Direct::Preferred).open("Cargo.toml")?;
/// println!("{}", file.granted());
/// # Ok::<(), bareio::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direct {
    /// Past it, or not at all: opening fails with [`Unsupported`](crate::ErrorKind::Unsupported) where it cannot be.
    Required,
    /// Past it where the file system can, else through it.
    Preferred,
    /// Through it.
    #[default]
    Off,
}

/// How writes are flushed, without a call of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sync {
    /// They are not: call [`sync_data`](crate::file::File::sync_data) or [`sync_all`](crate::file::File::sync_all).
    #[default]
    None,
    /// Each write is durable, with what reading it back needs, when it returns: `O_DSYNC`.
    Data,
    /// Each write is durable, with all that is known of the file, when it returns: `O_SYNC`.
    All,
}

/// What was granted of [`Direct`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// The file is read and written past the page cache, on the grid that [`File::align`](crate::file::File::align) names.
    Direct,
    /// Through it, and why.
    Buffered(Why),
}

impl Granted {
    /// Whether it is [`Direct`](Self::Direct).
    pub const fn is_direct(&self) -> bool {
        matches!(self, Self::Direct)
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Buffered(why) => write!(f, "buffered: {why}"),
        }
    }
}

/// What reads and writes of a file must be multiples of. One byte each where it is buffered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Addresses of memory.
    pub memory: Align,
    /// Offsets and lengths of writes, which suffices for reads as well.
    pub offset: Align,
    /// Offsets and lengths of reads, where a finer grid is enough for them. Linux 6.14; else as `offset`.
    pub read_offset: Align,
}

impl Grid {
    /// Everything is aligned.
    pub const ANY: Self = Self::uniform(Align::BYTE);

    /// The same for everything.
    pub const fn uniform(align: Align) -> Self {
        Self { memory: align, offset: align, read_offset: align }
    }

    /// What one buffer must be aligned to, in address and in length, for both reads and writes.
    ///
    /// ```
    /// use bareio::{Align, file::Grid};
    /// let grid = Grid { memory: Align::B_512, offset: Align::KIB_4, read_offset: Align::B_512 };
    /// assert_eq!(grid.block(), Align::KIB_4);
    /// ```
    pub const fn block(&self) -> Align {
        self.memory.max(self.offset).max(self.read_offset)
    }

    /// Checks a read of `len` bytes at `offset` into memory at `address`.
    ///
    /// # Errors
    ///
    /// [`Misaligned`]: which of the three is off, and by what.
    pub const fn check_read(&self, address: usize, len: usize, offset: u64) -> Result<(), Misaligned> {
        check(self.memory, self.read_offset, address, len, offset)
    }

    /// Checks a write of `len` bytes at `offset` from memory at `address`.
    ///
    /// # Errors
    ///
    /// [`Misaligned`]: which of the three is off, and by what.
    pub const fn check_write(&self, address: usize, len: usize, offset: u64) -> Result<(), Misaligned> {
        check(self.memory, self.offset, address, len, offset)
    }
}

const fn check(
    memory: Align,
    grid: Align,
    address: usize,
    len: usize,
    offset: u64,
) -> Result<(), Misaligned> {
    // What moves nothing touches no memory.
    let memory = if len == 0 { Align::BYTE } else { memory };
    match (
        memory.check(Part::Address, address as u64),
        grid.check(Part::Length, len as u64),
        grid.check(Part::Offset, offset),
    ) {
        (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => Err(error),
        _ => Ok(()),
    }
}
