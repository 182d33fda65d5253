//! Whole files, or what was there before.

use std::os::unix::fs::PermissionsExt;

use bareio::fd::write_file_atomically;
use bareio::{Direct, Errno};

use crate::common::{self, names};

const WAYS: [Direct; 2] = [Direct::Off, Direct::Preferred];

#[test]
fn a_file_of_any_length_is_written_whole_past_the_page_cache_too() {
    for (name, folder) in common::folders() {
        let path = folder.path().join("file");
        for direct in WAYS {
            for len in [0, 1, 511, 512, 4096, 4097, (1 << 20) - 1, (2 << 20) + 3] {
                let bytes = common::pattern(len);
                write_file_atomically(&path, &bytes, direct).unwrap();
                assert!(std::fs::read(&path).unwrap() == bytes, "{name}, {direct:?}, {len} bytes");
            }
        }
        assert_eq!(names(folder.path()), ["file"], "{name}: nothing else is left");
    }
}

#[test]
fn whoever_has_the_old_file_open_keeps_it_and_its_permissions_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, b"old").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let mut old = std::fs::File::open(&path).unwrap();
    write_file_atomically(&path, b"new", Direct::Off).unwrap();
    let mut bytes = String::new();
    std::io::Read::read_to_string(&mut old, &mut bytes).unwrap();
    assert_eq!((&*bytes, &*std::fs::read(&path).unwrap()), ("old", &b"new"[..]));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
}

#[test]
fn a_name_of_the_greatest_length_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let name = "n".repeat(255);
    write_file_atomically(folder.path().join(&name), b"x", Direct::Off).unwrap();
    assert_eq!(names(folder.path()), [name]);
}

#[test]
fn what_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for direct in WAYS {
        // A directory is in the way.
        std::fs::create_dir_all(folder.path().join("directory/within")).unwrap();
        let error = write_file_atomically(folder.path().join("directory"), b"x", direct).unwrap_err();
        assert_eq!((error.errno(), error.call()), (Some(Errno::ISDIR), Some("rename")));
        assert_eq!(names(folder.path()), ["directory"]);
        let error = write_file_atomically(folder.path().join("none/file"), b"x", direct).unwrap_err();
        assert!(error.is_not_found());
    }
}

#[test]
fn readers_see_one_version_or_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let versions = [vec![b'a'; 20_000], vec![b'b'; 30_001]];
    write_file_atomically(&path, &versions[0], Direct::Off).unwrap();
    std::thread::scope(|scope| {
        let writers: Vec<_> = versions
            .iter()
            .map(|bytes| {
                let path = &path;
                scope.spawn(move || {
                    for direct in WAYS.into_iter().cycle().take(20) {
                        write_file_atomically(path, bytes, direct).unwrap();
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            let seen = std::fs::read(&path).unwrap();
            assert!(versions.contains(&seen), "{} bytes of neither", seen.len());
        }
    });
    assert_eq!(names(folder.path()), ["file"]);
}
