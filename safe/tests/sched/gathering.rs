//! Writes that go together, and flushes that are shared.

use std::io::Write;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use bareio::core::Errno;
use bareio::file::{Direct, OpenOptions};
use bareio::pool::{BufferPool, Registration};
use bareio::sched::{Backend, Flushing, Op, Scheduler};
use bareio::{Align, AlignedBuf, ErrorKind, File, Native};

use crate::common::{Scratch, all, block_on, pipe, skip};

fn block(fill: u8) -> AlignedBuf<Native> {
    let mut buf = AlignedBuf::new(bareio::host::NATIVE, 4096, Align::KIB_4).unwrap();
    buf.extend_from_slice(&[fill; 4096]).unwrap();
    buf
}

#[test]
fn sixteen_contiguous_writes_are_one_and_are_entered_once() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        drop(scratch.file(b""));
        let direct =
            OpenOptions::new().write(true).direct(Direct::Preferred).open(scratch.path("file")).unwrap();
        for at in [0, 16] {
            let before = scheduler.statistics();
            let writes =
                (at..at + 16).map(|at| Op::write(&direct, block(at), u64::from(at) * 4096).durable());
            let tickets = scheduler.submit_all(writes);
            let entered = scheduler.statistics().enters - before.enters;
            for ticket in tickets {
                assert_eq!(ticket.unwrap().wait().unwrap().0, 4096, "{way}");
            }
            let after = scheduler.statistics();
            assert_eq!(after.grouped - before.grouped, 16, "{way}");
            assert_eq!(after.groups - before.groups, 1, "{way}");
            if way == "a ring" {
                assert_eq!(entered, 1, "{way}: one entry for all");
                let waits = after.enters - before.enters - entered;
                assert!(waits <= 2, "{way}: {waits} entries to wait for one completion");
            }
        }
        let written = std::fs::read(scratch.path("file")).unwrap();
        assert!(written.chunks(4096).zip(0..32).all(|(block, at)| *block == [at; 4096]), "{way}");
    }
}

#[test]
fn many_submissions_take_one_entry() {
    let scratch = Scratch::new();
    let file = scratch.file(&vec![1; 1 << 20]);
    let Ok(scheduler) = Scheduler::builder().backend(Backend::IoUring).build() else {
        return skip("there is no ring");
    };
    let before = scheduler.statistics().enters;
    let plug = scheduler.plug();
    let flushes: Vec<_> = (0..64).map(|_| plug.submit(Op::sync_data(&file)).unwrap()).collect();
    assert_eq!(scheduler.statistics().enters, before);
    drop(plug);
    assert_eq!(scheduler.statistics().enters, before + 1);
    for ticket in flushes {
        assert_eq!(ticket.wait().unwrap().0, 0);
    }
}

/// The only thread is busy, so that what comes meanwhile lies in its queue side by side.
#[test]
fn writes_that_lie_side_by_side_in_a_queue_are_made_one() {
    for coalesces in [true, false] {
        let scheduler = Scheduler::builder()
            .backend(Backend::Posix)
            .threads(1)
            .coalesce(coalesces)
            .flushing(Flushing::Each)
            .build()
            .unwrap();
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (reader, mut writer) = pipe();
        let busy = scheduler.submit(Op::read_current(&reader, Vec::with_capacity(1))).unwrap();
        let write = |at: u8| Op::write(&file, vec![at; 100], u64::from(at) * 100).durable();
        let mut tickets: Vec<_> = (0..16).map(|at| Some(scheduler.submit(write(at)).unwrap())).collect();
        tickets[3] = None; // nobody wants it, and it goes on
        tickets[9].as_mut().unwrap().request_cancel().unwrap(); // it never begins, and parts the others
        writer.write_all(b"x").unwrap();
        busy.wait().unwrap();
        for (at, ticket) in tickets.into_iter().enumerate() {
            match ticket.map(bareio::sched::Ticket::wait) {
                Some(Err(failed)) => assert!(at == 9 && failed.error.is_canceled(), "{at}: {}", failed.error),
                Some(Ok((count, _))) => assert!(at != 9 && count == 100, "{at}"),
                None => assert_eq!(at, 3),
            }
        }
        let statistics = scheduler.statistics();
        let expected = if coalesces { (2, 15) } else { (0, 0) };
        assert_eq!((statistics.groups, statistics.grouped), expected);
        let written = std::fs::read(scratch.path("file")).unwrap();
        let is_there =
            |(at, piece): (usize, &[u8])| piece.iter().all(|byte| usize::from(*byte) == at || at == 9);
        assert!(written.chunks(100).enumerate().all(is_there));
    }
}

/// A file that cannot grow, with its end in the third of four writes.
#[cfg(target_os = "linux")]
#[test]
fn a_short_group_gives_each_what_it_would_have_had_apart() {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
    for coalesces in [true, false] {
        for flushing in [Flushing::Each, Flushing::Shared] {
            for (way, scheduler) in all(|b| b.coalesce(coalesces).flushing(flushing)) {
                let memory = memfd_create("sealed", MemfdFlags::ALLOW_SEALING).unwrap();
                ftruncate(&memory, 8192).unwrap();
                fcntl_add_seals(&memory, SealFlags::GROW).unwrap();
                let file = File::from_fd(memory).unwrap();
                let writes = (0..4).map(|at| Op::write(&file, vec![1; 3000], at * 3000).durable());
                let results: Vec<_> = scheduler
                    .submit_all(writes)
                    .into_iter()
                    .map(|ticket| match ticket.unwrap().wait() {
                        Ok((count, _)) => Ok(count),
                        Err(failed) => Err((failed.error.kind(), failed.buf.map(|buf| buf.len()))),
                    })
                    .collect();
                let refused = Err((ErrorKind::Os(Errno::PERM), Some(3000)));
                assert_eq!(
                    results,
                    [Ok(3000), Ok(3000), Ok(2192), refused],
                    "{way}, {coalesces}, {flushing:?}"
                );
                assert_eq!(scheduler.statistics().groups, u64::from(coalesces), "{way}");
            }
        }
    }
}

/// The same in the queue of the only thread, which is busy.
#[cfg(target_os = "linux")]
#[test]
fn a_short_group_of_a_queue_gives_each_what_it_would_have_had_apart() {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
    for flushing in [Flushing::Each, Flushing::Shared] {
        let builder = Scheduler::builder().backend(Backend::Posix).threads(1).flushing(flushing);
        let scheduler = builder.build().unwrap();
        let memory = memfd_create("sealed", MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&memory, 8192).unwrap();
        fcntl_add_seals(&memory, SealFlags::GROW).unwrap();
        let file = File::from_fd(memory).unwrap();
        let (reader, mut writer) = pipe();
        let busy = scheduler.submit(Op::read_current(&reader, Vec::with_capacity(1))).unwrap();
        let write = |at: u64| scheduler.submit(Op::write(&file, vec![1; 3000], at * 3000).durable()).unwrap();
        let tickets = [0, 1, 2, 3].map(write);
        writer.write_all(b"x").unwrap();
        busy.wait().unwrap();
        let results = tickets.map(|ticket| match ticket.wait() {
            Ok((count, _)) => Ok(count),
            Err(failed) => Err((failed.error.kind(), failed.buf.map(|buf| buf.len()))),
        });
        let refused = Err((ErrorKind::Os(Errno::PERM), Some(3000)));
        assert_eq!(results, [Ok(3000), Ok(3000), Ok(2192), refused], "{flushing:?}");
        assert_eq!((scheduler.statistics().groups, scheduler.statistics().grouped), (1, 4), "{flushing:?}");
    }
}

/// Nobody waits: what is held back takes the room that is asked for again and again.
#[test]
fn who_only_tries_again_finds_room_that_was_held_back() {
    let scheduler =
        Scheduler::builder().backend(Backend::Posix).threads(1).in_flight(2).tickets(64).build().unwrap();
    let scratch = Scratch::new();
    let file = scratch.file(b"");
    let plug = scheduler.plug();
    let write = |at: u64| Op::write(&file, vec![1; 100], at * 1000).durable();
    let _held = [0, 1].map(|at| plug.try_submit(write(at)).unwrap());
    let begin = Instant::now();
    while plug.try_submit(write(2)).is_err_and(|refused| refused.error.is_full()) {
        assert!(begin.elapsed() < Duration::from_secs(20), "what is held back never begins");
        std::thread::yield_now();
    }
}

/// With nobody to wait for it, a thread begins the flush.
#[test]
fn a_durable_write_that_nobody_wants_is_flushed() {
    for (way, scheduler) in all(|b| b.flushing(Flushing::Shared)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        drop(scheduler.submit(Op::write(&file, vec![1; 100], 0).durable()).unwrap());
        let begin = Instant::now();
        while scheduler.statistics().flushed == 0 {
            assert!(begin.elapsed() < Duration::from_secs(20), "{way}: nobody flushes it");
            std::thread::yield_now();
        }
    }
}

#[test]
fn futures_of_what_is_held_back_are_served() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let plug = scheduler.plug();
        let write = |at: u8| Op::write(&file, vec![at; 50], u64::from(at) * 50).durable();
        let tickets = [0, 1, 2].map(|at| plug.submit(write(at)).unwrap());
        std::mem::forget(plug);
        for ticket in tickets {
            assert_eq!(block_on(ticket).unwrap().0, 50, "{way}");
        }
    }
}

/// Whether it lies on a device, and not in memory.
fn takes_time_to_flush(file: &File) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    let kind = rustix::fs::fstatfs(file).map_or(TMPFS, |stat| stat.f_type.cast_unsigned());
    kind != TMPFS || {
        skip("the file lies in memory, where a flush takes no time");
        false
    }
}

/// Each thread commits one record after the other, as a database does.
#[test]
fn threads_that_commit_at_a_time_share_flushes() {
    const WRITERS: u8 = 32;
    const COMMITS: u64 = 16;
    for (way, scheduler) in all(|b| b.flushing(Flushing::Shared)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let start = Barrier::new(WRITERS.into());
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (scheduler, file, start) = (&scheduler, &file, &start);
                scope.spawn(move || {
                    start.wait();
                    for commit in 0..COMMITS {
                        let offset = (commit * u64::from(WRITERS) + u64::from(writer)) * 512;
                        let record = vec![writer + 1; 512];
                        let ticket = scheduler.submit(Op::write(file, record, offset).durable()).unwrap();
                        assert_eq!(ticket.wait().unwrap().0, 512);
                    }
                });
            }
        });
        let statistics = scheduler.statistics();
        let (flushes, covered) = (statistics.flushes, statistics.flushed);
        assert_eq!(covered, u64::from(WRITERS) * COMMITS, "{way}");
        // Where a flush takes no time, or everything else takes as long as one, nobody meets another.
        let is_emulated = std::env::var_os("BAREIO_EXPECT_NO_URING").is_some();
        if takes_time_to_flush(&file) && !is_emulated {
            assert!(flushes * 3 <= covered, "{way}: {flushes} flushes for {covered} writes");
        }
        let written = std::fs::read(scratch.path("file")).unwrap();
        let is_there = |(record, writer): (&[u8], u8)| *record == [writer + 1; 512];
        assert!(written.chunks(512).zip((0..WRITERS).cycle()).all(is_there), "{way}");
    }
}

/// A buffer of a pool: read once, written to several files, and back in its pool when the last of them has ended.
#[test]
fn one_buffer_of_a_pool_goes_to_several_files() {
    for (way, scheduler) in all(|b| b.statistics(true)) {
        let scratch = Scratch::new();
        let source = scratch.file(&[7; 8192]);
        let pool = BufferPool::new(8192, 1).unwrap();
        // By a ring, the read and the writes are those of a fixed buffer.
        let is_fixed = scheduler.attach(&[&pool]).unwrap() == Registration::Registered;
        let (count, block) =
            scheduler.submit(Op::read(&source, pool.acquire().unwrap(), 0)).unwrap().wait().unwrap();
        assert_eq!(count, 8192, "{way}");
        let block = block.share();
        let copies = ["a", "b", "c"].map(|name| File::create(scratch.path(name)).unwrap());
        let read_only = File::open(scratch.path("file")).unwrap();
        let targets = copies.iter().chain([&read_only]);
        let tickets = scheduler.submit_all(targets.map(|file| Op::write(file, block.clone(), 100).durable()));
        drop(block);
        let mut tickets: Vec<_> = tickets.into_iter().map(Result::unwrap).collect();
        let refused = tickets.pop().unwrap().wait().unwrap_err();
        assert_eq!(refused.error.errno(), Some(Errno::BADF), "{way}: its error is its own");
        drop(refused);
        for (name, ticket) in ["a", "b", "c"].iter().zip(tickets) {
            assert_eq!(pool.outstanding(), 1, "{way}: somebody still has it");
            assert_eq!(ticket.wait().unwrap().0, 8192, "{way}");
            assert_eq!(std::fs::read(scratch.path(name)).unwrap()[100..], [7; 8192], "{way}");
        }
        assert_eq!(pool.outstanding(), 0, "{way}");
        assert!(!is_fixed || scheduler.statistics().fixed >= 4, "{way}");
    }
}

/// Contiguous writes of fixed buffers are one vectored write too.
#[test]
fn buffers_of_an_attached_pool_go_together() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let pool = BufferPool::new(4096, 8).unwrap();
        let _ = scheduler.attach(&[&pool]).unwrap();
        let block = |fill: u8| {
            let mut block = pool.acquire().unwrap();
            block.extend_from_slice(&[fill; 4096]).unwrap();
            block
        };
        let writes = (0..8).map(|at| Op::write(&file, block(at), u64::from(at) * 4096).durable());
        for ticket in scheduler.submit_all(writes) {
            assert_eq!(ticket.unwrap().wait().unwrap().0, 4096, "{way}");
        }
        assert_eq!((scheduler.statistics().groups, scheduler.statistics().grouped), (1, 8), "{way}");
        let written = std::fs::read(scratch.path("file")).unwrap();
        assert!(written.chunks(4096).zip(0..8).all(|(block, at)| *block == [at; 4096]), "{way}");
    }
}
