//! Entries as bytes.

use std::fmt;

use bareio_core::abi::{Sqe, SqeFlags};

/// An entry as bytes: what `struct io_uring_sqe` is to C.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, align(8))]
pub(super) struct Raw(pub(super) [u8; 64]);

impl Raw {
    pub(super) const ZERO: Self = Self([0; 64]);

    pub(super) fn of(entry: Sqe) -> Self {
        // SAFETY: `Sqe` is `repr(C)`, 64 bytes without padding, all of them plain integers.
        Self(unsafe { std::mem::transmute::<Sqe, [u8; 64]>(entry) })
    }

    pub(super) fn flags(self) -> SqeFlags {
        SqeFlags(self.0[1])
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for word in self.0.chunks(8) {
            for byte in word {
                write!(f, "{byte:02x}")?;
            }
            f.write_str(" ")?;
        }
        Ok(())
    }
}
