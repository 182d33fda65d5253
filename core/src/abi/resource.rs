//! Registered files and buffers: how they are brought in, replaced and shared.

use super::flags::flags;
use super::same_layout;
use linux_raw_sys::io_uring as sys;

/// Which registered files to replace, and by what: `struct io_uring_files_update`. 5.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct FilesUpdate {
    /// The first slot, counted from 0.
    pub offset: u32,
    /// Zero.
    pub resv: u32,
    /// The address of descriptors, 32 bits each: −1 empties a slot, [`SKIP`](Self::SKIP) leaves it as it is.
    pub fds: u64,
}

impl FilesUpdate {
    /// In place of a descriptor: the slot stays as it is. 5.12.
    pub const SKIP: i32 = sys::IORING_REGISTER_FILES_SKIP;
}

same_layout!(FilesUpdate, sys::io_uring_files_update, offset = offset, resv = resv, fds = fds);

/// Files or buffers to register, with tags: `struct io_uring_rsrc_register`. 5.13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RsrcRegister {
    /// How many.
    pub count: u32,
    /// How.
    pub flags: RsrcFlags,
    /// Zero.
    pub resv2: u64,
    /// The address of descriptors or of `iovec`s; 0 with [`RsrcFlags::SPARSE`].
    pub data: u64,
    /// The address of tags, 64 bits each, or 0. A completion brings a tag when the kernel is done with its
    /// file or buffer; tag 0 brings none.
    pub tags: u64,
}

same_layout!(
    RsrcRegister,
    sys::io_uring_rsrc_register,
    count = nr,
    flags = flags,
    resv2 = resv2,
    data = data,
    tags = tags,
);

flags! {
    /// How files or buffers are registered.
    RsrcFlags: u32 {
        /// As empty slots, to be filled later. 5.19.
        SPARSE = 1 << 0, sys::IORING_RSRC_REGISTER_SPARSE;
    }
}

/// One ring descriptor to register with the thread: `struct io_uring_rsrc_update`. 5.13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RsrcUpdate {
    /// The index; −1 as a `u32` has the kernel pick one, and write it here.
    pub offset: u32,
    /// Zero.
    pub resv: u32,
    /// The descriptor of the ring.
    pub data: u64,
}

same_layout!(RsrcUpdate, sys::io_uring_rsrc_update, offset = offset, resv = resv, data = data);

/// Files or buffers to replace, with tags: `struct io_uring_rsrc_update2`. 5.13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RsrcUpdate2 {
    /// The first slot, counted from 0.
    pub offset: u32,
    /// Zero.
    pub resv: u32,
    /// The address of descriptors or of `iovec`s.
    pub data: u64,
    /// The address of tags, 64 bits each, or 0.
    pub tags: u64,
    /// How many.
    pub count: u32,
    /// Zero.
    pub resv2: u32,
}

same_layout!(
    RsrcUpdate2,
    sys::io_uring_rsrc_update2,
    offset = offset,
    resv = resv,
    data = data,
    tags = tags,
    count = nr,
    resv2 = resv2,
);

/// From which slots the kernel allocates: `struct io_uring_file_index_range`. 6.0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct FileIndexRange {
    /// The first slot, counted from 0.
    pub offset: u32,
    /// How many.
    pub count: u32,
    /// Zero.
    pub resv: u64,
}

same_layout!(FileIndexRange, sys::io_uring_file_index_range, offset = off, count = len, resv = resv);

/// Whose fixed buffers to take over: `struct io_uring_clone_buffers`. 6.12; parts of a table 6.13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct CloneBuffers {
    /// The descriptor, or registered index, of the other ring.
    pub source_fd: u32,
    /// How.
    pub flags: CloneFlags,
    /// The first slot there.
    pub source_offset: u32,
    /// The first slot here.
    pub target_offset: u32,
    /// How many; 0 for all.
    pub count: u32,
    /// Zero.
    pub pad: [u32; 3],
}

same_layout!(
    CloneBuffers,
    sys::io_uring_clone_buffers,
    source_fd = src_fd,
    flags = flags,
    source_offset = src_off,
    target_offset = dst_off,
    count = nr,
    pad = pad,
);

flags! {
    /// How buffers are taken over.
    CloneFlags: u32 {
        /// The other ring is given by its registered index. 6.12.
        SRC_REGISTERED = 1 << 0, sys::IORING_REGISTER_SRC_REGISTERED;
        /// What is in the slots here goes. 6.13.
        DST_REPLACE = 1 << 1, sys::IORING_REGISTER_DST_REPLACE;
    }
}
