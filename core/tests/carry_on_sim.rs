//! Operations carried out in one call, on the kernel in memory.
#![cfg(feature = "sim")]

#[path = "common/sim.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bareio_core::op::{ChainError, Link, Op, Then};
use bareio_core::ring::{Builder, PushError, Ring, RingError};
use bareio_core::sim::{Call, Sim};
use bareio_core::{Errno, Fd};
use common::{SEEDS, close, kernels, open};

const BLOCK: usize = 512;
/// More than any of the rings holds.
const BLOCKS: u8 = if cfg!(miri) { 10 } else { 40 };

fn ring(sim: &Sim, entries: u32) -> Ring<Sim> {
    Builder::new(entries).build(sim.clone()).unwrap()
}

/// A write of each block of `bytes`, none linked. By the vectored call, which the oldest kernels have.
fn writes(fd: Fd, pieces: &[bareio_core::IoVec]) -> Vec<Link> {
    (0..)
        .zip(pieces)
        .map(|(index, piece)| {
            let op = Op::write_vectored(fd, std::slice::from_ref(piece), index * BLOCK as u64).unwrap();
            Link { op, then: Then::Soft }
        })
        .collect()
}

#[test]
fn everything_is_done_and_told_once_however_small_the_ring() {
    for seed in 0..SEEDS {
        for builder in kernels(seed) {
            let sim = builder.short_transfers(0).build();
            let fd = open(&sim, c"file");
            for entries in [1, 2, 8] {
                let bytes: Vec<u8> = (0..BLOCKS).flat_map(|index| [index; BLOCK]).collect();
                let pieces: Vec<_> = bytes.chunks(BLOCK).map(bareio_core::IoVec::of).collect();
                let links = writes(fd, &pieces);
                let mut told = vec![0; links.len()];
                let mut ring = ring(&sim, entries);
                // SAFETY: the bytes, the list and the file outlive the call.
                let carried = unsafe {
                    ring.carry_out(links.chunks(1), |index, result| {
                        assert_eq!(result, Ok(512));
                        told[index] += 1;
                    })
                };
                assert_eq!(carried, Ok(()), "seed {seed}");
                assert!(told.iter().all(|&count| count == 1), "seed {seed}: told {told:?}");
                assert_eq!(sim.contents("file").unwrap(), bytes, "seed {seed}");
            }
            close(&sim, fd);
        }
    }
}

#[test]
fn what_fits_the_ring_takes_one_call() {
    let sim = Sim::builder().calm().build();
    let fd = open(&sim, c"file");
    let mut ring = ring(&sim, 8);
    let before = sim.calls(Call::Enter);
    let bytes = [7; BLOCK];
    let chain = [Op::write(fd, bytes.as_ptr(), BLOCK, 0).unwrap(), Op::sync_data(fd)];
    let chain = chain.map(|op| Link { op, then: Then::Soft });
    // SAFETY: the bytes and the file outlive the call.
    unsafe { ring.carry_out([&chain[..]], |_, result| assert!(result.is_ok())) }.unwrap();
    assert_eq!(sim.calls(Call::Enter), before + 1);
    assert_eq!(sim.unflushed("file"), Some(0));
    // SAFETY: there is nothing to vouch for.
    unsafe { ring.carry_out([], |_, _| unreachable!()) }.unwrap();
    assert_eq!(sim.calls(Call::Enter), before + 1, "nothing asks nothing");
    close(&sim, fd);
}

#[test]
fn a_chain_longer_than_the_ring_is_refused_and_what_stood_before_it_is_done() {
    let sim = Sim::builder().calm().build();
    let mut ring = ring(&sim, 2);
    let nop = Link { op: Op::Nop, then: Then::Soft };
    let mut told = Vec::new();
    // SAFETY: a NOP names nothing.
    let refused = unsafe { ring.carry_out([&[nop][..], &[nop; 3], &[nop]], |index, _| told.push(index)) };
    assert_eq!(refused, Err(PushError::Chain(ChainError::TooLong { len: 3, limit: 2 })));
    assert_eq!(told, [0]);
}

#[test]
fn a_panic_in_the_middle_leaves_nothing_in_flight() {
    for seed in 0..SEEDS {
        let sim = Sim::new(seed);
        let fd = open(&sim, c"file");
        let bytes = vec![1; 16 * BLOCK];
        let pieces: Vec<_> = bytes.chunks(BLOCK).map(bareio_core::IoVec::of).collect();
        let links = writes(fd, &pieces);
        let mut ring = ring(&sim, 4);
        let mut told = 0;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the bytes, the list and the file outlive the call.
            unsafe {
                ring.carry_out(links.chunks(1), |_, _| {
                    told += 1;
                    assert!(told < 5, "on purpose");
                })
            }
        }));
        assert!(panicked.is_err());
        // But for the request to cancel, which names nothing.
        assert!(ring.in_flight() <= 1, "seed {seed}");
        // And what is left of it in the queue is nobody's.
        let nop = Link { op: Op::Nop, then: Then::Soft };
        let mut again = 0;
        // SAFETY: a NOP names nothing.
        unsafe { ring.carry_out([&[nop][..]], |_, _| again += 1) }.unwrap();
        assert_eq!(again, 1);
        close(&sim, fd);
    }
}

#[test]
fn a_ring_that_can_no_longer_be_entered_says_so_and_nothing_is_in_flight() {
    for nth in 1..6 {
        let sim = Sim::builder()
            .seed(nth)
            .calm()
            .delay(std::time::Duration::ZERO)
            .fail_from(Call::Enter, nth, Errno::PERM)
            .build();
        let fd = open(&sim, c"file");
        let bytes = vec![1; 32 * BLOCK];
        let pieces: Vec<_> = bytes.chunks(BLOCK).map(bareio_core::IoVec::of).collect();
        let links = writes(fd, &pieces);
        let mut ring = ring(&sim, 4);
        let mut told = vec![false; links.len()];
        // SAFETY: the bytes, the list and the file outlive the call.
        let broken = unsafe { ring.carry_out(links.chunks(1), |index, _| told[index] = true) };
        assert_eq!(broken, Err(PushError::Ring(RingError::Kernel(Errno::PERM))));
        assert_eq!(ring.in_flight(), 0);
        let written = sim.contents("file").unwrap();
        for (index, told) in told.iter().enumerate() {
            let is_there = written.get(index * BLOCK).is_some_and(|&byte| byte == 1);
            assert_eq!(*told, is_there, "operation {index}, enter {nth}");
        }
        close(&sim, fd);
    }
}

#[test]
fn completions_of_others_on_the_ring_are_nobodys() {
    for seed in 0..SEEDS {
        let sim = Sim::builder().seed(seed).calm().build();
        let fd = open(&sim, c"file");
        let mut ring = ring(&sim, 8);
        for stale in [0, 1, 2] {
            // SAFETY: a NOP names nothing.
            unsafe { ring.push(bareio_core::sqe::nop().user_data(stale)) }.unwrap();
        }
        ring.submit_and_wait(1).unwrap();
        let read = Op::read(fd, std::ptr::null_mut(), 0, 0).unwrap();
        let links = [read, Op::sync_all(Fd(900)), Op::Nop].map(|op| Link { op, then: Then::Soft });
        for _ in 0..2 {
            let mut told = [None; 3];
            // SAFETY: what is read has no bytes, and the file that is not open cannot be harmed.
            unsafe { ring.carry_out(links.chunks(1), |index, result| told[index] = Some(result)) }.unwrap();
            assert_eq!(told, [Some(Ok(0)), Some(Err(Errno::BADF)), Some(Ok(0))], "seed {seed}");
        }
        close(&sim, fd);
    }
}
