//! The same operations by the library's calls and by Linux's own, in folders of their own: the same results, the same
//! memory, the same files.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::AsRawFd;

use bareio::Errno;
use bareio::core::abi::Statx;
use bareio::core::kernel::{AdviseFile, Allocate, OpenFlags, RenameFlags, RwFlags, UnlinkFlags};
use bareio::core::op::{Offset, Op};
use bareio::core::{Fd, IoVec, Kernel, Linux};
use bareio::host::Host;
use proptest::prelude::*;

const NAMES: [&CStr; 4] = [c"file", c"other", c"folder", c"folder/inner"];

/// What to do, with which file, name, length, offset and flags: what the numbers mean is up to `op`.
type Act = (u8, usize, usize, usize, u64, usize);

/// What is seen of it: results, memory, what was told of files, and the folder.
type Sight = (Vec<Result<u32, Errno>>, Vec<Vec<u8>>, Vec<(u64, u16, u32)>, BTreeMap<String, Option<Vec<u8>>>);

fn live<K: Kernel>(kernel: &K, acts: &[Act]) -> Sight {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), vec![0x11; 3000]).unwrap();
    let dir = File::open(folder.path()).unwrap();
    let plain = File::options().read(true).write(true).open(path("file")).unwrap();
    let append = File::options().read(true).append(true).open(path("file")).unwrap();
    let read_only = File::open(path("file")).unwrap();
    let full = File::options().read(true).write(true).open("/dev/full").unwrap();
    let (pipe, other_end) = std::io::pipe().unwrap();
    drop(other_end); // or reading would wait
    let raw = |file: &dyn AsRawFd| Fd(file.as_raw_fd());
    let files = [raw(&plain), raw(&append), raw(&read_only), raw(&full), raw(&dir), raw(&pipe), Fd(-1)];
    let dir = raw(&dir);

    let (mut results, mut memory, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for &(kind, file, name, len, offset, flag) in acts {
        let file = files[file % files.len()];
        let (name, other) = (NAMES[name % 4], NAMES[(name / 4) % 4]);
        let mut bytes = vec![kind; len];
        let (front, back) = bytes.split_at_mut(len / 3);
        let pieces = [IoVec::of_mut(front), IoVec::of_mut(back)];
        let buf = bytes.as_mut_ptr();
        let mut stat = Statx::default();
        let flags = |table: &[OpenFlags]| table[flag % table.len()];
        let op = match kind {
            0 => Op::read(file, buf, len, offset),
            1 => Op::write(file, buf, len, offset),
            2 => Op::read_vectored(file, &pieces, offset),
            3 => Op::write_vectored(file, &pieces, offset),
            4 => Op::read(file, buf, len, Offset::Current),
            5 => Op::write(file, buf, len, Offset::Current),
            6 => Op::write(file, buf, len, offset).map(|op| op.with_flags(RwFlags::DATA_SYNC)),
            7 => Ok(Op::sync_data(file)),
            8 => Ok(Op::sync_all(file)),
            9 => Op::truncate(file, offset),
            10 => {
                let how = [
                    Allocate::NONE,
                    Allocate::KEEP_SIZE,
                    Allocate::PUNCH_HOLE | Allocate::KEEP_SIZE,
                    Allocate::ZERO_RANGE,
                    Allocate::ZERO_RANGE | Allocate::KEEP_SIZE,
                    Allocate::PUNCH_HOLE,
                ];
                Op::allocate(file, how[flag % how.len()], offset, len as u64)
            }
            11 => {
                let advice = [AdviseFile::Normal, AdviseFile::Sequential, AdviseFile::DontNeed];
                Op::advise_file(file, offset, len as u64, advice[flag % 3])
            }
            12 => Op::stat(dir, name, Statx::BASIC_STATS, &raw mut stat),
            13 => {
                let both = OpenFlags::READ | OpenFlags::WRITE;
                let new = both | OpenFlags::CREATE;
                let flags = flags(&[
                    OpenFlags::READ,
                    both,
                    new,
                    new | OpenFlags::EXCLUSIVE,
                    both | OpenFlags::TRUNCATE,
                    OpenFlags::READ | OpenFlags::DIRECTORY,
                    OpenFlags::WRITE | OpenFlags::NOFOLLOW | OpenFlags::DATA_SYNC,
                ]);
                Op::open_at(dir, name, flags, 0o640)
            }
            14 => {
                let how = [RenameFlags::NONE, RenameFlags::NOREPLACE, RenameFlags::EXCHANGE];
                Op::rename_at(dir, name, dir, other, how[flag % 3])
            }
            15 => Op::unlink_at(dir, name, [UnlinkFlags::NONE, UnlinkFlags::REMOVE_DIR][flag % 2]),
            _ => Op::make_dir_at(dir, name, 0o700),
        }
        .unwrap();
        // SAFETY: what it names is valid for the call, and the test's own.
        let mut result = unsafe { op.perform(kernel) };
        if let (13, Ok(number)) = (kind, result) {
            let opened = Fd(number.cast_signed());
            // SAFETY: it was opened just now.
            let flags = unsafe { kernel.open_flags(opened) }.unwrap();
            // SAFETY: nobody uses it.
            unsafe { kernel.close(opened) }.unwrap();
            result = Ok(flags.0); // the number means nothing elsewhere
        }
        if result.is_ok() && kind == 12 {
            told.push((if stat.is_regular() { stat.size } else { 0 }, stat.mode, stat.nlink));
        }
        results.push(result);
        memory.push(bytes);
    }
    let mut names = BTreeMap::new();
    for place in ["", "folder"] {
        for entry in std::fs::read_dir(path(place)).into_iter().flatten().flatten() {
            let name = format!("{place}/{}", entry.file_name().into_string().unwrap());
            names.insert(name, std::fs::read(entry.path()).ok());
        }
    }
    (results, memory, told, names)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_library_and_linux_agree(
        acts in prop::collection::vec(
            (0..=16_u8, 0..10_usize, 0..16_usize, 0..2000_usize, 0..5000_u64, 0..12_usize),
            1..=12,
        )
    ) {
        prop_assert_eq!(live(&Host, &acts), live(&Linux, &acts));
    }
}

#[test]
fn the_edges_of_space_are_the_same() {
    let far = i64::MAX.unsigned_abs();
    for (how, offset, len) in [
        (Allocate::NONE, 0, 0),
        (Allocate::NONE, far, 1),
        (Allocate::NONE, u64::MAX, 1),
        (Allocate::NONE, 1, u64::MAX),
        (Allocate::NONE, 0, far),
        (Allocate::PUNCH_HOLE, 0, 1),
        (Allocate(64), 0, 4096),
    ] {
        let file = tempfile::tempfile().unwrap();
        let fd = Fd(file.as_raw_fd());
        // SAFETY: open.
        let host = unsafe { Host.allocate(fd, how, offset, len) };
        // SAFETY: open.
        let linux = unsafe { Linux.allocate(fd, how, offset, len) };
        assert!(host.is_err(), "{how:?}, {offset}, {len}");
        assert_eq!(host, linux, "{how:?}, {offset}, {len}");
    }
}

#[test]
fn what_is_known_of_a_file_is_the_same_to_the_last_field() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(12345).unwrap();
    let mask = Statx::BASIC_STATS | Statx::DIOALIGN | Statx::DIO_READ_ALIGN | Statx::WRITE_ATOMIC;
    let (mut host, mut linux) = (Statx::default(), Statx::default());
    let fd = Fd(file.as_raw_fd());
    // SAFETY: open.
    unsafe { Host.stat(fd, c"", mask, &mut host) }.unwrap();
    // SAFETY: open.
    unsafe { Linux.stat(fd, c"", mask, &mut linux) }.unwrap();
    assert_eq!(host, linux);
}
