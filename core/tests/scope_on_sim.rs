//! Scopes on kernels in memory that are late, short, old or broken.
#![cfg(all(feature = "sim", not(loom)))]

#[path = "common/sim.rs"]
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bareio_core::ring::Builder;
use bareio_core::scope::Slot;
use bareio_core::sim::{Call, Census, Sim};
use bareio_core::{BorrowedFd, Errno, Fd};
use common::{Random, SEEDS, close, kernels, open, pattern};

const LEN: usize = 3000;

fn lend(fd: &Fd) -> BorrowedFd<'_> {
    // SAFETY: open while the test has it.
    unsafe { BorrowedFd::borrow_raw(*fd) }
}

const fn slots<const N: usize>() -> [Slot; N] {
    [const { Slot::new() }; N]
}

/// How a closure ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    WaitsForAll,
    ForgetsAll,
    Panics,
}

/// What was read arrives whole or short, and after the scope nothing more does.
#[test]
fn however_a_closure_ends_what_was_lent_is_the_callers_again() {
    for seed in 0..SEEDS {
        for (index, kernel) in kernels(seed).into_iter().enumerate() {
            for end in [End::WaitsForAll, End::ForgetsAll, End::Panics] {
                let sim = kernel.clone().build();
                sim.put("source", &pattern(0, LEN)).unwrap();
                let file = open(&sim, c"source");
                let mut ring = Builder::new(4).build(sim.clone()).unwrap();
                let mut random = Random(seed);
                let mut memory = vec![0_u8; LEN];
                let mut offset = 0;
                let ended = catch_unwind(AssertUnwindSafe(|| {
                    ring.scope(&mut slots::<5>(), |s| {
                        let mut tickets = Vec::new();
                        let mut rest = &mut memory[..];
                        while !rest.is_empty() {
                            let len = rest.len().min(1 + random.below(700));
                            let (piece, left) = rest.split_at_mut(len);
                            match s.read(lend(&file), piece, offset as u64) {
                                Ok(ticket) => tickets.push((ticket, offset)),
                                // Not lent: nobody asked for the loan back in time, so it is skipped.
                                Err(_) => drop(s.submit()),
                            }
                            offset += len;
                            rest = left;
                        }
                        match end {
                            End::WaitsForAll => {
                                for (ticket, offset) in tickets {
                                    let (count, bytes) = s.wait(ticket);
                                    if index == 0 {
                                        assert_eq!(count, Err(Errno::INVAL), "5.1 has no such entries");
                                    } else {
                                        let count = count.unwrap() as usize;
                                        assert_eq!(
                                            bytes[..count],
                                            pattern(offset as u64, count),
                                            "seed {seed}"
                                        );
                                    }
                                }
                            }
                            // They have no destructor.
                            End::ForgetsAll => drop(tickets),
                            End::Panics => {
                                let _ = s.submit();
                                std::panic::resume_unwind(Box::new(()));
                            }
                        }
                    });
                }));
                assert_eq!(ended.is_err(), end == End::Panics);
                // At most the request to cancel, which points to nothing.
                let left = u32::from(end == End::Panics);
                assert!(ring.in_flight() <= left, "seed {seed}, {end:?}");
                memory.fill(0x11);
                sim.advance(Duration::from_secs(1));
                assert!(memory == vec![0x11; LEN], "written to after the scope");
                drop(ring);
                close(&sim, file);
                assert_eq!(sim.census(), Census::default());
            }
        }
    }
}

#[test]
fn chains_run_in_order_or_not_at_all() {
    for seed in 0..SEEDS {
        for kernel in kernels(seed).into_iter().skip(1) {
            let sim = kernel.build();
            let (file, not_open) = (open(&sim, c"log"), Fd(900));
            let mut ring = Builder::new(4).build(sim.clone()).unwrap();
            ring.scope(&mut slots::<4>(), |s| {
                let mut chain = s.chain();
                let write = chain.write(lend(&file), b"a record", 0).unwrap();
                let flush = chain.sync_all(lend(&file)).unwrap();
                chain.push().unwrap();
                let durable = s.wait(flush).0.is_ok();
                let (count, _) = s.wait(write);
                assert_eq!(durable, count == Ok(8), "seed {seed}: a short write, or a whole one");
                let mut chain = s.chain();
                let write = chain.write(lend(&not_open), b"never", 0).unwrap();
                let flush = chain.sync_all(lend(&file)).unwrap();
                chain.push().unwrap();
                assert_eq!((s.wait(write).0, s.wait(flush).0), (Err(Errno::BADF), Err(Errno::CANCELED)));
            });
            drop(ring);
            close(&sim, file);
            assert_eq!(sim.census(), Census::default());
        }
    }
}

/// Before 5.5, completions that do not fit the queue are dropped: they are not waited for.
#[test]
fn a_kernel_that_drops_completions_does_not_hang_a_scope() {
    let mut dropped = 0;
    for seed in 0..SEEDS {
        let sim = Sim::like_5_1().seed(seed).calm().build();
        let file = open(&sim, c"file");
        let mut ring = Builder::new(4).build(sim.clone()).unwrap();
        let most = ring.completion_entries() as usize;
        let mut slots: Vec<Slot> = (0..most).map(|_| Slot::new()).collect();
        ring.scope(&mut slots, |s| {
            let tickets: Vec<_> = (0..most).map(|_| s.sync_all(lend(&file)).unwrap()).collect();
            // More completions than there is room for.
            for _ in 0..4 {
                let _ = s.submit();
                let _ = s.cancel_all();
            }
            let _ = s.submit();
            sim.advance(Duration::from_secs(1));
            for ticket in tickets {
                let (result, ()) = s.wait(ticket);
                assert!([Ok(0), Err(Errno::OVERFLOW)].contains(&result), "{result:?}");
            }
        });
        dropped += ring.dropped();
        drop(ring);
        close(&sim, file);
        assert_eq!(sim.census(), Census::default());
    }
    assert!(dropped > 0, "nothing was tried");
}

/// There is no sound way to return; run in a process of its own.
#[cfg(not(miri))]
#[test]
fn a_scope_whose_ring_breaks_while_memory_is_lent_ends_the_program() {
    const CHILD: &str = "BAREIO_SCOPE_ABORTS";
    if std::env::var_os("BAREIO_EXPECT_NO_URING").is_some() {
        eprintln!("skipped: user-mode emulation starts no program of the processor that it plays");
        return;
    }
    if std::env::var_os(CHILD).is_none() {
        use std::os::unix::process::ExitStatusExt;
        let this = std::env::current_exe().unwrap();
        let name = "a_scope_whose_ring_breaks_while_memory_is_lent_ends_the_program";
        let output = std::process::Command::new(this)
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.signal().is_some(), "{:?}: {text}", output.status);
        assert!(text.contains("memory is lent to a ring that can no longer be entered"), "{text}");
        assert!(!text.contains("the scope was left"), "{text}");
        return;
    }
    let sim = Sim::builder().calm().fail_from(Call::Enter, 2, Errno::PERM).build();
    let (reader, _writer) = sim.pipe().unwrap();
    let mut ring = Builder::new(4).patience(Duration::from_millis(5)).build(sim).unwrap();
    let mut bytes = [0; 8];
    ring.scope(&mut slots::<1>(), |s| {
        let ticket = s.read(lend(&reader), &mut bytes, 0).unwrap();
        s.submit().unwrap();
        let _ = s.wait(ticket);
    });
    panic!("the scope was left");
}
