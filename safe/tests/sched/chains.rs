//! Operations that wait for each other.

use bareio::sched::{Chain, Op};
use bareio::{Errno, ErrorKind, File};

use crate::common::{Scratch, all, block_on, pipe, schedulers};

#[test]
fn a_chain_runs_in_order_and_gives_all_buffers_back() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let chain = Chain::new(Op::write(&file, b"one".to_vec(), 0))
            .link(Op::sync_data(&file).in_chain())
            .link(Op::write(&file, b"two".to_vec(), 3))
            .hard_link(Op::read(&file, vec![0; 6], 0));
        let done = scheduler.submit_chain(chain).unwrap().wait();
        assert_eq!((done.first(), done.error()), (Ok(3), None), "{way}");
        let bufs: Vec<_> = done.into_bufs().collect();
        assert_eq!(
            bufs,
            [Some(b"one".to_vec()), None, Some(b"two".to_vec()), Some(b"onetwo".to_vec())],
            "{way}"
        );
    }
}

#[test]
fn a_failure_or_a_short_transfer_cancels_what_is_linked_softly() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"abc");
        let short = Chain::new(Op::read(&file, vec![0; 8], 0))
            .link(Op::write(&file, b"x".to_vec(), 0))
            .hard_link(Op::sync_data(&file).in_chain());
        let done = scheduler.submit_chain(short).unwrap().wait();
        let results: Vec<_> = done.results().collect();
        assert_eq!(results[0], Ok(3), "{way}");
        assert!(results[1..].iter().all(|result| result.is_err_and(|error| error.is_canceled())), "{way}");
        assert_eq!(done.error().unwrap().index(), Some(1), "{way}");
        assert_eq!(done.into_bufs().flatten().count(), 2, "{way}: both buffers");
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abc", "{way}: nothing was written");
    }
}

#[test]
fn a_hard_link_does_not_mind_a_failure() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"abc");
        let read_only = File::open(scratch.path("file")).unwrap();
        let chain =
            Chain::new(Op::write(&read_only, b"x".to_vec(), 0)).hard_link(Op::write(&file, b"y".to_vec(), 1));
        let done = scheduler.submit_chain(chain).unwrap().wait();
        assert_eq!(done.error().and_then(|error| error.errno()), Some(Errno::BADF), "{way}");
        assert_eq!(done.results().nth(1), Some(Ok(1)), "{way}");
    }
}

/// Linux itself runs what is linked behind a failed flush or truncation.
#[test]
fn what_is_linked_behind_a_failed_truncation_does_not_run() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"abc");
        let read_only = File::open(scratch.path("file")).unwrap();
        let chain =
            Chain::new(Op::truncate(&read_only, 1).in_chain()).link(Op::write(&file, b"XYZ".to_vec(), 0));
        let done = scheduler.submit_chain(chain).unwrap().wait();
        assert_eq!(done.error().and_then(|error| error.errno()), Some(Errno::INVAL), "{way}");
        assert!(done.results().nth(1).unwrap().is_err_and(|error| error.is_canceled()), "{way}");
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abc", "{way}");
    }
}

#[test]
fn a_chain_that_is_too_long_comes_back_whole() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let mut chain = Chain::new(Op::write(&file, vec![0], 0));
        for at in 1..9 {
            chain = chain.link(Op::write(&file, vec![0], at));
        }
        let refused = scheduler.submit_chain(chain).unwrap_err();
        assert!(matches!(refused.error.kind(), ErrorKind::OutOfRange { value: 9, most: 8, .. }), "{way}");
        assert_eq!(file.size().unwrap(), 0, "{way}: nothing has begun");
    }
    for (way, scheduler) in all(|b| b.depth(8).in_flight(2)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let write = || Op::write(&file, vec![0], 0);
        let refused = scheduler.submit_chain(Chain::new(write()).link(write()).link(write())).unwrap_err();
        assert!(matches!(refused.error.kind(), ErrorKind::OutOfRange { value: 3, most: 2, .. }), "{way}");
        assert_eq!(refused.given.into_bufs().count(), 3, "{way}");
    }
}

#[test]
fn a_chain_can_be_awaited() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let chain = Chain::new(Op::write(&file, vec![5; 10], 0)).link(Op::sync_all(&file).in_chain());
        assert_eq!(block_on(scheduler.submit_chain(chain).unwrap()).error(), None, "{way}");
    }
}

#[test]
fn a_chain_that_is_cancelled_begins_nothing_more() {
    for (way, scheduler) in schedulers(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"abc");
        let (reader, mut writer) = pipe();
        let chain =
            Chain::new(Op::read_current(&reader, vec![0; 4])).hard_link(Op::write(&file, b"x".to_vec(), 0));
        let ticket = scheduler.submit_chain(chain).unwrap();
        // By calls the read has begun, and ends only so.
        let other = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let _ = std::io::Write::write_all(&mut writer, b"late");
        });
        let done = ticket.cancel();
        assert!(done.results().nth(1).unwrap().is_err_and(|error| error.is_canceled()), "{way}: {done:?}");
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abc", "{way}");
        other.join().unwrap();
    }
}

#[test]
fn a_chain_that_is_dropped_goes_on_to_its_end() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let chain = Chain::new(Op::write(&file, b"one".to_vec(), 0))
            .link(Op::sync_data(&file).in_chain())
            .link(Op::write(&file, b"two".to_vec(), 3));
        drop(scheduler.submit_chain(chain).unwrap());
        let begin = std::time::Instant::now();
        while std::fs::read(scratch.path("file")).unwrap() != b"onetwo" {
            assert!(
                begin.elapsed() < std::time::Duration::from_secs(10),
                "{way}: nobody begins what is left"
            );
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}
