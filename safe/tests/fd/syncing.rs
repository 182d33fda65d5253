//! Flushing and advising.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bareio::Errno;
use bareio::core::op::OpError;
use bareio::fd::{Advice, OpenOptions, Sync, advise, open, sync_all, sync_as_opened, sync_data};

use crate::common::{self, assert_operation};

#[test]
fn files_and_directories_are_flushed() {
    for (_, folder) in common::folders() {
        let file = common::file(&folder, "file");
        file.write_all_at(b"bytes", 0).unwrap();
        sync_data(&file).unwrap();
        sync_all(&file).unwrap();
        sync_all(File::open(folder.path()).unwrap()).unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_flushed_says_so_and_is_not_asked_where_the_flag_suffices() {
    let (_read, write) = std::io::pipe().unwrap();
    for answer in [sync_data(&write), sync_all(&write), sync_as_opened(&write)] {
        assert_eq!(answer.unwrap_err().errno(), Some(Errno::INVAL));
    }
    // A pipe again, but opened as if each write were flushed: nobody asks it.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let pipe = open(&path, &OpenOptions::new().read().write().sync(Sync::Data)).unwrap();
    sync_as_opened(&pipe).unwrap();
    assert_eq!(sync_data(&pipe).unwrap_err().errno(), Some(Errno::INVAL));
}

#[test]
fn advice_of_every_kind_is_taken() {
    for (_, folder) in common::folders() {
        let file = common::file(&folder, "file");
        file.write_all_at(&common::pattern(10_000), 0).unwrap();
        for advice in [Advice::Sequential, Advice::Random, Advice::WillNeed, Advice::DontNeed, Advice::Normal]
        {
            advise(&file, .., advice).unwrap();
            advise(&file, 5..=4096, advice).unwrap();
            advise(&file, 7..7, advice).unwrap();
        }
        let mut back = vec![0; 10_000];
        file.read_exact_at(&mut back, 0).unwrap();
        assert_eq!(back, common::pattern(10_000), "advice changes no contents");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn advice_drops_what_is_cached() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::file(&folder, "file");
    file.write_all_at(&common::pattern(1 << 20), 0).unwrap();
    // Reading without waiting succeeds from the cache only; where it never does, this cannot be seen.
    let cached = || {
        let mut bytes = [0; 4096];
        let mut pieces = [std::io::IoSliceMut::new(&mut bytes)];
        rustix::io::preadv2(&file, &mut pieces, 8192, rustix::io::ReadWriteFlags::NOWAIT).is_ok()
    };
    if !cached() {
        return common::skip("what is cached cannot be told here");
    }
    sync_data(&file).unwrap();
    advise(&file, .., Advice::DontNeed).unwrap();
    assert!(!cached());
    let mut back = [0; 4];
    file.read_exact_at(&mut back, 8192).unwrap();
    assert_eq!(back, common::pattern(8196)[8192..]);
}

#[test]
fn advice_on_what_has_no_ranges_is_a_typed_error() {
    #[cfg(target_os = "linux")]
    assert_operation(advise(std::io::pipe().unwrap().0, .., Advice::Random), OpError::Stream);
    let file = tempfile::tempfile().unwrap();
    let len = u64::MAX - 5;
    assert_operation(advise(&file, 5..u64::MAX, Advice::Random), OpError::Range { offset: 5, len });
}
