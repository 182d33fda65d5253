//! What a scheduler makes of operations that take long, fail, or fall short, by a ring and by calls.

use std::time::{Duration, Instant};

use bareio::sched::{Backend, Builder, Drive, Flushing, Op};
use bareio::{Errno, ErrorKind, File, Scheduler};
use bareio_faults::{Call, Fault, Mount};

const LEN: usize = 1000;
const EIO: Fault = Fault::Error(Errno::IO.number());

fn schedulers() -> impl Iterator<Item = (String, Scheduler)> {
    let ways = [Backend::IoUring, Backend::Posix].into_iter();
    let ways = ways.flat_map(|way| [Drive::Waiters, Drive::Thread].map(|drive| (way, drive)));
    ways.map(|(way, drive)| {
        (format!("{way:?}, {drive:?}"), Builder::default().backend(way).drive(drive).build().unwrap())
    })
}

/// A file of `len` zeros, on a file system of its own.
fn mounted(len: usize) -> (Mount, File) {
    let mount = Mount::new().expect("FUSE can be mounted");
    let file = File::create(mount.path().join("file")).unwrap();
    file.write_all_at(&vec![0; len], 0).unwrap();
    (mount, file)
}

/// Until something is so, for five seconds at most.
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(5), "{what}: not so within 5 s");
        std::thread::yield_now();
    }
}

/// How long the slowest of some reads, writes and flushes takes, while `slow` is under way.
///
/// The writes are to another file than the slow operation's: of one file, Linux begins buffered writes of a ring one after the
/// other.
fn slowest_beside(way: &str, scheduler: &Scheduler, slow: Call) -> Duration {
    let delay = Duration::from_millis(150);
    let (mount, file) = mounted(8 * LEN);
    let (_other_mount, other) = mounted(8 * LEN);
    let before = mount.count(slow);
    mount.at(slow, 0, Fault::Delay(delay));
    let begin = Instant::now();
    let slow_one = match slow {
        Call::Read => scheduler.submit(Op::read(&file, vec![0; LEN], 0)).unwrap(),
        _ => scheduler.submit(Op::write(&file, vec![1; LEN], 0)).unwrap(),
    };
    wait_for("the slow operation arrives", || mount.count(slow) > before);

    let mut slowest = Duration::ZERO;
    let mut time = |wait: &mut dyn FnMut()| {
        let begin = Instant::now();
        wait();
        slowest = slowest.max(begin.elapsed());
    };
    for round in 1..8 {
        let offset = round * LEN as u64;
        time(&mut || {
            let read = scheduler.submit(Op::read(&file, vec![0; LEN], offset)).unwrap();
            assert_eq!(read.wait().unwrap().0, LEN);
        });
        time(&mut || {
            let write = scheduler.submit(Op::write(&other, vec![2; LEN], offset)).unwrap();
            assert_eq!(write.wait().unwrap().0, LEN);
        });
        time(&mut || {
            scheduler.submit(Op::sync_data(&other)).unwrap().wait().unwrap();
        });
    }
    let is_still_under_way = begin.elapsed() < delay;
    assert!(!is_still_under_way || !slow_one.is_done(), "{way}: nothing was slow");
    assert_eq!(slow_one.wait().unwrap().0, LEN);
    assert!(begin.elapsed() >= delay);
    if is_still_under_way { slowest } else { delay }
}

/// The machine may be busy with something else for as long as that, so it is tried up to five times; were the others delayed by
/// the slow operation, they would be each time.
#[test]
fn an_operation_of_150_ms_delays_no_other_by_more_than_10_ms() {
    const MOST: Duration = Duration::from_millis(10);
    for (way, scheduler) in schedulers() {
        for slow in [Call::Read, Call::Write] {
            let times: Vec<_> = (0..5)
                .map(|_| slowest_beside(&way, &scheduler, slow))
                .scan(false, |is_over, time| (!std::mem::replace(is_over, time <= MOST)).then_some(time))
                .collect();
            assert!(times.iter().any(|time| *time <= MOST), "{way}, {slow:?}: the slowest took {times:?}");
        }
    }
}

#[test]
fn every_nth_operation_that_fails_is_its_own_error_and_the_others_are_right() {
    for (way, scheduler) in schedulers() {
        for nth in 0..4 {
            // Far apart, so that no two of them are made one.
            let (mount, file) = mounted(8 * LEN);
            mount.at(Call::Write, nth, Fault::Error(Errno::NOSPC.number()));
            let offsets = [0, 2, 4, 6].map(|index| index * LEN as u64);
            let submit = |offset| scheduler.submit(Op::write(&file, vec![7; LEN], offset)).unwrap();
            let outcomes = offsets.map(submit).map(bareio::sched::Ticket::wait);
            let content = mount.content("file").unwrap();
            let mut failed = 0;
            for (offset, outcome) in offsets.iter().zip(outcomes) {
                let written = match outcome {
                    Ok((count, buf)) => {
                        assert_eq!((count, buf), (LEN, vec![7; LEN]), "{way}, write {nth}");
                        7
                    }
                    Err(failure) => {
                        failed += 1;
                        assert_eq!(failure.error.errno(), Some(Errno::NOSPC), "{way}, write {nth}");
                        assert_eq!(failure.buf, Some(vec![7; LEN]), "{way}: the buffer comes back");
                        0
                    }
                };
                assert_eq!(content[*offset as usize..][..LEN], [written; LEN], "{way}, write {nth}");
            }
            assert_eq!(failed, 1, "{way}, write {nth}");
            assert_eq!(file.poisoned(), None, "{way}: a write that was not to be durable loses nothing");
        }
    }
}

#[test]
fn what_falls_short_is_counted_and_gone_on_with_by_whole_operations() {
    for (way, scheduler) in schedulers() {
        let (mount, file) = mounted(LEN);
        mount.at(Call::Write, 0, Fault::Short(100));
        let write = scheduler.submit(Op::write(&file, vec![1; LEN], 0)).unwrap();
        assert_eq!(write.wait().unwrap().0, 100, "{way}");
        for nth in 0..3 {
            mount.at(Call::Write, nth, Fault::Short(100));
            mount.at(Call::Read, nth, Fault::Short(100));
        }
        assert_eq!(scheduler.write_all_at(&file, vec![2; LEN], 0).unwrap().0, LEN, "{way}");
        assert_eq!(mount.content("file").unwrap(), [2; LEN], "{way}");
        let read = scheduler.read_exact_at(&file, vec![0; LEN], 0).unwrap();
        assert_eq!(read, (LEN, vec![2; LEN]), "{way}");
    }
}

/// The flush is charged to the writes that it was to cover, and to nothing else.
#[test]
fn a_durable_write_whose_flush_fails_says_what_is_written_and_nothing_of_its_file_is_durable_any_more() {
    for way in [Backend::IoUring, Backend::Posix] {
        let scheduler = Builder::default().backend(way).flushing(Flushing::Shared).build().unwrap();
        let (mount, file) = mounted(8 * LEN);
        let (_other_mount, other) = mounted(LEN);
        mount.always(Call::Sync, EIO);
        let durable = [0, 2, 4].map(|index| {
            scheduler.submit(Op::write(&file, vec![1; LEN], index * LEN as u64).durable()).unwrap()
        });
        let plain = scheduler.submit(Op::write(&file, vec![1; LEN], 6 * LEN as u64)).unwrap();
        let elsewhere = scheduler.submit(Op::write(&other, vec![1; LEN], 0).durable()).unwrap();
        let mut charged = 0;
        for failure in durable.map(|ticket| ticket.wait().expect_err("it is not durable")) {
            assert_eq!(failure.buf, Some(vec![1; LEN]), "{way:?}");
            match failure.error.kind() {
                ErrorKind::NotDurable { written, errno: Errno::IO } => {
                    assert_eq!(written as usize, LEN, "{way:?}");
                    charged += 1;
                }
                kind => assert_eq!(kind, ErrorKind::Poisoned(Errno::IO), "{way:?}"),
            }
        }
        assert!(charged > 0, "{way:?}: somebody is told that it is written");
        assert_eq!(plain.wait().unwrap().0, LEN, "{way:?}: it was not to be durable");
        assert_eq!(elsewhere.wait().unwrap().0, LEN, "{way:?}: of another file");
        let content = mount.content("file").unwrap();
        for index in [0, 2, 4, 6] {
            assert_eq!(content[index * LEN..][..LEN], [1; LEN], "{way:?}");
        }

        // The kernel would say that all is well.
        mount.heal();
        let poisoned = ErrorKind::Poisoned(Errno::IO);
        let refused = scheduler.submit(Op::write(&file, vec![1; LEN], 0).durable()).unwrap_err();
        assert_eq!(refused.error.kind(), poisoned, "{way:?}");
        assert_eq!(file.sync_all().unwrap_err().kind(), poisoned, "{way:?}");
    }
}

#[test]
fn a_durable_write_that_fails_before_its_flush_poisons_nothing() {
    for way in [Backend::IoUring, Backend::Posix] {
        let scheduler = Builder::default().backend(way).flushing(Flushing::Shared).build().unwrap();
        let (mount, file) = mounted(LEN);
        mount.at(Call::Write, 0, EIO);
        let write = scheduler.submit(Op::write(&file, vec![1; LEN], 0).durable()).unwrap();
        assert_eq!(write.wait().unwrap_err().error.kind(), ErrorKind::Os(Errno::IO), "{way:?}");
        assert_eq!((mount.count(Call::Sync), file.poisoned()), (0, None), "{way:?}");
        let write = scheduler.submit(Op::write(&file, vec![1; LEN], 0).durable()).unwrap();
        assert_eq!(write.wait().unwrap().0, LEN, "{way:?}");
    }
}

/// What may be dropped, whose flush is the first that there is.
fn flushes(file: &File) -> [(&'static str, Op<Vec<u8>>); 3] {
    [
        ("a flush of the data", Op::sync_data(file).in_chain()),
        ("a flush of all", Op::sync_all(file).in_chain()),
        ("a durable write", Op::write(file, vec![1; LEN], 0).durable()),
    ]
}

#[test]
fn a_flush_that_fails_poisons_although_its_ticket_was_dropped() {
    for way in [Backend::IoUring, Backend::Posix] {
        for which in 0..3 {
            let scheduler = Builder::default().backend(way).flushing(Flushing::Shared).build().unwrap();
            let (mount, file) = mounted(LEN);
            mount.at(Call::Sync, 0, EIO);
            let [(what, op), ..] = {
                let mut flushes = flushes(&file);
                flushes.rotate_left(which);
                flushes
            };
            drop(scheduler.submit(op).unwrap());
            wait_for(&format!("{way:?}, {what}: the file is poisoned"), || {
                scheduler.submit(Op::read(&file, vec![0; LEN], 0)).unwrap().wait().unwrap();
                file.poisoned() == Some(Errno::IO)
            });
            let poisoned = ErrorKind::Poisoned(Errno::IO);
            assert_eq!(file.sync_data().unwrap_err().kind(), poisoned, "{way:?}, {what}");
            assert_eq!(mount.count(Call::Sync), 1, "{way:?}, {what}: the kernel is not asked again");
        }
    }
}
