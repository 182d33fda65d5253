//! A ring that many threads share, on the kernel that the tests run on.
#![cfg(not(miri))] // which executes no system call
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]

mod common;
#[path = "common/direct.rs"]
mod direct;
#[path = "common/fork.rs"]
mod fork;

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bareio_core::abi::{SetupFlags, Sqe, SqeFlags};
use bareio_core::ring::{Builder, Limit, RingError, SharedRing, Sqpoll, leaked};
use bareio_core::{BorrowedFd, Errno, Fd, IoVec, Linux, sqe};
use common::{Scratch, ring};

/// A shared ring, or `None` where this host has no rings: the test is then skipped.
fn shared(builder: &Builder) -> Option<SharedRing<Linux>> {
    drop(ring(&Builder::new(1))?);
    Some(builder.shared(Linux).expect("this host has rings"))
}

/// Pushes `chain`, which the caller vouches for; submits while there is no room.
fn push(ring: &SharedRing<Linux>, chain: &[Sqe]) {
    loop {
        // SAFETY: each test keeps what its entries name until their completions.
        match unsafe { ring.push(chain) } {
            Ok(()) => return,
            Err(RingError::Full) => ring.submit().expect("submit"),
            Err(error) => panic!("{error}"),
        }
    }
}

const THREADS: u64 = 8;

/// Runs `work` in each of eight threads, while a ninth reaps `completions` of them; returns what it read.
fn reap_while(
    ring: &SharedRing<Linux>,
    completions: usize,
    work: impl Fn(u64) + Sync,
) -> Vec<(u64, Result<u32, Errno>)> {
    let mut seen = Vec::with_capacity(completions);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(thread));
        }
        let mut reaper = ring.try_reaper().expect("nobody else reaps");
        while seen.len() < completions {
            let there = reaper.wait_within(1, Limit::timeout(Duration::from_secs(20))).expect("wait");
            assert!(there > 0, "{} of {completions} completions came", seen.len());
            seen.extend(reaper.completions().map(|cqe| (cqe.user_data, cqe.result())));
        }
        assert_eq!(reaper.in_flight(), 0);
    });
    seen
}

#[test]
fn a_ring_beside_another_asks_for_its_workers() {
    let Some(first) = shared(&Builder::new(8)) else { return };
    assert!(!first.setup().contains(SetupFlags::ATTACH_WQ));
    let second = Builder::new(8).shared_beside(Linux, &first).unwrap();
    assert!(second.setup().contains(SetupFlags::ATTACH_WQ));
    drop(first); // it goes on without
    push(&second, &[sqe::nop().user_data(3)]);
    second.submit().unwrap();
    let mut reaper = second.try_reaper().unwrap();
    reaper.wait_within(1, Limit::timeout(Duration::from_secs(20))).unwrap();
    assert_eq!(reaper.completions().map(|cqe| cqe.user_data).collect::<Vec<_>>(), [3]);
}

#[test]
fn eight_threads_lose_nothing_and_repeat_nothing() {
    const EACH: u64 = 5000;
    let Some(ring) = shared(&Builder::new(16)) else { return };
    assert!(!ring.setup().intersects(SetupFlags::SINGLE_ISSUER | SetupFlags::COOP_TASKRUN));
    let total = usize::try_from(THREADS * EACH).unwrap();
    let mut seen = reap_while(&ring, total, |thread| {
        for index in 0..EACH {
            push(&ring, &[sqe::nop().user_data(thread * EACH + index)]);
            if index % 3 == 0 {
                ring.submit().unwrap();
            }
        }
        ring.submit().unwrap();
    });
    seen.sort_unstable_by_key(|(user_data, _)| *user_data);
    assert!(seen.iter().zip(0..).all(|((user_data, result), index)| *user_data == index && *result == Ok(0)));
    ring.close(Duration::from_secs(1)).unwrap();
}

/// The first entry of each chain fails. A chain that reached the kernel whole has its others cancelled; one that was cut
/// would have some of them run. The chains differ in length, so that a count of some seldom ends where others do.
#[test]
fn no_chain_of_eight_threads_is_cut() {
    const EACH: u64 = 20_000;
    let Some(ring) = shared(&Builder::new(32)) else { return };
    let len = |thread: u64| 2 + usize::try_from(thread % 4).unwrap();
    let total = (0..THREADS).map(len).sum::<usize>() * usize::try_from(EACH).unwrap();
    let mut byte = 0_u8;
    let failing = sqe::read(Fd(-1), &raw mut byte, 1, 0);
    let seen = reap_while(&ring, total, |thread| {
        let mut chain = [sqe::nop().flags(SqeFlags::IO_LINK).user_data(1); 5];
        let chain = &mut chain[..len(thread)];
        chain[0] = failing.flags(SqeFlags::IO_LINK);
        chain[len(thread) - 1].flags = SqeFlags::NONE;
        for _ in 0..EACH {
            push(&ring, chain);
            ring.submit().unwrap();
        }
    });
    for (user_data, result) in seen {
        let expected = if user_data == 0 { Errno::BADF } else { Errno::CANCELED };
        assert_eq!(result, Err(expected));
    }
}

#[test]
fn threads_take_turns_at_reaping() {
    const EACH: u32 = 2000;
    let Some(ring) = shared(&Builder::new(64)) else { return };
    let seen = AtomicU32::new(0);
    let total = EACH * u32::try_from(THREADS).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    push(&ring, &[sqe::nop()]);
                    ring.submit().unwrap();
                    ring.try_reap(|_| {
                        seen.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
        }
    });
    let mut reaper = ring.try_reaper().unwrap();
    while seen.load(Ordering::Relaxed) < total {
        assert!(reaper.poll().unwrap() > 0, "{seen:?} of {total}");
        seen.fetch_add(u32::try_from(reaper.completions().count()).unwrap(), Ordering::Relaxed);
    }
    assert_eq!(reaper.in_flight(), 0);
}

#[test]
fn there_is_one_reaper_and_it_delays_no_submitter() {
    let Some(ring) = shared(&Builder::new(8)) else { return };
    std::thread::scope(|scope| {
        let mut reaper = ring.try_reaper().unwrap();
        assert!(ring.try_reaper().is_none());
        assert_eq!(ring.try_reap(|_| unreachable!()), None);
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            assert!(ring.try_reaper().is_none(), "it sleeps in the kernel and is still the reaper");
            push(&ring, &[sqe::nop().user_data(1)]);
            ring.submit().unwrap();
        });
        assert_eq!(reaper.wait(1), Ok(1));
    });
    assert!(ring.try_reaper().is_some());
}

#[test]
fn a_wait_ends_when_its_time_is_over() {
    let Some(ring) = shared(&Builder::new(8)) else { return };
    push(&ring, &[sqe::nop()]);
    ring.submit().unwrap();
    let mut reaper = ring.try_reaper().unwrap();
    let begin = Instant::now();
    assert_eq!(reaper.wait_within(2, Limit::timeout(Duration::from_millis(20))), Ok(1));
    assert!(begin.elapsed() >= Duration::from_millis(20));
    let patient = Limit { min_wait: Some(Duration::from_millis(5)), timeout: Some(Duration::from_secs(20)) };
    let begin = Instant::now();
    assert_eq!(reaper.wait_within(2, patient), Ok(1));
    assert!(begin.elapsed() < Duration::from_secs(10), "the first completion ends the wait");
}

#[test]
fn a_chain_longer_than_the_queue_is_refused_whole() {
    let Some(ring) = shared(&Builder::new(4)) else { return };
    // SAFETY: nothing is queued.
    assert_eq!(unsafe { ring.push(&[sqe::nop(); 5]) }, Err(RingError::Full));
    assert_eq!(ring.free(), 4);
    // SAFETY: a NOP points to nothing.
    unsafe { ring.push(&[sqe::nop(); 4]) }.unwrap();
    assert_eq!(ring.free(), 0);
}

#[test]
fn a_ring_that_is_dropped_with_operations_in_flight_waits_for_them() {
    let Some(ring) = shared(&Builder::new(8)) else { return };
    let (read, _write) = std::io::pipe().unwrap();
    let mut bytes = [0_u8; 4];
    let before = leaked();
    for byte in &mut bytes {
        push(&ring, &[sqe::read(Fd(read.as_raw_fd()), byte, 1, u64::MAX)]);
    }
    ring.submit().unwrap();
    assert_eq!(ring.try_reaper().unwrap().in_flight(), 4);
    let begin = Instant::now();
    std::thread::spawn(move || drop(ring)).join().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(leaked(), before);
}

#[test]
fn a_shared_ring_can_become_one_threads_with_all_that_is_in_flight() {
    let Some(ring) = shared(&Builder::new(8)) else { return };
    let (read, mut write) = std::io::pipe().unwrap();
    let mut byte = 0_u8;
    push(&ring, &[sqe::read(Fd(read.as_raw_fd()), &raw mut byte, 1, u64::MAX).user_data(1)]);
    ring.submit().unwrap();
    push(&ring, &[sqe::nop().user_data(2)]);
    let mut ring = ring.into_ring();
    assert_eq!(ring.in_flight(), 1);
    write.write_all(b"!").unwrap();
    ring.submit_and_wait(2).unwrap();
    let mut seen: Vec<_> = ring.completions().map(|cqe| (cqe.user_data, cqe.result())).collect();
    seen.sort_unstable_by_key(|(user_data, _)| *user_data);
    assert_eq!((seen, byte), (vec![(1, Ok(1)), (2, Ok(0))], b'!'));
}

#[test]
fn in_a_forked_child_every_call_says_so_and_a_drop_leaves_the_parent_alone() {
    let Some(ring) = shared(&Builder::new(4)) else { return };
    let (read, mut write) = std::io::pipe().unwrap();
    let mut byte = 0_u8;
    push(&ring, &[sqe::read(Fd(read.as_raw_fd()), &raw mut byte, 1, u64::MAX).user_data(3)]);
    ring.submit().unwrap();
    fork::in_child(|| {
        // SAFETY: refused.
        assert_eq!(unsafe { ring.push(&[sqe::nop()]) }, Err(RingError::Forked));
        assert_eq!(ring.submit(), Err(RingError::Forked));
        assert!(ring.try_reaper().is_none());
        assert_eq!((ring.try_reap(drop), ring.free()), (None, 0));
        // SAFETY: the child never looks at its copy again; in the parent nothing is moved out.
        drop(unsafe { std::ptr::read(&raw const ring) });
    });
    write.write_all(b"!").unwrap();
    let mut reaper = ring.try_reaper().unwrap();
    assert_eq!(reaper.wait(1), Ok(1));
    let cqe = reaper.completions().next().unwrap();
    assert_eq!((cqe.user_data, cqe.result(), byte), (3, Ok(1), b'!'));
}

#[test]
fn a_reaper_held_across_a_fork_sees_nothing_in_the_child() {
    let Some(ring) = shared(&Builder::new(4)) else { return };
    push(&ring, &[sqe::nop()]);
    ring.submit().unwrap();
    let mut reaper = ring.try_reaper().unwrap();
    fork::in_child(|| {
        assert_eq!(reaper.completions().count(), 0);
        assert_eq!((reaper.wait(1), reaper.poll()), (Err(RingError::Forked), Err(RingError::Forked)));
        assert_eq!(reaper.in_flight(), 0);
    });
    assert_eq!(reaper.completions().count(), 1);
}

#[test]
fn a_polling_thread_takes_what_eight_threads_push() {
    const EACH: u64 = 300;
    let sqpoll = Sqpoll { idle: Duration::from_millis(1), cpu: None };
    let Some(ring) = shared(&Builder::new(16).sqpoll(sqpoll)) else { return };
    let total = usize::try_from(THREADS * EACH).unwrap();
    let seen = reap_while(&ring, total, |thread| {
        for index in 0..EACH {
            push(&ring, &[sqe::nop().user_data(thread * EACH + index)]);
            ring.submit().unwrap();
            if index % 100 == 0 {
                std::thread::sleep(Duration::from_millis(3)); // it falls asleep
            }
        }
    });
    assert_eq!(seen.iter().map(|(user_data, _)| user_data).sum::<u64>(), (0..THREADS * EACH).sum());
}

#[test]
fn fixed_buffers_and_files_serve_every_thread() {
    const BLOCK: usize = 4096;
    const LEN: u32 = 4096;
    let Some(ring) = shared(&Builder::new(16)) else { return };
    let scratch = Scratch::new("shared_fixed");
    let path = scratch.path("file");
    std::fs::write(&path, (0..8_u8).flat_map(|block| [block; BLOCK]).collect::<Vec<_>>()).unwrap();
    let file = direct::open_direct(&path);
    let mut memory = vec![0xFF_u8; 9 * BLOCK];
    let skip = memory.as_ptr().align_offset(BLOCK);
    let blocks = &mut memory[skip..skip + 8 * BLOCK];
    // SAFETY: `memory` outlives the ring's use of it.
    unsafe { ring.register_buffers(&[IoVec::of_mut(blocks)]) }.unwrap();
    // SAFETY: `file` is open for the call.
    ring.register_files(&[unsafe { BorrowedFd::borrow_raw(Fd(file.as_raw_fd())) }]).unwrap();
    let start = blocks.as_mut_ptr().expose_provenance();
    let seen = reap_while(&ring, 8, |thread| {
        let at = usize::try_from(thread).unwrap() * BLOCK;
        let to = std::ptr::with_exposed_provenance_mut(start + at);
        push(&ring, &[sqe::read_fixed(Fd(0), to, LEN, at as u64, 0).fixed_file()]);
        ring.submit().unwrap();
    });
    assert!(seen.iter().all(|(_, result)| *result == Ok(LEN)));
    ring.unregister_buffers().unwrap();
    ring.unregister_files().unwrap();
    drop(ring);
    let blocks = &memory[skip..skip + 8 * BLOCK];
    assert!(blocks.chunks(BLOCK).zip(0..).all(|(block, number)| block.iter().all(|byte| *byte == number)));
}
