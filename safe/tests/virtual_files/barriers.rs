//! What holds later work back, and what does not.

use bareio::Errno;
use bareio::sched::{Base, Chain, FilesError, Scheduler};

use crate::common::{Disk, everywhere, opened, options};
use crate::errors::reason;

#[test]
fn the_barrier_of_an_open_ends_when_its_chain_fails() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = scheduler.files().claim().unwrap();
        let chain = Chain::new(file.open(disk.path("data"), &options()).in_chain())
            .link(file.reserve(0, 0).in_chain()) // nothing cannot be reserved
            .link(file.write(b"never".to_vec(), 0));
        let ticket = scheduler.submit_chain(chain).unwrap();
        let later = scheduler.submit(file.write(b"later".to_vec(), 0)).unwrap();
        let done = ticket.wait();
        let results: Vec<_> = done.results().map(|result| result.map_err(|error| error.errno())).collect();
        assert_eq!(results, [Ok(0), Err(Some(Errno::INVAL)), Err(Some(Errno::CANCELED))], "{way}");
        // Its error is its own.
        assert_eq!(later.wait().unwrap().0, 5, "{way}");
        assert_eq!(disk.contents("data").unwrap(), b"later", "{way}");
    }
    everywhere!(claim);
}

#[test]
fn what_was_held_for_an_open_that_fails_reaches_no_file() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let old = opened(scheduler, disk, "old");
        scheduler.run(old.write(b"old".to_vec(), 0)).unwrap();
        let new = scheduler.files().claim_at(old.slot()).unwrap();
        let nowhere = disk.path("no such folder/data");
        let chain = Chain::new(new.open(&nowhere, &options()).in_chain())
            .hard_link(new.write(b"linked hard".to_vec(), 0))
            .hard_link(new.drain().in_chain());
        let chain = scheduler.submit_chain(chain).unwrap();
        let held = scheduler.submit(new.write(b"held".to_vec(), 0));
        let of_old = scheduler.submit(old.read(vec![0; 8], 0)).unwrap();
        let results: Vec<_> =
            chain.wait().results().map(|result| result.map_err(|error| error.errno())).collect();
        assert_eq!(results, [Err(Some(Errno::NOENT)), Err(Some(Errno::BADF)), Ok(0)], "{way}");
        match held {
            Ok(held) => assert_eq!(held.wait().unwrap_err().error.errno(), Some(Errno::BADF), "{way}"),
            // By calls at once the chain has ended before.
            Err(refused) => {
                assert_eq!(reason(&refused.error), FilesError::NotOpen { slot: new.slot() }, "{way}");
            }
        }
        // The file that was there stays, by its own name.
        assert_eq!(of_old.wait().unwrap().0, 3, "{way}");
        assert_eq!(disk.contents("old").unwrap(), b"old", "{way}");
        let refused = scheduler.submit(new.sync_data()).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::NotOpen { slot: new.slot() }, "{way}");
    }
    everywhere!(claim);
}

#[test]
fn a_replaced_file_is_out_of_reach() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let old = opened(scheduler, disk, "old");
        let new = scheduler.files().claim_at(old.slot()).unwrap();
        let open = scheduler.submit(new.open(disk.path("new"), &options())).unwrap();
        // Perhaps it is still the file of the slot, by the time of its turn; perhaps not.
        let held = scheduler.submit(old.write(b"old".to_vec(), 0));
        open.wait().unwrap();
        match held {
            Ok(held) => {
                assert_eq!(held.wait().unwrap_err().error.errno(), Some(Errno::BADF), "{way}");
            }
            // By calls at once, it is told at once.
            Err(refused) => {
                assert_eq!(reason(&refused.error), FilesError::Stale { slot: old.slot() }, "{way}");
            }
        }
        let refused = scheduler.submit(old.write(b"old".to_vec(), 0)).unwrap_err();
        assert_eq!(reason(&refused.error), FilesError::Stale { slot: old.slot() }, "{way}");
        scheduler.run(new.write(b"new".to_vec(), 0)).unwrap();
        drop(old); // which has nothing to close any more
        assert_eq!(scheduler.run(new.read(vec![0; 3], 0)).unwrap().1, b"new", "{way}");
        assert_eq!(disk.contents("old").unwrap(), b"", "{way}");
    }
    everywhere!(claim);
}

#[test]
fn a_drain_ends_after_all_that_was_before_it() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = opened(scheduler, disk, "data");
        for round in 0..5_u64 {
            let mut before = Vec::new();
            for at in 0..6 {
                before.push(scheduler.submit(file.write(vec![1; 100], at * 100)).unwrap());
            }
            let flush = scheduler.submit(file.sync_data()).unwrap();
            // It does not wait for its own chain but by the link.
            let chain = Chain::new(file.write(vec![2; 100], 600 + round)).link(file.drain().in_chain());
            let drain = scheduler.submit_chain(chain).unwrap();
            assert_eq!(drain.wait().error(), None, "{way}");
            assert!(before.iter().all(bareio::sched::Ticket::is_done), "{way}, round {round}");
            assert!(flush.is_done(), "{way}, round {round}");
        }
        assert_eq!(scheduler.run(file.read(vec![0; 1], 0)).unwrap().0, 1, "{way}: the file is open");
    }
    everywhere!(claim);
}
