//! Random chains on the kernel in memory: in a ring, whose completions come in any order, and by calls.
#![cfg(all(feature = "sim", not(loom)))]

use bareio_core::kernel::{Allocate, OpenFlags};
use bareio_core::op::{Chain, FileTable, Link, Offset, Op, OpError, Positions, perform_chain, segment};
use bareio_core::ring::Builder;
use bareio_core::sim::Sim;
use bareio_core::{Errno, Fd, IoVec, Kernel};
use proptest::prelude::*;

type Results = Vec<Result<u32, Errno>>;

/// What to do, how long, from where, and whether the next is linked softly.
type Act = (u8, usize, u64, bool);

fn open(sim: &Sim, flags: OpenFlags) -> Fd {
    // SAFETY: the working directory is open.
    unsafe { sim.open_at(Fd::CWD, c"file", flags, 0o600) }.unwrap()
}

/// Carries `links` out in a ring, part by part.
fn in_a_ring(sim: &Sim, links: &[Link]) -> Results {
    let mut ring = Builder::new(8).build(sim).unwrap();
    let mut results = vec![Err(Errno::CANCELED); links.len()];
    let (mut left, mut done) = (links, 0);
    while let (part @ [.., last], rest) = segment(left) {
        // SAFETY: what the operations name outlives the ring.
        unsafe { ring.push_chain(part, |index| (done + index) as u64) }.unwrap();
        ring.submit_and_wait(u32::try_from(part.len()).unwrap()).unwrap();
        for cqe in ring.completions() {
            results[usize::try_from(cqe.user_data).unwrap()] = cqe.result();
        }
        done += part.len();
        left = rest;
        if !last.op.is_whole(results[done - 1]) {
            break;
        }
    }
    results
}

fn by_calls(sim: &Sim, links: &[Link]) -> Results {
    let mut results = Vec::new();
    // SAFETY: what the operations name outlives the call.
    unsafe { perform_chain(links, sim, &FileTable::<0>::new(), |_, result| results.push(result)) };
    results
}

/// Lives through `acts` on a kernel of its own, and tells the results, the memory and the file.
fn live(acts: &[Act], way: fn(&Sim, &[Link]) -> Results) -> (Results, Vec<Vec<u8>>, Option<Vec<u8>>) {
    let sim = Sim::builder().seed(7).calm().build();
    sim.put("file", &[0x11; 3000]).unwrap();
    let both = open(&sim, OpenFlags::READ | OpenFlags::WRITE);
    let read_only = open(&sim, OpenFlags::READ);
    let mut memory: Vec<Vec<u8>> = acts.iter().map(|&(kind, len, ..)| vec![kind; len]).collect();
    let pieces: Vec<[IoVec; 2]> = memory
        .iter_mut()
        .map(|bytes| {
            let (base, half) = (bytes.as_mut_ptr(), bytes.len() / 2);
            // Both reach over all of it, for those that take it in one piece.
            [IoVec::new(base, half), IoVec::new(base.wrapping_add(half), bytes.len() - half)]
        })
        .collect();
    let op = |index: usize| {
        let (kind, len, offset, _) = acts[index];
        let buf = pieces[index][0].base();
        match kind {
            0 => Op::read(both, buf, len, offset),
            1 => Op::write(both, buf, len, offset),
            2 => Op::write_vectored(both, &pieces[index], offset),
            3 => Op::read_vectored(both, &pieces[index], offset),
            4 => Op::write(both, buf, len, Offset::Current),
            5 => Op::write(read_only, buf, len, offset),
            6 => Ok(Op::sync_data(both)),
            7 => Ok(Op::sync_all(Fd(-1))),
            8 => Op::truncate(both, offset),
            9 => Op::allocate(both, Allocate::NONE, offset, len as u64),
            _ => Ok(Op::Nop),
        }
        .unwrap()
    };
    let mut chain = Chain::<8>::new(op(0));
    for index in 1..acts.len() {
        let added = if acts[index - 1].3 { chain.link(op(index)) } else { chain.hard_link(op(index)) };
        added.unwrap();
    }
    let results = way(&sim, chain.links());
    // Behind what arrived, a read may leave anything.
    for (bytes, result) in memory.iter_mut().zip(&results) {
        bytes.truncate(result.unwrap_or(0) as usize);
    }
    (results, memory, sim.contents("file"))
}

/// Miri takes some hundred times as long.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if cfg!(miri) { ProptestConfig { cases: 2, ..config } } else { config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_ring_in_memory_and_calls_agree(
        acts in prop::collection::vec((0..=10_u8, 0..2000_usize, 0..5000_u64, any::<bool>()), 1..=8)
    ) {
        prop_assert_eq!(live(&acts, in_a_ring), live(&acts, by_calls));
    }
}

#[test]
fn what_offsets_mean_to_a_file_can_be_asked_in_memory_too() {
    let sim = Sim::builder().calm().build();
    sim.put("file", b"").unwrap();
    let append = open(&sim, OpenFlags::WRITE | OpenFlags::APPEND);
    // SAFETY: the file is open.
    let positions = unsafe { Positions::of(&sim, append) }.unwrap();
    assert_eq!(positions.check_write(), Err(OpError::Append));
    let (pipe, _) = sim.pipe().unwrap();
    // SAFETY: the pipe is open.
    assert_eq!(unsafe { Positions::of(&sim, pipe) }, Ok(Positions::None));
}
