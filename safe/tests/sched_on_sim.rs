//! The scheduler on kernels in memory: with rings and without, old and new, late, short of memory.
#![cfg(feature = "sim")]

use std::time::Duration;

use bareio::core::sim::{Builder, Call, Sim, Threads};
use bareio::core::{Errno, abi::Features};
use bareio::file::{File, OpenOptions};
use bareio::sched::{Backend, Chain, Drive, Op, Scheduler};

const SEEDS: u64 = if cfg!(miri) { 1 } else { 40 };

fn id() -> u64 {
    thread_local!(static ID: u8 = const { 0 });
    ID.with(|id| std::ptr::from_ref(id).addr() as u64)
}

/// Kernels of several ages, one that lacks much, and one without rings.
fn kernels(seed: u64) -> Vec<(&'static str, Sim)> {
    let threads = Threads { yield_now: std::thread::yield_now, id };
    let poor = Features::NODROP | Features::EXT_ARG | Features::SINGLE_MMAP | Features::SUBMIT_STABLE;
    let build = |builder: Builder| builder.seed(seed).threads(threads).build();
    vec![
        ("5.1", build(Sim::like_5_1())),
        ("5.10", build(Sim::like_5_10())),
        ("6.18", build(Sim::like_6_18())),
        ("poor", build(Sim::like_6_18().without_features(poor))),
        ("no rings", build(Sim::like_6_18().without_rings(Errno::NOSYS))),
    ]
}

fn open(sim: &Sim, path: &str) -> File<Sim> {
    OpenOptions::new().read(true).write(true).create(true).open_with_kernel(sim.clone(), path).unwrap()
}

/// One that runs on the test's thread only, ring or not.
fn scheduler(sim: &Sim) -> Scheduler<Sim> {
    Scheduler::builder().depth(8).drive(Drive::Caller).with_kernel(sim.clone()).unwrap()
}

#[test]
fn operations_come_to_the_same_with_a_ring_and_without() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(seed) {
            let scheduler = scheduler(&sim);
            let has_ring = kernel != "no rings" && kernel != "5.1";
            assert_eq!(scheduler.running().is_ring(), has_ring, "{kernel}: {}", scheduler.running());
            let file = open(&sim, "data");
            let mut at = 0;
            // Short transfers are among what this kernel does.
            while at < 3000 {
                let op = Op::write(&file, vec![5; 3000 - at], at as u64).durable();
                at += scheduler.submit(op).unwrap().wait().unwrap().0;
            }
            let tickets: Vec<_> = (0..30)
                .map(|at| scheduler.submit(Op::read(&file, vec![0; 100], at * 100)).unwrap())
                .collect();
            for ticket in tickets {
                let (count, buf) = ticket.wait().unwrap();
                assert!((1..=100).contains(&count), "{kernel}, seed {seed}");
                assert_eq!(buf, vec![5; count], "{kernel}, seed {seed}");
            }
            assert_eq!(sim.unflushed("data"), Some(0), "{kernel}, seed {seed}: durable writes are flushed");
            scheduler.close(Duration::from_secs(5)).unwrap();
            let statistics = scheduler.statistics();
            assert_eq!((statistics.in_flight, statistics.unknown), (0, 0), "{kernel}, seed {seed}");
            drop((scheduler, file));
            assert_eq!(sim.violations(), [""; 0], "{kernel}, seed {seed}");
            assert_eq!(sim.census().descriptors, 0, "{kernel}, seed {seed}: all is closed");
        }
    }
}

/// The kernel takes fewer entries than there are, time and again. A flush that ran beside its write, or after one that was
/// short, would leave something unflushed behind a chain that says that all was done.
#[test]
fn a_flush_never_runs_beside_its_write() {
    for seed in 0..SEEDS * 5 {
        for (kernel, sim) in kernels(seed) {
            let scheduler = scheduler(&sim);
            let file = open(&sim, "data");
            for round in 0..4_u8 {
                let chains: Vec<_> = (0..2_u64)
                    .map(|which| {
                        let write = Op::write(&file, vec![round; 600], which * 600);
                        scheduler
                            .submit_chain(Chain::new(write).link(Op::sync_data(&file).in_chain()))
                            .unwrap()
                    })
                    .collect();
                let done: Vec<_> = chains.into_iter().map(bareio::sched::ChainTicket::wait).collect();
                let all = done.iter().all(|done| done.error().is_none());
                if all {
                    assert_eq!(sim.unflushed("data"), Some(0), "{kernel}, seed {seed}, round {round}");
                }
                for done in done {
                    let results: Vec<_> = done.results().collect();
                    assert_eq!(
                        results[1].is_ok(),
                        results[0] == Ok(600),
                        "{kernel}, seed {seed}: {results:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_lone_run_of_a_cached_read_is_one_system_call() {
    let sim = Sim::like_6_18().seed(1).calm().build();
    let file = open(&sim, "data");
    file.write_all_at(&[1; 100], 0).unwrap();
    let scheduler = scheduler(&sim);
    let before = [Call::Enter, Call::Read, Call::Stat, Call::Seek].map(|call| sim.calls(call));
    assert_eq!(scheduler.run(Op::read(&file, vec![0; 100], 0)).unwrap().0, 100);
    let after = [Call::Enter, Call::Read, Call::Stat, Call::Seek].map(|call| sim.calls(call));
    assert_eq!(std::array::from_fn(|at| after[at] - before[at]), [0, 1, 0, 0]);
}

#[test]
fn a_lone_submission_and_its_wait_are_two() {
    let sim = Sim::like_6_18().seed(1).calm().build();
    let file = open(&sim, "data");
    let scheduler = scheduler(&sim);
    let before = (sim.calls(Call::Enter), scheduler.statistics().enters);
    scheduler.submit(Op::sync_data(&file)).unwrap().wait().unwrap();
    assert_eq!(sim.calls(Call::Enter) - before.0, 2);
    assert_eq!(scheduler.statistics().enters - before.1, 2);
}

#[test]
fn an_enter_carries_the_operations_of_many() {
    let sim = Sim::like_6_18().seed(1).calm().build();
    let file = open(&sim, "data");
    let scheduler = scheduler(&sim);
    let tickets: Vec<_> = (0..6).map(|_| scheduler.submit(Op::sync_data(&file)).unwrap()).collect();
    let before = sim.calls(Call::Enter);
    for ticket in tickets {
        assert_eq!(ticket.wait().unwrap().0, 0);
    }
    assert!(sim.calls(Call::Enter) - before <= 6, "who waits reaps for all");
    assert!(scheduler.statistics().largest_batch >= 1);
}

#[test]
fn a_demanded_ring_that_is_not_there_is_refused_with_its_reason() {
    let sim = Sim::like_6_18().without_rings(Errno::PERM).build();
    let error = Scheduler::builder().backend(Backend::IoUring).with_kernel(sim.clone()).unwrap_err();
    assert!(error.is_unsupported(), "{error}");
    assert_eq!(error.errno(), Some(Errno::PERM));
    let running = Scheduler::builder().with_kernel(sim).unwrap().running();
    assert!(!running.is_ring() && running.to_string().contains("EPERM"), "{running}");
}

/// A filter that lets a ring be made and not be entered.
#[test]
fn a_ring_that_cannot_be_entered_is_not_chosen() {
    let sim = Sim::like_6_18().fail_from(Call::Enter, 1, Errno::PERM).build();
    let running = Scheduler::builder().with_kernel(sim).unwrap().running();
    assert!(!running.is_ring() && running.to_string().contains("EPERM"), "{running}");
}

/// The filter comes later. Nothing hangs, nothing comes back that the kernel may have.
#[test]
fn a_ring_that_can_no_longer_be_entered_is_an_error_and_no_hang() {
    let threads = Threads { yield_now: std::thread::yield_now, id };
    let sim = Sim::like_6_18().calm().threads(threads).fail_from(Call::Enter, 5, Errno::PERM).build();
    let file = open(&sim, "data");
    let patience = Duration::from_millis(20);
    let builder = Scheduler::builder().depth(8).drive(Drive::Caller).patience(patience);
    let scheduler = builder.with_kernel(sim.clone()).unwrap();
    let failed = (0..10).find_map(|_| match scheduler.submit(Op::sync_data(&file)) {
        Ok(ticket) => ticket.wait().err().map(|failed| failed.error),
        Err(refused) => Some(refused.error),
    });
    assert_eq!(failed.and_then(|error| error.errno()), Some(Errno::PERM));
}

/// A failed flush is remembered with the file, whoever made it.
#[test]
fn a_flush_that_fails_poisons_the_file_for_all() {
    for without in [None, Some(Errno::NOSYS)] {
        let mut builder = Sim::like_6_18().calm().fail_nth(Call::Sync, 1, Errno::IO);
        if let Some(errno) = without {
            builder = builder.without_rings(errno);
        }
        let sim = builder.build();
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim);
        let failed = scheduler.submit(Op::sync_data(&file)).unwrap().wait().unwrap_err();
        assert_eq!(failed.error.errno(), Some(Errno::IO));
        assert!(scheduler.submit(Op::sync_data(&file)).unwrap_err().error.is_poisoned());
        assert!(scheduler.run(Op::write(&file, vec![1], 0).durable()).unwrap_err().error.is_poisoned());
        assert!(file.sync_all().unwrap_err().is_poisoned());
        assert_eq!(
            scheduler.run(Op::write(&file, vec![1], 0)).unwrap().0,
            1,
            "what is not to be durable goes on"
        );
    }
}

/// Nobody wants to know, and yet it must not be forgotten.
#[test]
fn a_flush_that_fails_poisons_the_file_though_its_ticket_was_dropped() {
    let sim = Sim::like_6_18().calm().fail_nth(Call::Sync, 1, Errno::IO).build();
    let file = open(&sim, "data");
    let scheduler = scheduler(&sim);
    drop(scheduler.submit(Op::sync_data(&file)).unwrap());
    scheduler.submit(Op::nop()).unwrap().wait().unwrap();
    scheduler.close(Duration::from_secs(5)).unwrap();
    assert!(file.sync_data().unwrap_err().is_poisoned());
}
