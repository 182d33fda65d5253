//! Raw block devices, and what devices promise of single writes.
#![expect(unsafe_code, reason = "says what the requests to a device do with their arguments")]

use std::ops::Range;

use bareio_core::kernel::RwFlags;
use bareio_core::{Align, Errno, Kernel, Part};

use super::transfer::short_write;
use super::{AtomicWrites, File};
use crate::error::{Error, ErrorKind, Result, Why};

/// `BLKSSZGET`: the logical block, as an int.
const LOGICAL_BLOCK: u32 = 0x1268;
/// `BLKPBSZGET`: the physical block, as an unsigned int.
const PHYSICAL_BLOCK: u32 = 0x127b;
/// `BLKDISCARD`: discards a range, given as offset and length.
const DISCARD: u32 = 0x1277;
/// `BLKGETSIZE64`: the size in bytes, as a number of 64 bits. The processors that number it otherwise have no kernel
/// here.
const SIZE: u32 = 0x8008_1272;

impl<K: Kernel> File<K> {
    /// Whether it is a raw block device.
    ///
    /// ```
    /// assert!(!bareio::File::open("Cargo.toml")?.is_block_device());
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn is_block_device(&self) -> bool {
        self.0.facts.is_block_device
    }

    pub(super) fn device_size(&self) -> Result<u64> {
        let mut size = 0_u64;
        // SAFETY: the request fills in a number of 64 bits.
        unsafe { self.0.descriptor.control(SIZE, &mut size) }.map_err(|errno| Error::os("ioctl", errno))?;
        Ok(size)
    }

    fn check_device(&self, what: &'static str) -> Result<()> {
        let why = Why::Because("the file is not a block device");
        if self.is_block_device() { Ok(()) } else { Err(Error::unsupported(what, why)) }
    }

    /// The block that a device is addressed in.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported): it is not a block device.
    /// - The device's.
    ///
    /// Source: `BLKSSZGET`.
    pub fn logical_block(&self) -> Result<Align> {
        self.check_device("a logical block")?;
        let mut bytes = 0_u32;
        // SAFETY: the request fills in a number of 32 bits.
        unsafe { self.0.descriptor.control(LOGICAL_BLOCK, &mut bytes) }
            .map_err(|errno| Error::os("ioctl", errno))?;
        Align::new(u64::from(bytes)).ok_or(Error::os("ioctl", Errno::OVERFLOW))
    }

    /// The block that a device writes without reading it first: what writes are best multiples of.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported): it is not a block device.
    /// - The device's.
    ///
    /// ```
    /// let error = bareio::File::open("Cargo.toml")?.physical_block().unwrap_err();
    /// assert!(error.is_unsupported());
    /// # Ok::<(), bareio::Error>(())
    /// ```
    ///
    /// Source: `BLKPBSZGET`; Linux 2.6.32.
    pub fn physical_block(&self) -> Result<Align> {
        self.check_device("a physical block")?;
        let mut bytes = 0_u32;
        // SAFETY: the request fills in a number of 32 bits.
        unsafe { self.0.descriptor.control(PHYSICAL_BLOCK, &mut bytes) }
            .map_err(|errno| Error::os("ioctl", errno))?;
        Align::new(u64::from(bytes)).ok_or(Error::os("ioctl", Errno::OVERFLOW))
    }

    /// Tells a device that what is in `range`, in bytes, is not needed any more. **What it reads as afterwards is not
    /// said**: not always zero.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported): it is not a block device (use [`punch_hole`](Self::punch_hole)), or
    ///   the device cannot.
    /// - [`Misaligned`](ErrorKind::Misaligned): the range is not whole logical blocks.
    /// - The device's.
    ///
    /// Source: `BLKDISCARD`; Linux 2.6.28.
    pub fn discard(&self, range: Range<u64>) -> Result<()> {
        self.check_device("discarding")?;
        let mut bounds = [range.start, range.end.saturating_sub(range.start)];
        if bounds[1] == 0 {
            return Ok(());
        }
        let block = self.logical_block()?;
        block.check(Part::Offset, bounds[0])?;
        block.check(Part::Length, bounds[1])?;
        // SAFETY: the request reads two numbers of 64 bits.
        match unsafe { self.0.descriptor.control(DISCARD, &mut bounds) } {
            Err(errno @ (Errno::OPNOTSUPP | Errno::NOTTY)) => {
                Err(Error::unsupported("discarding", Why::Errno(errno)))
            }
            answer => answer.map_err(|errno| Error::os("ioctl", errno)),
        }
    }

    /// Which writes are atomic, if any are. Only direct ones can be.
    ///
    /// Source: `STATX_WRITE_ATOMIC`; Linux 6.11.
    pub fn atomic_writes(&self) -> Option<AtomicWrites> {
        self.0.facts.atomic.filter(|_| self.granted().is_direct())
    }

    /// Writes `buf` to `offset` on, whole or not at all, also when power fails. Whether it is durable is another
    /// question: flush, or open the file with [`Sync`](super::Sync).
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported): the file, the device or the kernel cannot.
    /// - [`OutOfRange`](ErrorKind::OutOfRange): the length is none that [`atomic_writes`](Self::atomic_writes) allows.
    /// - [`Misaligned`](ErrorKind::Misaligned): the offset is not a multiple of the length, or the buffer not on the grid.
    /// - The kernel's: nothing was written.
    ///
    /// ```
    /// # let file = bareio::File::try_from(tempfile::tempfile()?)?;
    /// // Not through the page cache.
    /// assert!(file.write_atomic_at(&[0; 4096], 0).unwrap_err().is_unsupported());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Source: `RWF_ATOMIC`, `pwritev2(2)`; Linux 6.11.
    pub fn write_atomic_at(&self, buf: &[u8], offset: u64) -> Result<()> {
        const WHAT: &str = "an atomic write";
        let len = buf.len() as u64;
        let Some(AtomicWrites { min, max, .. }) = self.atomic_writes() else {
            let why = if self.granted().is_direct() {
                "the kernel knows of none for this file"
            } else {
                "the file goes through the page cache; open it for direct I/O"
            };
            return Err(Error::unsupported(WHAT, Why::Because(why)));
        };
        let (least, most) = (min.bytes(), max.bytes());
        if !len.is_power_of_two() || !(least..=most).contains(&len) {
            let what = "the length of an atomic write";
            return Err(ErrorKind::OutOfRange { what, value: len, least, most, power_of_two: true }.into());
        }
        if let Some(align) = Align::new(len) {
            align.check(Part::Offset, offset)?;
        }
        self.check_write(buf.as_ptr(), buf.len(), offset)?;
        let written = self.written(|| self.0.descriptor.write(buf, offset, RwFlags::ATOMIC));
        match written {
            Ok(count) if count == buf.len() => Ok(()),
            Ok(count) => Err(short_write(buf.len(), count)),
            Err(error) => match error.errno() {
                Some(errno @ (Errno::OPNOTSUPP | Errno::NOSYS)) => {
                    Err(Error::unsupported(WHAT, Why::Errno(errno)))
                }
                _ => Err(error),
            },
        }
    }
}
