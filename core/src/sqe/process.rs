//! Waiting for children.

use super::{ZERO, address};
use crate::abi::{ChildInfo, Opcode, Sqe, WaitFlags};

/// Which children [`wait_id`] waits for: `P_*`, and the number that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Children {
    /// All.
    All,
    /// The one with this process number.
    Process(i32),
    /// Those of this process group; 0 for the caller's own.
    Group(i32),
    /// The one that this descriptor stands for (`pidfd_open(2)`).
    PidFd(i32),
}

/// Waits until one of `children` changes as `changes` say; what became of it goes to `info`, which may be
/// null. 6.7. `io_uring_prep_waitid(3)`.
#[inline(always)]
pub fn wait_id(children: Children, info: *mut ChildInfo, changes: WaitFlags) -> Sqe {
    let (kind, id) = match children {
        Children::All => (linux_raw_sys::general::P_ALL, 0),
        Children::Process(id) => (linux_raw_sys::general::P_PID, id),
        Children::Group(id) => (linux_raw_sys::general::P_PGID, id),
        Children::PidFd(id) => (linux_raw_sys::general::P_PIDFD, id),
    };
    Sqe {
        opcode: Opcode::WAITID,
        fd: id,
        len: kind,
        offset: address(info),
        file_index: changes.bits(),
        ..ZERO
    }
}
