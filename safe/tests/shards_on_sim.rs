//! Shards on kernels in memory: with rings and without, old and new, and where there are not rings enough.
#![cfg(feature = "sim")]

use std::time::{Duration, Instant};

use bareio::Shards;
use bareio::core::abi::{Features, SetupFlags};
use bareio::core::sim::{Builder, Call, Sim, Threads};
use bareio::core::{Errno, Kernel};
use bareio::file::{File, OpenOptions};
use bareio::sched::{Backend, Drive, Op, Scheduler, Ticket};

const SEEDS: u64 = if cfg!(miri) { 1 } else { 20 };

fn id() -> u64 {
    thread_local!(static ID: u8 = const { 0 });
    ID.with(|id| std::ptr::from_ref(id).addr() as u64)
}

fn build(builder: Builder, seed: u64) -> Sim {
    builder.seed(seed).threads(Threads { yield_now: std::thread::yield_now, id }).build()
}

/// Kernels of several ages, one that lacks much, and one without rings.
fn kernels(seed: u64) -> Vec<(&'static str, Sim)> {
    let poor = Features::NODROP | Features::EXT_ARG | Features::SINGLE_MMAP | Features::SUBMIT_STABLE;
    vec![
        ("5.1", build(Sim::like_5_1(), seed)),
        ("5.10", build(Sim::like_5_10(), seed)),
        ("6.18", build(Sim::like_6_18(), seed)),
        ("poor", build(Sim::like_6_18().without_features(poor), seed)),
        ("no rings", build(Sim::like_6_18().without_rings(Errno::NOSYS), seed)),
    ]
}

fn open(sim: &Sim) -> File<Sim> {
    OpenOptions::new().read(true).write(true).create(true).open_with_kernel(sim.clone(), "data").unwrap()
}

fn shards(sim: &Sim, count: usize) -> Shards<Sim> {
    let builder = Scheduler::builder().depth(8).drive(Drive::Caller).statistics(true);
    Shards::build_with_kernel(&builder, count, sim).unwrap()
}

#[test]
fn what_is_routed_and_handed_over_comes_to_the_same_on_every_kernel() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(seed) {
            let shards = shards(&sim, 3);
            let has_ring = kernel != "no rings" && kernel != "5.1";
            assert_eq!(shards.running().is_ring(), has_ring, "{kernel}: {}", shards.running());
            let file = open(&sim);
            let here = shards.bind(0).unwrap();
            let mut under_way: Vec<(u8, Ticket<Vec<u8>, Sim>)> = Vec::new();
            for key in 0..24_u8 {
                let op = Op::write(&file, vec![key; 64], u64::from(key) * 64).durable();
                let index = shards.index_for_key(key.into());
                under_way.push((key, shards.hand_off(index, op).unwrap()));
            }
            // The order in which they are asked about is none of theirs.
            for (key, ticket) in under_way.into_iter().rev() {
                let (mut done, buf) = ticket.wait().unwrap();
                assert_eq!(buf, [key; 64], "{kernel}, seed {seed}");
                while done < 64 {
                    let rest = vec![key; 64 - done];
                    let op = Op::write(&file, rest, u64::from(key) * 64 + done as u64).durable();
                    done += shards.for_key(key.into()).submit(op).unwrap().wait().unwrap().0;
                }
            }
            drop(here);
            let mut all = [0; 24 * 64];
            file.read_exact_at(&mut all, 0).unwrap();
            let expected: Vec<u8> = (0..24_u8).flat_map(|key| [key; 64]).collect();
            assert_eq!(all[..], expected, "{kernel}, seed {seed}");
            assert_eq!(sim.unflushed("data"), Some(0), "{kernel}, seed {seed}: durable writes are flushed");
            let elsewhere = (0..24).filter(|&key| shards.index_for_key(key) != 0).count() as u64;
            let statistics = shards.statistics();
            assert_eq!(statistics.handed_over, elsewhere, "{kernel}, seed {seed}");
            assert!(statistics.shards.iter().all(|shard| shard.completed > 0), "{kernel}, seed {seed}");
            shards.close(Duration::from_secs(5)).unwrap();
            drop((shards, file));
            assert_eq!(sim.violations(), [""; 0], "{kernel}, seed {seed}");
            assert_eq!(sim.census().descriptors, 0, "{kernel}, seed {seed}: all is closed");
        }
    }
}

#[test]
fn shards_that_are_dropped_with_operations_in_flight_free_them() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(seed) {
            let shards = shards(&sim, 3);
            let file = open(&sim);
            for key in 0..12_u8 {
                let op = Op::write(&file, vec![key; 64], u64::from(key) * 64).durable();
                drop(shards.for_key(key.into()).submit(op).unwrap());
            }
            drop((shards, file));
            assert_eq!(sim.violations(), [""; 0], "{kernel}, seed {seed}");
            assert_eq!(sim.census().descriptors, 0, "{kernel}, seed {seed}: all is closed");
        }
    }
}

/// The rings cannot be entered any more, so that nothing in flight ever ends. Three times the patience would be 900 ms.
#[test]
fn shards_that_hang_are_waited_for_together() {
    const PATIENCE: Duration = Duration::from_millis(300);
    let make = |builder| {
        let sim = build(builder, 1);
        let builder = Scheduler::builder().depth(8).drive(Drive::Caller).patience(PATIENCE);
        let shards = Shards::build_with_kernel(&builder, 3, &sim).unwrap();
        (sim, shards)
    };
    let calm = || Sim::like_6_18().calm().count_violations();
    let entered = make(calm()).0.calls(Call::Enter);
    // The three below are the last that are taken.
    let (sim, shards) = make(calm().fail_from(Call::Enter, entered + 4, Errno::IO));
    let file = open(&sim);
    for shard in shards.iter() {
        drop(shard.submit(Op::write(&file, vec![1; 64], 0).durable()).unwrap());
    }
    let begin = sim.now().unwrap();
    assert_eq!(shards.close(PATIENCE / 3).unwrap_err().count, 3);
    let closed = sim.now().unwrap().saturating_sub(begin);
    assert!((PATIENCE / 3..PATIENCE * 2 / 3).contains(&closed), "{closed:?}");
    let begin = sim.now().unwrap();
    drop(shards);
    let dropped = sim.now().unwrap().saturating_sub(begin);
    assert!((PATIENCE..PATIENCE * 2).contains(&dropped), "{dropped:?}");
}

/// The host may grant some rings, and no more.
#[test]
fn if_one_shard_has_no_ring_none_has() {
    let short = |nth| build(Sim::like_6_18().calm().fail_from(Call::Setup, nth, Errno::MFILE), 1);
    let enough = short(100);
    assert!(shards(&enough, 3).running().is_ring());
    let sim = short(2);
    let all = shards(&sim, 3);
    assert!(all.iter().all(|shard| !shard.running().is_ring()), "{all:?}");
    assert_eq!(all.count(), 3);
    assert!(all.running().to_string().contains("EMFILE"), "it says why: {}", all.running());
    let file = open(&sim);
    assert_eq!(all.hand_off(2, Op::write(&file, vec![1; 5], 0).durable()).unwrap().wait().unwrap().0, 5);
    let demanded = Scheduler::builder().depth(8).backend(Backend::IoUring).drive(Drive::Caller);
    let error = Shards::build_with_kernel(&demanded, 3, &short(2)).unwrap_err();
    assert!(error.is_unsupported(), "{error}");
}

#[test]
fn a_kernel_that_shares_no_workers_gives_a_ring_of_its_own() {
    let ring = bareio::core::ring::Builder::new(8);
    for (sim, shares) in [(build(Sim::like_5_1(), 1), false), (build(Sim::like_5_10(), 1), true)] {
        let first = ring.shared(sim.clone()).unwrap();
        let second = ring.shared_beside(sim.clone(), &first).unwrap();
        assert_eq!(second.setup().contains(SetupFlags::ATTACH_WQ), shares);
    }
}

/// Cancelled by nobody, an operation is begun again; but not for ever.
#[test]
fn an_operation_that_nobody_has_cancelled_is_begun_again() {
    let before = {
        let sim = build(Sim::like_6_18().calm(), 1);
        let _made = (open(&sim), shards(&sim, 1));
        sim.operations()
    };
    for (times, comes_through) in [(0, true), (1, true), (100, true), (101, false)] {
        let cancels = (1..=times).fold(Sim::like_6_18().calm(), |builder, nth| {
            builder.fail_operation(before + nth, Errno::CANCELED)
        });
        let sim = build(cancels, 1);
        let file = open(&sim);
        let shards = shards(&sim, 1);
        assert_eq!(sim.operations(), before);
        let outcome = shards.shard(0).submit(Op::write(&file, vec![3; 10], 0).durable()).unwrap().wait();
        match outcome {
            Ok((count, buf)) => assert_eq!((count, buf, comes_through), (10, vec![3; 10], true), "{times}"),
            Err(failed) => {
                assert!(failed.error.is_canceled() && !comes_through, "{times}: {}", failed.error);
                assert_eq!(failed.buf, Some(vec![3; 10]));
            }
        }
        let statistics = shards.statistics().total;
        assert_eq!((statistics.completed, statistics.in_flight, statistics.unknown), (1, 0, 0), "{times}");
        let begin = Instant::now();
        shards.close(Duration::from_secs(5)).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(4));
        drop((shards, file));
        assert_eq!(sim.violations(), [""; 0], "{times}");
    }
}
