//! What it answers alone; under Miri too.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bareio::core::abi::Statx;
use bareio::core::kernel::{Allocate, OpenFlags, RenameFlags, RwFlags, Seek, UnlinkFlags};
use bareio::core::op::Positions;
use bareio::core::ring::{Builder, Reason};
use bareio::core::sync::{AtomicU32, Ordering};
use bareio::core::{AlignedBuf, Fd, IoVec, Kernel, Mapping};
use bareio::host::Host;
use bareio::{Align, Errno};

fn name(folder: &Path, name: &str) -> CString {
    CString::new(folder.join(name).as_os_str().as_bytes()).unwrap()
}

fn open(path: &CString, flags: OpenFlags) -> Result<Fd, Errno> {
    // SAFETY: the working directory is always there.
    unsafe { Host.open_at(Fd::CWD, path, flags, 0o600) }
}

fn close(fd: Fd) -> Result<(), Errno> {
    // SAFETY: the test's own.
    unsafe { Host.close(fd) }
}

/// All of it: Miri moves less than it could, at random.
fn write(fd: Fd, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
    let mut done = 0;
    loop {
        let left = &bytes[done..];
        // SAFETY: `bytes` are borrowed for the call.
        done += unsafe { Host.write_at(fd, left.as_ptr(), left.len(), offset + done as u64) }?;
        if done == bytes.len() {
            return Ok(done);
        }
    }
}

/// Up to the end of the file.
fn read(fd: Fd, len: usize, offset: u64) -> Result<Vec<u8>, Errno> {
    let mut bytes = vec![0; len];
    let mut done = 0;
    loop {
        let left = &mut bytes[done..];
        // SAFETY: `bytes` are borrowed for the call.
        let count = unsafe { Host.read_at(fd, left.as_mut_ptr(), left.len(), offset + done as u64) }?;
        done += count;
        if count == 0 {
            bytes.truncate(done);
            return Ok(bytes);
        }
    }
}

const NEW: OpenFlags =
    OpenFlags::READ.with(OpenFlags::WRITE).with(OpenFlags::CREATE).with(OpenFlags::EXCLUSIVE);

#[test]
fn a_file_lives_from_its_making_to_its_removal() {
    let folder = tempfile::tempdir().unwrap();
    let path = name(folder.path(), "file");
    let file = open(&path, NEW).unwrap();
    assert_eq!(open(&path, NEW), Err(Errno::EXIST));
    assert_eq!(write(file, b"0123456789", 5), Ok(10));
    assert_eq!(read(file, 100, 3).unwrap(), b"\x00\x000123456789");
    assert_eq!(write(file, &[], 0), Ok(0));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.truncate(file, 7) }, Ok(()));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.truncate(file, u64::MAX) }, Err(Errno::INVAL));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.sync_data(file) }, Ok(()));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.sync_all(file) }, Ok(()));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.seek(file, 0, Seek::End) }, Ok(7));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.seek(file, u64::MAX, Seek::Start) }, Err(Errno::INVAL));
    let positions = if cfg!(miri) { Err(Errno::NOSYS) } else { Ok(Positions::Kept) };
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Positions::of(&Host, file) }, positions);
    close(file).unwrap();
    let other = name(folder.path(), "other");
    // SAFETY: the test's own, and valid for the call.
    unsafe { Host.rename_at(Fd::CWD, &path, Fd::CWD, &other, RenameFlags::NONE) }.unwrap();
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.unlink_at(Fd::CWD, &path, UnlinkFlags::NONE) }, Err(Errno::NOENT));
    // SAFETY: the test's own, and valid for the call.
    unsafe { Host.unlink_at(Fd::CWD, &other, UnlinkFlags::NONE) }.unwrap();
    let inner = name(folder.path(), "inner");
    // SAFETY: the test's own, and valid for the call.
    unsafe { Host.make_dir_at(Fd::CWD, &inner, 0o700) }.unwrap();
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.make_dir_at(Fd::CWD, &inner, 0o700) }, Err(Errno::EXIST));
    // SAFETY: the test's own, and valid for the call.
    unsafe { Host.unlink_at(Fd::CWD, &inner, UnlinkFlags::REMOVE_DIR) }.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
#[cfg_attr(miri, ignore = "which moves less than it could, at random")]
fn pieces_are_read_and_written_in_order_at_an_offset_and_where_the_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = open(&name(folder.path(), "file"), NEW).unwrap();
    let (mut front, mut back) = (*b"front", *b"back");
    let pieces = [IoVec::of_mut(&mut front), IoVec::EMPTY, IoVec::of_mut(&mut back)];
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.write_vectored(file, &pieces, u64::MAX, RwFlags::NONE) }, Ok(9));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.seek(file, 0, Seek::Current) }, Ok(9));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.write_vectored(file, &pieces, 1, RwFlags::NONE) }, Ok(9));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.read_vectored(file, &pieces, 0, RwFlags::NONE) }, Ok(9));
    let many = vec![IoVec::EMPTY; 1025];
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.read_vectored(file, &many, 0, RwFlags::NONE) }, Err(Errno::INVAL));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.write_vectored(file, &many, 0, RwFlags::NONE) }, Err(Errno::INVAL));
    assert_eq!((&front, &back), (b"ffron", b"tbac"));
    assert_eq!(read(file, 20, 0).unwrap(), b"ffrontback");
    close(file).unwrap();
}

#[test]
fn a_descriptor_that_is_none_is_an_error_of_every_call() {
    let none = Fd(-1);
    assert_eq!(read(none, 1, 0), Err(Errno::BADF));
    assert_eq!(write(none, b"x", 0), Err(Errno::BADF));
    assert_eq!(close(none), Err(Errno::BADF));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.sync_all(none) }, Err(Errno::BADF));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.truncate(none, 0) }, Err(Errno::BADF));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.open_flags(none) }, Err(Errno::BADF));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.allocate(none, Allocate::NONE, 0, 1) }, Err(Errno::BADF));
    // SAFETY: the test's own, and valid for the call.
    assert_eq!(unsafe { Host.read_vectored(none, &[], 0, RwFlags::NONE) }, Err(Errno::BADF));
}

#[test]
fn what_is_known_of_a_file_is_told_by_name_and_by_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let path = name(folder.path(), "file");
    let file = open(&path, NEW).unwrap();
    write(file, b"12345", 0).unwrap();
    let stat = |dir, path: &std::ffi::CStr| {
        let mut stat = Statx::default();
        // SAFETY: `dir` is open, or the working directory.
        unsafe { Host.stat(dir, path, Statx::BASIC_STATS, &mut stat) }.map(|()| stat)
    };
    let (by_descriptor, by_name) = (stat(file, c"").unwrap(), stat(Fd::CWD, &path).unwrap());
    assert_eq!((by_descriptor.size, by_descriptor.is_regular()), (5, true));
    assert!(by_descriptor.is_same_file(&by_name));
    assert!(stat(Fd::CWD, &name(folder.path(), "")).unwrap().is_dir());
    assert_eq!(stat(Fd::CWD, c"no such file"), Err(Errno::NOENT));
    close(file).unwrap();
}

#[test]
fn memory_is_mapped_grown_and_given_back() {
    let page = Host.page_len().unwrap();
    let mut mapping = Mapping::new(Host, 3 * page).unwrap();
    assert!(mapping.as_slice().iter().all(|byte| *byte == 0));
    mapping.as_mut_slice().fill(7);
    drop(mapping);
    let mut buf = AlignedBuf::new(Host, page, Align::KIB_4).unwrap();
    for round in 0..5_u8 {
        buf.extend_from_slice(&vec![round; page]).unwrap();
    }
    assert!(buf.as_ptr().addr().get().is_multiple_of(4096));
    assert!((0..5_u8).all(|round| buf.as_slice()[usize::from(round) * page] == round));
}

#[test]
fn there_are_no_rings_and_the_error_says_so() {
    assert_eq!(Builder::new(8).build(Host).unwrap_err().reason(), Reason::Missing);
}

#[test]
fn whoever_waits_is_woken_times_out_or_does_not_wait() {
    let word = Arc::new(AtomicU32::new(0));
    assert_eq!(Host.wait(&word, 1, None), Ok(()), "it is 0 already");
    let begin = Host.now().unwrap();
    Host.wait(&word, 0, Some(Duration::from_millis(20))).unwrap();
    assert!(Host.now().unwrap() >= begin, "time does not go back");
    assert_eq!(Host.wake(&word, 1), Ok(0), "nobody waits");
    let sleepers: Vec<_> = (0..3)
        .map(|_| {
            let word = word.clone();
            std::thread::spawn(move || {
                while word.load(Ordering::Acquire) == 0 {
                    Host.wait(&word, 0, None).unwrap();
                }
            })
        })
        .collect();
    Host.yield_now().unwrap();
    word.store(1, Ordering::Release);
    assert!(Host.wake(&word, u32::MAX).unwrap() <= 3);
    for sleeper in sleepers {
        sleeper.join().unwrap();
    }
    assert_eq!(Host.process_id(), Ok(std::process::id()));
}

/// The race that would lose a wake-up: the word changes between the look and the sleep.
#[test]
fn no_wake_up_is_lost_in_a_thousand_hand_overs() {
    let rounds = if cfg!(miri) { 20 } else { 1000 };
    let word = Arc::new(AtomicU32::new(0));
    let other = word.clone();
    let take_turns = move |word: &AtomicU32, mine: u32| {
        for _ in 0..rounds {
            loop {
                let now = word.load(Ordering::Acquire);
                if now % 2 == mine {
                    break;
                }
                Host.wait(word, now, None).unwrap();
            }
            word.fetch_add(1, Ordering::Release);
            Host.wake(word, 1).unwrap();
        }
    };
    let thread = std::thread::spawn(move || take_turns(&other, 1));
    take_turns(&word, 0);
    thread.join().unwrap();
    assert_eq!(word.load(Ordering::Relaxed), 2 * rounds);
}
