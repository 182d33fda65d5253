//! Waiting for words of memory to change.

use super::{ZERO, address};
use crate::abi::{FutexFlags, FutexWaitv, Opcode, Sqe};

/// The bits that all wakers and waiters have in common: `FUTEX_BITSET_MATCH_ANY`.
pub const FUTEX_MATCH_ANY: u32 = linux_raw_sys::general::FUTEX_BITSET_MATCH_ANY;

/// Sleeps while `*word == expected`, until woken by somebody whose `mask` has a bit of ours. 6.7.
/// `io_uring_prep_futex_wait(3)`.
///
/// `AGAIN` if the word differs to begin with; 0 once woken.
#[inline(always)]
pub fn futex_wait(word: *const u32, expected: u32, mask: u32, flags: FutexFlags) -> Sqe {
    Sqe { opcode: Opcode::FUTEX_WAIT, ..futex(word, expected, mask, flags) }
}

/// Wakes up to `count` of those who wait on `word` with a bit of `mask`; completes with how many. 6.7.
/// `io_uring_prep_futex_wake(3)`.
#[inline(always)]
pub fn futex_wake(word: *const u32, count: u32, mask: u32, flags: FutexFlags) -> Sqe {
    Sqe { opcode: Opcode::FUTEX_WAKE, ..futex(word, count, mask, flags) }
}

/// Sleeps until any of `count` words is woken, [`FutexWaitv::MAX`] at most; completes with its index. 6.7.
/// `io_uring_prep_futex_waitv(3)`.
#[inline(always)]
pub fn futex_wait_any(words: *const FutexWaitv, count: u32) -> Sqe {
    Sqe { opcode: Opcode::FUTEX_WAITV, addr: address(words), len: count, ..ZERO }
}

/// The flags of the futex go where other operations have their descriptor.
#[inline(always)]
fn futex(word: *const u32, value: u32, mask: u32, flags: FutexFlags) -> Sqe {
    Sqe {
        fd: flags.bits().cast_signed(),
        addr: address(word),
        offset: u64::from(value),
        addr3: u64::from(mask),
        ..ZERO
    }
}
