//! Operations as entries of a ring.

use super::{Op, Target};
use crate::abi::{AtFlags, FileSlot, Sqe};
use crate::kernel::{Fd, RwFlags};
use crate::sqe;

/// As the kernel takes it in a read or write of a ring. A ring that does not poll refuses `HIGH_PRIORITY`, and one
/// that does needs no telling.
#[inline]
const fn rw_flags(flags: RwFlags) -> RwFlags {
    flags.without(RwFlags::HIGH_PRIORITY)
}

impl Target {
    /// The number that goes into an entry.
    #[inline]
    const fn number(self) -> Fd {
        match self {
            Self::Fd(fd) => fd,
            Self::Slot(slot) => Fd(slot.cast_signed()),
        }
    }

    /// Says in `entry` what kind of number it is.
    #[inline]
    const fn mark(self, entry: Sqe) -> Sqe {
        match self {
            Self::Fd(_) => entry,
            Self::Slot(_) => entry.fixed_file(),
        }
    }
}

impl Op {
    /// It as an entry for [`Ring::push`](crate::ring::Ring::push), with user data 0 and no link.
    ///
    /// A transfer of no bytes becomes a NOP: its file is not looked at, as [`perform`](Self::perform) does not.
    ///
    /// ```
    /// # use bareio_core::{Fd, abi::Opcode, op::{Op, Target}};
    /// let entry = Op::read(Target::Slot(7), core::ptr::null_mut(), 1, 0)?.encode().user_data(42);
    /// assert_eq!((entry.opcode, entry.fd, entry.user_data), (Opcode::READ, 7, 42));
    /// assert_eq!(Op::read(Fd(3), core::ptr::null_mut(), 0, 0)?.encode().opcode, Opcode::NOP);
    /// # Ok::<(), bareio_core::op::OpError>(())
    /// ```
    #[inline]
    pub fn encode(&self) -> Sqe {
        if self.is_nothing() {
            return sqe::nop();
        }
        match *self {
            Self::Nop => sqe::nop(),
            Self::Read { file, buf, len, offset, flags } => {
                let entry = sqe::read(file.number(), buf, len, offset.encoded());
                file.mark(entry.rw_flags(rw_flags(flags)))
            }
            Self::Write { file, buf, len, offset, flags } => {
                let entry = sqe::write(file.number(), buf, len, offset.encoded());
                file.mark(entry.rw_flags(rw_flags(flags)))
            }
            Self::ReadFixed { file, buf, len, offset, flags, buf_index } => {
                let entry = sqe::read_fixed(file.number(), buf, len, offset.encoded(), buf_index);
                file.mark(entry.rw_flags(rw_flags(flags)))
            }
            Self::WriteFixed { file, buf, len, offset, flags, buf_index } => {
                let entry = sqe::write_fixed(file.number(), buf, len, offset.encoded(), buf_index);
                file.mark(entry.rw_flags(rw_flags(flags)))
            }
            Self::ReadVectored { file, pieces, count, offset, flags, .. } => {
                let entry = sqe::read_vectored(file.number(), pieces, count, offset.encoded());
                file.mark(entry.rw_flags(rw_flags(flags)))
            }
            Self::WriteVectored { file, pieces, count, offset, flags, .. } => {
                let entry = sqe::write_vectored(file.number(), pieces, count, offset.encoded());
                file.mark(entry.rw_flags(rw_flags(flags)))
            }
            Self::SyncAll { file } => file.mark(sqe::sync_all(file.number())),
            Self::SyncData { file } => file.mark(sqe::sync_data(file.number())),
            Self::SyncRange { file, offset, len, how } => {
                file.mark(sqe::sync_range(file.number(), offset, len, how))
            }
            Self::Allocate { file, how, offset, len } => {
                file.mark(sqe::allocate(file.number(), how, offset, len))
            }
            Self::Truncate { file, len } => file.mark(sqe::truncate(file.number(), len)),
            Self::OpenAt { dir, path, flags, mode, slot: None } => sqe::open_at(dir, path, flags, mode),
            Self::OpenAt { dir, path, flags, mode, slot: Some(slot) } => {
                sqe::open_at_direct(dir, path, flags, mode, slot)
            }
            Self::Close { file: Target::Fd(fd) } => sqe::close(fd),
            Self::Close { file: Target::Slot(slot) } => sqe::close_direct(FileSlot::at(slot)),
            Self::Stat { dir, path, mask, stat } => {
                // It makes a difference for an empty path only.
                sqe::stat(dir, path, AtFlags::EMPTY_PATH, mask, stat)
            }
            Self::AdviseFile { file, offset, len, advice } => match u32::try_from(len) {
                Ok(len) => file.mark(sqe::advise_file(file.number(), offset, len, advice)),
                Err(_) => file.mark(sqe::advise_file_64(file.number(), offset, len, advice)),
            },
            Self::RenameAt { from_dir, from, to_dir, to, flags } => {
                sqe::rename_at(from_dir, from, to_dir, to, flags)
            }
            Self::UnlinkAt { dir, path, flags } => sqe::unlink_at(dir, path, flags),
            Self::MakeDirAt { dir, path, mode } => sqe::make_dir_at(dir, path, mode),
        }
    }
}
