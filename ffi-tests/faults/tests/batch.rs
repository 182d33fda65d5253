//! What a batch makes of operations that fail or fall short, by a ring and by calls.

use bareio::batch::{Backend, Batcher};
use bareio::{Errno, ErrorKind, File};
use bareio_faults::{Call, Fault, Mount};

const BACKENDS: [Backend; 3] = [Backend::Auto, Backend::IO_URING, Backend::Posix];
const ERRORS: [Errno; 2] = [Errno::IO, Errno::NOSPC];
const LEN: usize = 1000;

fn failing(errno: Errno) -> Fault {
    Fault::Error(errno.number())
}

/// A file of `len` zeros, on a file system of its own.
fn mounted(len: usize) -> (Mount, File) {
    let mount = Mount::new().expect("FUSE can be mounted");
    let file = File::create(mount.path().join("file")).unwrap();
    file.write_all_at(&vec![0; len], 0).unwrap();
    (mount, file)
}

/// Four buffers, each full of its number.
fn buffers() -> [[u8; LEN]; 4] {
    std::array::from_fn(|number| [u8::try_from(number + 1).unwrap(); LEN])
}

fn offset(index: usize) -> u64 {
    (index * LEN) as u64
}

/// A ring begins all four at once, so which one comes n-th is not known beforehand.
#[test]
fn every_nth_write_that_fails_is_its_own_error_and_the_others_are_right() {
    for backend in BACKENDS {
        for errno in ERRORS {
            for nth in 0..4 {
                let (mount, file) = mounted(4 * LEN);
                mount.at(Call::Write, nth, failing(errno));
                let buffers = buffers();
                let mut batcher = Batcher::new(backend).unwrap();
                let writes = (0..4).map(|index| (&buffers[index][..], offset(index)));
                let error = batcher.pwrite_batch(&file, writes).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Os(errno), "{backend}, write {nth}");

                let results: Vec<_> = batcher.results().collect();
                let failed: Vec<_> = (0..4).filter(|index| results[*index].is_err()).collect();
                assert_eq!(failed.len(), 1, "{backend}, write {nth}: {results:?}");
                assert_eq!(error.index().map(|index| index as usize), Some(failed[0]));
                if backend == Backend::Posix {
                    assert_eq!(failed[0] as u64, nth);
                }
                let content = mount.content("file").unwrap();
                for (index, result) in results.iter().enumerate() {
                    let written = if index == failed[0] { [0; LEN] } else { buffers[index] };
                    assert_eq!(content[index * LEN..][..LEN], written, "{backend}, write {nth}: {index}");
                    assert!(index == failed[0] || *result == Ok(LEN as u64), "{result:?}");
                }
                assert_eq!(file.poisoned(), None, "a write that was not to be durable loses nothing");
            }
        }
    }
}

#[test]
fn every_nth_read_that_fails_is_its_own_error_and_the_others_are_right() {
    for backend in BACKENDS {
        for nth in 0..4 {
            let (mount, file) = mounted(0);
            file.write_all_at(buffers().as_flattened(), 0).unwrap();
            mount.at(Call::Read, nth, failing(Errno::IO));
            let mut read = [[0; LEN]; 4];
            let mut batcher = Batcher::new(backend).unwrap();
            let reads = (0..).zip(&mut read).map(|(index, buf)| (&mut buf[..], offset(index)));
            let error = batcher.pread_batch(&file, reads).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Os(Errno::IO), "{backend}, read {nth}");
            let failed = error.index().unwrap() as usize;
            let results: Vec<_> = batcher.results().collect();
            for index in (0..4).filter(|index| *index != failed) {
                assert_eq!(results[index], Ok(LEN as u64), "{backend}, read {nth}");
                assert_eq!(read[index], buffers()[index], "{backend}, read {nth}");
            }
        }
    }
}

#[test]
fn what_falls_short_is_gone_on_with_until_it_is_whole() {
    for backend in BACKENDS {
        let (mount, file) = mounted(4 * LEN);
        let buffers = buffers();
        let before = mount.count(Call::Write);
        for nth in 0..6 {
            mount.at(Call::Write, nth, Fault::Short(100));
        }
        let mut batcher = Batcher::new(backend).unwrap();
        let writes = (0..4).map(|index| (&buffers[index][..], offset(index)));
        batcher.pwrite_batch(&file, writes).unwrap();
        assert_eq!(mount.content("file").unwrap(), buffers.as_flattened(), "{backend}");
        assert_eq!(mount.count(Call::Write) - before, 4 + 6, "{backend}: each that fell short is one more");

        for nth in 0..6 {
            mount.at(Call::Read, nth, Fault::Short(7));
        }
        let mut read = [[0; LEN]; 4];
        let reads = (0..).zip(&mut read).map(|(index, buf)| (&mut buf[..], offset(index)));
        batcher.pread_batch(&file, reads).unwrap();
        assert_eq!(read, buffers, "{backend}");
    }
}

#[test]
fn a_write_that_fails_after_it_fell_short_says_how_far_it_came() {
    for backend in BACKENDS {
        let (mount, file) = mounted(LEN);
        mount.at(Call::Write, 0, Fault::Short(100));
        mount.at(Call::Write, 1, failing(Errno::NOSPC));
        let mut batcher = Batcher::new(backend).unwrap();
        let error = batcher.batch().write(&file, &[1; LEN], 0).run().unwrap_err();
        let partly = ErrorKind::Partly { errno: Errno::NOSPC, wanted: LEN as u64, got: 100 };
        assert_eq!(error.kind(), partly, "{backend}");
        assert_eq!(mount.content("file").unwrap(), [&[1; 100][..], &[0; LEN - 100]].concat());
    }
}

/// Each overwrites what the one before it wrote, so the order is to be seen in the file.
#[test]
fn a_write_that_falls_short_in_a_chain_is_finished_before_what_is_behind_it_begins() {
    for backend in BACKENDS {
        for nth in 0..3 {
            let (mount, file) = mounted(LEN);
            let [one, two, three, _] = buffers();
            mount.at(Call::Write, nth, Fault::Short(100));
            let mut batcher = Batcher::new(backend).unwrap();
            let mut batch = batcher.batch();
            batch.write(&file, &one, 0).link().write(&file, &two, 0).link();
            batch.write(&file, &three[..500], 300).link().sync_data(&file).run().unwrap();
            let wanted = [&two[..300], &three[..500], &two[800..]].concat();
            assert_eq!(mount.content("file").unwrap(), wanted, "{backend}, write {nth}");
            let results: Vec<_> = batcher.results().map(|result| result.unwrap()).collect();
            assert_eq!(results, [1000, 1000, 500, 0], "{backend}, write {nth}");
            assert_eq!(mount.count(Call::Sync), 1);
        }
    }
}

#[test]
fn behind_a_write_that_fails_nothing_of_its_chain_is_begun_and_other_chains_go_on() {
    for backend in BACKENDS {
        for errno in ERRORS {
            for nth in 0..3 {
                let (mount, file) = mounted(LEN);
                let (other_mount, other) = mounted(LEN);
                mount.at(Call::Write, nth, failing(errno));
                let mut batcher = Batcher::new(backend).unwrap();
                let [one, two, three, four] = buffers();
                let mut batch = batcher.batch();
                batch.write(&file, &one, 0).link().write(&file, &two, 0).link();
                batch.write(&file, &three, 0).link().sync_data(&file);
                batch.write(&other, &four, 0).link().sync_data(&other);
                let error = batch.run().unwrap_err();
                assert_eq!(
                    (error.index().map(u64::from), error.errno()),
                    (Some(nth), Some(errno)),
                    "{backend}"
                );
                let results: Vec<_> = batcher.results().collect();
                for (index, result) in (0..).zip(&results) {
                    match index {
                        4 => assert_eq!(*result, Ok(LEN as u64), "{backend}: of another chain"),
                        5 => assert_eq!(*result, Ok(0), "{backend}: of another chain"),
                        _ if index < nth => assert_eq!(*result, Ok(LEN as u64), "{backend}: before it"),
                        _ if index == nth => {}
                        _ => assert!(result.unwrap_err().is_canceled(), "{backend}: behind it: {result:?}"),
                    }
                }
                assert_eq!(mount.content("file").unwrap(), [u8::try_from(nth).unwrap(); LEN], "{backend}");
                assert_eq!((mount.count(Call::Sync), other_mount.count(Call::Sync)), (0, 1));
                assert_eq!(file.poisoned(), None, "what was not flushed is not lost by a flush");
            }
        }
    }
}

#[test]
fn a_linked_flush_that_fails_is_never_a_success_and_poisons() {
    for backend in BACKENDS {
        for errno in ERRORS {
            // Whether the write is whole at once, so that the flush goes with it, or is gone on with.
            for short in [None, Some(100)] {
                let (mount, file) = mounted(LEN);
                let clone = file.clone();
                let mut batcher = Batcher::new(backend).unwrap();
                batcher.linked_write_fsync(&file, &[1; LEN], 0).unwrap();
                if let Some(len) = short {
                    mount.at(Call::Write, 0, Fault::Short(len));
                }
                mount.at(Call::Sync, 0, failing(errno));
                let error = batcher.linked_write_fsync(&file, &[2; LEN], 0).unwrap_err();
                assert_eq!((error.index(), error.kind()), (Some(1), ErrorKind::Os(errno)), "{backend}");
                assert_eq!(batcher.results().next(), Some(Ok(LEN as u64)), "{backend}: it is written");
                assert_eq!((file.poisoned(), clone.poisoned()), (Some(errno), Some(errno)), "{backend}");

                let poisoned = ErrorKind::Poisoned(errno);
                let again = batcher.linked_write_fsync(&clone, &[3; LEN], 0).unwrap_err();
                assert_eq!(again.kind(), poisoned, "{backend}");
                let calls = mount.count(Call::Sync);
                assert_eq!(batcher.fsync(&file).unwrap_err().kind(), poisoned, "{backend}");
                assert_eq!(file.sync_all().unwrap_err().kind(), poisoned, "{backend}");
                assert_eq!(
                    mount.count(Call::Sync),
                    calls,
                    "{backend}: the kernel would say that all is well"
                );
                let anew = File::open_rw(mount.path().join("file")).unwrap();
                batcher.linked_write_fsync(&anew, &[4; LEN], 0).unwrap();
            }
        }
    }
}

/// The kernel tells one of several flushes of a file.
#[test]
fn whichever_flush_of_a_batch_fails_no_other_of_the_same_file_is_a_success() {
    for backend in BACKENDS {
        for nth in 0..3 {
            let (mount, file) = mounted(3 * LEN);
            let (_other_mount, other) = mounted(LEN);
            mount.at(Call::Sync, nth, failing(Errno::IO));
            let buffers = buffers();
            let mut batcher = Batcher::new(backend).unwrap();
            let mut batch = batcher.batch();
            for (index, buf) in buffers[..3].iter().enumerate() {
                batch.write(&file, buf, offset(index)).link().sync_data(&file);
            }
            batch.sync_data(&other).run().unwrap_err();
            let results: Vec<_> = batcher.results().collect();
            for flush in [1, 3, 5] {
                let kind = results[flush].unwrap_err().kind();
                let is_known = matches!(kind, ErrorKind::Os(Errno::IO) | ErrorKind::Poisoned(Errno::IO));
                assert!(is_known, "{backend}, flush {nth}: {kind}");
                assert_eq!(results[flush - 1], Ok(LEN as u64), "{backend}: it is written");
            }
            assert_eq!(results[6], Ok(0), "{backend}: another file's");
            assert_eq!(file.poisoned(), Some(Errno::IO));
        }
    }
}
