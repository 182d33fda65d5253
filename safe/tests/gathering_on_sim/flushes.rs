//! Flushes that are shared.

use std::time::Duration;

use bareio::ErrorKind;
use bareio::core::Errno;
use bareio::core::sim::{Builder as SimBuilder, Call, Sim};
use bareio::file::OpenOptions;
use bareio::sched::{Flushing, Op};

use crate::common::{SEEDS, build, bytes, kernels, open, scheduler};

#[test]
fn writes_share_flushes_of_their_file() {
    for (way, sim) in kernels(SimBuilder::calm) {
        let files = ["one", "two"].map(|path| open(&sim, path));
        let scheduler = scheduler(&sim, |b| b.flushing(Flushing::Shared));
        let before = sim.calls(Call::Sync);
        let writes = (0..32).map(|at| Op::write(&files[at % 2], vec![1; 100], at as u64 * 1000).durable());
        for ticket in scheduler.submit_all(writes) {
            assert_eq!(ticket.unwrap().wait().unwrap().0, 100, "{way}");
        }
        let flushes = sim.calls(Call::Sync) - before;
        let statistics = scheduler.statistics();
        assert_eq!((statistics.flushes, statistics.flushed), (flushes, 32), "{way}");
        if scheduler.running().is_ring() {
            assert!(flushes <= 16, "{way}: {flushes} flushes for 32 writes");
        }
        assert_eq!(["one", "two"].map(|path| sim.unflushed(path)), [Some(0); 2], "{way}");
    }
}

#[test]
fn a_failed_flush_is_charged_to_those_who_asked_for_it_and_leaves_their_counts() {
    for (way, sim) in kernels(|sim| sim.calm().fail_nth(Call::Sync, 1, Errno::IO)) {
        let (file, other) = (open(&sim, "data"), open(&sim, "other"));
        let scheduler = scheduler(&sim, |b| b.flushing(Flushing::Shared));
        let plug = scheduler.plug();
        let durable = [0, 100].map(|at| plug.submit(Op::write(&file, vec![1; 100], at).durable()).unwrap());
        let plain = plug.submit(Op::write(&file, vec![1; 100], 200)).unwrap();
        drop(plug);
        for ticket in durable {
            let failed = ticket.wait().unwrap_err();
            let kind = ErrorKind::NotDurable { written: 100, errno: Errno::IO };
            assert_eq!((failed.error.kind(), failed.buf), (kind, Some(vec![1; 100])), "{way}");
        }
        assert_eq!(plain.wait().unwrap().0, 100, "{way}");
        assert_eq!(file.poisoned(), Some(Errno::IO), "{way}");
        let refused = scheduler.submit(Op::write(&file, vec![1; 100], 0).durable()).unwrap_err();
        assert!(refused.error.is_poisoned(), "{way}");
        let elsewhere = scheduler.submit(Op::write(&other, vec![1; 100], 0).durable()).unwrap();
        assert_eq!(elsewhere.wait().unwrap().0, 100, "{way}: another file is another file");
    }
}

#[test]
fn a_write_that_fails_poisons_nothing_where_its_flush_is_apart() {
    for (way, sim) in kernels(|sim| sim.calm().fail_nth(Call::Write, 1, Errno::NOSPC)) {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b.flushing(Flushing::Shared));
        let failed =
            scheduler.submit(Op::write(&file, vec![1; 100], 0).durable()).unwrap().wait().unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Os(Errno::NOSPC), "{way}");
        assert_eq!(file.poisoned(), None, "{way}");
        assert_eq!(scheduler.statistics().flushes, 0, "{way}: there was nothing to flush");
        let again = scheduler.submit(Op::write(&file, vec![1; 100], 0).durable()).unwrap();
        assert_eq!(again.wait().unwrap().0, 100, "{way}");
    }
}

#[test]
fn a_flush_that_fails_after_its_tickets_are_dropped_is_remembered() {
    // One that flushes itself is a write that fails.
    for (flushing, call) in [(Flushing::Each, Call::Write), (Flushing::Shared, Call::Sync)] {
        for (way, sim) in kernels(|sim| sim.calm().fail_nth(call, 1, Errno::IO)) {
            let file = open(&sim, "data");
            let scheduler = scheduler(&sim, |b| b.flushing(flushing));
            drop(scheduler.submit(Op::write(&file, vec![1; 100], 0).durable()).unwrap());
            let _ = scheduler.turn(Some(Duration::from_secs(1)));
            scheduler.close(Duration::from_secs(5)).unwrap();
            assert_eq!(file.poisoned(), Some(Errno::IO), "{way}, {flushing:?}");
        }
    }
}

/// A flush that fails marks clean what was written while it ran, too, and the next one succeeds.
#[test]
fn what_was_written_during_a_flush_that_fails_is_not_called_durable() {
    let mut was_met = 0;
    for seed in 0..SEEDS * 4 {
        let sim = build(Sim::like_6_18().calm().seed(seed).fail_nth(Call::Sync, 1, Errno::IO));
        sim.put("data", &[0; 32 * 512]).unwrap();
        let file = OpenOptions::new().read(true).write(true).open_with_kernel(sim.clone(), "data").unwrap();
        let scheduler = scheduler(&sim, |b| b.flushing(Flushing::Shared));
        let write = |at: u64| Op::write(&file, vec![7; 512], at * 1024).durable();
        let tickets: Vec<_> = (0..16).map(|at| scheduler.submit(write(at)).unwrap()).collect();
        for ticket in tickets {
            let failed = ticket.wait().map(|_| ()).expect_err("a flush has failed before");
            was_met += u32::from(failed.error.is_poisoned());
        }
    }
    assert!(was_met > 0, "in no run was anything written during the flush that failed");
}

#[test]
fn what_was_called_durable_survives_every_power_cut() {
    for seed in 0..SEEDS {
        for (way, sim) in kernels(|sim| sim.seed(seed)) {
            for flushing in [Flushing::Auto, Flushing::Shared, Flushing::Each] {
                sim.put("data", &vec![0; 64 * 1024]).unwrap();
                let file =
                    OpenOptions::new().read(true).write(true).open_with_kernel(sim.clone(), "data").unwrap();
                let scheduler = scheduler(&sim, |b| b.flushing(flushing));
                let mut tickets: Vec<_> = Vec::new();
                for wave in 0..4_usize {
                    let plug = scheduler.plug();
                    for which in wave * 8..wave * 8 + 8 {
                        // Some follow each other, some do not, and some nobody wants durable.
                        let offset = (which * 1024) as u64;
                        let op = Op::write(&file, bytes(which, 1024), offset);
                        let op = if which % 5 == 4 { op } else { op.durable() };
                        tickets.push((which, plug.submit(op).unwrap()));
                    }
                    drop(plug);
                    let take = tickets.len() - 3;
                    for (which, ticket) in tickets.drain(..take) {
                        let (count, buf) = ticket.wait().unwrap();
                        if which % 5 == 4 {
                            continue;
                        }
                        for cut in 0..3 {
                            let after = sim.crash(seed * 100 + cut).contents("data").unwrap();
                            let there = &after[which * 1024..][..count];
                            assert!(
                                there == &buf[..count],
                                "{way}, seed {seed}, {flushing:?}: write {which} is lost"
                            );
                        }
                    }
                }
            }
        }
    }
}
