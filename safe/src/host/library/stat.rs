//! What is known of a file, as Linux tells it.

use std::ffi::CStr;
use std::os::fd::BorrowedFd;

use bareio_core::abi::Statx;
use rustix::io::Result;

#[cfg(all(target_os = "linux", not(miri)))]
pub(super) fn of(dir: BorrowedFd<'_>, path: &CStr, mask: u32) -> Result<Statx> {
    use bareio_core::abi::StatxTimestamp;
    use rustix::fs::{AtFlags, StatxFlags, statx};

    let how = if path.is_empty() { AtFlags::EMPTY_PATH } else { AtFlags::empty() };
    let told = statx(dir, path, how, StatxFlags::from_bits_retain(mask))?;
    let time = |time: rustix::fs::StatxTimestamp| StatxTimestamp {
        sec: time.tv_sec,
        nsec: time.tv_nsec,
        reserved: 0,
    };
    Ok(Statx {
        mask: told.stx_mask,
        blksize: told.stx_blksize,
        attributes: told.stx_attributes.bits(),
        nlink: told.stx_nlink,
        uid: told.stx_uid,
        gid: told.stx_gid,
        mode: told.stx_mode,
        ino: told.stx_ino,
        size: told.stx_size,
        blocks: told.stx_blocks,
        attributes_mask: told.stx_attributes_mask.bits(),
        atime: time(told.stx_atime),
        btime: time(told.stx_btime),
        ctime: time(told.stx_ctime),
        mtime: time(told.stx_mtime),
        rdev_major: told.stx_rdev_major,
        rdev_minor: told.stx_rdev_minor,
        dev_major: told.stx_dev_major,
        dev_minor: told.stx_dev_minor,
        mnt_id: told.stx_mnt_id,
        dio_mem_align: told.stx_dio_mem_align,
        dio_offset_align: told.stx_dio_offset_align,
        subvol: told.stx_subvol,
        atomic_write_unit_min: told.stx_atomic_write_unit_min,
        atomic_write_unit_max: told.stx_atomic_write_unit_max,
        atomic_write_segments_max: told.stx_atomic_write_segments_max,
        dio_read_offset_align: told.stx_dio_read_offset_align,
        atomic_write_unit_max_opt: told.stx_atomic_write_unit_max_opt,
        ..Statx::default()
    })
}

/// The usual fields, but for the date of creation: all that every Unix tells.
#[cfg(not(target_os = "linux"))]
#[expect(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    clippy::allow_attributes,
    reason = "the types of the fields differ from system to system; sizes, numbers and times fit"
)]
pub(super) fn of(dir: BorrowedFd<'_>, path: &CStr, _: u32) -> Result<Statx> {
    use std::os::fd::AsRawFd;

    use bareio_core::abi::StatxTimestamp;
    use rustix::fs::{AtFlags, fstat, major, minor, statat};

    let here = dir.as_raw_fd() == rustix::fs::CWD.as_raw_fd();
    let told = match path.is_empty() {
        true if here => rustix::fs::stat(c".")?,
        true => fstat(dir)?,
        false if here => rustix::fs::stat(path)?,
        false => statat(dir, path, AtFlags::empty())?,
    };
    let time = |sec: i64, nsec: i64| StatxTimestamp { sec, nsec: nsec as u32, reserved: 0 };
    Ok(Statx {
        mask: Statx::BASIC_STATS,
        blksize: told.st_blksize as u32,
        nlink: told.st_nlink as u32,
        uid: told.st_uid,
        gid: told.st_gid,
        mode: told.st_mode as u16,
        ino: told.st_ino as u64,
        size: told.st_size as u64,
        blocks: told.st_blocks as u64,
        atime: time(told.st_atime as i64, told.st_atime_nsec as i64),
        ctime: time(told.st_ctime as i64, told.st_ctime_nsec as i64),
        mtime: time(told.st_mtime as i64, told.st_mtime_nsec as i64),
        rdev_major: major(told.st_rdev as _) as u32,
        rdev_minor: minor(told.st_rdev as _) as u32,
        dev_major: major(told.st_dev as _) as u32,
        dev_minor: minor(told.st_dev as _) as u32,
        ..Statx::default()
    })
}

/// Miri fills in of Linux's own structure only what the standard library looks at.
#[cfg(all(target_os = "linux", miri))]
pub(super) fn of(dir: BorrowedFd<'_>, path: &CStr, _: u32) -> Result<Statx> {
    use std::ffi::OsStr;
    use std::fs::{File, metadata};
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::MetadataExt;

    let here = dir.as_raw_fd() == rustix::fs::CWD.as_raw_fd();
    let told = match path.is_empty() {
        true if here => metadata("."),
        true => dir.try_clone_to_owned().and_then(|file| File::from(file).metadata()),
        false => metadata(OsStr::from_bytes(path.to_bytes())),
    };
    let told =
        told.map_err(|error| rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO))?;
    let mode = u16::try_from(told.mode()).unwrap_or(0);
    Ok(Statx { mask: Statx::BASIC_STATS, mode, size: told.size(), ino: told.ino(), ..Statx::default() })
}
