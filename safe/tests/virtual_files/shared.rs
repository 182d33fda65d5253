//! Virtual files, and what operations share: submissions, flushes, fixed buffers.

use bareio::ErrorKind;
use bareio::core::Errno;
use bareio::core::sim::Call;
use bareio::sched::{Drive, Flushing, Scheduler};

use crate::common::{SEEDS, kernels, opened, options};

/// Each is written long before it is flushed; and only then has it left its file.
#[test]
fn a_drain_waits_for_the_flush_that_gathered_writes_share() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(|sim| sim.calm().seed(seed)) {
            let way = format!("{kernel}, seed {seed}");
            let scheduler = Scheduler::builder().files(2).drive(Drive::Caller).flushing(Flushing::Shared);
            let scheduler = scheduler.with_kernel(sim.clone()).unwrap();
            let file = opened(&scheduler, &sim, "data");
            let before = sim.calls(Call::Sync);
            for round in 0..3 {
                let plug = scheduler.plug();
                // They follow each other.
                let writes: Vec<_> = (0..8)
                    .map(|at| {
                        plug.submit(file.write(vec![1; 100], (round * 8 + at) * 100).durable()).unwrap()
                    })
                    .collect();
                let drain = plug.submit(file.drain()).unwrap();
                drop(plug);
                drain.wait().unwrap();
                assert!(writes.iter().all(bareio::sched::Ticket::is_done), "{way}: it overtook the flush");
                assert_eq!(sim.unflushed("data"), Some(0), "{way}");
                for write in writes {
                    assert_eq!(write.wait().unwrap().0, 100, "{way}");
                }
            }
            let (flushes, statistics) = (sim.calls(Call::Sync) - before, scheduler.statistics());
            assert_eq!((statistics.flushes, statistics.flushed), (flushes, 24), "{way}");
            if scheduler.running().is_ring() {
                assert!(flushes < 24, "{way}: {flushes} flushes for 24 writes");
            }
            scheduler.run(file.close()).unwrap();
            assert_eq!(sim.contents("data").unwrap(), [1; 2400], "{way}");
        }
    }
}

#[test]
fn a_shared_flush_that_fails_poisons_the_virtual_file_and_leaves_the_counts() {
    for (way, sim) in kernels(|sim| sim.calm().fail_nth(Call::Sync, 1, Errno::IO)) {
        let scheduler = Scheduler::builder().files(2).drive(Drive::Caller).flushing(Flushing::Shared);
        let scheduler = scheduler.with_kernel(sim.clone()).unwrap();
        let (file, other) = (opened(&scheduler, &sim, "data"), opened(&scheduler, &sim, "other"));
        let durable = scheduler.submit(file.write(vec![1; 100], 0).durable()).unwrap();
        let close = scheduler.submit(file.close()).unwrap();
        close.wait().unwrap();
        assert!(durable.is_done(), "{way}");
        let failed = durable.wait().unwrap_err();
        let kind = ErrorKind::NotDurable { written: 100, errno: Errno::IO };
        assert_eq!((failed.error.kind(), failed.buf), (kind, Some(vec![1; 100])), "{way}");
        assert_eq!((file.poisoned(), other.poisoned()), (Some(Errno::IO), None), "{way}");
        let elsewhere = scheduler.submit(other.write(vec![1; 100], 0).durable()).unwrap();
        assert_eq!(elsewhere.wait().unwrap().0, 100, "{way}");
        // Another file in the same slot is another file.
        let again = scheduler.files().claim_at(file.slot()).unwrap();
        scheduler.run(again.open("data", &options())).unwrap();
        assert_eq!(scheduler.run(again.write(vec![1; 100], 0).durable()).unwrap().0, 100, "{way}");
    }
}

/// The second write follows the first in numbers, but not in the same file.
#[test]
fn what_follows_in_another_slot_or_behind_an_open_goes_elsewhere() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(|sim| sim.calm().seed(seed)) {
            let way = format!("{kernel}, seed {seed}");
            let scheduler = Scheduler::builder().files(2).drive(Drive::Caller);
            let scheduler = scheduler.with_kernel(sim.clone()).unwrap();
            let (one, two) = (opened(&scheduler, &sim, "one"), opened(&scheduler, &sim, "two"));
            let plug = scheduler.plug();
            let tickets = [
                plug.submit(one.write(vec![1; 100], 0)).unwrap(),
                plug.submit(two.write(vec![2; 100], 100)).unwrap(),
                plug.submit(one.write(vec![3; 100], 100)).unwrap(),
            ];
            let drain = plug.submit(one.drain()).unwrap();
            let behind = plug.submit(one.write(vec![4; 100], 200)).unwrap();
            let close = plug.submit(one.close()).unwrap();
            drop(plug);
            assert_eq!(drain.wait().unwrap().0, 0, "{way}");
            assert!(tickets[0].is_done() && tickets[2].is_done(), "{way}");
            close.wait().unwrap();
            assert!(behind.is_done(), "{way}");
            for ticket in tickets.into_iter().chain([behind]) {
                assert_eq!(ticket.wait().unwrap().0, 100, "{way}");
            }
            // What is begun behind an open into the same slot is held, plug or not.
            let next = scheduler.files().claim_at(one.slot()).unwrap();
            let plug = scheduler.plug();
            let open = plug.submit(next.open("next", &options())).unwrap();
            let held = plug.submit(next.write(vec![5; 100], 300)).unwrap();
            drop(plug);
            assert_eq!(held.wait().unwrap().0, 100, "{way}");
            open.wait().unwrap();
            let expected: Vec<u8> = [1, 3, 4].into_iter().flat_map(|byte| [byte; 100]).collect();
            assert_eq!(sim.contents("one").unwrap(), expected, "{way}");
            assert_eq!(sim.contents("two").unwrap()[100..], [2; 100], "{way}");
            assert_eq!(sim.contents("next").unwrap()[300..], [5; 100], "{way}");
        }
    }
}

#[cfg(all(unix, not(miri)))]
#[test]
fn buffers_of_an_attached_pool_go_through_fixed_ones_of_a_virtual_file() {
    use bareio::pool::{BufferPool, Registration};

    use crate::common::{Disk, Folder};
    for (way, scheduler) in crate::host::all(|builder| builder.files(2).statistics(true)) {
        let disk = Folder::new();
        let file = opened(&scheduler, &disk, "data");
        let pool = BufferPool::new(4096, 2).unwrap();
        let is_fixed = scheduler.attach(&[&pool]).unwrap() == Registration::Registered;
        let mut buf = pool.acquire().unwrap();
        buf.set_len(4096).unwrap();
        buf.as_mut_slice().fill(7);
        let (count, buf) = scheduler.run(file.write(buf, 0)).unwrap();
        assert_eq!(count, 4096, "{way}");
        let (_, buf) = scheduler.run(file.read(buf, 0)).unwrap();
        assert_eq!(buf.as_slice(), [7; 4096], "{way}");
        assert_eq!(disk.contents("data").unwrap(), [7; 4096], "{way}");
        assert_eq!(scheduler.statistics().fixed, if is_fixed { 2 } else { 0 }, "{way}");
    }
}
