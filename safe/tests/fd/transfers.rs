//! Positioned reads and writes.

use std::fs::File;

use bareio::core::op::{OpError, Positions};
use bareio::fd::{Access, access, pread, pread_exact, pwrite, pwrite_all};
use bareio::{Align, Errno, Error, ErrorKind, Grid, Part};

use crate::common::{self, assert_operation};

const TOO_FAR: u64 = i64::MAX.unsigned_abs() + 1;

/// As a file on a disk with blocks of 4,096 bytes would be.
const ON_4K: Access = Access { grid: Grid::uniform(Align::KIB_4), positions: Positions::Kept };

#[repr(align(4096))]
struct Block([u8; 8192]);

#[test]
fn what_is_written_at_an_offset_is_read_there() {
    for (name, folder) in common::folders() {
        let file = common::file(&folder, "file");
        let access = access(&file).unwrap();
        assert_eq!(pwrite(&file, b"here", 1000, &access).unwrap(), 4, "{name}");
        let mut bytes = [1; 8];
        assert_eq!(pread(&file, &mut bytes, 998, &access).unwrap(), 6, "{name}");
        assert_eq!(&bytes, b"\0\0here\x01\x01", "{name}");
        assert_eq!(pread(&file, &mut bytes, 1004, &access).unwrap(), 0, "{name}: behind the end");
    }
}

#[test]
fn a_number_off_the_grid_is_named_and_the_system_is_not_asked() {
    let mut block = Block([0; 8192]);
    // Of a closed descriptor the system would say EBADF; it is a file for which the grid is made up.
    let file = File::open("/dev/null").unwrap();
    let part = |error: Error| match error.kind() {
        ErrorKind::Misaligned(error) => (error.part, error.value, error.align),
        kind => panic!("{kind:?}"),
    };
    let answer = pread(&file, &mut block.0[..4095], 0, &ON_4K);
    assert_eq!(part(answer.unwrap_err()), (Part::Length, 4095, Align::KIB_4));
    let answer = pread(&file, &mut block.0[..4096], 512, &ON_4K);
    assert_eq!(part(answer.unwrap_err()), (Part::Offset, 512, Align::KIB_4));
    let answer = pwrite(&file, &block.0[1..4097], 0, &ON_4K);
    assert_eq!(part(answer.unwrap_err()).0, Part::Address);
    assert_eq!(pread(&file, &mut block.0[..4096], 4096, &ON_4K).unwrap(), 0);
}

#[test]
fn nothing_to_move_asks_nothing_but_a_senseless_offset_is_an_error_still() {
    // Not open for writing: the system would refuse.
    let file = File::open("/dev/null").unwrap();
    let access = Access { grid: Grid::ANY, positions: Positions::Kept };
    assert_eq!(pwrite(&file, &[], 5, &access).unwrap(), 0);
    assert_eq!(pread(&file, &mut [], 5, &access).unwrap(), 0);
    assert_eq!(pwrite(&file, &[1], 5, &access).unwrap_err().errno(), Some(Errno::BADF));
    assert_operation(pwrite(&file, &[], TOO_FAR, &access), OpError::Offset { offset: TOO_FAR });
    assert_operation(pread(&file, &mut [0], u64::MAX, &access), OpError::Offset { offset: u64::MAX });
}

#[test]
fn a_pipe_has_no_positions() {
    let (read, write) = std::io::pipe().unwrap();
    let asked = access(&read).unwrap();
    assert_operation(pread(&read, &mut [0], 0, &asked), OpError::Stream);
    assert_operation(pwrite(&write, &[0], 0, &access(&write).unwrap()), OpError::Stream);
    // Also for who did not ask: the system says it.
    let unasked = Access { grid: Grid::ANY, positions: Positions::Kept };
    assert_operation(pread(&read, &mut [0], 0, &unasked), OpError::Stream);
}

#[test]
fn a_descriptor_that_appends_takes_no_offset() {
    let folder = tempfile::tempdir().unwrap();
    drop(common::file(&folder, "log"));
    let log = File::options().read(true).append(true).open(folder.path().join("log")).unwrap();
    let access = access(&log).unwrap();
    assert_operation(pwrite(&log, b"x", 10, &access), OpError::Append);
    assert_eq!(pread(&log, &mut [0], 0, &access).unwrap(), 0);
    assert_eq!(log.metadata().unwrap().len(), 0, "nothing was written");
}

#[test]
fn all_of_it_is_all_of_it_or_says_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::file(&folder, "file");
    let access = access(&file).unwrap();
    let bytes = common::pattern(3 << 20);
    pwrite_all(&file, &bytes, 7, &access).unwrap();
    let mut back = vec![0; bytes.len()];
    pread_exact(&file, &mut back, 7, &access).unwrap();
    assert_eq!(back, bytes);
    let error = pread_exact(&file, &mut back, 8, &access).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShortRead { wanted: 3 << 20, got: (3 << 20) - 1 });
    // On a grid, the last block of a file is short, and nothing is asked behind it.
    let mut block = Block([0; 8192]);
    file.set_len(5000).unwrap();
    let error = pread_exact(&file, &mut block.0, 0, &ON_4K).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShortRead { wanted: 8192, got: 5000 });
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_says_so() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let access = Access { grid: Grid::ANY, positions: Positions::Kept };
    let error = pwrite(&full, b"x", 0, &access).unwrap_err();
    assert_eq!((error.errno(), error.call()), (Some(Errno::NOSPC), Some("pwrite")));
    assert!(!error.is_transient());
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::StorageFull);
}
