//! Where threads run: kept on one processor, and let go again.

#[cfg(any(target_os = "linux", target_os = "android"))]
use pinned as host;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use wandering as host;

pub(in crate::sched) use host::pin;
pub(super) use host::{Former, check, unpin};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod pinned {
    use bareio_core::Errno;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use crate::error::{Error, ErrorKind, Result};

    /// The processors that a thread might use before it was pinned.
    pub(in crate::sched) type Former = CpuSet;

    /// Whether there can be a processor with this number. Whether there is one, pinning tells.
    pub(in crate::sched) fn check(cpu: usize) -> Result<()> {
        let most = CpuSet::MAX_CPU - 1;
        if cpu <= most {
            return Ok(());
        }
        let (value, most) = (cpu as u64, most as u64);
        Err(ErrorKind::OutOfRange { what: "processor", value, least: 0, most, power_of_two: false }.into())
    }

    /// Keeps the calling thread on one processor.
    pub(in crate::sched) fn pin(cpu: usize) -> Result<Former> {
        check(cpu)?;
        let former = sched_getaffinity(None).map_err(|errno| refused("sched_getaffinity", errno))?;
        let mut set = CpuSet::new();
        set.set(cpu);
        sched_setaffinity(None, &set).map_err(|errno| refused("sched_setaffinity", errno))?;
        Ok(former)
    }

    /// Lets it go where it might before.
    pub(in crate::sched) fn unpin(former: &Former) {
        // What was allowed then may not be now; the thread stays where it is.
        let _ = sched_setaffinity(None, former);
    }

    fn refused(call: &'static str, errno: rustix::io::Errno) -> Error {
        Error::os(call, crate::host::from_raw(errno.raw_os_error()).unwrap_or(Errno::INVAL))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod wandering {
    use crate::error::{Error, Result, Why};

    /// There is none: no thread is ever pinned.
    pub(in crate::sched) type Former = core::convert::Infallible;

    pub(in crate::sched) fn check(_: usize) -> Result<()> {
        Err(unsupported())
    }

    pub(in crate::sched) fn pin(_: usize) -> Result<Former> {
        Err(unsupported())
    }

    pub(in crate::sched) fn unpin(former: &Former) {
        match *former {}
    }

    fn unsupported() -> Error {
        let why =
            Why::Because("only on Linux is a thread kept on a processor; say how many shards, not where");
        Error::unsupported("placement on processors", why)
    }
}
