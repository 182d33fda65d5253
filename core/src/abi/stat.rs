use super::same_layout;
use linux_raw_sys::general as sys;

/// What is known of a file: `struct statx`.
///
/// Source: `statx(2)`; 4.11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Statx {
    /// Which fields were filled in.
    pub mask: u32,
    /// The block that the file system prefers, in bytes.
    pub blksize: u32,
    /// Attributes that are set.
    pub attributes: u64,
    /// How many links the file has.
    pub nlink: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its type and permissions.
    pub mode: u16,
    /// Zero.
    pub spare0: u16,
    /// Its inode number.
    pub ino: u64,
    /// Its size in bytes.
    pub size: u64,
    /// What it takes on the disk, in units of 512 bytes.
    pub blocks: u64,
    /// Attributes that the file system knows.
    pub attributes_mask: u64,
    /// Last read.
    pub atime: StatxTimestamp,
    /// Created.
    pub btime: StatxTimestamp,
    /// Its description last changed.
    pub ctime: StatxTimestamp,
    /// Last written.
    pub mtime: StatxTimestamp,
    /// The device that it is, if it is one.
    pub rdev_major: u32,
    /// The device that it is, if it is one.
    pub rdev_minor: u32,
    /// The device that it is on.
    pub dev_major: u32,
    /// The device that it is on.
    pub dev_minor: u32,
    /// The mount that it is on.
    pub mnt_id: u64,
    /// What direct I/O asks of addresses, in bytes; 0 if the file cannot do it. 6.1.
    pub dio_mem_align: u32,
    /// What direct I/O asks of offsets and lengths, in bytes; 0 if the file cannot do it. 6.1.
    pub dio_offset_align: u32,
    /// Its subvolume. 6.10.
    pub subvol: u64,
    /// The smallest write that is atomic, in bytes. 6.11.
    pub atomic_write_unit_min: u32,
    /// The largest write that is atomic, in bytes. 6.11.
    pub atomic_write_unit_max: u32,
    /// The most pieces that an atomic write may have. 6.11.
    pub atomic_write_segments_max: u32,
    /// What direct reads ask of offsets, in bytes, where that is less than for writes. 6.14.
    pub dio_read_offset_align: u32,
    /// The largest atomic write that is done by the device itself, in bytes. 6.16.
    pub atomic_write_unit_max_opt: u32,
    /// Zero.
    pub spare2: u32,
    /// Zero.
    pub spare3: [u64; 8],
}

impl Statx {
    /// The usual fields, for [`mask`](Self::mask): `STATX_BASIC_STATS`.
    pub const BASIC_STATS: u32 = sys::STATX_BASIC_STATS;
    /// The alignment of direct I/O: `STATX_DIOALIGN`. 6.1.
    pub const DIOALIGN: u32 = sys::STATX_DIOALIGN;
    /// The alignment of direct reads: `STATX_DIO_READ_ALIGN`. 6.14.
    pub const DIO_READ_ALIGN: u32 = sys::STATX_DIO_READ_ALIGN;
    /// Atomic writes: `STATX_WRITE_ATOMIC`. 6.11.
    pub const WRITE_ATOMIC: u32 = sys::STATX_WRITE_ATOMIC;

    /// The bits of its mode that say what it is: `S_IFMT`.
    const KIND: u16 = 0o170_000;

    /// Whether it is a regular file.
    pub const fn is_regular(&self) -> bool {
        self.mode & Self::KIND == 0o100_000
    }

    /// Whether it is a directory.
    pub const fn is_dir(&self) -> bool {
        self.mode & Self::KIND == 0o040_000
    }

    /// Whether it is a block device.
    pub const fn is_block_device(&self) -> bool {
        self.mode & Self::KIND == 0o060_000
    }

    /// Whether both are one and the same file.
    pub const fn is_same_file(&self, other: &Self) -> bool {
        self.ino == other.ino && self.dev_major == other.dev_major && self.dev_minor == other.dev_minor
    }
}

/// A point in time since 1970: `struct statx_timestamp`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct StatxTimestamp {
    /// Seconds.
    pub sec: i64,
    /// Nanoseconds, below 10⁹.
    pub nsec: u32,
    /// Zero.
    pub reserved: i32,
}

same_layout!(StatxTimestamp, sys::statx_timestamp, sec = tv_sec, nsec = tv_nsec);
same_layout!(
    Statx,
    sys::statx,
    mask = stx_mask,
    blksize = stx_blksize,
    attributes = stx_attributes,
    nlink = stx_nlink,
    mode = stx_mode,
    ino = stx_ino,
    size = stx_size,
    blocks = stx_blocks,
    atime = stx_atime,
    mtime = stx_mtime,
    rdev_major = stx_rdev_major,
    dev_minor = stx_dev_minor,
    mnt_id = stx_mnt_id,
    dio_mem_align = stx_dio_mem_align,
    dio_offset_align = stx_dio_offset_align,
    atomic_write_unit_min = stx_atomic_write_unit_min,
    dio_read_offset_align = stx_dio_read_offset_align,
    atomic_write_unit_max_opt = stx_atomic_write_unit_max_opt,
);
