//! What is durable, what is no longer called so, and at which pace.

use bareio::core::abi::Statx;
use bareio::core::kernel::{OpenFlags, RwFlags, SyncRange};
use bareio::file::{Direct, OpenOptions, Pace, Sync};
use bareio::{Errno, ErrorKind};

use crate::rig::{Act, Call, Folder, aligned, both, on_sim, pattern, sim};

#[test]
fn a_failed_flush_poisons_every_clone_until_the_file_is_opened_anew() {
    for (nth, errno) in [Errno::IO, Errno::NOSPC, Errno::DQUOT].into_iter().enumerate() {
        let sim = sim();
        let file = on_sim(&sim, b"", Direct::Off);
        let clone = file.clone();
        file.write_all_at(b"bytes", 0).unwrap();
        let mut failures = 1;
        sim.plan(move |call| {
            let now = call.name.contains("sync") && failures > 0;
            failures -= u32::from(now);
            if now { Act::Fail(errno) } else { Act::Go }
        });
        let failed = if nth == 0 { file.sync_data() } else { file.sync_all() };
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Os(errno));
        sim.calls();
        // The kernel would say that all is well by now; so it is not asked.
        let poisoned = ErrorKind::Poisoned(errno);
        for late in
            [clone.sync_data(), clone.sync_all(), file.sync_as_opened(), clone.write_durable_at(b"x", 0)]
        {
            assert_eq!(late.unwrap_err().kind(), poisoned);
        }
        assert_eq!((sim.names(), clone.poisoned()), (vec![], Some(errno)));
        // Reading and writing go on.
        clone.write_all_at(b"again", 0).unwrap();
        let anew = OpenOptions::new().write(true).open_with_kernel(sim.clone(), "file").unwrap();
        anew.sync_data().unwrap();
    }
}

#[test]
fn a_flush_that_is_not_to_be_had_poisons_nothing() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Off);
    sim.plan(|call| if call.name == "fdatasync" { Act::Fail(Errno::NOSYS) } else { Act::Go });
    // By the other one.
    file.sync_data().unwrap();
    assert_eq!(sim.names(), ["fdatasync", "fsync"]);
    sim.plan(|call| if call.name.contains("sync") { Act::Fail(Errno::INVAL) } else { Act::Go });
    assert_eq!(file.sync_data().unwrap_err().errno(), Some(Errno::INVAL));
    assert_eq!(file.poisoned(), None);
}

#[test]
fn each_of_the_three_ways_makes_a_write_survive_a_power_cut_and_none_does_not() {
    let bytes = pattern(3000);
    let survives = |sync, durable: bool, flush: bool| {
        let sim = sim();
        let file = both().sync(sync).sync_dir(true).open_with_kernel(sim.clone(), "file").unwrap();
        if durable {
            file.write_durable_at(&bytes, 0).unwrap();
        } else {
            file.write_all_at(&bytes, 0).unwrap();
        }
        if flush {
            file.sync_data().unwrap();
        }
        (0..40).all(|seed| sim.kernel.crash(seed).contents("file").is_some_and(|left| left == bytes))
    };
    assert!(survives(Sync::None, true, false));
    assert!(survives(Sync::Data, false, false));
    assert!(survives(Sync::All, false, false));
    assert!(survives(Sync::None, false, true));
    assert!(!survives(Sync::None, false, false), "or this test proves nothing");
}

#[test]
fn a_durable_write_is_one_call_with_its_flag_or_none_where_the_file_flushes_itself() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Off);
    file.write_durable_at(b"bytes", 3).unwrap();
    let call = Call { name: "pwritev", offset: 3, len: 5, flags: RwFlags::DATA_SYNC.0 };
    assert_eq!(sim.calls(), [call]);

    let own = OpenOptions::new().write(true).sync(Sync::Data).open_with_kernel(sim.clone(), "file").unwrap();
    sim.calls();
    own.write_durable_at(b"bytes", 3).unwrap();
    own.sync_as_opened().unwrap();
    assert_eq!(sim.names(), ["pwrite"]);
}

#[test]
fn where_the_flag_is_missing_a_durable_write_is_a_write_and_a_flush() {
    for missing in [Errno::NOSYS, Errno::OPNOTSUPP] {
        let sim = sim();
        let file = on_sim(&sim, b"", Direct::Off);
        sim.plan(move |call| if call.name == "pwritev" { Act::Fail(missing) } else { Act::Go });
        file.write_durable_at(b"bytes", 0).unwrap();
        assert_eq!(sim.names(), ["pwritev", "pwrite", "fdatasync"]);
        assert_eq!(sim.kernel.unflushed("file"), Some(0));
        // And its flush poisons as any other.
        sim.plan(move |call| match call.name {
            "pwritev" => Act::Fail(missing),
            "fdatasync" => Act::Fail(Errno::IO),
            _ => Act::Go,
        });
        file.write_durable_at(b"bytes", 0).unwrap_err();
        assert_eq!(file.poisoned(), Some(Errno::IO));
    }
}

#[test]
fn a_durable_write_that_fails_on_the_device_poisons_and_another_does_not() {
    for (errno, poisons) in
        [(Errno::IO, true), (Errno::NOSPC, true), (Errno::FBIG, false), (Errno::BADF, false)]
    {
        for sync in [Sync::None, Sync::Data] {
            let sim = sim();
            let file = both().sync(sync).open_with_kernel(sim.clone(), "file").unwrap();
            sim.plan(move |call| if call.name.starts_with("pwrite") { Act::Fail(errno) } else { Act::Go });
            let failed = match sync {
                Sync::None => file.write_durable_at(b"x", 0),
                _ => file.write_all_at(b"x", 0),
            };
            assert_eq!(failed.unwrap_err().errno(), Some(errno));
            assert_eq!(file.poisoned().is_some(), poisons, "{errno} {sync:?}");
            sim.plan(|_| Act::Go);
            assert_eq!(file.write_durable_at(b"x", 0).is_ok(), !poisons);
            // A file that flushes each write would claim durability by writing.
            if sync == Sync::Data {
                assert_eq!(file.write_at(b"x", 0).is_ok(), !poisons);
            }
        }
    }
}

#[test]
fn a_plain_write_that_fails_poisons_nothing() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Off);
    sim.plan(|call| if call.name == "pwrite" { Act::Fail(Errno::NOSPC) } else { Act::Go });
    assert_eq!(file.write_at(b"x", 0).unwrap_err().errno(), Some(Errno::NOSPC));
    file.sync_data().unwrap();
}

#[test]
fn a_large_write_keeps_the_pace_of_the_disk_by_what_the_kernel_has() {
    let piece = vec![7; 1 << 20];
    for (missing, pace) in
        [(None, Pace::Uncached), (Some(Errno::OPNOTSUPP), Pace::Ranges), (Some(Errno::NOSYS), Pace::Ranges)]
    {
        let sim = sim();
        let file = on_sim(&sim, b"", Direct::Off);
        if let Some(errno) = missing {
            sim.plan(move |call| {
                if call.flags & RwFlags::DONTCACHE.0 != 0 && call.name == "pwritev" {
                    Act::Fail(errno)
                } else {
                    Act::Go
                }
            });
        }
        let mut paced = file.paced(512);
        for _ in 0..40 {
            paced.write_all(&piece).unwrap();
        }
        assert_eq!((paced.pace(), paced.offset()), (pace, (40 << 20) + 512));
        let calls = sim.calls();
        let ranges: Vec<_> = calls.iter().filter(|call| call.name == "sync_range").collect();
        let refused = calls.iter().filter(|call| call.name == "pwritev").count();
        if pace == Pace::Ranges {
            assert_eq!(refused, 1, "asked for once, and not again");
            let begun = ranges.iter().filter(|call| call.flags == SyncRange::WRITE.0).count();
            assert_eq!((begun, ranges.len()), (5, 9), "each window is begun, and awaited one later");
            assert!(ranges.iter().all(|call| call.len == 8 << 20));
        } else {
            assert_eq!((refused, ranges.len()), (40, 0));
        }
        paced.finish().unwrap();
        assert_eq!(file.size(), Ok((40 << 20) + 512));
        assert_eq!(sim.kernel.unflushed("file"), Some(0));
    }
}

#[test]
fn a_failure_of_writing_back_that_pacing_is_told_poisons_the_file() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Off);
    sim.plan(|call| match call.name {
        "pwritev" => Act::Fail(Errno::OPNOTSUPP),
        "sync_range" if call.flags != SyncRange::WRITE.0 => Act::Fail(Errno::IO),
        _ => Act::Go,
    });
    let mut paced = file.paced(0);
    let failed = (0..40).find_map(|_| paced.write_all(&vec![1; 1 << 20]).err()).unwrap();
    assert_eq!((failed.errno(), failed.call()), (Some(Errno::IO), Some("sync_file_range")));
    assert!(paced.finish().unwrap_err().is_poisoned());
}

#[test]
fn pacing_of_a_direct_file_and_of_a_host_without_means_is_just_writing() {
    let sim = sim();
    let direct = on_sim(&sim, b"", Direct::Required);
    let mut paced = direct.paced(0);
    paced.write_all(&aligned(&vec![1; 1 << 20])).unwrap();
    assert_eq!((paced.pace(), sim.names()), (Pace::Unneeded, vec!["map", "pwrite"][1..].to_vec()));

    let file = on_sim(&sim, b"", Direct::Off);
    sim.plan(|call| match call.name {
        "pwritev" | "sync_range" => Act::Fail(Errno::NOSYS),
        _ => Act::Go,
    });
    let mut paced = file.paced(0);
    paced.write_all(&vec![1; 20 << 20]).unwrap();
    assert_eq!(paced.pace(), Pace::None);
    paced.finish().unwrap();
}

fn may_write_atomically(stat: &mut Statx) {
    stat.mask |= Statx::WRITE_ATOMIC;
    (stat.atomic_write_unit_min, stat.atomic_write_unit_max) = (4096, 16384);
}

#[test]
fn an_atomic_write_is_whole_or_refused_and_its_limits_are_checked_first() {
    let sim = sim();
    sim.plan(|_| Act::Told(may_write_atomically));
    let file = both().direct(Direct::Required).open_with_kernel(sim.clone(), "file").unwrap();
    let limits = file.atomic_writes().unwrap();
    assert_eq!((limits.min.bytes(), limits.max.bytes()), (4096, 16384));
    let buf = aligned(&pattern(32768));
    sim.calls();
    let kind = |len: usize, offset| file.write_atomic_at(&buf[..len], offset).unwrap_err().kind();
    for len in [0, 512, 12288, 32768] {
        assert!(matches!(kind(len, 0), ErrorKind::OutOfRange { least: 4096, most: 16384, .. }), "{len}");
    }
    assert!(matches!(kind(8192, 4096), ErrorKind::Misaligned(_)), "the offset is a multiple of the length");
    assert_eq!(sim.names(), [""; 0]);

    file.write_atomic_at(&buf[..8192], 8192).unwrap();
    let call = Call { name: "pwritev", offset: 8192, len: 8192, flags: RwFlags::ATOMIC.0 };
    assert_eq!(sim.calls(), [call]);
    // A short count would be a lie; it is told, and not gone on with.
    sim.plan(|_| Act::Cut(4096));
    let error = file.write_atomic_at(&buf[..8192], 8192).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShortWrite { wanted: 8192, got: 4096 });
    sim.plan(|_| Act::Fail(Errno::OPNOTSUPP));
    assert!(file.write_atomic_at(&buf[..8192], 8192).unwrap_err().is_unsupported());
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn atomic_writes_are_not_to_be_had_through_the_page_cache_nor_where_none_are_known() {
    let sim = sim();
    sim.plan(|_| Act::Told(may_write_atomically));
    let buffered = both().open_with_kernel(sim.clone(), "file").unwrap();
    assert_eq!(buffered.atomic_writes(), None);
    assert!(buffered.write_atomic_at(&[0; 4096], 0).unwrap_err().is_unsupported());
    sim.plan(|_| Act::Go);
    let direct = both().direct(Direct::Required).open_with_kernel(sim, "file").unwrap();
    assert!(direct.write_atomic_at(&aligned(&[0; 4096]), 0).unwrap_err().is_unsupported());

    // Where this host has them, they are made.
    let folder = Folder::new();
    let file = both().direct(Direct::Preferred).open(folder.join("file")).unwrap();
    if let Some(limits) = file.atomic_writes() {
        let len = limits.min.len();
        let mut buf = bareio::AlignedBuf::new(*file.kernel(), len, file.align().block()).unwrap();
        buf.resize(len, 7).unwrap();
        file.write_atomic_at(&buf, 0).unwrap();
    }
}

#[test]
fn opening_flags_say_what_sync_says() {
    let sim = sim();
    for (sync, flag) in [(Sync::Data, OpenFlags::DATA_SYNC), (Sync::All, OpenFlags::SYNC)] {
        both().sync(Sync::All).sync(sync).open_with_kernel(sim.clone(), "file").unwrap();
        let flags = OpenFlags(sim.calls()[0].flags);
        assert_eq!(flags, OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE | flag);
    }
}
