//! Copying ranges.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bareio::core::op::OpError;
use bareio::fd::{OpenOptions, copy_range, open, size};
use bareio::{Direct, Errno, ErrorKind};

use crate::common::{self, assert_operation};

fn contents(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(size(file).unwrap()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn a_range_is_copied_within_and_across_file_systems() {
    let folders = common::folders();
    let bytes = common::pattern((2 << 20) + 77);
    for (from_name, from_folder) in &folders {
        for (to_name, to_folder) in &folders {
            let (from, to) = (common::file(from_folder, "from"), common::file(to_folder, "to"));
            from.write_all_at(&bytes, 0).unwrap();
            to.write_all_at(b"kept", 0).unwrap();
            let len = bytes.len() as u64 - 5;
            assert_eq!(copy_range(&from, 5, &to, 4, len).unwrap(), len, "{from_name} to {to_name}");
            assert!(contents(&to)[..] == [b"kept", &bytes[5..]].concat(), "{from_name} to {to_name}");
        }
    }
}

#[test]
fn a_copy_is_short_at_the_end_and_nothing_behind_it() {
    for (name, folder) in common::folders() {
        let (from, to) = (common::file(&folder, "from"), common::file(&folder, "to"));
        from.write_all_at(b"0123456789", 0).unwrap();
        assert_eq!(copy_range(&from, 7, &to, 0, u64::MAX / 4).unwrap(), 3, "{name}");
        assert_eq!(contents(&to), b"789", "{name}");
        assert_eq!(copy_range(&from, 10, &to, 0, 5).unwrap(), 0, "{name}");
        assert_eq!(copy_range(&from, 0, &to, 0, 0).unwrap(), 0, "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_says_it_is_empty_is_copied_all_the_same() {
    let to = tempfile::tempfile().unwrap();
    let copied = copy_range(File::open("/proc/self/cmdline").unwrap(), 0, &to, 0, 1 << 20).unwrap();
    assert_eq!(contents(&to), std::fs::read("/proc/self/cmdline").unwrap());
    assert_eq!(copied, size(&to).unwrap());
}

#[test]
fn within_one_file_ranges_may_touch_and_not_overlap() {
    for (name, folder) in common::folders() {
        let file = common::file(&folder, "file");
        file.write_all_at(b"0123456789", 0).unwrap();
        assert_eq!(copy_range(&file, 0, &file, 5, 5).unwrap(), 5, "{name}");
        assert_eq!(contents(&file), b"0123401234", "{name}");
        let again = File::options().read(true).write(true).open(folder.path().join("file")).unwrap();
        for (from, to) in [(0, 4), (4, 0), (2, 2)] {
            let error = copy_range(&file, from, &again, to, 5).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Overlap, "{name}: {from} to {to}");
            assert_eq!(contents(&file), b"0123401234", "{name}: nothing was copied");
        }
    }
}

#[test]
fn past_the_page_cache_a_copy_goes_by_whole_blocks() {
    let folders = common::folders();
    let options = OpenOptions::new().read().write().create().direct(Direct::Preferred);
    for (from_name, from_folder) in &folders {
        for (to_name, to_folder) in &folders {
            let bytes = common::pattern(3 << 20);
            common::file(from_folder, "from").write_all_at(&bytes, 0).unwrap();
            let from = open(from_folder.path().join("from"), &options).unwrap();
            let to = open(to_folder.path().join("to"), &options.truncate()).unwrap();
            let len = bytes.len() as u64;
            assert_eq!(copy_range(&from, 0, &to, 0, 2 * len).unwrap(), len, "{from_name} to {to_name}");
            assert!(std::fs::read(to_folder.path().join("to")).unwrap() == bytes, "{from_name} to {to_name}");
        }
    }
}

#[test]
fn what_cannot_be_copied_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let from = common::file(&folder, "from");
    from.write_all_at(b"0123456789", 0).unwrap();
    let append = File::options().append(true).open(folder.path().join("from")).unwrap();
    let other = common::file(&folder, "other");
    assert_operation(copy_range(&other, 0, &append, 0, 1), OpError::Append);
    assert_operation(copy_range(std::io::pipe().unwrap().0, 0, &other, 0, 1), OpError::Stream);
    let far = u64::MAX - 2;
    assert_operation(copy_range(&from, far, &other, 0, 5), OpError::Range { offset: far, len: 5 });
    let reading = File::open(folder.path().join("other")).unwrap();
    assert_eq!(copy_range(&from, 0, &reading, 0, 5).unwrap_err().errno(), Some(Errno::BADF));
    #[cfg(target_os = "linux")]
    {
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(copy_range(&from, 0, &full, 0, 5).unwrap_err().errno(), Some(Errno::NOSPC));
    }
}
