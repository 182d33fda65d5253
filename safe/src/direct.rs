//! Past the page cache or through it: what is asked for, and what a file then asks in return.
//!
//! Direct I/O moves bytes between the device and the caller's memory without a copy in between. In return addresses,
//! lengths and offsets must sit on the file's [`Grid`], which depends on file system and device and is asked of the
//! file, never assumed.

mod ask;

use bareio_core::{Align, Misaligned, Part};

/// Whether a file is to be read and written past the page cache.
///
/// What came of it can be asked: see `fd::granted`. Nothing falls back unless it is told that it may.
///
/// ```
/// assert_eq!(bareio::Direct::default(), bareio::Direct::Off);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direct {
    /// Past it, or not at all: an error where the file system cannot.
    Required,
    /// Past it where the file system can, else through it.
    Preferred,
    /// Through it.
    #[default]
    Off,
}

impl Direct {
    /// Whether it is asked for, as a demand or as a wish.
    pub const fn is_wanted(self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// What is flushed before a write returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sync {
    /// Nothing: flushing is a call of its own.
    #[default]
    None,
    /// The data, and what reading it back needs: `O_DSYNC`.
    Data,
    /// The data, and all that is known of the file: `O_SYNC`.
    All,
}

/// Which writes to a file are atomic also when power fails.
///
/// Such a write is one call with [`RwFlags::ATOMIC`](bareio_core::kernel::RwFlags::ATOMIC), on a file open for direct
/// I/O; its length is a power of two from `min` to `max`, and its offset a multiple of its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtomicWrites {
    /// The shortest, in bytes.
    pub min: Align,
    /// The longest, in bytes.
    pub max: Align,
    /// The longest that the device does by itself, in bytes; longer ones cost the file system an extra write. As `max`
    /// before 6.16.
    pub max_by_device: Align,
    /// The most pieces of memory that one may have.
    pub pieces: u32,
}

impl AtomicWrites {
    /// What the numbers of `statx(2)` say; all of them are 0 where no write is atomic.
    pub(crate) fn told(min: u32, max: u32, by_device: u32, pieces: u32) -> Option<Self> {
        let align = |bytes: u32| Align::new(bytes.into());
        let max = align(max)?;
        Some(Self { min: align(min)?, max, max_by_device: align(by_device).unwrap_or(max), pieces })
    }
}

/// What the addresses, the lengths and the offsets of reads and writes must be multiples of.
///
/// Memory and offsets apart, and reads apart from writes: a disk with sectors of 4,096 bytes may take memory on any 4
/// bytes, and a file system that writes out of place may read on a finer grid than it writes.
///
/// ```
/// use bareio::{Align, Grid, Part};
///
/// let grid = Grid { memory: Align::B_512, offset: Align::KIB_4, read_offset: Align::B_512 };
/// let address = 0x1200;
/// assert_eq!(grid.check_read(address, 512, 1024), Ok(()));
/// let error = grid.check_write(address, 512, 8192).unwrap_err();
/// assert_eq!((error.part, error.value, error.align), (Part::Length, 512, Align::KIB_4));
/// // What moves nothing may lie anywhere in memory.
/// assert_eq!(grid.check_write(0x1201, 0, 8192), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Of addresses.
    pub memory: Align,
    /// Of offsets and lengths of writes, and of everything else that is done to the file.
    pub offset: Align,
    /// Of offsets and lengths of reads; never coarser than `offset`.
    pub read_offset: Align,
}

impl Grid {
    /// Anything goes: a file that is read and written through the page cache.
    pub const ANY: Self = Self::uniform(Align::BYTE);

    /// The same for memory, offsets and lengths.
    pub const fn uniform(align: Align) -> Self {
        Self { memory: align, offset: align, read_offset: align }
    }

    /// Whether it asks nothing.
    pub const fn is_any(&self) -> bool {
        matches!(self.block().bytes(), 1)
    }

    /// The one number that fits memory, reads and writes alike: what to allocate buffers on.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_three_numbers_is_told_apart() {
        let grid = Grid::uniform(Align::KIB_4);
        let part = |address, len, offset| grid.check_read(address, len, offset).err().map(|error| error.part);
        assert_eq!(part(8192, 4096, 0), None);
        assert_eq!(part(8193, 4096, 0), Some(Part::Address));
        assert_eq!(part(8192, 4095, 0), Some(Part::Length));
        assert_eq!(part(8192, 4096, 1), Some(Part::Offset));
        assert_eq!(part(8193, 0, 0), None, "an empty buffer lies anywhere");
        assert_eq!(part(8192, 0, 1), Some(Part::Offset));
    }

    #[test]
    fn the_block_fits_all_of_it() {
        let grid = Grid { memory: Align::BYTE, offset: Align::KIB_4, read_offset: Align::B_512 };
        assert_eq!(grid.block(), Align::KIB_4);
        assert!(Grid::ANY.is_any() && !grid.is_any());
    }
}
