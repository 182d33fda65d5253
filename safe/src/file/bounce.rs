//! An aligned buffer, kept for the next transfer that needs one.

use std::sync::{Mutex, PoisonError};

use bareio_core::map::{MapOptions, Residency};
use bareio_core::{Align, AlignedBuf, Kernel};

use crate::error::Result;

/// How long the buffer is, in bytes.
const LEN: usize = 128 << 10;

/// A buffer that one transfer at a time borrows. Who finds it taken gets one of their own.
pub(super) struct Bounce<K: Kernel>(Mutex<Option<AlignedBuf<K>>>);

impl<K: Kernel> Default for Bounce<K> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<K: Kernel + Clone> Bounce<K> {
    /// Calls `with` with a buffer of whole blocks, at least one. No lock is held meanwhile.
    pub(super) fn lend<T>(
        &self,
        kernel: &K,
        block: Align,
        with: impl FnOnce(&mut AlignedBuf<K>) -> Result<T>,
    ) -> Result<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut buf = if let Some(buf) = kept {
            buf
        } else {
            let options = MapOptions::new().residency(Residency::Populated);
            let mut buf = AlignedBuf::with_options(kernel.clone(), LEN.max(block.len()), block, options)?;
            buf.resize(buf.capacity(), 0)?;
            buf
        };
        let answer = with(&mut buf);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(buf);
        answer
    }
}
