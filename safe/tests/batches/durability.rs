//! A flush that failed, and whoever relies on it.

use bareio::batch::Backend;
use bareio::core::sim::{Call, Sim};
use bareio::file::{OpenOptions, Sync};
use bareio::{Errno, ErrorKind};

use crate::rig::{RING, SEEDS, batcher, file, pattern};

const BACKENDS: [Backend; 3] = [Backend::Auto, RING, Backend::Posix];

#[test]
fn a_failed_flush_poisons_the_file_for_everybody() {
    for backend in BACKENDS {
        let sim = Sim::builder().calm().fail_nth(Call::Sync, 1, Errno::IO).build();
        let file = file(&sim, "log");
        let mut batcher = batcher(&sim, backend);
        let error = batcher.linked_write_fsync(&file, b"record", 0).unwrap_err();
        assert_eq!((error.index(), error.kind()), (Some(1), ErrorKind::Os(Errno::IO)), "{backend}");
        assert_eq!(file.poisoned(), Some(Errno::IO));
        // The kernel would say that all is well.
        let poisoned = ErrorKind::Poisoned(Errno::IO);
        assert_eq!(batcher.fsync(&file).unwrap_err().kind(), poisoned, "{backend}");
        assert_eq!(
            batcher.linked_write_fsync(&file, b"record", 0).unwrap_err().kind(),
            poisoned,
            "{backend}"
        );
        assert_eq!(batcher.batch().write_durable(&file, b"x", 0).run().unwrap_err().kind(), poisoned);
        assert_eq!(batcher.batch().sync_all(&file).run().unwrap_err().kind(), poisoned);
        assert_eq!(file.sync_data().unwrap_err().kind(), poisoned, "{backend}");
        // Reading and writing go on, and a file opened anew is a new one.
        batcher.pwrite_batch(&file, [(&b"x"[..], 0)]).unwrap();
        batcher.fsync(&self::file(&sim, "log")).unwrap();
    }
}

#[test]
fn a_file_that_was_poisoned_elsewhere_is_poisoned_for_batches() {
    for backend in BACKENDS {
        let sim = Sim::builder().calm().fail_nth(Call::Sync, 1, Errno::NOSPC).build();
        let file = file(&sim, "log");
        file.sync_all().unwrap_err();
        let before = sim.calls(Call::Sync);
        let error = batcher(&sim, backend).fsync(&file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Poisoned(Errno::NOSPC));
        assert_eq!(sim.calls(Call::Sync), before, "{backend}: the kernel need not be asked");
    }
}

/// The kernel tells one of two flushes that it lost something, and the other that all is well.
#[test]
fn no_flush_beside_one_that_failed_is_called_a_success() {
    for seed in 0..SEEDS {
        for backend in BACKENDS {
            for knows in [true, false] {
                let sim = Sim::builder().seed(seed).fail_nth(Call::Sync, 2, Errno::IO).build();
                let file = file(&sim, "log");
                let bare = file.lend();
                let mut batcher = batcher(&sim, backend);
                let mut batch = batcher.batch();
                for _ in 0..3 {
                    if knows {
                        batch.sync_data(&file)
                    } else {
                        batch.sync_data(bare)
                    };
                }
                batch.run().unwrap_err();
                let kinds: Vec<_> = batcher.results().map(|result| result.unwrap_err().kind()).collect();
                assert_eq!(
                    kinds.iter().filter(|kind| **kind == ErrorKind::Os(Errno::IO)).count(),
                    1,
                    "{kinds:?}"
                );
                let poisoned = ErrorKind::Poisoned(Errno::IO);
                assert_eq!(kinds.iter().filter(|kind| **kind == poisoned).count(), 2, "{kinds:?}");
            }
        }
    }
}

/// Linux goes on with what is linked softly behind a failed flush; a commit must not be.
#[test]
fn what_is_linked_behind_a_failed_flush_is_not_begun() {
    for seed in 0..SEEDS {
        for backend in BACKENDS {
            let sim = Sim::builder().seed(seed).fail_nth(Call::Sync, 1, Errno::IO).build();
            let file = file(&sim, "log");
            let mut batcher = batcher(&sim, backend);
            let mut batch = batcher.batch();
            batch.write(&file, b"record", 0).link().sync_data(&file).link().write(&file, b"commit", 6);
            batch.link().sync_data(&file);
            assert_eq!(batch.run().unwrap_err().index(), Some(1), "{backend}, seed {seed}");
            assert_eq!(sim.contents("log").as_deref(), Some(&b"record"[..]), "{backend}, seed {seed}");
            assert!(batcher.result(2).unwrap().unwrap_err().is_canceled());
            assert!(batcher.result(3).unwrap().unwrap_err().is_canceled());
        }
    }
}

#[test]
fn all_three_ways_to_be_durable_are_there_and_are() {
    for seed in 0..SEEDS {
        for backend in BACKENDS {
            let sim = Sim::new(seed);
            sim.put("log", b"").unwrap();
            let file = file(&sim, "log");
            let options = OpenOptions::new().write(true).sync(Sync::Data);
            let flushing = options.open_with_kernel(sim.clone(), "log").unwrap();
            let mut batcher = batcher(&sim, backend);
            let bytes = pattern(3000);
            batcher.batch().write(&file, &bytes[..1000], 0).link().sync_data(&file).run().unwrap();
            assert_eq!(sim.crash(seed).contents("log").unwrap(), bytes[..1000], "{backend}: a linked flush");
            batcher.batch().write_durable(&file, &bytes[1000..2000], 1000).run().unwrap();
            assert_eq!(sim.crash(seed).contents("log").unwrap(), bytes[..2000], "{backend}: a flag");
            batcher.batch().write(&flushing, &bytes[2000..], 2000).run().unwrap();
            assert_eq!(sim.crash(seed).contents("log").unwrap(), bytes, "{backend}: the file");
        }
    }
}

#[test]
fn a_write_that_should_have_flushed_and_failed_poisons_too() {
    for backend in BACKENDS {
        for by_flag in [true, false] {
            let sim = Sim::builder().calm().fail_nth(Call::Write, 1, Errno::IO).build();
            let sync = if by_flag { Sync::None } else { Sync::Data };
            let options = OpenOptions::new().write(true).create(true).sync(sync);
            let file = options.open_with_kernel(sim.clone(), "log").unwrap();
            let mut batcher = batcher(&sim, backend);
            let mut batch = batcher.batch();
            let error =
                if by_flag { batch.write_durable(&file, b"x", 0) } else { batch.write(&file, b"x", 0) }.run();
            assert_eq!(error.unwrap_err().errno(), Some(Errno::IO));
            assert!(batcher.fsync(&file).unwrap_err().is_poisoned(), "{backend}");
        }
    }
}
