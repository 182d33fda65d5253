//! Reserving, freeing and zeroing.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bareio::core::op::OpError;
use bareio::fd::{OpenOptions, Size, allocate, create_and_allocate, punch_hole, size, truncate, zero_range};
use bareio::{Align, Errno};

use crate::common::{self, assert_operation, names, taken};

const TOO_FAR: u64 = i64::MAX.unsigned_abs() + 1;
const MIB: u64 = 1 << 20;

#[test]
#[cfg(target_os = "linux")]
fn space_is_reserved_with_and_without_a_new_size_and_never_less() {
    for (name, folder) in common::folders() {
        let file = common::file(&folder, "file");
        allocate(&file, 0..MIB, Size::Keep).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0, "{name}");
        assert!(taken(&file) >= MIB, "{name}: {}", taken(&file));
        allocate(&file, 0..2 * MIB, Size::Grow).unwrap();
        assert_eq!((size(&file).unwrap(), taken(&file) >= 2 * MIB), (2 * MIB, true), "{name}");
        allocate(&file, 0..100, Size::Grow).unwrap();
        assert_eq!(size(&file).unwrap(), 2 * MIB, "{name}: it never shrinks");
    }
}

#[test]
fn reserving_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::file(&folder, "file");
    file.write_all_at(b"there", 0).unwrap();
    allocate(&file, 0..MIB, Size::Grow).unwrap();
    let mut bytes = [1; 8];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"there\0\0\0");
}

#[test]
#[cfg(target_os = "linux")]
fn a_hole_frees_whole_blocks_only_and_says_which() {
    for (name, folder) in common::folders() {
        let file = common::file(&folder, "file");
        file.write_all_at(&common::pattern(5 << 20), 0).unwrap();
        file.sync_all().unwrap();
        let before = taken(&file);
        assert_eq!(punch_hole(&file, 100..4 * MIB + 100, Align::KIB_4).unwrap(), 4096..4 * MIB, "{name}");
        assert!(before - taken(&file) >= 4 * MIB - 4096, "{name}: {before} to {}", taken(&file));
        let mut bytes = vec![0; 5 << 20];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let pattern = common::pattern(5 << 20);
        assert!(bytes[..4096] == pattern[..4096] && bytes[4 << 20..] == pattern[4 << 20..], "{name}");
        assert!(bytes[4096..4 << 20].iter().all(|byte| *byte == 0), "{name}");
        assert_eq!(size(&file).unwrap(), 5 * MIB, "{name}");
    }
}

#[test]
fn a_hole_of_less_than_a_block_is_empty_and_asks_nothing() {
    // Not open for writing: the system would refuse.
    let file = File::open("/dev/null").unwrap();
    assert!(punch_hole(&file, 1..4097, Align::KIB_4).unwrap().is_empty());
    assert!(punch_hole(&file, 5..5, Align::BYTE).unwrap().is_empty());
    #[cfg(target_os = "linux")]
    assert_eq!(punch_hole(&file, 0..4096, Align::KIB_4).unwrap_err().errno(), Some(Errno::BADF));
}

#[test]
fn a_range_is_zeroed_to_the_byte_whether_the_file_system_can_or_not() {
    for (name, folder) in common::folders() {
        let file = common::file(&folder, "file");
        let mut bytes = common::pattern(600_000);
        file.write_all_at(&bytes, 0).unwrap();
        zero_range(&file, 1..590_001, Size::Keep).unwrap();
        bytes[1..590_001].fill(0);
        let mut back = vec![9; bytes.len()];
        file.read_exact_at(&mut back, 0).unwrap();
        assert!(back == bytes, "{name}");
        zero_range(&file, 590_000..700_000, Size::Keep).unwrap();
        assert_eq!(size(&file).unwrap(), 600_000, "{name}");
        zero_range(&file, 599_999..700_000, Size::Grow).unwrap();
        assert_eq!(size(&file).unwrap(), 700_000, "{name}");
        file.read_exact_at(&mut back[..2], 699_998).unwrap();
        assert_eq!(back[..2], [0, 0], "{name}");
        zero_range(&file, 3..3, Size::Grow).unwrap();
    }
}

#[test]
fn ranges_and_sizes_above_the_largest_offset_are_typed_errors() {
    let file = tempfile::tempfile().unwrap();
    let wrong = OpError::Range { offset: 1, len: TOO_FAR - 1 };
    assert_operation(allocate(&file, 1..TOO_FAR, Size::Grow), wrong);
    assert_operation(punch_hole(&file, 1..TOO_FAR, Align::KIB_4), wrong);
    assert_operation(zero_range(&file, 1..TOO_FAR, Size::Keep), wrong);
    assert_operation(truncate(&file, TOO_FAR), OpError::Offset { offset: TOO_FAR });
    let folder = tempfile::tempdir().unwrap();
    let new = create_and_allocate(folder.path().join("new"), TOO_FAR, &OpenOptions::new());
    assert_operation(new.map(drop), OpError::Offset { offset: TOO_FAR });
    assert!(names(folder.path()).is_empty());
}

#[test]
fn truncating_cuts_and_extends_with_zeroes() {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(b"0123456789", 0).unwrap();
    truncate(&file, 4).unwrap();
    truncate(&file, 6).unwrap();
    let mut bytes = [1; 6];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!((&bytes, size(&file).unwrap()), (b"0123\0\0", 6));
    let error = truncate(File::open("/dev/null").unwrap(), 0).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::INVAL));
}

#[test]
fn a_file_is_made_with_its_space_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let made = create_and_allocate(&path, MIB, &OpenOptions::new().read()).unwrap();
    assert_eq!(size(&made).unwrap(), MIB);
    let again = create_and_allocate(&path, MIB, &OpenOptions::new()).unwrap_err();
    assert_eq!(again.errno(), Some(Errno::EXIST));
    assert_eq!(names(folder.path()), ["segment"], "what was there before stays");
    // An exabyte is more than there is.
    let error = create_and_allocate(folder.path().join("huge"), 1 << 60, &OpenOptions::new()).unwrap_err();
    assert!(matches!(error.errno(), Some(Errno::NOSPC | Errno::FBIG)), "{error}");
    assert_eq!(names(folder.path()), ["segment"]);
}

#[test]
#[cfg(target_os = "linux")]
fn where_no_space_can_be_reserved_the_error_is_typed() {
    let (_read, write) = std::io::pipe().unwrap();
    assert_operation(allocate(&write, 0..1, Size::Keep), OpError::Stream);
    let null = File::options().write(true).open("/dev/null").unwrap();
    assert_eq!(allocate(&null, 0..1, Size::Keep).unwrap_err().errno(), Some(Errno::NODEV));
    let sealed = rustix::fs::memfd_create("sealed", rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::fs::ftruncate(&sealed, 8192).unwrap();
    rustix::fs::fcntl_add_seals(&sealed, rustix::fs::SealFlags::WRITE).unwrap();
    assert_eq!(punch_hole(&sealed, 0..4096, Align::KIB_4).unwrap_err().errno(), Some(Errno::PERM));
}
