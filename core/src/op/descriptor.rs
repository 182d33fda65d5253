//! The same operation, on a descriptor.

use super::{Op, Target};
use crate::kernel::Fd;

impl Op {
    /// The same on `fd`, in place of a slot of registered files. What opens a file into a slot then completes with a
    /// descriptor.
    pub(crate) const fn on_descriptor(mut self, fd: Fd) -> Self {
        match &mut self {
            Self::Read { file, .. }
            | Self::Write { file, .. }
            | Self::ReadFixed { file, .. }
            | Self::WriteFixed { file, .. }
            | Self::ReadVectored { file, .. }
            | Self::WriteVectored { file, .. }
            | Self::SyncAll { file }
            | Self::SyncData { file }
            | Self::SyncRange { file, .. }
            | Self::Allocate { file, .. }
            | Self::Truncate { file, .. }
            | Self::Close { file }
            | Self::AdviseFile { file, .. } => *file = Target::Fd(fd),
            Self::OpenAt { slot, .. } => *slot = None,
            Self::Nop
            | Self::Stat { .. }
            | Self::RenameAt { .. }
            | Self::UnlinkAt { .. }
            | Self::MakeDirAt { .. } => {}
        }
        self
    }
}
