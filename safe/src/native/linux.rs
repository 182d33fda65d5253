//! Linux, by way of rustix.
#![expect(unsafe_code, reason = "two requests to block devices, which rustix has no functions for")]

use std::num::NonZeroU64;
use std::os::fd::BorrowedFd;

use bareio_core::kernel::OpenFlags;
use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::Result;
use rustix::ioctl::{Getter, Setter, ioctl, opcode};

use super::Advice;

pub(crate) const DIRECT_NEEDS_ALIGNMENT: bool = true;
pub(crate) const ADVICE_IS_EFFECTIVE: bool = true;
pub(crate) const EXPLICIT_SYNC_NEEDED: bool = false;

/// What asks for direct I/O when opening, where a flag does.
pub(crate) const OPEN_DIRECT: OFlags = OFlags::DIRECT;

/// What asks for the data to be flushed at each write. Not `OFlags::DSYNC`: rustix 1.1 means `O_SYNC` by it here.
pub(crate) fn open_data_sync() -> OFlags {
    OFlags::from_bits_retain(OpenFlags::DATA_SYNC.linux())
}

/// What asks for a file without a name, where there is such a thing.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
pub(crate) fn open_temporary() -> Option<OFlags> {
    Some(OFlags::TMPFILE)
}

pub(crate) fn sync_data(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::fs::fdatasync(fd)
}

pub(crate) fn sync_all(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::fs::fsync(fd)
}

pub(crate) fn reserve(fd: BorrowedFd<'_>, offset: u64, len: u64, keep_size: bool) -> Result<()> {
    rustix::fs::fallocate(fd, size(keep_size), offset, len)
}

/// Whether a hole can be punched at all.
pub(crate) const HAS_HOLES: bool = true;

pub(crate) fn punch(fd: BorrowedFd<'_>, offset: u64, len: u64) -> Result<()> {
    rustix::fs::fallocate(fd, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, len)
}

pub(crate) fn zero(fd: BorrowedFd<'_>, offset: u64, len: u64, keep_size: bool) -> Result<()> {
    rustix::fs::fallocate(fd, FallocateFlags::ZERO_RANGE | size(keep_size), offset, len)
}

const fn size(keep: bool) -> FallocateFlags {
    if keep { FallocateFlags::KEEP_SIZE } else { FallocateFlags::empty() }
}

/// `len` 0: to the end.
pub(crate) fn advise(fd: BorrowedFd<'_>, offset: u64, len: u64, advice: Advice) -> Result<()> {
    let advice = match advice {
        Advice::Normal => rustix::fs::Advice::Normal,
        Advice::Sequential => rustix::fs::Advice::Sequential,
        Advice::Random => rustix::fs::Advice::Random,
        Advice::WillNeed => rustix::fs::Advice::WillNeed,
        Advice::DontNeed => rustix::fs::Advice::DontNeed,
    };
    rustix::fs::fadvise(fd, offset, NonZeroU64::new(len), advice)
}

pub(crate) fn copy(
    from: BorrowedFd<'_>,
    mut from_offset: u64,
    to: BorrowedFd<'_>,
    mut to_offset: u64,
    len: usize,
) -> Result<usize> {
    rustix::fs::copy_file_range(from, Some(&mut from_offset), to, Some(&mut to_offset), len)
}

/// Turns direct I/O on or off.
pub(crate) fn set_direct(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    rustix::fs::fcntl_setfl(fd, if on { flags | OFlags::DIRECT } else { flags - OFlags::DIRECT })
}

/// Whether direct I/O is on, where the descriptor says it.
pub(crate) fn is_direct(flags: OFlags) -> bool {
    flags.contains(OFlags::DIRECT)
}

/// The length of a block device, in bytes.
pub(crate) fn device_len(fd: BorrowedFd<'_>) -> Result<u64> {
    // BLKGETSIZE64.
    const REQUEST: rustix::ioctl::Opcode = opcode::read::<usize>(0x12, 114);
    // SAFETY: the request fills in 64 bits.
    let request = unsafe { Getter::<REQUEST, u64>::new() };
    // SAFETY: it changes nothing.
    unsafe { ioctl(fd, request) }
}

/// The logical and the physical block of a device, in bytes.
pub(crate) fn device_blocks(fd: BorrowedFd<'_>) -> Result<(u32, u32)> {
    Ok((rustix::fs::ioctl_blksszget(fd)?, rustix::fs::ioctl_blkpbszget(fd)?))
}

pub(crate) fn device_discard(fd: BorrowedFd<'_>, offset: u64, len: u64) -> Result<()> {
    // BLKDISCARD.
    const REQUEST: rustix::ioctl::Opcode = opcode::none(0x12, 119);
    // SAFETY: the request reads two numbers of 64 bits.
    let request = unsafe { Setter::<REQUEST, [u64; 2]>::new([offset, len]) };
    // SAFETY: no memory of this process is touched.
    unsafe { ioctl(fd, request) }
}
