//! What another library of batches gets wrong, one by one.

use bareio::batch::{Backend, Lent};
use bareio::core::op::OpError;
use bareio::core::sim::{Call, Sim};
use bareio::{Errno, ErrorKind};

use crate::rig::{RING, SEEDS, batcher, file, pattern};

const BACKENDS: [Backend; 3] = [Backend::Auto, RING, Backend::Posix];

/// Its linked write and flush returned success and wrote nothing.
#[test]
fn a_linked_write_and_flush_that_succeeds_has_written_and_survives_a_power_cut() {
    for seed in 0..SEEDS {
        for backend in BACKENDS {
            let sim = Sim::new(seed);
            let file = file(&sim, "log");
            file.sync_all().unwrap();
            // The name is durable.
            sim.put("log", b"").unwrap();
            let mut batcher = batcher(&sim, backend);
            let bytes = pattern(5000);
            batcher.linked_write_fsync(&file, &bytes, 0).unwrap();
            for cut in 0..5 {
                assert_eq!(sim.crash(cut).contents("log").as_ref(), Some(&bytes), "{backend}, seed {seed}");
            }
        }
    }
}

/// Its flush returned success and flushed nothing.
#[test]
fn a_flush_that_succeeds_has_flushed() {
    for backend in BACKENDS {
        let sim = Sim::builder().calm().build();
        let file = file(&sim, "log");
        let mut batcher = batcher(&sim, backend);
        batcher.pwrite_batch(&file, [(&b"one"[..], 0), (b"two", 3)]).unwrap();
        assert_eq!(sim.unflushed("log"), Some(2), "{backend}: nobody asked for a flush");
        let before = sim.calls(Call::Sync);
        batcher.fsync(&file).unwrap();
        assert_eq!((sim.unflushed("log"), sim.calls(Call::Sync)), (Some(0), before + 1), "{backend}");
        // And one that the kernel refuses is no success.
        let sim = Sim::builder().fail_from(Call::Sync, 1, Errno::IO).build();
        let file = self::file(&sim, "log");
        let error = self::batcher(&sim, backend).fsync(&file).unwrap_err();
        assert_eq!((error.errno(), error.call()), (Some(Errno::IO), Some("fdatasync")), "{backend}");
    }
}

/// Completions of a failed call were taken for those of the next.
#[test]
fn a_completion_is_never_taken_for_one_of_a_later_batch() {
    for seed in 0..SEEDS {
        let sim = Sim::new(seed);
        let file = file(&sim, "file");
        file.write_all_at(&pattern(1000), 0).unwrap();
        let mut batcher = batcher(&sim, RING);
        for round in 0..10 {
            // Some fail, some are cancelled, and some are short.
            let (mut near, mut far, mut last) = ([0; 100], [0; 100], [0; 50]);
            let mut batch = batcher.batch();
            batch.read(&file, &mut near, 0).read(&file, &mut far, 950).link().sync_data(&file);
            batch.read(&file, &mut last, 2000);
            assert_eq!(batch.run().unwrap_err().index(), Some(1), "seed {seed}");
            assert_eq!(near[..], pattern(100));
            let mut bytes = [[0; 10]; 12];
            let offset = round * 7;
            let reads = bytes.iter_mut().map(|bytes| &mut bytes[..]).zip((offset..).step_by(10));
            batcher.pread_batch(&file, reads).unwrap();
            let expected = &pattern(1000)[usize::try_from(offset).unwrap()..];
            assert_eq!(bytes.concat(), expected[..120], "seed {seed}, round {round}");
        }
    }
}

/// An empty buffer was a panic.
#[test]
fn an_empty_buffer_is_no_panic() {
    for backend in BACKENDS {
        let sim = Sim::new(1);
        let file = file(&sim, "file");
        let mut batcher = batcher(&sim, backend);
        batcher.pread_batch(&file, [(&mut [][..], 0), (&mut [], 100)]).unwrap();
        batcher.pwrite_batch(&file, [(&b""[..], 0), (b"x", 2), (b"", 1)]).unwrap();
        batcher.linked_write_fsync(&file, b"", 5).unwrap();
        assert_eq!((sim.contents("file").unwrap(), sim.unflushed("file")), (b"\0\0x".to_vec(), Some(0)));
        batcher.pread_batch(&file, []).unwrap();
    }
}

/// An offset of −1 wrote at the current position.
#[test]
fn a_negative_offset_is_an_error_and_writes_nowhere() {
    for backend in BACKENDS {
        let sim = Sim::new(1);
        let file = file(&sim, "file");
        let mut batcher = batcher(&sim, backend);
        for offset in [-1_i64, -512, i64::MIN] {
            let offset = offset.cast_unsigned();
            let wrong = ErrorKind::Operation(OpError::Offset { offset });
            let error = batcher.pwrite_batch(&file, [(&b"x"[..], 0), (b"y", offset)]).unwrap_err();
            assert_eq!((error.index(), error.kind()), (Some(1), wrong), "{backend}");
            let error = batcher.linked_write_fsync(&file, b"x", offset).unwrap_err();
            assert_eq!(error.kind(), wrong, "{backend}");
        }
        assert_eq!(sim.contents("file").as_deref(), Some(&[][..]), "{backend}");
    }
}

/// One system call, if it is known what the file is like.
#[test]
fn a_linked_write_and_flush_is_one_system_call() {
    let sim = Sim::builder().calm().build();
    let file = file(&sim, "log");
    let mut batcher = batcher(&sim, RING);
    // A `File` knows, and so does whatever was asked once.
    let bare = Lent::asked_of(&sim, file.lend()).unwrap();
    let calls = |sim: &Sim| {
        [Call::Enter, Call::Seek, Call::Stat, Call::Write, Call::Sync].map(|call| sim.calls(call))
    };
    for round in 0..3 {
        let before = calls(&sim);
        batcher.linked_write_fsync(&file, b"a record", round * 8).unwrap();
        batcher.linked_write_fsync(bare, b"a record", round * 8).unwrap();
        let after = calls(&sim);
        // Two entries each, in one call.
        let made = [0, 1, 2, 3, 4].map(|at| after[at] - before[at]);
        assert_eq!(made, [2, 0, 0, 2, 2]);
    }
}
