//! What comes of operations, and what is refused.

use bareio::buf::Slice;
use bareio::core::kernel::Allocate;
use bareio::core::op::OpError;
use bareio::file::{Direct, OpenOptions};
use bareio::pool::{BufferPool, Registration};
use bareio::sched::{Chain, Op, Priority};
use bareio::{Align, AlignedBuf, ErrorKind, File};

use crate::common::{Scratch, all, pipe};

#[test]
fn reads_and_writes_give_their_buffers_back() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let (count, buf) =
            scheduler.submit(Op::write(&file, b"0123456789".to_vec(), 2)).unwrap().wait().unwrap();
        assert_eq!((count, buf), (10, b"0123456789".to_vec()), "{way}");
        let (count, buf) =
            scheduler.submit(Op::read(&file, Vec::with_capacity(5), 4)).unwrap().wait().unwrap();
        assert_eq!((count, buf), (5, b"23456".to_vec()), "{way}");
        let (count, buf) = scheduler.submit(Op::read(&file, vec![7; 8], 8)).unwrap().wait().unwrap();
        assert_eq!((count, &buf[..]), (4, &b"6789"[..]), "{way}: short at the end of the file");
        let (count, buf) = scheduler.submit(Op::read(&file, vec![7; 8], 500)).unwrap().wait().unwrap();
        assert_eq!((count, buf.len()), (0, 0), "{way}: nothing behind it");
    }
}

#[test]
fn what_blocks_does_the_same() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        assert_eq!(scheduler.write_at(&file, b"abcdef".to_vec(), 0).unwrap().0, 6, "{way}");
        assert_eq!(scheduler.write_all_at(&file, "ghi", 6).unwrap().0, 3, "{way}");
        assert_eq!(scheduler.read_at(&file, vec![0; 4], 2).unwrap().1, b"cdef", "{way}");
        assert_eq!(
            scheduler.read_exact_at(&file, Slice::new(vec![0; 9], 1..4), 0).unwrap().1.as_slice(),
            b"abc"
        );
        let failed = scheduler.read_exact_at(&file, Vec::with_capacity(20), 0).unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::ShortRead { wanted: 20, got: 9 }, "{way}");
        assert_eq!(failed.buf.unwrap(), b"abcdefghi", "{way}");
    }
}

#[test]
fn files_are_flushed_given_space_and_cut() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"");
        let durable = Op::write(&file, vec![1; 100], 0).durable().priority(Priority::BestEffort(3));
        assert_eq!(scheduler.submit(durable).unwrap().wait().unwrap().0, 100, "{way}");
        for op in [Op::sync_data(&file), Op::sync_all(&file), Op::truncate(&file, 10), Op::nop()] {
            assert_eq!(scheduler.submit(op).unwrap().wait().unwrap().0, 0, "{way}");
        }
        assert_eq!(file.size().unwrap(), 10, "{way}");
        scheduler.submit(Op::allocate(&file, Allocate::NONE, 0, 4096)).unwrap().wait().unwrap();
        assert_eq!(file.size().unwrap(), 4096, "{way}");
    }
}

#[test]
fn direct_reads_and_writes_go_on_their_grid() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let options = OpenOptions::new().read(true).write(true).create(true).direct(Direct::Preferred);
        let file = options.open(scratch.path("direct")).unwrap();
        let mut buf = AlignedBuf::new(bareio::host::NATIVE, 8192, Align::KIB_4).unwrap();
        buf.resize(8192, 9).unwrap();
        let (count, buf) = scheduler.submit(Op::write(&file, buf, 4096)).unwrap().wait().unwrap();
        assert_eq!(count, 8192, "{way}");
        let (count, buf) = scheduler.submit(Op::read(&file, buf, 4096)).unwrap().wait().unwrap();
        assert_eq!((count, buf[0], buf[8191]), (8192, 9, 9), "{way}");
        if file.granted().is_direct() {
            let refused = scheduler.submit(Op::read(&file, buf, 100)).unwrap_err();
            assert!(refused.error.is_misaligned(), "{way}: {}", refused.error);
            assert_eq!(
                refused.given.into_buf().map(|buf| buf.len()),
                Some(8192),
                "{way}: the buffer comes back"
            );
        }
    }
}

#[test]
fn what_is_wrong_is_found_before_anybody_is_asked() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scratch.file(b"abc");
        let refused = scheduler.submit(Op::read(&file, vec![1; 4], u64::MAX)).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Operation(OpError::Offset { offset: u64::MAX }), "{way}");
        assert_eq!(refused.given.into_buf().unwrap(), [1; 4], "{way}");
        let (pipe, _writer) = pipe();
        let refused = scheduler.try_submit(Op::read(&pipe, vec![0; 4], 0)).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Operation(OpError::Stream), "{way}");
        let log = scratch.appended();
        let failed = scheduler.run(Op::write(&log, b"x".to_vec(), 0)).unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Operation(OpError::Append), "{way}");
        assert_eq!(failed.buf.unwrap(), b"x", "{way}");
        let (count, _) = scheduler.submit(Op::write_current(&log, b"line".to_vec())).unwrap().wait().unwrap();
        assert_eq!((count, log.size().unwrap()), (4, 4), "{way}");
    }
}

#[test]
fn transfers_of_nothing_ask_nobody() {
    for (way, scheduler) in all(|b| b) {
        let (pipe, _writer) = pipe();
        assert_eq!(scheduler.submit(Op::read(&pipe, Vec::new(), 0)).unwrap().wait().unwrap().0, 0, "{way}");
        let before = scheduler.statistics().submitted;
        assert_eq!(scheduler.submit(Op::write(&pipe, Vec::new(), 9)).unwrap().wait().unwrap().0, 0, "{way}");
        assert_eq!(scheduler.statistics().submitted, before, "{way}");
    }
}

#[test]
fn errors_name_the_call_and_bring_the_buffer() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        drop(scratch.file(b"abc"));
        let read_only = File::open(scratch.path("file")).unwrap();
        let ticket = scheduler.submit(Op::write(&read_only, b"xyz".to_vec(), 0)).unwrap();
        let failed = ticket.wait().unwrap_err();
        assert!(failed.error.to_string().starts_with("pwrite: EBADF: "), "{way}: {}", failed.error);
        assert_eq!(failed.buf.unwrap(), b"xyz", "{way}");
    }
}

#[test]
fn numbers_can_be_printed_as_a_table() {
    for (way, scheduler) in all(|b| b.statistics(true)) {
        let scratch = Scratch::new();
        let file = scratch.file(b"abc");
        scheduler.submit(Op::sync_data(&file)).unwrap().wait().unwrap();
        scheduler.read_at(&file, vec![0; 3], 0).unwrap();
        let statistics = scheduler.statistics();
        assert_eq!((statistics.submitted, statistics.completed, statistics.called), (1, 1, 1), "{way}");
        let table = statistics.to_string();
        assert!(table.contains("completed               1\n"), "{way}:\n{table}");
        assert_eq!(table.lines().count(), 25, "{way}:\n{table}");
    }
}

#[test]
fn a_read_of_what_is_cached_is_done_at_once() {
    for (way, scheduler) in all(|b| b.statistics(true)) {
        let scratch = Scratch::new();
        let file = scratch.file(&[3; 8192]);
        let ticket = scheduler.submit(Op::read(&file, vec![0; 4096], 0)).unwrap();
        let (_, buf) = ticket.wait().unwrap();
        assert_eq!(buf, [3; 4096], "{way}");
        let statistics = scheduler.statistics();
        // A file system that cannot say so has it go the other way.
        assert_eq!(statistics.hits + statistics.misses, 1, "{way}");
        assert_eq!(statistics.submitted, statistics.misses, "{way}");
    }
}

#[test]
fn buffers_of_an_attached_pool_go_through_fixed_ones() {
    for (way, scheduler) in all(|b| b.statistics(true)) {
        let pool = BufferPool::new(8192, 4).unwrap();
        let registration = scheduler.attach(&[&pool]).unwrap();
        let is_fixed = registration == Registration::Registered;
        let scratch = Scratch::new();
        let file = scratch.file(&[6; 8192]);
        let mut buf = pool.acquire().unwrap();
        buf.set_len(8192).unwrap();
        buf.as_mut_slice().fill(7);
        let (count, buf) = scheduler.submit(Op::write(&file, buf, 0).durable()).unwrap().wait().unwrap();
        assert_eq!(count, 8192, "{way}");
        let chain = Chain::new(Op::read(&file, buf, 0));
        let buf = scheduler.submit_chain(chain).unwrap().wait().into_bufs().next().flatten().unwrap();
        assert_eq!(buf.as_slice(), [7; 8192], "{way}");
        assert_eq!(scheduler.statistics().fixed, if is_fixed { 2 } else { 0 }, "{way}");
        if is_fixed {
            assert!(scheduler.attach(&[&pool]).unwrap_err().is_unsupported(), "{way}");
        }
    }
}
