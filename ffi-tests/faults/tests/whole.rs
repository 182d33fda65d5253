//! A file that is replaced whole, on a file system that fails.

use bareio::file::Direct;
use bareio::fs::write_file;
use bareio_faults::{Call, Fault, Mount};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const KINDS: [Call; 9] = [
    Call::Read,
    Call::Write,
    Call::Sync,
    Call::SyncDir,
    Call::Allocate,
    Call::Truncate,
    Call::Rename,
    Call::Create,
    Call::Remove,
];

/// So that it takes several.
const PER_WRITE: usize = 64 << 10;

fn new_bytes() -> Vec<u8> {
    (0..=250).cycle().take(5 * PER_WRITE + 77).collect()
}

fn names(mount: &Mount) -> Vec<std::ffi::OsString> {
    std::fs::read_dir(mount.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

/// Fails the n-th call of each kind until there is no n-th, and says how many calls of which kind there were.
fn for_each_call(direct: Direct, old: Option<&[u8]>, mut met: impl FnMut(Call)) {
    let new = new_bytes();
    for call in KINDS {
        for errno in [EIO, ENOSPC] {
            for nth in 0.. {
                let mount = Mount::new().expect("FUSE can be mounted");
                let path = mount.path().join("file");
                if let Some(old) = old {
                    std::fs::write(&path, old).unwrap();
                }
                let before = mount.count(call);
                mount.always(Call::Write, Fault::Short(PER_WRITE));
                mount.at(call, nth, Fault::Error(errno));
                let result = write_file(&path, &new, direct);
                let is_met = mount.count(call) - before > nth;
                let content = mount.content("file");
                if !is_met {
                    result.unwrap();
                    assert_eq!(content.as_deref(), Some(&new[..]), "{call:?} {nth}");
                    break;
                }
                met(call);
                let error = result.expect_err("a call that fails is needed");
                assert_eq!(error.errno().map(|errno| errno.number()), Some(errno), "{call:?} {nth}");
                // Only the last call comes after the new name.
                let wanted = if call == Call::SyncDir { Some(&new[..]) } else { old };
                assert!(content.as_deref() == wanted, "{call:?} {nth}: neither the old content nor the new");
                let left: Vec<_> = names(&mount).into_iter().filter(|name| name != "file").collect();
                assert!(left.is_empty(), "{direct:?}, {call:?} {nth}: {left:?} is left behind");
            }
        }
    }
}

#[test]
fn whichever_call_fails_there_is_the_old_content_or_the_new_whole() {
    for direct in [Direct::Off, Direct::Preferred] {
        for old in [None, Some(&b"old"[..])] {
            let mut calls = Vec::new();
            for_each_call(direct, old, |call| calls.push(call));
            for (call, least) in
                [(Call::Create, 1), (Call::Write, 6), (Call::Sync, 1), (Call::Rename, 1), (Call::SyncDir, 1)]
            {
                let count = calls.iter().filter(|met| **met == call).count();
                assert!(
                    count >= 2 * least,
                    "{call:?} was failed {count} times, and there are {least} at least"
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_removed_is_left_behind_under_its_own_name() {
    let mount = Mount::new().expect("FUSE can be mounted");
    let path = mount.path().join("file");
    std::fs::write(&path, b"old").unwrap();
    mount.at(Call::Sync, 0, Fault::Error(ENOSPC));
    mount.at(Call::Remove, 0, Fault::Error(EIO));
    let error = write_file(&path, new_bytes(), Direct::Off).unwrap_err();
    assert_eq!(error.errno().map(|errno| errno.number()), Some(ENOSPC), "what went wrong first");
    assert_eq!(mount.content("file").unwrap(), b"old");
    let left: Vec<_> = names(&mount).into_iter().filter(|name| name != "file").collect();
    let [left] = &left[..] else { panic!("one file is left behind, not {left:?}") };
    let left = left.to_str().unwrap();
    assert!(left.starts_with(".bareio-") && left.ends_with(".tmp"), "{left}");
    write_file(&path, b"new", Direct::Off).unwrap();
    assert_eq!(mount.content("file").unwrap(), b"new");
}
