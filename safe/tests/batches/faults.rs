//! Whatever call fails, and whenever.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bareio::batch::{Backend, Batcher};
use bareio::core::sim::{Call, Sim};
use bareio::{Errno, ErrorKind, File, Result, Why};

use crate::rig::{RING, SEEDS, batcher, file, pattern};

const BACKENDS: [Backend; 3] = [Backend::Auto, RING, Backend::Posix];

/// A bit of everything.
fn program(batcher: &mut Batcher<Sim>, file: &File<Sim>) -> Result<()> {
    let bytes = pattern(4000);
    batcher.pwrite_batch(file, [(&bytes[..1000], 0), (&bytes[1000..2000], 1000)])?;
    batcher.linked_write_fsync(file, &bytes[2000..3000], 2000)?;
    let mut batch = batcher.batch();
    batch.write(file, &bytes[3000..], 3000).hard_link().sync_all(file).link().write_durable(
        file,
        &bytes[..10],
        0,
    );
    batch.run()?;
    let mut read = [0; 4000];
    batcher.pread_batch(file, [(&mut read[..], 0)])?;
    assert_eq!(read[..], bytes);
    Ok(())
}

/// The operation that fails is named, and a success is one: wherever it is hit.
#[test]
fn whichever_operation_fails_the_batch_says_so_or_has_done_all() {
    for backend in BACKENDS {
        for nth in 1.. {
            let sim = Sim::builder().seed(nth).fail_operation(nth, Errno::IO).build();
            let Ok(made) = Batcher::with_kernel(sim.clone(), backend) else { continue };
            let mut batcher = made;
            let Ok(file) = bareio::file::OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .open_with_kernel(sim.clone(), "file")
            else {
                continue;
            };
            let before = sim.operations();
            let outcome = program(&mut batcher, &file);
            assert_eq!(sim.census().in_flight, 0);
            if sim.operations() < nth {
                assert_eq!(outcome, Ok(()), "{backend}: nothing was made to fail");
                assert_eq!(sim.unflushed("file"), Some(0));
                break;
            }
            if before < nth {
                let error = outcome.expect_err("an operation failed");
                assert_eq!(error.errno(), Some(Errno::IO), "{backend}, operation {nth}: {error}");
                assert!(error.index().is_some());
            }
        }
    }
}

#[test]
fn an_interruption_is_never_seen() {
    for backend in BACKENDS {
        for call in [Call::Read, Call::Write, Call::Sync] {
            for nth in 1..4 {
                let sim = Sim::builder().seed(nth).calm().fail_nth(call, nth, Errno::INTR).build();
                let file = file(&sim, "file");
                assert_eq!(program(&mut batcher(&sim, backend), &file), Ok(()), "{backend}, {call:?} {nth}");
            }
        }
    }
}

/// A kernel short of memory, or with completions that nobody has reaped, is tried again, and nothing is done twice.
#[test]
fn refusals_that_pass_are_waited_for_and_nothing_is_submitted_twice() {
    for seed in 0..SEEDS {
        let sim = Sim::builder().seed(seed).short_transfers(0).enter_hiccups(2).short_submits(2).build();
        let file = file(&sim, "file");
        let mut batcher = batcher(&sim, RING);
        let bytes = pattern(4000);
        let before = sim.calls(Call::Write);
        let writes = bytes.chunks(100).zip((0..).step_by(100));
        batcher.pwrite_batch(&file, writes).unwrap();
        assert_eq!(sim.contents("file").unwrap(), bytes, "seed {seed}");
        assert_eq!(sim.calls(Call::Write), before + 40, "seed {seed}");
    }
}

/// Nothing is in flight then, since everything completes as it is submitted.
#[test]
fn a_ring_that_breaks_is_an_error_where_it_was_demanded_and_no_matter_where_it_was_not() {
    for nth in if cfg!(miri) { 4..5 } else { 2..12 } {
        for backend in [Backend::Auto, RING] {
            let sim = Sim::builder().calm().delay(std::time::Duration::ZERO).fail_from(
                Call::Enter,
                nth,
                Errno::PERM,
            );
            let sim = sim.build();
            let file = file(&sim, "file");
            let mut batcher = batcher(&sim, backend);
            let bytes = pattern(100 * 100);
            let mut batch = batcher.batch();
            for (piece, offset) in bytes.chunks(100).zip((0..).step_by(100)) {
                batch.write(&file, piece, offset).link().sync_data(&file);
            }
            let outcome = batch.run();
            assert_eq!(sim.census().in_flight, 0);
            if sim.calls(Call::Enter) < nth {
                assert!(backend == Backend::Auto && nth > 4, "its ring is larger, and is entered less often");
                continue;
            }
            if backend == Backend::Auto {
                assert_eq!(outcome, Ok(()), "enter {nth}");
                assert_eq!((sim.contents("file").unwrap(), sim.unflushed("file")), (bytes, Some(0)));
                assert_eq!((batcher.name(), batcher.why()), ("posix", Some(Why::Errno(Errno::PERM))));
                continue;
            }
            let error = outcome.unwrap_err();
            assert_eq!((error.kind(), error.index()), (ErrorKind::Os(Errno::PERM), None), "enter {nth}");
            // Each says truly whether it was done.
            let contents = sim.contents("file").unwrap();
            for (index, result) in batcher.results().enumerate().filter(|(index, _)| index % 2 == 0) {
                let at = index / 2 * 100;
                let is_there = contents.get(at..at + 100) == Some(&bytes[at..at + 100]);
                assert_eq!(result.is_ok(), is_there, "enter {nth}, operation {index}: {result:?}");
                if let Err(error) = result {
                    assert_eq!(error.kind(), ErrorKind::NotRun);
                }
            }
            // And it stays so, without a hang.
            assert!(batcher.linked_write_fsync(&file, b"x", 0).is_err());
        }
    }
}

#[test]
#[expect(clippy::forget_non_drop, reason = "that is the claim: nothing rests on a destructor")]
fn a_batch_that_is_dropped_or_forgotten_does_nothing() {
    let sim = Sim::builder().calm().build();
    let file = file(&sim, "file");
    let mut batcher = batcher(&sim, RING);
    let (operations, enters) = (sim.operations(), sim.calls(Call::Enter));
    {
        let bytes = pattern(100);
        batcher.batch().write(&file, &bytes, 0).sync_data(&file);
        let mut batch = batcher.batch();
        batch.write(&file, &bytes, 0).link();
        std::mem::forget(batch);
    }
    batcher.batch().run().unwrap();
    assert_eq!((sim.operations(), sim.calls(Call::Enter)), (operations, enters));
    batcher.fsync(&file).unwrap();
    assert_eq!(batcher.results().len(), 1);
    assert_eq!(sim.contents("file").as_deref(), Some(&[][..]));
}

#[test]
fn a_batch_that_has_run_is_not_run_again() {
    let sim = Sim::builder().calm().build();
    let file = file(&sim, "file");
    let mut batcher = batcher(&sim, RING);
    let mut batch = batcher.batch();
    batch.write(&file, b"once", 0).run().unwrap();
    let before = sim.operations();
    batch.run().unwrap();
    assert_eq!(sim.operations(), before);
    // What is added is a new one's.
    batch.link().sync_data(&file).run().unwrap();
    assert_eq!(batcher.results().collect::<Vec<_>>(), [Ok(0)]);
}

#[test]
fn a_batch_that_has_failed_is_not_run_again_either() {
    let sim = Sim::builder().calm().build();
    let file = file(&sim, "file");
    let mut batcher = batcher(&sim, RING);
    let mut batch = batcher.batch();
    batch.write(&file, b"never", 0).write(&file, b"x", u64::MAX);
    batch.run().unwrap_err();
    assert_eq!(batch.run(), Ok(()));
    assert_eq!(sim.contents("file").as_deref(), Some(&[][..]));
}

/// `EINVAL` may be a ring's word for what it does not know, or for the rest of a chain that it took half of.
#[test]
fn what_a_ring_calls_invalid_a_call_is_asked_again() {
    for nth in 1..=3 {
        let sim = Sim::builder().seed(nth).calm().fail_nth(Call::Write, nth, Errno::INVAL).build();
        let file = file(&sim, "file");
        let mut batcher = batcher(&sim, RING);
        let mut batch = batcher.batch();
        batch.write(&file, b"one", 0).link().sync_all(&file).hard_link().write(&file, b"two", 3);
        batch.link().write(&file, b"three", 6).run().unwrap();
        assert_eq!(sim.contents("file").as_deref(), Some(&b"onetwothree"[..]));
    }
    // And what a call says, too, is so.
    let sim = Sim::builder().calm().fail_from(Call::Write, 1, Errno::INVAL).build();
    let file = file(&sim, "file");
    let mut batcher = batcher(&sim, RING);
    let mut batch = batcher.batch();
    batch.write(&file, b"one", 0).write(&file, b"two", 3).link().sync_all(&file);
    let error = batch.run().unwrap_err();
    assert_eq!((error.index(), error.errno()), (Some(0), Some(Errno::INVAL)));
    let errnos: Vec<_> = batcher.results().map(|result| result.unwrap_err().errno()).collect();
    assert_eq!(errnos, [Some(Errno::INVAL), Some(Errno::INVAL), Some(Errno::CANCELED)]);
}

#[test]
fn a_panic_while_a_batch_is_described_leaves_the_batcher_as_good_as_new() {
    let sim = Sim::new(5);
    let file = file(&sim, "file");
    let mut batcher = batcher(&sim, RING);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let pieces = (0..3).map(|index| if index < 2 { &b"x"[..] } else { panic!("on purpose") });
        batcher.batch().sync_data(&file).write_vectored(&file, pieces, 0).run()
    }));
    assert!(panicked.is_err());
    batcher.linked_write_fsync(&file, b"whole", 0).unwrap();
    assert_eq!(sim.contents("file").as_deref(), Some(&b"whole"[..]));
}

/// Longer than one call moves: in parts, and the flush behind the last.
#[test]
fn what_is_longer_than_one_call_moves_is_gone_on_with() {
    // Not of such a length here, but of as many pieces.
    for seed in 0..SEEDS {
        let sim = Sim::new(seed);
        let file = file(&sim, "file");
        let mut batcher = batcher(&sim, RING);
        let bytes = pattern(3 * 1024 + 5);
        let mut batch = batcher.batch();
        batch.write_vectored_split(&file, bytes.chunks(1), 0).hard_link().sync_all(&file);
        batch.run().unwrap();
        assert_eq!((sim.contents("file").unwrap(), sim.unflushed("file")), (bytes, Some(0)), "seed {seed}");
    }
}
