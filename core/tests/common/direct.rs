//! Files past the page cache.

use std::fs::File;
use std::path::Path;

/// For reading past the page cache, or where the file system cannot, through it.
pub(crate) fn open_direct(path: &Path) -> File {
    use std::os::unix::fs::OpenOptionsExt;
    const O_DIRECT: i32 = linux_raw_sys::general::O_DIRECT.cast_signed();
    File::options()
        .read(true)
        .custom_flags(O_DIRECT)
        .open(path)
        .or_else(|_| File::open(path))
        .expect("the file was made just now")
}
