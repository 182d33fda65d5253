//! A scheduler for each core, by rings and by calls.

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bareio::ErrorKind;
use bareio::sched::shards::{Bound, Layout, Shards};
use bareio::sched::{Backend, Builder, Chain, Op, Scheduler, Ticket};

use crate::common::{Scratch, pipe, skip};
use crate::ends::in_child;

/// Shards of each kind, each built anew from `settings`.
fn sets(layout: impl Into<Layout>, settings: impl Fn(Builder) -> Builder) -> Vec<(&'static str, Shards)> {
    let layout = layout.into();
    let make = |backend| {
        Shards::build(&settings(Scheduler::builder()).statistics(true).backend(backend), layout.clone())
    };
    let mut all = vec![("calls", make(Backend::Posix).unwrap())];
    match make(Backend::IoUring) {
        Ok(rings) => all.push(("rings", rings)),
        Err(error) => skip(&error.to_string()),
    }
    all
}

#[test]
fn a_thread_has_the_shard_that_it_was_bound_to_and_no_other() {
    for (way, shards) in sets(3, |b| b) {
        let others = Shards::build(&Scheduler::builder().backend(Backend::Posix), 2).unwrap();
        assert!(shards.local().is_none(), "{way}: nothing is guessed");
        let here = shards.bind(2).unwrap();
        assert_eq!((here.index(), shards.local_index(), others.local_index()), (2, Some(2), None), "{way}");
        assert!(std::ptr::eq(shards.local().unwrap(), shards.shard(2)), "{way}");
        let there = others.bind(0).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(shards.local_index(), None, "{way}: another thread");
                let _here = shards.bind(2).unwrap(); // as many threads as want to
                assert_eq!(shards.clone().local_index(), Some(2), "{way}: clones are the same set");
            });
        });
        assert!(catch_unwind(AssertUnwindSafe(|| shards.bind(0).map(drop))).is_err(), "{way}: one at a time");
        drop(here);
        assert_eq!((shards.local_index(), others.local_index()), (None, Some(0)), "{way}");
        drop(there);
        let here = shards.bind(0).unwrap();
        std::mem::forget(here);
        assert_eq!(shards.local_index(), Some(0), "{way}: forgotten, it stays");
    }
}

#[test]
fn a_key_and_a_file_have_one_shard_each_and_all_are_used() {
    for (way, shards) in sets(3, |b| b) {
        let used: BTreeSet<usize> = (0..100).map(|key| shards.index_for_key(key)).collect();
        assert_eq!(used, BTreeSet::from([0, 1, 2]), "{way}");
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        for key in 0..30 {
            let index = shards.index_for_key(key);
            assert!(std::ptr::eq(shards.for_key(key), shards.shard(index)), "{way}");
            let before = shards.statistics();
            shards.for_key(key).submit(Op::sync_data(&file)).unwrap().wait().unwrap();
            let after = shards.statistics();
            for (shard, (before, after)) in before.shards.iter().zip(&after.shards).enumerate() {
                let begun = after.submitted - before.submitted;
                assert_eq!(begun, u64::from(shard == index), "{way}: key {key}, shard {shard}");
            }
        }
        assert_eq!(shards.index_for_file(&file), shards.index_for_file(&file.clone()), "{way}");
        assert!(std::ptr::eq(shards.for_file(&file), shards.shard(shards.index_for_file(&file))), "{way}");
    }
}

#[test]
fn what_is_handed_over_keeps_its_result_and_its_buffer() {
    const EACH: u64 = 100;
    for (way, shards) in sets(2, |b| b.depth(8).tickets(256)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        std::thread::scope(|scope| {
            for me in 0..2_usize {
                let (shards, file) = (&shards, &file);
                scope.spawn(move || {
                    let _here = shards.bind(me).unwrap();
                    let mut under_way: Vec<(Ticket<Vec<u8>>, Vec<u8>, usize)> = Vec::new();
                    for at in 0..EACH {
                        let bytes = format!("{me} wrote {at:4}").into_bytes();
                        let (first, expected) = (bytes.as_ptr().addr(), bytes.clone());
                        let offset = (at * 2 + me as u64) * 64;
                        let op = Op::write(file, bytes, offset).durable();
                        under_way.push((shards.hand_off(1 - me, op).unwrap(), expected, first));
                    }
                    for (ticket, expected, first) in under_way {
                        let (count, buf) = ticket.wait().unwrap();
                        assert_eq!((count, &buf), (expected.len(), &expected), "{way}");
                        assert_eq!(buf.as_ptr().addr(), first, "{way}: the very buffer");
                    }
                    for at in 0..EACH {
                        let op = Op::read(file, vec![0; 12], (at * 2 + me as u64) * 64);
                        let (count, buf) = shards.hand_off(1 - me, op).unwrap().wait().unwrap();
                        assert_eq!((count, buf), (12, format!("{me} wrote {at:4}").into_bytes()), "{way}");
                    }
                    let failed = shards.hand_off(1 - me, Op::read(file, vec![3; 4], u64::MAX)).unwrap_err();
                    assert_eq!(failed.given.into_buf(), Some(vec![3; 4]), "{way}: refused, it comes back");
                });
            }
        });
        // Tickets are told before ends are counted; what is closed has counted all.
        shards.close(Duration::from_secs(5)).unwrap();
        let statistics = shards.statistics();
        assert_eq!(statistics.handed_over, 4 * EACH, "{way}");
        let ended = |of: &bareio::sched::Statistics| of.completed + of.hits;
        assert_eq!(statistics.shards.iter().map(ended).collect::<Vec<_>>(), [2 * EACH; 2], "{way}");
        assert_eq!(ended(&statistics.total), 4 * EACH, "{way}");
        assert_eq!((statistics.total.in_flight, statistics.total.unknown), (0, 0), "{way}");
    }
}

#[test]
fn a_chain_is_handed_over_whole() {
    for (way, shards) in sets(2, |b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let _here = shards.bind(0).unwrap();
        let chain = |offset| {
            Chain::new(Op::write(&file, b"chained".to_vec(), offset)).link(Op::sync_data(&file).in_chain())
        };
        let done = shards.hand_off_chain(1, chain(0)).unwrap().wait();
        assert_eq!((done.first(), done.error()), (Ok(7), None), "{way}");
        let refused = shards.hand_off_chain(1, chain(u64::MAX)).unwrap_err();
        assert_eq!(refused.given.into_bufs().collect::<Vec<_>>(), [b"chained".to_vec()], "{way}");
        assert_eq!(shards.statistics().shards[0].submitted, 0, "{way}");
        assert_eq!(shards.statistics().handed_over, 1, "{way}");
    }
}

/// Each waits for room in the other's ring, which it drives meanwhile.
#[test]
fn two_full_shards_that_hand_over_to_each_other_go_on() {
    for (way, shards) in sets(2, |b| b.depth(4).in_flight(1)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        std::thread::scope(|scope| {
            for me in 0..2_usize {
                let (shards, file) = (&shards, &file);
                scope.spawn(move || {
                    let _here = shards.bind(me).unwrap();
                    for round in 0..100 {
                        let one = shards.hand_off(1 - me, Op::sync_data(file)).unwrap();
                        let two = shards.hand_off(1 - me, Op::sync_all(file)).unwrap();
                        assert_eq!((one.wait().unwrap().0, two.wait().unwrap().0), (0, 0), "{way} {round}");
                    }
                });
            }
        });
        assert_eq!(shards.statistics().total.most_in_flight, 2, "{way}: one each");
    }
}

#[test]
fn closing_while_threads_hand_over_completes_every_ticket() {
    for (way, shards) in sets(2, |b| b.depth(16)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (ended, refused) = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2_u8)
                .map(|me| {
                    let (shards, file) = (&shards, &file);
                    scope.spawn(move || {
                        let _here = shards.bind(me.into()).unwrap();
                        let other = usize::from(1 - me);
                        let mut under_way: Vec<Ticket<Vec<u8>>> = Vec::new();
                        let mut ended = 0;
                        let refused = loop {
                            let op = Op::write(file, vec![me; 300], u64::from(me) * 512).durable();
                            match shards.hand_off(other, op) {
                                Ok(ticket) => under_way.push(ticket),
                                Err(refused) => break refused,
                            }
                            if under_way.len() == 8 {
                                ended += under_way.drain(..).map(|ticket| end(way, me, ticket)).sum::<u32>();
                            }
                        };
                        ended += under_way.drain(..).map(|ticket| end(way, me, ticket)).sum::<u32>();
                        assert_eq!(refused.given.into_buf(), Some(vec![me; 300]), "{way}");
                        (ended, refused.error.kind())
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(60));
            shards.close(Duration::from_secs(10)).unwrap();
            shards.close(Duration::from_secs(10)).unwrap(); // twice is fine
            let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            (answers.iter().map(|(ended, _)| ended).sum::<u32>(), answers[0].1)
        });
        assert_eq!(refused, ErrorKind::Closed, "{way}");
        let total = shards.statistics().total;
        assert_eq!((total.completed, total.in_flight), (u64::from(ended), 0), "{way}");
        for shard in shards.iter() {
            assert_eq!(shard.submit(Op::nop()).unwrap_err().error.kind(), ErrorKind::Closed, "{way}");
        }
    }
}

/// 1, if an operation has ended in one of the ways that it may, with its buffer.
fn end(way: &str, me: u8, ticket: Ticket<Vec<u8>>) -> u32 {
    let buf = match ticket.wait() {
        Ok((count, buf)) => {
            assert_eq!(count, 300, "{way}");
            buf
        }
        Err(failed) => {
            assert_eq!(failed.error.kind(), ErrorKind::Closed, "{way}");
            failed.buf.unwrap()
        }
    };
    assert_eq!(buf, [me; 300], "{way}");
    1
}

/// What a thread has submitted, the kernel cancels when the thread ends: what waits for a worker, or to be readable.
#[test]
fn a_thread_that_ends_loses_no_operation() {
    for (way, shards) in sets(2, |b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, mut writer) = pipe();
        let (theirs, file, flushed) = (shards.clone(), file.clone(), file);
        let thread = std::thread::spawn(move || {
            let here = theirs.bind(1).unwrap();
            let read = here.submit(Op::read_current(&reader, vec![0; 8])).unwrap();
            let mut many: Vec<_> = (0..64)
                .map(|at| {
                    here.submit(Op::write(&file, vec![at; 4096], u64::from(at) * 4096).durable()).unwrap()
                })
                .collect();
            // One is handed to the other shard, and is no less this thread's own.
            let op = Op::write(&file, vec![64; 4096], 64 * 4096).durable();
            many.push(theirs.hand_off(0, op).unwrap());
            (read, many)
        });
        let (read, many) = thread.join().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        writer.write_all(b"still in").unwrap();
        assert_eq!(read.wait().unwrap(), (8, b"still in".to_vec()), "{way}");
        for (at, write) in many.into_iter().enumerate() {
            assert_eq!(write.wait().unwrap().0, 4096, "{way}: write {at}");
        }
        // The shard is as good as before, without a thread.
        shards.shard(1).submit(Op::sync_data(&flushed)).unwrap().wait().unwrap();
    }
}

#[test]
fn what_a_thread_left_behind_can_still_be_cancelled() {
    for (way, shards) in sets(2, |b| b) {
        if !shards.running().is_ring() {
            continue; // a call that has begun cannot be
        }
        let (reader, mut writer) = pipe();
        let (theirs, read) = (shards.clone(), reader.clone());
        let thread = std::thread::spawn(move || {
            let here = theirs.bind(1).unwrap();
            here.submit(Op::read_current(&read, vec![7; 4])).unwrap()
        });
        let failed = thread.join().unwrap().cancel().unwrap_err();
        assert!(failed.error.is_canceled(), "{way}: {}", failed.error);
        assert_eq!(failed.buf, Some(vec![7; 4]), "{way}");
        writer.write_all(b"late").unwrap();
        assert_eq!(shards.statistics().total.in_flight, 0, "{way}");
    }
}

#[test]
fn a_thread_that_panics_is_bound_no_more_and_its_tickets_go_on() {
    for (way, shards) in sets(2, |b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let here = shards.bind(0).unwrap();
            let _dropped = here.submit(Op::write(&file, vec![9; 100], 0).durable()).unwrap();
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(shards.local_index(), None, "{way}");
        let begin = Instant::now();
        while file.size().unwrap() < 100 {
            let _ = shards.shard(0).turn(None);
            assert!(begin.elapsed() < Duration::from_secs(10), "{way}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_drop_asks_all_shards_before_it_waits_for_one() {
    for (way, shards) in sets(4, |b| b.patience(Duration::from_secs(5))) {
        let pipes: Vec<_> = (0..4).map(|_| pipe()).collect();
        for (shard, (reader, _)) in shards.iter().zip(&pipes) {
            drop(shard.submit(Op::read_current(reader, vec![7; 4])).unwrap());
        }
        let begin = Instant::now();
        drop(shards);
        assert!(begin.elapsed() < Duration::from_secs(4), "{way}");
        drop(pipes);
    }
}

#[test]
fn a_shard_and_a_ticket_outlive_the_others() {
    for (way, shards) in sets(3, |b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let ticket = shards.shard(2).submit(Op::write(&file, vec![1; 9], 0).durable()).unwrap();
        let kept = shards.shard(1).clone();
        drop(shards);
        assert_eq!(ticket.wait().unwrap(), (9, vec![1; 9]), "{way}");
        assert_eq!(kept.submit(Op::read(&file, vec![0; 9], 0)).unwrap().wait().unwrap().1, [1; 9], "{way}");
    }
}

#[test]
fn a_forked_child_is_told_by_every_shard_and_can_drop_them() {
    for (way, shards) in sets(2, |b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, mut writer) = pipe();
        let ticket = shards.shard(1).submit(Op::read_current(&reader, vec![0; 4])).unwrap();
        let mut parts = Some((shards, ticket));
        in_child(|| {
            let (shards, ticket) = parts.take().unwrap();
            let _here = shards.bind(0).unwrap();
            for index in 0..2 {
                assert!(shards.hand_off(index, Op::sync_data(&file)).unwrap_err().error.is_forked());
            }
            assert!(ticket.wait().unwrap_err().error.is_forked());
            shards.close(Duration::from_secs(1)).unwrap();
        });
        let (shards, ticket) = parts.take().unwrap();
        writer.write_all(b"here").unwrap();
        assert_eq!(ticket.wait().unwrap().1, b"here", "{way}");
        shards.hand_off(0, Op::sync_data(&file)).unwrap().wait().unwrap();
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_the_range() {
    let build = |layout: Layout| Shards::build(&Scheduler::builder(), layout).unwrap_err().kind();
    for (layout, what, most) in
        [(Layout::Count(0), "number of shards", 1024), (Layout::Count(1025), "number of shards", 1024)]
    {
        let kind = build(layout.clone());
        assert!(
            matches!(kind, ErrorKind::OutOfRange { what: of, least: 1, most: limit, .. } if of == what && limit == most),
            "{layout:?}: {kind:?}"
        );
    }
    let shards = Shards::build(&Scheduler::builder().backend(Backend::Posix), 2).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| shards.shard(2).running())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| shards.bind(2).map(|here: Bound<'_>| drop(here)))).is_err());
}

#[cfg(target_os = "linux")]
mod placement {
    use rustix::thread::{CpuSet, sched_getaffinity};

    use super::*;
    use bareio::core::ring::Sqpoll;
    use bareio::sched::Drive;

    fn allowed() -> Vec<usize> {
        let set = sched_getaffinity(None).unwrap();
        (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
    }

    #[test]
    fn a_bound_thread_is_kept_on_the_processor_of_its_shard() {
        let before = allowed();
        let last = *before.last().unwrap();
        for (way, shards) in sets([before[0], last], |b| b) {
            let here = shards.bind(1).unwrap();
            assert_eq!((allowed(), shards.cpu(1)), (vec![last], Some(last)), "{way}");
            drop(here);
            assert_eq!(allowed(), before, "{way}: and let go again");
        }
        for (way, shards) in sets(2, |b| b) {
            let _here = shards.bind(1).unwrap();
            assert_eq!((allowed(), shards.cpu(1)), (before.clone(), None), "{way}: none was named");
        }
    }

    #[test]
    fn the_threads_of_a_shard_are_kept_on_its_processor_too() {
        let last = *allowed().last().unwrap();
        for (way, shards) in sets([last], |b| b.drive(Drive::Thread)) {
            let scratch = Scratch::new();
            let file = scratch.file(b"");
            shards.shard(0).submit(Op::write(&file, vec![1], 0).durable()).unwrap().wait().unwrap();
            let name = if way == "rings" { "bareio driver" } else { "bareio calls" };
            let begin = Instant::now();
            while !kept_on(name, last) {
                assert!(begin.elapsed() < Duration::from_secs(10), "{way}: no thread is kept on {last}");
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    /// Whether a thread of this process with that name may use that processor only.
    fn kept_on(name: &str, cpu: usize) -> bool {
        std::fs::read_dir("/proc/self/task").unwrap().flatten().any(|task| {
            let read = |what| std::fs::read_to_string(task.path().join(what)).unwrap_or_default();
            let is_on =
                |line: &str| line.split_once(':').is_some_and(|(_, list)| list.trim() == cpu.to_string());
            read("comm").trim() == name
                && read("status").lines().any(|line| line.starts_with("Cpus_allowed_list") && is_on(line))
        })
    }

    #[test]
    fn rings_that_are_polled_share_one_polling_thread() {
        let polled = Sqpoll { idle: Duration::from_secs(2), cpu: None };
        let builder = Scheduler::builder().depth(8).backend(Backend::IoUring).sqpoll(polled);
        let shards = match Shards::build(&builder, 3) {
            Ok(shards) => shards,
            Err(error) => return skip(&error.to_string()),
        };
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        for shard in shards.iter() {
            shard.submit(Op::sync_data(&file)).unwrap().wait().unwrap();
        }
        let is_polling = |task: std::fs::DirEntry| {
            std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with("iou-sqp"))
        };
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        assert_eq!(tasks.map(is_polling).filter(|yes| *yes).count(), 1);
    }

    #[test]
    fn a_processor_that_is_not_there_is_an_error_and_binds_nothing() {
        let before = allowed();
        let beyond = CpuSet::MAX_CPU;
        let kind = Shards::build(&Scheduler::builder(), [beyond]).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::OutOfRange { what: "processor", least: 0, .. }), "{kind:?}");
        if before.contains(&(beyond - 1)) {
            return skip("this host has every processor that can be named");
        }
        for (way, shards) in sets([beyond - 1], |b| b) {
            let error = shards.bind(0).unwrap_err();
            assert_eq!(error.call(), Some("sched_setaffinity"), "{way}: {error}");
            assert_eq!((shards.local_index(), allowed()), (None, before.clone()), "{way}");
            // Its own threads then run where they may.
            let scratch = Scratch::new();
            shards.shard(0).submit(Op::sync_data(&scratch.file(b""))).unwrap().wait().unwrap();
        }
    }
}
