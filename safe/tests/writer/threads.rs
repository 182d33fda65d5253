//! Sixteen threads, a hundred thousand events each, through every form: none is lost, torn or out of order.

use std::fs::File;
use std::io::IoSlice;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bareio::writer::{EventWriter, Strategy, Writer, write_vectored};

use crate::appended;

const THREADS: u32 = 16;
/// Bytes of an event.
const LEN: usize = 32;

/// Events of each thread: bounded where the compiler did not optimise.
const fn count(optimised: u32) -> u32 {
    if cfg!(debug_assertions) { 1_000 } else { optimised }
}

/// An event that shows whether it is whole: the thread, the number, and bytes that follow from both.
fn event(thread: u32, number: u32) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    for (at, word) in bytes.chunks_exact_mut(4).enumerate() {
        let word_of = match at {
            0 => thread,
            1 => number,
            _ => (thread ^ number.rotate_left(7))
                .wrapping_mul(0x9e37_79b9)
                .wrapping_add(u32::try_from(at).unwrap()),
        };
        word.copy_from_slice(&word_of.to_le_bytes());
    }
    bytes
}

/// Whether `path` holds, whole and in the order of each thread, `count` events of every thread and nothing else.
fn check(path: &std::path::Path, count: u32) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes.len(), LEN * (THREADS * count) as usize, "bytes were lost, or came twice");
    let mut next = [0; THREADS as usize];
    for (at, found) in bytes.chunks_exact(LEN).enumerate() {
        let word = |at: usize| u32::from_le_bytes(found[at..at + 4].try_into().unwrap());
        let (thread, number) = (word(0), word(4));
        assert!(thread < THREADS, "event {at} is torn");
        assert_eq!(found, event(thread, number), "event {at} is torn");
        assert_eq!(number, next[thread as usize], "event {at} of thread {thread} is out of order");
        next[thread as usize] += 1;
    }
}

fn on_all_threads(name: &str, count: u32, write: impl Fn(&File, u32) + Sync) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let file = appended(&path);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (file, write) = (&file, &write);
            scope.spawn(move || write(file, thread));
        }
    });
    check(&path, count);
}

#[test]
fn sixteen_threads_lose_and_reorder_nothing_by_single_writes() {
    let (writer, count) = (Writer::new().unwrap(), count(100_000));
    on_all_threads("single", count, |file, thread| {
        for number in 0..count {
            assert_eq!(writer.write(file, &event(thread, number)).unwrap(), LEN);
        }
    });
}

#[test]
fn sixteen_threads_lose_and_reorder_nothing_by_the_shared_writer() {
    let count = count(100_000);
    on_all_threads("shared", count, |file, thread| {
        for number in (0..count).step_by(2) {
            let events = [event(thread, number), event(thread, number + 1)];
            let pieces = events.each_ref().map(|event| IoSlice::new(event));
            assert_eq!(write_vectored(file, &pieces).unwrap(), 2 * LEN);
        }
    });
}

#[test]
fn sixteen_threads_lose_and_reorder_nothing_by_split_and_resumed_writes() {
    let (writer, count) = (Writer::new().unwrap(), count(100_000));
    on_all_threads("whole", count, |file, thread| {
        // More than one call takes, so each thread's list is several writes, and others come between those.
        for first in (0..count).step_by(2_000) {
            let events: Vec<_> =
                (first..count.min(first + 2_000)).map(|number| event(thread, number)).collect();
            let mut pieces: Vec<_> = events.iter().map(|event| IoSlice::new(event)).collect();
            if first % 4_000 == 0 {
                writer.write_all_vectored(file, &mut &mut pieces[..]).unwrap();
            } else {
                assert_eq!(writer.write_vectored_split(file, &pieces).unwrap(), events.len() * LEN);
            }
        }
    });
}

/// One thread has the ring and the others go by calls, in turns that nobody plans.
#[test]
fn sixteen_threads_lose_and_reorder_nothing_by_a_ring_and_calls_together() {
    let Ok(writer) = Writer::options().strategy(Strategy::IoUring).build() else {
        assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "no ring");
        eprintln!("skipped: there is no ring here");
        return;
    };
    let count = count(100_000);
    on_all_threads("ring", count, |file, thread| {
        for number in (0..count).step_by(4) {
            let events = [0, 1, 2, 3].map(|more| event(thread, number + more));
            let pieces = events.each_ref().map(|event| IoSlice::new(event));
            assert_eq!(writer.write_vectored(file, &pieces).unwrap(), 4 * LEN);
        }
    });
}

/// A file with a position, which all threads move: here a ring would lose events.
#[test]
fn sixteen_threads_lose_and_reorder_nothing_at_a_position_that_they_share() {
    for strategy in Strategy::ALL {
        let Ok(writer) = Writer::options().strategy(strategy).build() else { continue };
        let count = count(20_000);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("position");
        let file = File::create(&path).unwrap();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (file, writer) = (&file, &writer);
                scope.spawn(move || {
                    for number in 0..count {
                        let event = event(thread, number);
                        let (head, body) = event.split_at(8);
                        let count = writer.write_vectored(file, &[IoSlice::new(head), IoSlice::new(body)]);
                        assert_eq!(count.unwrap(), LEN);
                    }
                });
            }
        });
        check(&path, count);
    }
}

fn gathered(options: bareio::writer::EventOptions) {
    let count = count(100_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    let log = Arc::new(options.build(appended(&path)).unwrap());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let log = &log;
            scope.spawn(move || {
                for number in 0..count {
                    let event = event(thread, number);
                    if number % 3 == 0 {
                        log.push_parts(&[&event[..5], &[], &event[5..]]).unwrap();
                    } else {
                        log.push(&event).unwrap();
                    }
                    if number % 10_000 == 9_999 {
                        log.flush().unwrap();
                    }
                }
            });
        }
    });
    // Dropped, it writes what is left.
    drop(Arc::into_inner(log).unwrap());
    check(&path, count);
}

#[test]
fn sixteen_threads_lose_and_reorder_nothing_of_gathered_events() {
    gathered(EventWriter::<File>::options());
    gathered(EventWriter::<File>::options().bytes(200).count(5));
    gathered(EventWriter::<File>::options().every(Duration::from_millis(1)));
}

#[test]
fn sixteen_threads_lose_and_reorder_nothing_of_events_gathered_for_a_ring() {
    if bareio::writer::is_supported() {
        gathered(EventWriter::<File>::options().strategy(Strategy::IoUring));
    }
}
