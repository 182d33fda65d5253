//! Arguments of `io_uring_register` that ask, limit or stop something.

use super::{CancelFlags, Timespec, same_layout};
use linux_raw_sys::io_uring as sys;

/// What is to be cancelled: `struct io_uring_sync_cancel_reg`. 6.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SyncCancel {
    /// The user data to match.
    pub user_data: u64,
    /// The descriptor to match.
    pub fd: i32,
    /// What has to match.
    pub flags: CancelFlags,
    /// How long to wait; −1 and −1 for ever.
    pub timeout: Timespec,
    /// The opcode to match. 6.6.
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
    pad = pad,
    pad2 = pad2,
);

/// Which operations the kernel has: `struct io_uring_probe`, followed by [`ProbeOp`]s. 5.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Probe {
    /// The highest opcode that the kernel has (answered).
    pub last_op: u8,
    /// How many of the [`ProbeOp`]s behind it are filled in (answered).
    pub ops_len: u8,
    /// Zero.
    pub resv: u16,
    /// Zero.
    pub resv2: [u32; 3],
}

same_layout!(Probe, sys::io_uring_probe, last_op = last_op, ops_len = ops_len, resv = resv, resv2 = resv2,);
const _: () = assert!(size_of::<Probe>() == core::mem::offset_of!(sys::io_uring_probe, ops));

/// Whether the kernel has one operation: `struct io_uring_probe_op`. 5.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ProbeOp {
    /// The opcode.
    pub op: u8,
    /// Zero.
    pub resv: u8,
    /// Bit 0, [`SUPPORTED`](Self::SUPPORTED): the kernel has it.
    pub flags: u16,
    /// Zero.
    pub resv2: u32,
}

impl ProbeOp {
    /// The kernel has it: `IO_URING_OP_SUPPORTED`.
    pub const SUPPORTED: u16 = 1 << 0;
}

const _: () = assert!(ProbeOp::SUPPORTED as u32 == sys::IO_URING_OP_SUPPORTED);
same_layout!(ProbeOp, sys::io_uring_probe_op, op = op, resv = resv, flags = flags, resv2 = resv2);

/// One thing that a restricted ring takes: `struct io_uring_restriction`. 5.10.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Restriction {
    /// Which kind of thing: one of the constants below.
    pub opcode: u16,
    /// The thing itself: a [`Register`](super::Register), an [`Opcode`](super::Opcode), or
    /// [`SqeFlags`](super::SqeFlags), as a number.
    pub value: u8,
    /// Zero.
    pub resv: u8,
    /// Zero.
    pub resv2: [u32; 3],
}

impl Restriction {
    /// This registration is allowed.
    pub const REGISTER_OP: u16 = 0;
    /// This operation is allowed.
    pub const SQE_OP: u16 = 1;
    /// These entry flags are allowed.
    pub const SQE_FLAGS_ALLOWED: u16 = 2;
    /// These entry flags must be set.
    pub const SQE_FLAGS_REQUIRED: u16 = 3;
}

const _: () = {
    use sys::io_uring_register_restriction_op as op;
    assert!(Restriction::REGISTER_OP as u32 == op::IORING_RESTRICTION_REGISTER_OP as u32);
    assert!(Restriction::SQE_OP as u32 == op::IORING_RESTRICTION_SQE_OP as u32);
    assert!(Restriction::SQE_FLAGS_ALLOWED as u32 == op::IORING_RESTRICTION_SQE_FLAGS_ALLOWED as u32);
    assert!(Restriction::SQE_FLAGS_REQUIRED as u32 == op::IORING_RESTRICTION_SQE_FLAGS_REQUIRED as u32);
};
same_layout!(
    Restriction,
    sys::io_uring_restriction,
    opcode = opcode,
    value = __bindgen_anon_1,
    resv = resv,
    resv2 = resv2,
);

/// How network devices are polled busily: `struct io_uring_napi`. 6.9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Napi {
    /// For how many microseconds.
    pub busy_poll_to: u32,
    /// 1 to keep the device's interrupts off meanwhile.
    pub prefer_busy_poll: u8,
    /// What to do: one of the `*_OP` and `*_ID` below. 6.13; zero before.
    pub opcode: u8,
    /// Zero.
    pub pad: [u8; 2],
    /// For [`REGISTER_OP`](Self::REGISTER_OP) one of the `TRACKING_*` below, else the device's number. 6.13.
    pub op_param: u32,
    /// Zero.
    pub resv: u32,
}

impl Napi {
    /// Sets the times, and how devices are found.
    pub const REGISTER_OP: u8 = 0;
    /// Adds a device.
    pub const STATIC_ADD_ID: u8 = 1;
    /// Takes one out.
    pub const STATIC_DEL_ID: u8 = 2;
    /// Devices are found by what is polled.
    pub const TRACKING_DYNAMIC: u32 = 0;
    /// Devices are those added.
    pub const TRACKING_STATIC: u32 = 1;
    /// None is polled.
    pub const TRACKING_INACTIVE: u32 = 255;
}

const _: () = {
    use sys::io_uring_napi_op as op;
    use sys::io_uring_napi_tracking_strategy as tracking;
    assert!(Napi::REGISTER_OP as u32 == op::IO_URING_NAPI_REGISTER_OP as u32);
    assert!(Napi::STATIC_ADD_ID as u32 == op::IO_URING_NAPI_STATIC_ADD_ID as u32);
    assert!(Napi::STATIC_DEL_ID as u32 == op::IO_URING_NAPI_STATIC_DEL_ID as u32);
    assert!(Napi::TRACKING_DYNAMIC == tracking::IO_URING_NAPI_TRACKING_DYNAMIC as u32);
    assert!(Napi::TRACKING_STATIC == tracking::IO_URING_NAPI_TRACKING_STATIC as u32);
    assert!(Napi::TRACKING_INACTIVE == tracking::IO_URING_NAPI_TRACKING_INACTIVE as u32);
};
same_layout!(
    Napi,
    sys::io_uring_napi,
    busy_poll_to = busy_poll_to,
    prefer_busy_poll = prefer_busy_poll,
    opcode = opcode,
    pad = pad,
    op_param = op_param,
    resv = resv,
);

/// By which clock timed waits go: `struct io_uring_clock_register`. 6.12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ClockRegister {
    /// `CLOCK_MONOTONIC` (1) or `CLOCK_BOOTTIME` (7).
    pub clock: u32,
    /// Zero.
    pub resv: [u32; 3],
}

same_layout!(ClockRegister, sys::io_uring_clock_register, clock = clockid, resv = __resv);
