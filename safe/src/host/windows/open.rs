//! How files are opened on Windows.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use bareio_core::Errno;
use bareio_core::kernel::OpenFlags;

use super::error::answer;

/// Past the cache: addresses, lengths and offsets are then on the grid of the disk's sectors.
const FILE_FLAG_NO_BUFFERING: u32 = 0x2000_0000;
/// Through to the disk at each write.
const FILE_FLAG_WRITE_THROUGH: u32 = 0x8000_0000;
/// Without it, directories cannot be opened.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// Opens `path` as `flags` say. Other processes, and we, may open, rename and remove it meanwhile, as elsewhere.
pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<File, Errno> {
    let is = |flag| flags.contains(flag);
    if is(OpenFlags::TEMPORARY) || is(OpenFlags::NOFOLLOW) {
        return Err(Errno::INVAL);
    }
    let mut special = 0;
    if is(OpenFlags::DIRECT) {
        special |= FILE_FLAG_NO_BUFFERING;
    }
    if is(OpenFlags::DATA_SYNC) || is(OpenFlags::SYNC) {
        special |= FILE_FLAG_WRITE_THROUGH;
    }
    if is(OpenFlags::DIRECTORY) {
        special |= FILE_FLAG_BACKUP_SEMANTICS;
    }
    let appends = is(OpenFlags::APPEND);
    let file = answer(
        OpenOptions::new()
            .read(is(OpenFlags::READ) || !is(OpenFlags::WRITE))
            .write(is(OpenFlags::WRITE) && !appends)
            .append(appends)
            .truncate(is(OpenFlags::TRUNCATE))
            .create(is(OpenFlags::CREATE))
            .create_new(is(OpenFlags::EXCLUSIVE))
            .custom_flags(special)
            .open(path),
    )?;
    if is(OpenFlags::DIRECTORY) && !answer(file.metadata())?.is_dir() {
        return Err(Errno::NOTDIR);
    }
    Ok(file)
}
