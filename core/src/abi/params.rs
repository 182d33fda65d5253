use super::{Features, SetupFlags, same_layout};
use linux_raw_sys::io_uring as sys;

/// What is asked of a new ring, and what the kernel answers: `struct io_uring_params`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Params {
    /// Entries of the submission queue (answered).
    pub sq_entries: u32,
    /// Entries of the completion queue (asked with [`SetupFlags::CQSIZE`], answered always).
    pub cq_entries: u32,
    /// What is asked.
    pub flags: SetupFlags,
    /// The processor of the polling thread, with [`SetupFlags::SQ_AFF`].
    pub sq_thread_cpu: u32,
    /// After how many idle milliseconds the polling thread sleeps.
    pub sq_thread_idle: u32,
    /// What the kernel can do (answered).
    pub features: Features,
    /// The ring whose workers are shared, with [`SetupFlags::ATTACH_WQ`].
    pub wq_fd: u32,
    /// Zero.
    pub resv: [u32; 3],
    /// Where things are in the submission ring (answered).
    pub sq_off: SqOffsets,
    /// Where things are in the completion ring (answered).
    pub cq_off: CqOffsets,
}

/// Byte offsets into the submission ring: `struct io_sqring_offsets`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct SqOffsets {
    /// The head, moved by the kernel.
    pub head: u32,
    /// The tail, moved by us.
    pub tail: u32,
    /// Entries − 1.
    pub ring_mask: u32,
    /// Entries.
    pub ring_entries: u32,
    /// [`SqFlags`](super::SqFlags).
    pub flags: u32,
    /// How many entries had an index out of range.
    pub dropped: u32,
    /// The array of indices, unless [`SetupFlags::NO_SQARRAY`].
    pub array: u32,
    /// Zero.
    pub resv1: u32,
    /// The caller's memory, with [`SetupFlags::NO_MMAP`].
    pub user_addr: u64,
}

/// Byte offsets into the completion ring: `struct io_cqring_offsets`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct CqOffsets {
    /// The head, moved by us.
    pub head: u32,
    /// The tail, moved by the kernel.
    pub tail: u32,
    /// Entries − 1.
    pub ring_mask: u32,
    /// Entries.
    pub ring_entries: u32,
    /// How many completions were dropped, or overflowed once.
    pub overflow: u32,
    /// The entries.
    pub cqes: u32,
    /// Flags set by us, if not 0. 5.8.
    pub flags: u32,
    /// Zero.
    pub resv1: u32,
    /// The caller's memory, with [`SetupFlags::NO_MMAP`].
    pub user_addr: u64,
}

same_layout!(
    Params,
    sys::io_uring_params,
    sq_entries = sq_entries,
    cq_entries = cq_entries,
    flags = flags,
    sq_thread_cpu = sq_thread_cpu,
    sq_thread_idle = sq_thread_idle,
    features = features,
    wq_fd = wq_fd,
    resv = resv,
    sq_off = sq_off,
    cq_off = cq_off,
);
same_layout!(
    SqOffsets,
    sys::io_sqring_offsets,
    head = head,
    tail = tail,
    ring_mask = ring_mask,
    ring_entries = ring_entries,
    flags = flags,
    dropped = dropped,
    array = array,
    user_addr = user_addr,
);
same_layout!(
    CqOffsets,
    sys::io_cqring_offsets,
    head = head,
    tail = tail,
    ring_mask = ring_mask,
    ring_entries = ring_entries,
    overflow = overflow,
    cqes = cqes,
    flags = flags,
    user_addr = user_addr,
);
