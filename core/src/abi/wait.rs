//! What `enter` is told about waiting, and where it can lie.

use super::flags::flags;
use super::{Timespec, same_layout};
use linux_raw_sys::io_uring as sys;

/// How long `enter` waits: `struct io_uring_getevents_arg`, 24 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct GeteventsArg {
    /// The address of a signal mask, or 0.
    pub sigmask: u64,
    /// The size of the kernel's signal set, 8, also where there is no mask.
    pub sigmask_len: u32,
    /// Microseconds to wait for the full count before settling for any. 6.12; zero before.
    pub min_wait_usec: u32,
    /// The address of a [`Timespec`], or 0.
    pub timespec: u64,
}

same_layout!(
    GeteventsArg,
    sys::io_uring_getevents_arg,
    sigmask = sigmask,
    sigmask_len = sigmask_sz,
    min_wait_usec = min_wait_usec,
    timespec = ts,
);

/// The same, as it lies in a registered region: `struct io_uring_reg_wait`, 64 bytes. 6.13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RegWait {
    /// How long to wait, with [`RegWaitFlags::TS`].
    pub timespec: Timespec,
    /// Microseconds to wait for the full count before settling for any.
    pub min_wait_usec: u32,
    /// Which of the fields count.
    pub flags: RegWaitFlags,
    /// The address of a signal mask, or 0.
    pub sigmask: u64,
    /// The size of the kernel's signal set, 8.
    pub sigmask_len: u32,
    /// Zero.
    pub pad: [u32; 3],
    /// Zero.
    pub pad2: [u64; 2],
}

same_layout!(
    RegWait,
    sys::io_uring_reg_wait,
    timespec = ts,
    min_wait_usec = min_wait_usec,
    flags = flags,
    sigmask = sigmask,
    sigmask_len = sigmask_sz,
    pad = pad,
    pad2 = pad2,
);

flags! {
    /// What of a [`RegWait`] counts.
    RegWaitFlags: u32 {
        /// Its time. 6.13.
        TS = 1 << 0, sys::IORING_REG_WAIT_TS;
    }
}

/// A piece of memory that user and kernel share: `struct io_uring_region_desc`. 6.13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RegionDesc {
    /// Where the caller's memory is, with [`RegionFlags::TYPE_USER`].
    pub user_addr: u64,
    /// Its size in bytes, whole pages.
    pub size: u64,
    /// Whose memory it is.
    pub flags: RegionFlags,
    /// Zero.
    pub id: u32,
    /// Where the kernel's memory is mapped (answered).
    pub mmap_offset: u64,
    /// Zero.
    pub resv: [u64; 4],
}

same_layout!(
    RegionDesc,
    sys::io_uring_region_desc,
    user_addr = user_addr,
    size = size,
    flags = flags,
    id = id,
    mmap_offset = mmap_offset,
    resv = __resv,
);

flags! {
    /// Whose memory a [`RegionDesc`] names.
    RegionFlags: u32 {
        /// The caller's. 6.13.
        TYPE_USER = 1 << 0, sys::IORING_MEM_REGION_TYPE_USER;
    }
}

/// What a region is registered for: `struct io_uring_mem_region_reg`. 6.13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct MemRegion {
    /// The address of a [`RegionDesc`].
    pub region: u64,
    /// Its use.
    pub flags: MemRegionFlags,
    /// Zero.
    pub resv: [u64; 2],
}

same_layout!(MemRegion, sys::io_uring_mem_region_reg, region = region_uptr, flags = flags, resv = __resv,);

flags! {
    /// What a [`MemRegion`] is for.
    MemRegionFlags: u64 {
        /// An array of [`RegWait`], each given to `enter` by its byte offset. The ring must be disabled still. 6.13.
        REG_WAIT_ARG = 1 << 0, sys::IORING_MEM_REGION_REG_WAIT_ARG;
    }
}
