//! The ways to get memory.

mod bareio;
mod mmap_populate;
mod posix_memalign;
mod std_alloc;

use super::{BAREIO, Shape, contestant};
use crate::case::Contestant;

/// All of them, for regions of one shape.
pub(super) fn all(shape: Shape) -> Vec<Contestant> {
    vec![
        contestant::<bareio::Mapped>(BAREIO, shape),
        contestant::<mmap_populate::Mapped>("mmap-populate", shape),
        contestant::<std_alloc::Allocated>("std-alloc", shape),
        contestant::<posix_memalign::Aligned>("posix-memalign", shape),
    ]
}

/// Keeps glibc from raising its thresholds when a large region is freed, after which it would hand out warm memory.
pub(super) fn map_afresh() {
    #[cfg(target_env = "gnu")]
    {
        // What they are when a program starts; `mallopt(3)`. Setting one stops both from moving.
        const THRESHOLD: i32 = 128 << 10;
        // SAFETY: no pointer goes in.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, THRESHOLD) };
        // SAFETY: no pointer goes in.
        unsafe { libc::mallopt(libc::M_TRIM_THRESHOLD, THRESHOLD) };
    }
}
