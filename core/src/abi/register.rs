use super::{Timespec, same_layout};
use linux_raw_sys::io_uring as sys;

/// What `io_uring_register` is to do.
///
/// Source: `io_uring_register(2)`. The kernel that first has one stands with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Register(pub u32);

impl Register {
    /// Registers fixed buffers: an array of `iovec`. 5.1.
    pub const BUFFERS: Self = Self(0);
    /// Lets go of them. 5.1.
    pub const UNREGISTER_BUFFERS: Self = Self(1);
    /// Registers files: an array of descriptors, −1 for a slot left empty. 5.1.
    pub const FILES: Self = Self(2);
    /// Lets go of them. 5.1.
    pub const UNREGISTER_FILES: Self = Self(3);
    /// Signals an eventfd at each completion. 5.2.
    pub const EVENTFD: Self = Self(4);
    /// Stops doing so. 5.2.
    pub const UNREGISTER_EVENTFD: Self = Self(5);
    /// Replaces some registered files. 5.5.
    pub const FILES_UPDATE: Self = Self(6);
    /// Tells which operations the kernel has. 5.6.
    pub const PROBE: Self = Self(8);
    /// Enables a ring that was set up disabled. 5.10.
    pub const ENABLE_RINGS: Self = Self(12);
    /// Limits the workers, bounded and unbounded. 5.15.
    pub const IOWQ_MAX_WORKERS: Self = Self(19);
    /// Registers ring descriptors with the calling thread. 5.18.
    pub const RING_FDS: Self = Self(20);
    /// Lets go of them. 5.18.
    pub const UNREGISTER_RING_FDS: Self = Self(21);
    /// Cancels operations and answers at once. 6.0.
    pub const SYNC_CANCEL: Self = Self(24);
    /// Added to another: the ring is given by its registered index. 6.3.
    pub const USE_REGISTERED_RING: Self = Self(1 << 31);
    /// Sets the range from which the kernel allocates file slots. 6.0.
    pub const FILE_ALLOC_RANGE: Self = Self(25);
}

const _: () = {
    use sys::io_uring_register_op as op;
    assert!(Register::BUFFERS.0 == op::IORING_REGISTER_BUFFERS as u32);
    assert!(Register::UNREGISTER_BUFFERS.0 == op::IORING_UNREGISTER_BUFFERS as u32);
    assert!(Register::FILES.0 == op::IORING_REGISTER_FILES as u32);
    assert!(Register::UNREGISTER_FILES.0 == op::IORING_UNREGISTER_FILES as u32);
    assert!(Register::EVENTFD.0 == op::IORING_REGISTER_EVENTFD as u32);
    assert!(Register::UNREGISTER_EVENTFD.0 == op::IORING_UNREGISTER_EVENTFD as u32);
    assert!(Register::FILES_UPDATE.0 == op::IORING_REGISTER_FILES_UPDATE as u32);
    assert!(Register::PROBE.0 == op::IORING_REGISTER_PROBE as u32);
    assert!(Register::ENABLE_RINGS.0 == op::IORING_REGISTER_ENABLE_RINGS as u32);
    assert!(Register::IOWQ_MAX_WORKERS.0 == op::IORING_REGISTER_IOWQ_MAX_WORKERS as u32);
    assert!(Register::RING_FDS.0 == op::IORING_REGISTER_RING_FDS as u32);
    assert!(Register::UNREGISTER_RING_FDS.0 == op::IORING_UNREGISTER_RING_FDS as u32);
    assert!(Register::SYNC_CANCEL.0 == op::IORING_REGISTER_SYNC_CANCEL as u32);
    assert!(Register::FILE_ALLOC_RANGE.0 == op::IORING_REGISTER_FILE_ALLOC_RANGE as u32);
};

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

/// What is to be cancelled: `struct io_uring_sync_cancel_reg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SyncCancel {
    /// The user data to match.
    pub user_data: u64,
    /// The descriptor to match.
    pub fd: i32,
    /// `IORING_ASYNC_CANCEL_*`.
    pub flags: u32,
    /// How long to wait; −1 and −1 for ever.
    pub timeout: Timespec,
    /// The opcode to match.
    pub opcode: u8,
    /// Zero.
    pub pad: [u8; 7],
    /// Zero.
    pub pad2: [u64; 3],
}

same_layout!(
    SyncCancel,
    sys::io_uring_sync_cancel_reg,
    user_data = addr,
    fd = fd,
    flags = flags,
    timeout = timeout,
    opcode = opcode,
);

/// Whether the kernel has one operation: `struct io_uring_probe_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ProbeOp {
    /// The opcode.
    pub op: u8,
    /// Zero.
    pub resv: u8,
    /// Bit 0: the kernel has it.
    pub flags: u16,
    /// Zero.
    pub resv2: u32,
}

same_layout!(ProbeOp, sys::io_uring_probe_op, op = op, flags = flags);
