//! What is refused when it is submitted, and comes back.

use bareio::core::op::OpError;
use bareio::file::{Direct, OpenOptions};
use bareio::sched::{Base, Chain, FilesError, Op, Scheduler};
use bareio::{Error, ErrorKind};

use crate::common::{Disk, everywhere, opened, options};

/// Why a virtual file cannot be used so.
pub(crate) fn reason(error: &Error) -> FilesError {
    match error.kind() {
        ErrorKind::Virtual(reason) => reason,
        _ => panic!("{error}"),
    }
}

#[test]
fn slots_that_are_not_there_are_named() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, _: &dyn Disk) {
        let error = scheduler.files().claim_at(4).unwrap_err();
        assert_eq!(reason(&error), FilesError::NoSlot { slot: 4, count: 4 }, "{way}");
        assert_eq!(error.to_string(), "there is no slot 4 for virtual files, but 4, from 0 on");
        let all = [(); 4].map(|()| scheduler.files().claim().unwrap());
        let error = scheduler.files().claim().unwrap_err();
        assert_eq!(reason(&error), FilesError::NoneFree { count: 4 }, "{way}");
        drop(all);
    }
    everywhere!(claim);
    #[cfg(all(unix, not(miri)))]
    for (way, scheduler) in crate::host::all(|builder| builder) {
        assert_eq!(reason(&scheduler.files().claim().unwrap_err()), FilesError::NoTable, "{way}");
        assert_eq!(reason(&scheduler.files().claim_at(0).unwrap_err()), FilesError::NoTable, "{way}");
    }
}

#[test]
fn paths_and_options_that_cannot_be_are_found_before_anybody_is_asked() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = scheduler.files().claim().unwrap();
        let refused = scheduler.submit(file.open("", &options())).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Operation(OpError::EmptyPath), "{way}");
        let long = "x".repeat(5000);
        let refused = scheduler.submit(file.open(&long, &options())).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Operation(OpError::LongPath { len: 5000 }), "{way}");
        let preferred = options().direct(Direct::Preferred);
        let refused = scheduler.submit(file.open(disk.path("data"), &preferred)).unwrap_err();
        assert!(refused.error.is_unsupported(), "{way}: {}", refused.error);
        let emptied = OpenOptions::new().read(true).truncate(true);
        assert!(scheduler.submit(file.open(disk.path("data"), &emptied)).is_err(), "{way}");
        assert_eq!(disk.contents("data"), None, "{way}");
        let open = file.open(disk.path("data"), &options()).in_chain::<Vec<u8>>();
        let empty = scheduler.submit_chain(Chain::new(open).link(file.open("", &options()).in_chain()));
        assert_eq!(empty.unwrap_err().error.index(), Some(1), "{way}");
    }
    everywhere!(claim);
}

#[test]
fn a_durable_write_in_a_chain_is_refused() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = opened(scheduler, disk, "data");
        let chain = Chain::new(file.write(b"one".to_vec(), 0)).link(file.write(b"two".to_vec(), 3).durable());
        let refused = scheduler.submit_chain(chain).unwrap_err();
        assert_eq!(
            (refused.error.kind(), refused.error.index()),
            (ErrorKind::DurableInChain, Some(1)),
            "{way}"
        );
        assert_eq!(refused.given.into_bufs().count(), 2, "{way}");
        assert_eq!(disk.contents("data").unwrap(), b"", "{way}");
    }
    everywhere!(claim);
}

#[test]
fn work_behind_a_drain_or_a_close_of_its_chain_is_refused() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let (file, other) = (opened(scheduler, disk, "data"), opened(scheduler, disk, "other"));
        let drained = |next: Op<Vec<u8>, K>| Chain::new(file.drain().in_chain()).link(next);
        for next in
            [file.write(vec![1], 0), other.write(vec![1], 0), file.drain().in_chain(), Op::nop().in_chain()]
        {
            let refused = scheduler.submit_chain(drained(next)).unwrap_err();
            assert_eq!(reason(&refused.error), FilesError::BehindDrain, "{way}");
            assert_eq!(refused.error.index(), Some(1), "{way}");
        }
        let closed = |next: Op<Vec<u8>, K>| Chain::new(file.close().in_chain()).link(next);
        for next in [file.write(vec![1], 0), file.drain().in_chain(), file.close().in_chain()] {
            let refused = scheduler.submit_chain(closed(next)).unwrap_err();
            assert_eq!(reason(&refused.error), FilesError::Closing { slot: file.slot() }, "{way}");
        }
        // Nothing of that has begun, nor is anything left of it.
        assert_eq!(scheduler.run(file.write(b"data".to_vec(), 0)).unwrap().0, 4, "{way}");
        let done = scheduler.submit_chain(closed(other.write(b"other".to_vec(), 0))).unwrap().wait();
        assert_eq!(done.error(), None, "{way}");
        assert_eq!(disk.contents("other").unwrap(), b"other", "{way}");
    }
    everywhere!(claim);
}

#[test]
fn a_handle_that_has_no_file_is_told_why() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = scheduler.files().claim().unwrap();
        let slot = file.slot();
        let refused = scheduler.submit(file.write(b"buf".to_vec(), 0)).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::NotOpen { slot }, "{way}");
        assert_eq!(refused.given.into_buf(), Some(b"buf".to_vec()), "{way}");
        scheduler.run(file.open(disk.path("data"), &options())).unwrap();
        let refused = scheduler.submit(file.open(disk.path("other"), &options())).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::Opened { slot }, "{way}");
        scheduler.run(file.close()).unwrap();
        for again in [file.open(disk.path("other"), &options()), file.close(), file.drain(), file.sync_all()]
        {
            let refused = scheduler.submit(again).unwrap_err();
            assert_eq!(reason(&refused.error), FilesError::Stale { slot }, "{way}");
        }
        // In a chain that has opened the slot by another name, too.
        let new = scheduler.files().claim_at(slot).unwrap();
        let open = new.open(disk.path("new"), &options()).in_chain();
        let refused = scheduler.submit_chain(Chain::new(open).link(file.write(vec![1], 0))).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::Stale { slot }, "{way}");
        let [one, two] = [new.open(disk.path("1"), &options()), new.open(disk.path("2"), &options())];
        let refused = scheduler.submit_chain(Chain::new(one).link(two)).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::Active { slot, count: 1 }, "{way}");
        scheduler.run(new.open(disk.path("new"), &options())).unwrap();
    }
    everywhere!(claim);
}

#[test]
fn offsets_that_mean_nothing_are_refused() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = scheduler.files().claim().unwrap();
        scheduler.run(file.open(disk.path("log"), &options().append(true))).unwrap();
        let refused = scheduler.submit(file.write(b"x".to_vec(), 0)).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Operation(OpError::Append), "{way}");
        let refused = scheduler.submit(file.read(vec![0; 1], u64::MAX)).unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::Operation(OpError::Offset { offset: u64::MAX }), "{way}");
    }
    everywhere!(claim);
}

#[cfg(all(unix, not(miri)))]
#[test]
fn a_handle_is_good_for_its_own_scheduler() {
    for (way, scheduler) in crate::host::all(|builder| builder.files(4)) {
        let disk = crate::common::Folder::new();
        let file = opened(&scheduler, &disk, "data");
        let other = Scheduler::builder().files(4).build().unwrap();
        let refused = other.submit(file.write(vec![1], 0)).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::Foreign, "{way}");
        let refused = other.submit_chain(Chain::new(file.write(vec![1], 0))).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::Foreign, "{way}");
        assert!(other.run(file.write(vec![1], 0)).is_err(), "{way}");
    }
}
