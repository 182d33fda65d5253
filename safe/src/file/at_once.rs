//! Whether a file answers without waiting.

use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of a file's answers to calls that must not wait (`RWF_NOWAIT`): some file systems do not know them. Asked
/// by the first such call, and then remembered.
#[derive(Debug, Default)]
pub(crate) struct AtOnce {
    no_reads: AtomicBool,
    no_writes: AtomicBool,
}

impl AtOnce {
    /// Whether a read may be tried.
    pub(crate) fn reads(&self) -> bool {
        // Relaxed: to find it out twice does no harm.
        !self.no_reads.load(Ordering::Relaxed)
    }

    /// Whether a write may be tried.
    pub(crate) fn writes(&self) -> bool {
        // Relaxed: as above.
        !self.no_writes.load(Ordering::Relaxed)
    }

    /// A read was refused, because it was not to wait.
    pub(crate) fn refuse_reads(&self) {
        // Relaxed: as above.
        self.no_reads.store(true, Ordering::Relaxed);
    }

    /// A write was refused, because it was not to wait.
    pub(crate) fn refuse_writes(&self) {
        // Relaxed: as above.
        self.no_writes.store(true, Ordering::Relaxed);
    }
}
