//! The kernel's side of the contract: structures, flags and numbers, as the system calls take them.
//!
//! Our own types, so that every field and bit can say what it means; each is checked, when this crate is
//! compiled, against the kernel's headers as `linux-raw-sys` has them.

mod buffer_ring;
mod call_flags;
mod control;
mod cqe;
pub mod flags;
mod op_flags;
mod opcode;
mod params;
mod pointee;
mod register;
mod resource;
mod slot;
mod sqe;
mod stat;
mod wait;

pub use buffer_ring::{Buf, BufReg, BufRingFlags, BufStatus};
pub use call_flags::{
    AtFlags, FutexFlags, MsgFlags, PollEvents, ResolveFlags, SocketFlags, WaitFlags, XattrFlags,
};
pub use control::{ClockRegister, Napi, Probe, ProbeOp, Restriction, SyncCancel};
pub use cqe::Cqe;
pub use flags::{AdviseMemory, CqeFlags, EnterFlags, Features, SetupFlags, SqFlags, SqeFlags};
pub use op_flags::{
    AcceptFlags, CancelFlags, CommandFlags, InstallFlags, MsgRingFlags, NopFlags, PollFlags, RecvFlags,
    SendFlags, SpliceFlags, TimeoutFlags,
};
pub use opcode::Opcode;
pub use params::{CqOffsets, Params, SqOffsets};
pub use pointee::{ChildInfo, EpollEvent, FutexWaitv, MsgHdr, OpenHow, RecvMsgOut};
pub use register::Register;
pub use resource::{
    CloneBuffers, CloneFlags, FileIndexRange, FilesUpdate, RsrcFlags, RsrcRegister, RsrcUpdate, RsrcUpdate2,
};
pub use slot::FileSlot;
pub use sqe::Sqe;
pub use stat::{Statx, StatxTimestamp};
pub use wait::{GeteventsArg, MemRegion, MemRegionFlags, RegWait, RegWaitFlags, RegionDesc, RegionFlags};

/// Seconds and nanoseconds, 64 bits each on every processor: `struct __kernel_timespec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Timespec {
    /// Whole seconds.
    pub sec: i64,
    /// Nanoseconds, below 10⁹.
    pub nsec: i64,
}

impl From<core::time::Duration> for Timespec {
    /// Over 292 billion years it saturates.
    fn from(duration: core::time::Duration) -> Self {
        Self {
            sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            nsec: i64::from(duration.subsec_nanos()),
        }
    }
}

/// Asserts, at compile time, that one of our structures has the size of the kernel's, and that each field
/// named has the place of the kernel's.
macro_rules! same_layout {
    ($ours:ty, $theirs:ty $(, $field:ident = $their_field:ident $(. $deeper:ident)*)* $(,)?) => {
        const _: () = {
            assert!(size_of::<$ours>() == size_of::<$theirs>());
            assert!(align_of::<$ours>() == align_of::<$theirs>());
            $(assert!(
                core::mem::offset_of!($ours, $field) == core::mem::offset_of!($theirs, $their_field $(. $deeper)*)
            );)*
        };
    };
}
use same_layout;

same_layout!(Timespec, linux_raw_sys::general::__kernel_timespec, sec = tv_sec, nsec = tv_nsec);
