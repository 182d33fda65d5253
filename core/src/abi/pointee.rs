//! Structures that entries point to.

use super::{MsgFlags, PollEvents, ResolveFlags, same_layout};
use crate::iovec::IoVec;
use linux_raw_sys::general as sys;

/// How a file is opened, in full: `struct open_how`. 5.6.
///
/// Source: `openat2(2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct OpenHow {
    /// `O_*`, as this processor has them; see [`OpenFlags::linux`](crate::kernel::OpenFlags::linux).
    pub flags: u64,
    /// The permissions of a file that is created; zero if none is.
    pub mode: u64,
    /// Limits on the path.
    pub resolve: ResolveFlags,
}

same_layout!(OpenHow, sys::open_how, flags = flags, mode = mode, resolve = resolve);

/// One descriptor of an epoll set: `struct epoll_event`, packed on x86-64.
///
/// Source: `epoll_ctl(2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(target_arch = "x86_64", repr(C, packed))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C))]
pub struct EpollEvent {
    /// What is waited for, or what happened.
    pub events: PollEvents,
    /// Given back with the event.
    pub data: u64,
}

same_layout!(EpollEvent, sys::epoll_event, events = events, data = data);

/// One word of memory to wait for: `struct futex_waitv`. 5.16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct FutexWaitv {
    /// The value at which to sleep.
    pub value: u64,
    /// The address of the word.
    pub addr: u64,
    /// What it is.
    pub flags: super::FutexFlags,
    /// Zero.
    pub reserved: u32,
}

impl FutexWaitv {
    /// How many one call takes: `FUTEX_WAITV_MAX`.
    pub const MAX: u32 = sys::FUTEX_WAITV_MAX;
}

same_layout!(FutexWaitv, sys::futex_waitv, value = val, addr = uaddr, flags = flags, reserved = __reserved,);

/// A message: `struct msghdr`, as the kernel has it for 64 bits.
///
/// Source: `recvmsg(2)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MsgHdr {
    /// A socket address, or null.
    pub name: *mut u8,
    /// Its length in bytes.
    pub name_len: u32,
    /// Pieces of memory.
    pub pieces: *mut IoVec,
    /// How many.
    pub piece_count: usize,
    /// Control messages, or null.
    pub control: *mut u8,
    /// Their length in bytes.
    pub control_len: usize,
    /// What came with it (answered).
    pub flags: MsgFlags,
}

impl MsgHdr {
    /// One without a name, without pieces and without control messages.
    pub const EMPTY: Self = Self {
        name: core::ptr::null_mut(),
        name_len: 0,
        pieces: core::ptr::null_mut(),
        piece_count: 0,
        control: core::ptr::null_mut(),
        control_len: 0,
        flags: MsgFlags::NONE,
    };
}

const _: () = assert!(size_of::<MsgHdr>() == 56);

/// What comes before the bytes of a message that was received again and again: `struct io_uring_recvmsg_out`.
/// After it, in the same buffer: the name, the control messages, the bytes. 6.0.
///
/// Source: `io_uring_prep_recvmsg_multishot(3)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RecvMsgOut {
    /// The length of the name in bytes, also if it did not fit.
    pub name_len: u32,
    /// The length of the control messages in bytes, also if they did not fit.
    pub control_len: u32,
    /// The length of the message in bytes, also if it did not fit.
    pub payload_len: u32,
    /// What came with it.
    pub flags: MsgFlags,
}

same_layout!(
    RecvMsgOut,
    linux_raw_sys::io_uring::io_uring_recvmsg_out,
    name_len = namelen,
    control_len = controllen,
    payload_len = payloadlen,
    flags = flags,
);

/// What became of a child: `siginfo_t` as `waitid(2)` fills it in, on the processors whose code comes third
/// (all but MIPS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct ChildInfo {
    /// `SIGCHLD`, or 0 if no child changed.
    pub signal: i32,
    /// Zero.
    pub errno: i32,
    /// `CLD_EXITED` (1), `CLD_KILLED` (2), `CLD_DUMPED` (3), `CLD_STOPPED` (5) or `CLD_CONTINUED` (6).
    pub code: i32,
    /// Zero.
    pub pad: i32,
    /// The child.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its exit status, or the signal.
    pub status: i32,
    /// What else a `siginfo_t` has room for.
    pub rest: [u32; 25],
}

const _: () = assert!(size_of::<ChildInfo>() == size_of::<sys::siginfo>());
const _: () = assert!(align_of::<ChildInfo>() == align_of::<sys::siginfo>());
