//! What these tests share.

use std::fs::File;
use std::path::Path;

use bareio::core::op::OpError;
use bareio::{Error, ErrorKind};
use tempfile::TempDir;

/// Says that a test is skipped, and why; with `BAREIO_REQUIRE_ALL` set, that is a failure.
pub(crate) fn skip(reason: &str) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{name} may not be skipped: {reason}");
    eprintln!("skipped {name}: {reason}");
}

/// A folder on each file system that is tried, with a name for messages.
pub(crate) fn folders() -> Vec<(&'static str, TempDir)> {
    let mut folders = vec![("the temporary folder's file system", tempfile::tempdir().unwrap())];
    match tempfile::tempdir_in("/dev/shm") {
        Ok(folder) => folders.push(("tmpfs", folder)),
        Err(error) => eprintln!("without tmpfs: {error}"),
    }
    folders
}

/// A new file in `folder`, for reading and writing.
pub(crate) fn file(folder: &TempDir, name: &str) -> File {
    File::options().read(true).write(true).create(true).truncate(true).open(folder.path().join(name)).unwrap()
}

pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0_u8..=250).cycle().take(len).collect()
}

/// How many bytes of the disk the file takes.
pub(crate) fn taken(file: &File) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(&file.metadata().unwrap()) * 512
}

/// Asserts that an operation was wrong by itself, as `wrong` says.
#[track_caller]
pub(crate) fn assert_operation<T: std::fmt::Debug>(answer: Result<T, Error>, wrong: OpError) {
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Operation(wrong));
}

/// The names in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
