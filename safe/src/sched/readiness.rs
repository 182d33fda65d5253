//! The descriptor that says that there is something to reap.
#![expect(unsafe_code, reason = "lends the ring's descriptor, which is open for as long as the scheduler")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::Scheduler;

/// Readable when something has completed that nobody has reaped: for a reactor, such as that of an async runtime. Then
/// [`Scheduler::turn`] is to be called.
///
/// It is to be waited on, and for nothing else. The examples `on_tokio` and `on_async_io` are two loops around it.
#[derive(Clone, Debug)]
pub struct Readiness {
    scheduler: Scheduler,
    fd: RawFd,
}

impl Scheduler {
    /// What a reactor waits on; `None` by calls, where nothing needs to be turned.
    ///
    /// ```
    /// use bareio::sched::{Drive, Scheduler};
    ///
    /// let scheduler = Scheduler::builder().drive(Drive::Caller).build()?;
    /// assert_eq!(scheduler.readiness().is_some(), scheduler.running().is_ring());
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn readiness(&self) -> Option<Readiness> {
        let fd = self.0.machine().engine().ring()?.fd().0;
        Some(Readiness { scheduler: self.clone(), fd })
    }
}

impl Readiness {
    /// The scheduler that it is of.
    pub const fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the scheduler that we hold keeps its ring, and with it the descriptor.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }
}

impl AsRawFd for Readiness {
    fn as_raw_fd(&self) -> RawFd {
        self.fd
    }
}
