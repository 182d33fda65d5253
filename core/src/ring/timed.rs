//! One call of `enter`, for at most a given time, also where the kernel has no timed wait.

use core::time::Duration;

use super::Limit;
use super::parts::Parts;
use crate::abi::{EnterFlags, Features, GeteventsArg, Timespec};
use crate::errno::Errno;
use crate::kernel::{Fd, Kernel};
use crate::sync::AtomicU32;

/// How long to sleep between two looks, where the kernel cannot wait for a limited time.
const LOOK: Duration = Duration::from_micros(200);

/// What one `enter` is to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enter {
    /// The ring's descriptor, or its registered index if `flags` say so.
    pub fd: Fd,
    /// How many entries to take at most.
    pub submit: u32,
    /// For how many completions to wait.
    pub want: u32,
    pub flags: EnterFlags,
    /// For how long to wait.
    pub limit: Limit,
}

impl<K: Kernel> Parts<K> {
    /// Enters once. `is_short` says whether there are still fewer completions than wanted; it is asked only where the
    /// kernel (before 5.11) has no timed wait.
    ///
    /// # Errors
    ///
    /// The kernel's. `TIME`: the time is over, and nothing was submitted.
    ///
    /// # Safety
    ///
    /// - `enter.fd` names this ring, for the calling thread.
    /// - Every entry that is queued keeps the contract of [`Ring::push`](super::Ring::push).
    pub(super) unsafe fn enter(&self, enter: Enter, is_short: impl FnOnce() -> bool) -> Result<u32, Errno> {
        let Enter { fd, submit, want, flags, limit } = enter;
        if limit == Limit::default() {
            // SAFETY: the caller's word; there is no argument.
            return unsafe { self.kernel.io_uring_enter(fd, submit, want, flags, core::ptr::null(), 0) };
        }
        if self.features.contains(Features::EXT_ARG) {
            let timespec = limit.timeout.map(Timespec::from);
            let min_wait = limit.min_wait.filter(|_| self.features.contains(Features::MIN_TIMEOUT));
            let arg = GeteventsArg {
                sigmask_len: 8,
                min_wait_usec: min_wait.map_or(0, |wait| u32::try_from(wait.as_micros()).unwrap_or(u32::MAX)),
                timespec: timespec
                    .as_ref()
                    .map_or(0, |time| core::ptr::from_ref(time).expose_provenance() as u64),
                ..GeteventsArg::default()
            };
            let (flags, len) = (flags.with(EnterFlags::EXT_ARG), size_of::<GeteventsArg>());
            // SAFETY: the caller's word; the argument, and the time that it names, are valid for the call.
            return unsafe {
                self.kernel.io_uring_enter(fd, submit, want, flags, (&raw const arg).cast(), len)
            };
        }
        let Some(timeout) = limit.timeout else {
            // Only a shorter time for a first batch was asked for, which this kernel does not know.
            // SAFETY: the caller's word; there is no argument.
            return unsafe { self.kernel.io_uring_enter(fd, submit, want, flags, core::ptr::null(), 0) };
        };
        // No timed wait: submit and look, then sleep for a moment on a word that nobody changes.
        // SAFETY: the caller's word; there is no argument.
        let answer = unsafe { self.kernel.io_uring_enter(fd, submit, 0, flags, core::ptr::null(), 0) }?;
        if is_short() && self.kernel.wait(&AtomicU32::new(0), 0, Some(timeout.min(LOOK))).is_err() {
            // A host that cannot wait may still let others run, or just spins.
            let _ = self.kernel.yield_now();
        }
        Ok(answer)
    }
}
