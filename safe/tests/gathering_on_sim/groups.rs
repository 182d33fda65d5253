//! Writes that go together.

use std::time::Duration;

use bareio::core::Errno;
use bareio::core::sim::{Builder as SimBuilder, Call, Sim};
use bareio::file::{Direct, File, OpenOptions};
use bareio::sched::{Flushing, Op};
use bareio::{Align, AlignedBuf, ErrorKind};

use crate::common::{SEEDS, build, bytes, counts, kernels, open, scheduler};

#[test]
fn contiguous_writes_are_one_operation_and_one_entry() {
    for (way, sim) in kernels(SimBuilder::calm) {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b);
        let before = [sim.calls(Call::Write), sim.calls(Call::Enter)];
        let writes = (0..16).map(|at| Op::write(&file, bytes(at, 4096), at as u64 * 4096).durable());
        let tickets = scheduler.submit_all(writes);
        let entered = sim.calls(Call::Enter) - before[1];
        let outcomes = tickets.into_iter().map(|ticket| ticket.unwrap().wait()).collect();
        assert_eq!(counts(outcomes), [Ok(4096); 16], "{way}");
        assert_eq!(sim.calls(Call::Write) - before[0], 1, "{way}: one write");
        assert_eq!(entered, u64::from(scheduler.running().is_ring()), "{way}: one entry");
        let written: Vec<u8> = (0..16).flat_map(|at| bytes(at, 4096)).collect();
        assert!(sim.contents("data").unwrap() == written, "{way}");
        assert_eq!(sim.unflushed("data"), Some(0), "{way}");
        let statistics = scheduler.statistics();
        assert_eq!((statistics.groups, statistics.grouped, statistics.completed), (1, 16, 16), "{way}");
    }
}

#[test]
fn what_is_submitted_under_a_plug_is_entered_once() {
    let sim = build(Sim::like_6_18().calm());
    let (file, other) = (open(&sim, "data"), open(&sim, "other"));
    let scheduler = scheduler(&sim, |b| b);
    let before = sim.calls(Call::Enter);
    let plug = scheduler.plug();
    let tickets: Vec<_> =
        (0..20).map(|at| plug.submit(Op::write(&file, vec![1; 100], at * 1000).durable()).unwrap()).collect();
    let flush = plug.submit(Op::sync_all(&other)).unwrap();
    assert_eq!(sim.calls(Call::Enter), before, "nothing is entered yet");
    drop(plug);
    assert_eq!(sim.calls(Call::Enter), before + 1);
    for ticket in tickets {
        assert_eq!(ticket.wait().unwrap().0, 100);
    }
    flush.wait().unwrap();
    assert_eq!(scheduler.statistics().groups, 0, "none of them follows another");
}

#[test]
fn what_may_not_go_together_goes_apart() {
    for (way, sim) in kernels(SimBuilder::calm) {
        let (file, other) = (open(&sim, "data"), open(&sim, "other"));
        for coalesces in [true, false] {
            let scheduler = scheduler(&sim, |b| b.coalesce(coalesces));
            let op = |file: &File<Sim>, offset| Op::write(file, vec![3; 100], offset);
            let plug = scheduler.plug();
            let tickets = [
                op(&file, 0),
                op(&file, 100).durable(),
                op(&file, 200), // durable ones go with durable ones only
                op(&other, 300),
                op(&file, 400),
                op(&file, 501), // a gap
                op(&file, 400), // backwards
                op(&file, 500).background(),
                op(&file, 600).within(Duration::from_secs(1)),
                op(&file, 700).priority(bareio::sched::Priority::Idle),
            ];
            let tickets = tickets.map(|op| plug.submit(op).unwrap());
            let pair = [0, 100].map(|offset| plug.submit(op(&other, offset)).unwrap());
            drop(plug);
            tickets
                .into_iter()
                .chain(pair)
                .for_each(|ticket| assert_eq!(ticket.wait().unwrap().0, 100, "{way}"));
            let statistics = scheduler.statistics();
            let expected = if coalesces { (1, 2) } else { (0, 0) };
            assert_eq!((statistics.groups, statistics.grouped), expected, "{way}, coalescing: {coalesces}");
        }
    }
}

#[test]
fn a_group_has_at_most_1024_pieces() {
    for (way, sim) in kernels(SimBuilder::calm) {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b.depth(1024));
        let before = sim.calls(Call::Write);
        let writes = (0..1500_u64).map(|at| Op::write(&file, vec![at.to_le_bytes()[0]], at));
        let outcomes =
            scheduler.submit_all(writes).into_iter().map(|ticket| ticket.unwrap().wait()).collect();
        assert_eq!(counts(outcomes), vec![Ok(1); 1500], "{way}");
        let statistics = scheduler.statistics();
        assert_eq!((statistics.groups, statistics.grouped), (2, 1500), "{way}");
        assert_eq!(sim.calls(Call::Write) - before, 2, "{way}");
        let contents = sim.contents("data").unwrap();
        assert!(contents.iter().enumerate().all(|(at, byte)| *byte == at.to_le_bytes()[0]), "{way}");
    }
}

#[test]
fn more_than_there_is_room_for_goes_through_a_plug() {
    for (way, sim) in kernels(SimBuilder::calm) {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b.depth(4).tickets(4000));
        let writes = (0..1000).map(|at| Op::write(&file, bytes(at, 10), at as u64 * 10).durable());
        for ticket in scheduler.submit_all(writes) {
            assert_eq!(ticket.unwrap().wait().unwrap().0, 10, "{way}");
        }
    }
}

/// The disk is full in the middle of a group.
#[test]
fn a_short_group_is_dealt_out_in_order_and_the_rest_is_tried_apart() {
    for (way, sim) in kernels(|sim| sim.calm().space(10 * 4096)) {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b.flushing(Flushing::Shared));
        let writes = (0..16).map(|at| Op::write(&file, bytes(at, 3000), at as u64 * 3000).durable());
        let outcomes =
            scheduler.submit_all(writes).into_iter().map(|ticket| ticket.unwrap().wait()).collect();
        let counts = counts(outcomes);
        assert_eq!(scheduler.statistics().groups, 1, "{way}");
        assert_eq!(counts[..12], [Ok(3000); 12], "{way}");
        assert_eq!(counts[12], Ok(9 * 4096 - 36_000), "{way}: as far as the group came");
        // Each of the rest has met the full disk itself, or what room was left.
        let is_own = |count: &_| matches!(count, Ok(3000) | Err(ErrorKind::Os(Errno::NOSPC)));
        assert!(counts[13..].iter().all(is_own), "{way}: {counts:?}");
        assert!(counts[13..].contains(&Err(ErrorKind::Os(Errno::NOSPC))), "{way}: {counts:?}");
        let contents = sim.contents("data").unwrap();
        for (at, count) in counts.iter().enumerate() {
            let Ok(count) = *count else { continue };
            assert!(contents[at * 3000..][..count] == bytes(at, 3000)[..count], "{way}: {at}");
        }
    }
}

#[test]
fn a_group_that_fails_is_tried_apart_and_each_has_its_own_error() {
    for (way, sim) in
        kernels(|sim| sim.calm().fail_nth(Call::Write, 1, Errno::IO).fail_nth(Call::Write, 4, Errno::IO))
    {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b.flushing(Flushing::Shared));
        let writes = (0..6).map(|at| Op::write(&file, bytes(at, 512), at as u64 * 512).durable());
        let outcomes =
            scheduler.submit_all(writes).into_iter().map(|ticket| ticket.unwrap().wait()).collect();
        let counts = counts(outcomes);
        let failed = counts.iter().filter(|count| **count == Err(ErrorKind::Os(Errno::IO))).count();
        assert_eq!(failed, 1, "{way}: the one that meets the fourth write: {counts:?}");
        assert_eq!(counts.iter().filter(|count| **count == Ok(512)).count(), 5, "{way}");
        assert_eq!(file.poisoned(), None, "{way}: no flush has failed");
    }
}

/// Tried again apart, its flush could succeed without having written anything.
#[test]
fn a_group_that_flushes_itself_fails_as_a_whole() {
    for (way, sim) in kernels(|sim| sim.calm().fail_nth(Call::Write, 1, Errno::IO)) {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b.flushing(Flushing::Each));
        let writes = (0..6).map(|at| Op::write(&file, bytes(at, 512), at as u64 * 512).durable());
        let outcomes =
            scheduler.submit_all(writes).into_iter().map(|ticket| ticket.unwrap().wait()).collect();
        assert_eq!(counts(outcomes), [Err(ErrorKind::Os(Errno::IO)); 6], "{way}");
        assert_eq!(file.poisoned(), Some(Errno::IO), "{way}");
        assert_eq!(sim.calls(Call::Write), 1, "{way}");
    }
}

/// Writes of many lengths, some of which follow each other, on kernels that do less than they are asked for.
#[test]
fn whatever_is_cut_short_each_count_says_what_is_in_the_file() {
    for (salt, seed) in (0..).zip(0..SEEDS) {
        for (way, sim) in kernels(|sim| sim.seed(seed)) {
            for flushing in [Flushing::Auto, Flushing::Each, Flushing::Shared] {
                let file = open(&sim, "data");
                let scheduler = scheduler(&sim, |b| b.flushing(flushing));
                let mut offset = 0;
                let plug = scheduler.plug();
                let mut tickets = Vec::new();
                for which in 0..50_usize {
                    let len = (which * 97 + salt * 13) % 700 + 1;
                    offset += if which % 5 == 0 { 64 } else { 0 };
                    let op = Op::write(&file, bytes(which, len), offset as u64);
                    let op = if which / 7 % 2 == 0 { op.durable() } else { op };
                    tickets.push((which, offset, plug.submit(op).unwrap()));
                    offset += len;
                }
                drop(plug);
                let outcomes: Vec<_> = tickets
                    .into_iter()
                    .map(|(which, offset, ticket)| (which, offset, ticket.wait().unwrap()))
                    .collect();
                let mut contents = sim.contents("data").unwrap();
                contents.resize(offset, 0);
                for (which, offset, (count, buf)) in outcomes {
                    assert_eq!(buf, bytes(which, buf.len()), "{way}, seed {seed}");
                    let (written, rest) = contents[offset..][..buf.len()].split_at(count);
                    assert!(written == &buf[..count], "{way}, seed {seed}, {flushing:?}: {which}");
                    // A call that did not wait may have come further than the operation that followed it.
                    let is_ours = |(at, byte): (usize, &u8)| *byte == 0 || *byte == buf[count + at];
                    assert!(
                        rest.iter().enumerate().all(is_ours),
                        "{way}, seed {seed}, {flushing:?}: {which}"
                    );
                }
                scheduler.close(Duration::from_secs(5)).unwrap();
                let statistics = scheduler.statistics();
                assert_eq!((statistics.in_flight, statistics.unknown), (0, 0), "{way}, seed {seed}");
            }
            assert_eq!(sim.violations(), [""; 0], "{way}, seed {seed}");
        }
    }
}

#[test]
fn direct_writes_go_together_on_their_grid() {
    for (way, sim) in kernels(|sim| sim.calm().direct(Align::B_512, Align::KIB_4)) {
        sim.put("data", b"").unwrap();
        let file = OpenOptions::new()
            .write(true)
            .direct(Direct::Required)
            .open_with_kernel(sim.clone(), "data")
            .unwrap();
        let scheduler = scheduler(&sim, |b| b);
        let block = |fill| {
            let mut buf = AlignedBuf::new(sim.clone(), 4096, Align::KIB_4).unwrap();
            buf.extend_from_slice(&[fill; 4096]).unwrap();
            buf
        };
        let plug = scheduler.plug();
        let tickets = [1, 2, 3_u8]
            .map(|at| plug.submit(Op::write(&file, block(at), u64::from(at - 1) * 4096)).unwrap());
        let off = plug.submit(Op::write(&file, block(4), 3 * 4096 + 512)).unwrap_err();
        assert!(off.error.is_misaligned(), "{way}: what is off the grid is refused before it can join");
        drop((plug, off));
        for ticket in tickets {
            assert_eq!(ticket.wait().unwrap().0, 4096, "{way}");
        }
        assert_eq!(scheduler.statistics().grouped, 3, "{way}");
        assert_eq!(sim.contents("data").unwrap().len(), 3 * 4096, "{way}");
    }
}

#[test]
fn a_forgotten_plug_hangs_nobody() {
    for (way, sim) in kernels(SimBuilder::calm) {
        let file = open(&sim, "data");
        let scheduler = scheduler(&sim, |b| b.depth(2).tickets(12));
        let op = |at: u64| Op::write(&file, vec![1; 100], at * 100).durable();
        let forget = || {
            let plug = scheduler.plug();
            let ticket = plug.submit(op(0)).unwrap();
            std::mem::forget(plug);
            ticket
        };
        assert_eq!(forget().wait().unwrap().0, 100, "{way}: who waits for it begins it");
        let first = forget();
        assert_eq!(scheduler.submit(op(1)).unwrap().wait().unwrap().0, 100, "{way}");
        let mut turns = (0..100).map(|_| scheduler.turn(Some(Duration::from_millis(1))));
        assert!(turns.any(|_| first.is_done()), "{way}: who waits for another begins it too");
        drop(first);
        drop(forget());
        assert!(scheduler.turn(Some(Duration::from_millis(1))).unwrap(), "{way}");
        // Nobody has a ticket, and what is held back takes all of the room.
        let tickets = std::iter::from_fn(|| {
            let plug = scheduler.plug();
            let ticket = plug.try_submit(op(2)).ok();
            std::mem::forget(plug);
            ticket
        });
        tickets.take(2).for_each(drop);
        for _ in 0..20 {
            drop(scheduler.submit(op(3)).unwrap());
        }
        drop(forget());
        scheduler.close(Duration::from_secs(5)).unwrap();
        assert_eq!(scheduler.statistics().in_flight, 0, "{way}");
        drop((scheduler, file));
        assert_eq!(sim.census().descriptors, 0, "{way}: all is closed");
    }
}

#[test]
fn members_that_are_cancelled_or_dropped_leave_the_others_alone() {
    for seed in 0..SEEDS {
        for (way, sim) in kernels(|sim| sim.seed(seed).short_transfers(0)) {
            let file = open(&sim, "data");
            let scheduler = scheduler(&sim, |b| b);
            let plug = scheduler.plug();
            let mut tickets: Vec<_> = (0..8)
                .map(|at| Some(plug.submit(Op::write(&file, bytes(at, 100), at as u64 * 100)).unwrap()))
                .collect();
            tickets[2].as_mut().unwrap().request_cancel().unwrap(); // held back: it never begins
            tickets[5] = None; // dropped: it goes on
            drop(plug);
            tickets[6].as_mut().unwrap().request_cancel().unwrap(); // under way with others
            for (at, ticket) in tickets.into_iter().enumerate() {
                let Some(ticket) = ticket else { continue };
                match ticket.wait() {
                    Ok((count, _)) => assert!(count == 100 && at != 2, "{way}, seed {seed}: {at}"),
                    Err(failed) => {
                        assert!(
                            failed.error.is_canceled() && (at == 2 || at == 6),
                            "{way}, seed {seed}: {at}"
                        );
                    }
                }
            }
            let contents = sim.contents("data").unwrap();
            for at in [0, 1, 3, 4, 5, 7] {
                assert_eq!(contents[at * 100..][..100], bytes(at, 100), "{way}, seed {seed}: {at}");
            }
            assert_eq!(contents[200..300], [0; 100], "{way}, seed {seed}");
        }
    }
}

/// A read, and its buffer in writes to several files, each with a ticket of its own.
#[test]
fn one_read_goes_to_several_files() {
    for (way, sim) in kernels(|sim| sim.calm().fail_nth(Call::Write, 2, Errno::NOSPC)) {
        sim.put("source", &bytes(1, 8192)).unwrap();
        let source = OpenOptions::new().read(true).open_with_kernel(sim.clone(), "source").unwrap();
        let scheduler = scheduler(&sim, |b| b);
        let (count, buf) =
            scheduler.submit(Op::read(&source, Vec::with_capacity(8192), 0)).unwrap().wait().unwrap();
        assert_eq!(count, 8192, "{way}");
        let shared = bareio::buf::Counted::new(buf);
        let copies = ["a", "b", "c"].map(|path| open(&sim, path));
        let writes = copies.iter().map(|file| Op::write(file, shared.clone(), 0).durable());
        let outcomes: Vec<_> =
            scheduler.submit_all(writes).into_iter().map(|ticket| ticket.unwrap().wait()).collect();
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(failed, 1, "{way}: one has no room, and the others do not care");
        for (path, outcome) in ["a", "b", "c"].iter().zip(&outcomes) {
            if outcome.is_ok() {
                assert!(sim.contents(path).unwrap() == bytes(1, 8192), "{way}");
            }
        }
        let again = shared.try_into_inner().expect_err("clones come back with the outcomes");
        drop(outcomes);
        assert_eq!(again.try_into_inner().unwrap(), bytes(1, 8192), "{way}: and then it is one buffer again");
    }
}
