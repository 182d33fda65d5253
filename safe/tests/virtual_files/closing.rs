//! Closing, and what becomes of files that nobody closes.

use bareio::core::Errno;
use bareio::core::sim::{Call, Sim};
use bareio::sched::{Base, Chain, Drive, Scheduler};

use crate::common::{Disk, SEEDS, everywhere, kernels, opened, options};

#[test]
fn a_chain_ends_with_a_close() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = opened(scheduler, disk, "data");
        let before: Vec<_> =
            (0..4).map(|at| scheduler.submit(file.write(vec![1; 10], at * 10)).unwrap()).collect();
        let chain = Chain::new(file.write(vec![2; 10], 40))
            .link(file.sync_all().in_chain())
            .link(file.close().in_chain());
        let close = scheduler.submit_chain(chain).unwrap();
        assert_eq!(close.wait().error(), None, "{way}");
        assert!(
            before.iter().all(bareio::sched::Ticket::is_done),
            "{way}: flushed and closed after all of them"
        );
        assert_eq!(disk.contents("data").unwrap().len(), 50, "{way}");
    }
    everywhere!(claim);
}

/// All slots are used up many times over, by files that nobody closes, and by opens that nobody waits for.
#[test]
fn a_file_is_closed_when_nobody_names_it_any_more() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        for round in 0..20_u8 {
            let files = [(); 4].map(|()| opened(scheduler, disk, "data"));
            let writes: Vec<_> = files
                .iter()
                .zip(0..)
                .map(|(file, at)| scheduler.submit(file.write(vec![round], at)).unwrap())
                .collect();
            drop(files); // what is in flight still has them
            for write in writes {
                assert_eq!(write.wait().unwrap().0, 1, "{way}");
            }
        }
        let file = scheduler.files().claim_at(0).unwrap();
        drop(scheduler.submit(file.open(disk.path("data"), &options())).unwrap());
        drop(file);
        // Somebody has to drive for what was dropped.
        let other = opened(scheduler, disk, "other");
        drop(scheduler.submit(other.write(vec![1], 0)).unwrap());
        drop(scheduler.submit(other.drain()).unwrap());
        drop(scheduler.submit(other.close()).unwrap());
        drop(other);
        let mut files = Vec::new();
        while files.len() < 4 {
            match scheduler.files().claim() {
                Ok(file) => files.push(file),
                Err(_) => drop(scheduler.turn(Some(std::time::Duration::from_millis(1))).unwrap()),
            }
        }
        assert_eq!(disk.contents("data").unwrap(), [19; 4], "{way}");
    }
    everywhere!(claim);
}

#[test]
fn a_file_without_a_name_is_closed_when_the_open_in_its_place_has_failed() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(|sim| sim.calm().seed(seed).fail_nth(Call::Open, 2, Errno::IO)) {
            let scheduler: Scheduler<Sim> =
                Scheduler::builder().files(1).drive(Drive::Caller).with_kernel(sim.clone()).unwrap();
            let idle = sim.census().descriptors;
            let old = opened(&scheduler, &sim, "old");
            let new = scheduler.files().claim_at(0).unwrap();
            let open = scheduler.submit(new.open("new", &options())).unwrap();
            drop(old);
            assert_eq!(open.wait().unwrap_err().error.errno(), Some(Errno::IO), "{kernel}, seed {seed}");
            assert_eq!(sim.census().descriptors, idle, "{kernel}, seed {seed}: the old file is closed");
            scheduler.run(new.open("new", &options())).unwrap();
            scheduler.run(new.write(b"new".to_vec(), 0)).unwrap();
            assert_eq!(Disk::contents(&sim, "old").unwrap(), b"", "{kernel}, seed {seed}");
        }
    }
}

/// A flush that fails has lost something, and it is not forgotten.
#[test]
fn a_flush_that_failed_poisons_the_file_until_it_is_opened_anew() {
    for (kernel, sim) in kernels(|sim| sim.calm().fail_nth(Call::Sync, 1, Errno::IO)) {
        let scheduler: Scheduler<Sim> =
            Scheduler::builder().files(2).drive(Drive::Caller).with_kernel(sim.clone()).unwrap();
        let file = opened(&scheduler, &sim, "data");
        scheduler.run(file.write(b"data".to_vec(), 0)).unwrap();
        assert_eq!(scheduler.run(file.sync_data()).unwrap_err().error.errno(), Some(Errno::IO), "{kernel}");
        assert_eq!(file.poisoned(), Some(Errno::IO), "{kernel}");
        for op in [file.sync_data(), file.sync_all()] {
            assert!(scheduler.submit(op).unwrap_err().error.is_poisoned(), "{kernel}");
        }
        assert!(
            scheduler.submit(file.write(vec![1], 0).durable()).unwrap_err().error.is_poisoned(),
            "{kernel}"
        );
        scheduler.run(file.write(vec![1], 0)).unwrap();
        scheduler.run(file.close()).unwrap();
        let anew = scheduler.files().claim_at(file.slot()).unwrap();
        scheduler.run(anew.open("data", &options())).unwrap();
        scheduler.run(anew.sync_data()).unwrap();
    }
}
