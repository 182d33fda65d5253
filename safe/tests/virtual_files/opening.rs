//! Chains that open a file, and everything that can be done to one.

use bareio::core::kernel::{Allocate, SyncRange};
use bareio::sched::{Base, Chain, Scheduler};

use crate::common::{Disk, everywhere, opened, options};

#[test]
fn a_file_is_opened_reserved_and_written_in_one_submission() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = scheduler.files().claim().unwrap();
        let chain = Chain::new(file.open(disk.path("data"), &options()).in_chain())
            .link(file.reserve(0, 8192).in_chain())
            .link(file.write(b"record".to_vec(), 4096))
            .link(file.sync_data().in_chain());
        let ticket = scheduler.submit_chain(chain).unwrap();
        // Accepted when nothing of it need have begun.
        let read = scheduler.submit(file.read(Vec::with_capacity(6), 4096)).unwrap();
        let done = ticket.wait();
        assert_eq!(done.error(), None, "{way}");
        let results: Vec<_> = done.results().map(Result::unwrap).collect();
        assert_eq!(results, [0, 0, 6, 0], "{way}");
        assert_eq!(read.wait().unwrap().1, b"record", "{way}");
        let contents = disk.contents("data").unwrap();
        assert_eq!((contents.len(), &contents[4096..4102]), (8192, &b"record"[..]), "{way}");
    }
    everywhere!(claim);
}

#[test]
fn every_operation_has_a_virtual_form() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = opened(scheduler, disk, "data");
        assert_eq!(scheduler.run(file.write(b"0123456789".to_vec(), 0)).unwrap().0, 10, "{way}");
        assert_eq!(scheduler.run(file.write(b"ab".to_vec(), 10).durable()).unwrap().0, 2, "{way}");
        assert_eq!(scheduler.run(file.read(vec![0; 4], 8)).unwrap(), (4, b"89ab".to_vec()), "{way}");
        assert_eq!(scheduler.run(file.read(vec![7; 4], 11)).unwrap().0, 1, "{way}");
        assert_eq!(scheduler.run(file.write(Vec::new(), 0)).unwrap().0, 0, "{way}");
        assert_eq!(scheduler.run(file.read_current(vec![0; 3])).unwrap().1, b"012", "{way}");
        assert_eq!(scheduler.run(file.write_current(b"X".to_vec())).unwrap().0, 1, "{way}");
        assert_eq!(scheduler.run(file.sync_range(0, 4096, SyncRange::WRITE)).unwrap().0, 0, "{way}");
        assert_eq!(scheduler.run(file.sync_data()).unwrap().0, 0, "{way}");
        assert_eq!(scheduler.run(file.sync_all()).unwrap().0, 0, "{way}");
        assert_eq!(scheduler.run(file.allocate(Allocate::KEEP_SIZE, 0, 65536)).unwrap().0, 0, "{way}");
        assert_eq!(scheduler.run(file.truncate(5)).unwrap().0, 0, "{way}");
        assert_eq!(disk.contents("data").unwrap(), b"012X4", "{way}");
        assert_eq!(scheduler.run(file.reserve(0, 100)).unwrap().0, 0, "{way}");
        assert_eq!(disk.contents("data").unwrap().len(), 100, "{way}");
        assert_eq!(scheduler.run(file.drain()).unwrap().0, 0, "{way}");
        assert_eq!(scheduler.run(file.close()).unwrap().0, 0, "{way}");
    }
    everywhere!(claim);
}

#[test]
fn a_file_is_opened_as_its_options_say() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        disk.put("data", b"old");
        let file = scheduler.files().claim().unwrap();
        let new = options().create_new(true);
        let error = scheduler.run(file.open(disk.path("data"), &new)).unwrap_err().error;
        assert_eq!((error.errno(), error.call()), (Some(bareio::Errno::EXIST), Some("openat")), "{way}");
        // The same handle may try again, for it has had no file.
        scheduler.run(file.open(disk.path("data"), &options().truncate(true))).unwrap();
        assert_eq!(disk.contents("data").unwrap(), b"", "{way}");
        let log = scheduler.files().claim().unwrap();
        scheduler.run(log.open(disk.path("data"), &options().append(true))).unwrap();
        scheduler.run(log.write_current(b"one".to_vec())).unwrap();
        scheduler.run(log.write_current(b"two".to_vec())).unwrap();
        assert_eq!(disk.contents("data").unwrap(), b"onetwo", "{way}");
    }
    everywhere!(claim);
}

#[test]
fn slots_are_chosen_or_found() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let files = scheduler.files();
        let two = files.claim_at(2).unwrap();
        let others = [(); 3].map(|()| files.claim().unwrap());
        let mut slots: Vec<_> = others.iter().map(bareio::sched::VirtualFile::slot).collect();
        slots.sort_unstable();
        assert_eq!((two.slot(), slots), (2, vec![0, 1, 3]), "{way}");
        assert!(files.claim().is_err(), "{way}: all have a name");
        drop(others);
        scheduler.run(two.open(disk.path("two"), &options())).unwrap();
        for _ in 0..9 {
            let free = files.claim().unwrap();
            assert_ne!(free.slot(), 2, "{way}: it has a file");
        }
    }
    everywhere!(claim);
}

#[test]
fn one_chain_opens_several_files() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let [from, to] = [(); 2].map(|()| scheduler.files().claim().unwrap());
        disk.put("from", b"bytes");
        let chain = Chain::new(from.open(disk.path("from"), &options()).in_chain())
            .link(to.open(disk.path("to"), &options()).in_chain())
            .link(to.write(b"other".to_vec(), 0))
            .link(from.read(vec![0; 5], 0));
        let ticket = scheduler.submit_chain(chain).unwrap();
        // Held for both.
        let both = Chain::new(to.read(vec![0; 5], 0)).link(from.write(b"later".to_vec(), 0));
        let both = scheduler.submit_chain(both).unwrap();
        let done = ticket.wait();
        assert_eq!(done.error(), None, "{way}");
        assert_eq!(done.into_bufs().flatten().last().unwrap(), b"bytes", "{way}");
        let done = both.wait();
        assert_eq!(done.error(), None, "{way}");
        assert_eq!(done.into_bufs().flatten().next().unwrap(), b"other", "{way}");
        assert_eq!(disk.contents("from").unwrap(), b"later", "{way}");
    }
    everywhere!(claim);
}
