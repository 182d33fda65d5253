//! Size, space, holes, copies and devices.

use bareio::core::kernel::Allocate;
use bareio::core::sim::Sim;
use bareio::file::{Advice, Direct, File, OpenOptions};
use bareio::{Errno, ErrorKind};

use crate::rig::{Act, Call, Folder, Watched, both, on_sim, pattern, sim};

/// A size in a file, as one in memory.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap()
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn preallocating_never_makes_a_file_shorter() {
    for missing in [None, Some(Errno::OPNOTSUPP), Some(Errno::NOSYS)] {
        let sim = sim();
        let file = on_sim(&sim, &pattern(5000), Direct::Off);
        if let Some(errno) = missing {
            sim.plan(move |call| if call.name == "fallocate" { Act::Fail(errno) } else { Act::Go });
        }
        for (len, now) in [(0, 5000), (100, 5000), (5000, 5000), (9000, 9000), (1, 9000)] {
            file.preallocate(len).unwrap();
            assert_eq!(file.size(), Ok(now));
        }
        assert_eq!(sim.kernel.contents("file").unwrap()[..5000], pattern(5000));
    }
    let folder = Folder::new();
    let file = File::create(folder.join("file")).unwrap();
    file.preallocate(100_000).unwrap();
    file.preallocate(10).unwrap();
    assert_eq!(file.size(), Ok(100_000));
    file.reserve(100_000..200_000).unwrap();
    file.reserve(7..7).unwrap();
    assert_eq!(file.size(), Ok(100_000), "reserving keeps the size");
}

#[test]
fn preallocating_where_there_is_no_space_says_so() {
    let sim = Watched::new(Sim::builder().calm().space(64 << 10).build());
    let file = on_sim(&sim, b"", Direct::Off);
    assert_eq!(file.preallocate(1 << 20).unwrap_err().errno(), Some(Errno::NOSPC));
    assert_eq!(file.size(), Ok(0));
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_hole_is_whole_blocks_and_less_than_one_asks_nothing() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(16384), Direct::Off);
    assert!(file.punch_hole(1..4097).unwrap().is_empty());
    assert!(file.punch_hole(100..100).unwrap().is_empty());
    #[expect(clippy::reversed_empty_ranges, reason = "what a wrong subtraction makes")]
    let reversed = file.punch_hole(9000..100).unwrap();
    assert!(reversed.is_empty());
    assert_eq!(sim.names(), [""; 0]);
    assert_eq!(file.punch_hole(100..12_000), Ok(4096..8192));
    let how = (Allocate::PUNCH_HOLE | Allocate::KEEP_SIZE).0;
    assert_eq!(sim.calls(), [Call { name: "fallocate", offset: 4096, len: 4096, flags: how }]);
    let mut expected = pattern(16384);
    expected[4096..8192].fill(0);
    assert_eq!(sim.kernel.contents("file").unwrap(), expected);
    assert!(matches!(file.punch_hole(0..u64::MAX).unwrap_err().kind(), ErrorKind::Operation(_)));

    let folder = Folder::new();
    std::fs::write(folder.join("file"), pattern(16384)).unwrap();
    let file = File::open_rw(folder.join("file")).unwrap();
    let hole = file.punch_hole(100..12_000).unwrap();
    let (start, end) = (size(hole.start), size(hole.end));
    let mut expected = pattern(16384);
    expected[start..end].fill(0);
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), expected);
}

#[test]
fn zeroes_are_zeroes_whether_the_file_system_can_or_they_are_written() {
    for direct in [Direct::Off, Direct::Required] {
        for missing in [false, true] {
            for range in [0..1, 5..5, 1..4096, 100..9000, 511..513, 8000..20_000, 300_000..700_001] {
                let sim = sim();
                let file = on_sim(&sim, &pattern(10_000), direct);
                sim.plan(move |call| {
                    if missing && call.name == "fallocate" { Act::Fail(Errno::OPNOTSUPP) } else { Act::Go }
                });
                file.zero_range(range.clone()).unwrap();
                let mut expected = pattern(10_000);
                let (start, end) = (size(range.start), size(range.end));
                expected.resize(expected.len().max(if start < end { end } else { 0 }), 0);
                expected[start.min(end)..end].fill(0);
                let found = sim.kernel.contents("file").unwrap();
                assert!(found == expected, "{range:?} {direct:?} {missing}: {} bytes", found.len());
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn truncating_cuts_and_lengthens_with_zeroes() {
    let folder = Folder::new();
    let file = File::create(folder.join("file")).unwrap();
    file.write_all_at(&pattern(100), 0).unwrap();
    file.truncate(10).unwrap();
    file.truncate(20).unwrap();
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), [&pattern(10)[..], &[0; 10]].concat());
}

#[test]
fn a_copy_is_the_same_whether_the_kernel_copies_or_we_do() {
    let content = pattern(300_001);
    for errno in [None, Some(Errno::XDEV), Some(Errno::OPNOTSUPP), Some(Errno::NOSYS), Some(Errno::INVAL)] {
        for (from_direct, to_direct) in [(Direct::Off, Direct::Off), (Direct::Required, Direct::Required)] {
            for (offset, to_offset, len) in
                [(0, 0, u64::MAX), (1, 4097, 200_000), (299_000, 7, 5000), (400_000, 0, 9)]
            {
                let sim = sim();
                let from = on_sim(&sim, &content, from_direct);
                let to = both().direct(to_direct).open_with_kernel(sim.clone(), "to").unwrap();
                if let Some(errno) = errno {
                    sim.plan(move |call| if call.name == "copy_range" { Act::Fail(errno) } else { Act::Go });
                }
                let start = size(offset).min(content.len());
                let part = &content
                    [start..start + (content.len() - start).min(usize::try_from(len).unwrap_or(usize::MAX))];
                assert_eq!(from.copy_range(offset, &to, to_offset, len), Ok(part.len() as u64));
                let copy = sim.kernel.contents("to").unwrap();
                assert!(
                    copy.get(size(to_offset)..).unwrap_or_default() == part,
                    "{errno:?} {offset} {to_offset}"
                );
            }
        }
    }
}

#[test]
fn a_copy_of_a_file_that_the_kernel_takes_to_be_empty_is_made_by_reading() {
    let sim = sim();
    let from = on_sim(&sim, &pattern(5000), Direct::Off);
    let to = both().open_with_kernel(sim.clone(), "to").unwrap();
    sim.plan(|call| if call.name == "copy_range" { Act::Cut(0) } else { Act::Go });
    assert_eq!(from.copy_range(0, &to, 0, u64::MAX), Ok(5000));
    assert_eq!(sim.kernel.contents("to").unwrap(), pattern(5000));
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_copy_onto_itself_is_refused_and_beside_itself_is_fine() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(10_000), Direct::Off);
    assert_eq!(file.copy_range(0, &file, 100, 1000).unwrap_err().errno(), Some(Errno::INVAL));
    assert_eq!(file.copy_range(0, &file, 20_000, 1000), Ok(1000));
    assert_eq!(sim.kernel.contents("file").unwrap()[20_000..], pattern(1000));

    let folder = Folder::new();
    let from = File::create(folder.join("from")).unwrap();
    from.write_all_at(&pattern(100_000), 0).unwrap();
    let to = File::create(folder.join("to")).unwrap();
    assert_eq!(from.copy_range(1000, &to, 3, u64::MAX), Ok(99_000));
    assert_eq!(std::fs::read(folder.join("to")).unwrap()[3..], pattern(100_000)[1000..]);
    // A file that tells no size.
    if let Ok(told) = File::open("/proc/self/status") {
        let copy = File::create(folder.join("status")).unwrap();
        assert!(told.copy_range(0, &copy, 0, u64::MAX).unwrap() > 100);
    }
}

#[test]
fn advice_reaches_to_the_end_only_if_it_is_told_so() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(100), Direct::Off);
    file.advise(10..10, Advice::DontNeed).unwrap();
    assert_eq!(sim.names(), [""; 0], "a length of 0 would be all of it");
    file.advise(10..30, Advice::WillNeed).unwrap();
    file.advise(10..u64::MAX, Advice::Random).unwrap();
    let asked: Vec<_> = sim.calls().iter().map(|call| (call.offset, call.len, call.flags)).collect();
    assert_eq!(asked, [(10, 20, 3), (10, 0, 1)]);
    sim.plan(|_| Act::Fail(Errno::NOSYS));
    file.advise(0..1, Advice::Normal).unwrap();
}

#[test]
fn what_is_asked_of_devices_is_refused_by_files() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(8192), Direct::Off);
    for refused in [file.physical_block().err(), file.logical_block().err(), file.discard(0..4096).err()] {
        assert!(refused.unwrap().is_unsupported());
    }
    assert_eq!(sim.names(), [""; 0]);
}

/// A kernel in memory whose only file says that it is a block device, and is asked as one.
#[test]
fn a_block_device_is_asked_as_a_device() {
    let sim = sim();
    sim.kernel.put("device", &pattern(8192)).unwrap();
    sim.plan(|call| match call.name {
        "statx" => Act::Told(|stat| {
            stat.mode = 0o060_600;
            (stat.mask, stat.dio_mem_align) = (bareio::core::abi::Statx::BASIC_STATS, 0);
        }),
        "ioctl" if call.flags == 0x1268 => Act::Fail(Errno::IO),
        _ => Act::Go,
    });
    let device = both().direct(Direct::Required).open_with_kernel(sim.clone(), "device").unwrap();
    assert!(device.is_block_device());
    // What it would not say is taken to be 4,096.
    assert_eq!(device.align().offset.bytes(), 4096);
    assert!(sim.calls().iter().any(|call| call.name == "ioctl" && call.flags == 0x1268), "BLKSSZGET");
    assert_eq!(device.size().unwrap_err().errno(), Some(Errno::NOTTY));
    assert_eq!(sim.calls()[0].flags, 0x8008_1272, "BLKGETSIZE64");
    assert_eq!(device.physical_block().unwrap_err().errno(), Some(Errno::NOTTY));
    assert_eq!(sim.calls()[0].flags, 0x127b, "BLKPBSZGET");
    device.discard(9..9).unwrap();
    assert_eq!(sim.names(), [""; 0]);
}

#[test]
#[ignore = "writes over the block device that BAREIO_DEVICE names: `.ci/run files`"]
fn a_raw_block_device_is_told_written_and_discarded() {
    let path = std::env::var_os("BAREIO_DEVICE").expect("BAREIO_DEVICE names a device to be written over");
    let device = OpenOptions::new().read(true).write(true).direct(Direct::Required).open(&path).unwrap();
    assert!(device.is_block_device() && device.granted().is_direct());
    let (len, logical) = (device.size().unwrap(), device.logical_block().unwrap());
    assert!(logical.divides(len) && len >= 1 << 20);
    assert!(device.physical_block().unwrap() >= logical);
    assert_eq!((device.align().offset, bareio::fs::size(&path)), (logical, Ok(len)));
    device.preallocate(len).unwrap();
    assert_eq!(device.preallocate(len + 1).unwrap_err().errno(), Some(Errno::NOSPC));

    device.write_unaligned_at(&pattern(100_001), 333).unwrap();
    device.sync_all().unwrap();
    let mut read = vec![0; 100_001];
    assert_eq!(device.read_unaligned_at(&mut read, 333), Ok(100_001));
    assert!(read == pattern(100_001));
    // At its end a read gives what is there, and a write what fits.
    assert_eq!(device.read_unaligned_at(&mut read, len - 10), Ok(10));
    let error = device.write_unaligned_at(&pattern(100_000), len - 4096).unwrap_err();
    assert!(error.is_short() || error.errno() == Some(Errno::NOSPC), "{error}");

    let block = logical.bytes();
    assert!(matches!(device.discard(1..block).unwrap_err().kind(), ErrorKind::Misaligned(_)));
    assert!(matches!(device.discard(0..block + 1).unwrap_err().kind(), ErrorKind::Misaligned(_)));
    match device.discard(0..64 << 10) {
        Ok(()) => {}
        Err(error) => assert!(error.is_unsupported(), "{error}"),
    }
    device.zero_range(0..100).unwrap();
    assert_eq!(device.read_unaligned_at(&mut read[..100], 0), Ok(100));
    assert_eq!(read[..100], [0; 100]);
}
