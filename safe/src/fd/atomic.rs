//! Writes that are whole or not at all.

use std::os::fd::AsFd;

use crate::Result;
pub use crate::direct::AtomicWrites;

/// Tells which writes to `file` are atomic: `None` if none are, or nobody knows.
///
/// # Errors
///
/// [`Os`](crate::ErrorKind::Os): the system's.
///
/// # Examples
///
/// ```
/// let file = tempfile::tempfile()?;
/// match bareio::fd::atomic_writes(&file)? {
///     Some(limits) => println!("up to {} bytes at once", limits.max),
///     None => println!("write twice, or keep a log"),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `statx(2)`, `STATX_WRITE_ATOMIC`; Linux 6.11.
pub fn atomic_writes(file: impl AsFd) -> Result<Option<AtomicWrites>> {
    system::atomic_writes(file)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use rustix::fs::{AtFlags, StatxFlags, statx};

    use super::{AsFd, AtomicWrites, Result};
    use crate::fd::call;

    pub(super) fn atomic_writes(file: impl AsFd) -> Result<Option<AtomicWrites>> {
        let mask = StatxFlags::from_bits_retain(bareio_core::abi::Statx::WRITE_ATOMIC);
        let stat = match call("statx", || statx(&file, c"", AtFlags::EMPTY_PATH, mask)) {
            // Before 4.11.
            Err(error) if error.errno() == Some(bareio_core::Errno::NOSYS) => return Ok(None),
            answer => answer?,
        };
        if stat.stx_mask & mask.bits() == 0 {
            return Ok(None);
        }
        Ok(AtomicWrites::told(
            stat.stx_atomic_write_unit_min,
            stat.stx_atomic_write_unit_max,
            stat.stx_atomic_write_unit_max_opt,
            stat.stx_atomic_write_segments_max,
        ))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::{AsFd, AtomicWrites, Result};
    use crate::fd::call;

    pub(super) fn atomic_writes(file: impl AsFd) -> Result<Option<AtomicWrites>> {
        call("fcntl", || rustix::fs::fcntl_getfl(&file)).map(|_| None)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use bareio_core::Align;

    use super::*;

    #[test]
    fn limits_of_zero_mean_none_and_the_devices_own_is_the_longest_where_it_is_not_told() {
        assert_eq!(AtomicWrites::told(0, 0, 0, 0), None);
        let limits = AtomicWrites::told(4096, 16384, 0, 1).unwrap();
        assert_eq!((limits.min, limits.max_by_device), (Align::KIB_4, limits.max));
        assert_eq!(AtomicWrites::told(4096, 16384, 4096, 1).unwrap().max_by_device, Align::KIB_4);
    }
}
