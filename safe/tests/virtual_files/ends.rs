//! The end of a scheduler, and room, with barriers about.

use std::time::Duration;

use bareio::sched::{Base, Chain, Drive, Op, Scheduler};

use crate::common::{Disk, SEEDS, everywhere, kernels, opened, options};

/// Whatever is held, waits or runs: all of it ends, and what has not come to anything says that it was closed.
#[test]
fn closing_ends_everything_that_is_held_or_waits() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let file = scheduler.files().claim().unwrap();
        let chain = Chain::new(file.open(disk.path("data"), &options()).in_chain())
            .link(file.write(vec![1; 100], 0))
            .link(file.sync_all().in_chain());
        let chain = scheduler.submit_chain(chain).unwrap();
        let held = scheduler.submit(file.write(vec![2; 100], 100)).unwrap();
        let hard = Chain::new(file.write(vec![3], 0)).hard_link(file.write(vec![3], 0));
        let hard = scheduler.submit_chain(hard).unwrap();
        let drain = scheduler.submit(file.drain()).unwrap();
        let close = scheduler.submit(file.close()).unwrap();
        drop(scheduler.submit(opened_nothing(scheduler)));
        scheduler.close(Duration::from_secs(5)).unwrap();
        let may_be_closed = |error: bareio::Error| assert!(error.is_closed(), "{way}: {error}");
        let _ = drain.wait().map_err(|failed| may_be_closed(failed.error));
        let _ = close.wait().map_err(|failed| may_be_closed(failed.error));
        let (count, bytes) = held.wait().unwrap_or_else(|failed| {
            may_be_closed(failed.error);
            (100, failed.buf.unwrap())
        });
        assert_eq!((count, bytes), (100, vec![2; 100]), "{way}");
        for done in [chain.wait(), hard.wait()] {
            for result in done.results() {
                let _ = result.map_err(may_be_closed);
            }
            assert!(done.into_bufs().flatten().count() >= 1, "{way}");
        }
        assert!(scheduler.submit(file.sync_data()).unwrap_err().error.is_closed(), "{way}");
        assert_eq!(scheduler.statistics().in_flight, 0, "{way}");
    }
    everywhere!(claim);
}

fn opened_nothing<K: Base>(scheduler: &Scheduler<K>) -> Op<(), K> {
    scheduler.files().claim().unwrap().open("no such folder/data", &options())
}

#[test]
fn a_scheduler_that_is_dropped_closes_its_files() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(|sim| sim.calm().seed(seed)) {
            let scheduler: Scheduler<_> =
                Scheduler::builder().files(3).drive(Drive::Caller).with_kernel(sim.clone()).unwrap();
            let file = opened(&scheduler, &sim, "data");
            let orphan = opened(&scheduler, &sim, "orphan");
            drop(scheduler.submit(orphan.write(vec![1; 10], 0)).unwrap());
            drop(scheduler.submit(opened_nothing(&scheduler)).unwrap());
            drop(scheduler);
            // A handle keeps nothing open, and is good for nothing.
            assert_eq!(sim.census().descriptors, 0, "{kernel}, seed {seed}");
            assert_eq!(sim.census().in_flight, 0, "{kernel}, seed {seed}");
            drop((file, orphan));
        }
    }
}

/// What is held takes room as all else does, and what finds none comes back.
#[cfg(all(unix, not(miri)))]
#[test]
fn what_is_held_takes_room() {
    for (way, scheduler) in crate::host::waiting(|builder| builder.files(2).in_flight(8)) {
        let disk = crate::common::Folder::new();
        let fifo = crate::host::Fifo::new();
        let pipe = fifo.opened(&scheduler);
        let (file, chain) = crate::host::opening_chain(&scheduler, &disk, &pipe);
        let mut held = Vec::new();
        let refused = loop {
            match scheduler.try_submit(file.write(vec![1; 4], 4)) {
                Ok(ticket) => held.push(ticket),
                Err(refused) => break refused,
            }
        };
        assert!(refused.error.is_full(), "{way}: {}", refused.error);
        assert_eq!(refused.given.into_buf(), Some(vec![1; 4]), "{way}");
        assert!((5..8).contains(&held.len()), "{way}: {}", held.len());
        std::thread::scope(|scope| {
            // It waits for room, driving or not, and gets it when the barrier is gone.
            let waiting =
                scope.spawn(|| scheduler.submit(file.write(vec![2; 4], 8)).unwrap().wait().unwrap().0);
            std::thread::sleep(crate::host::MOMENT);
            fifo.let_go(1);
            assert_eq!(waiting.join().unwrap(), 4, "{way}");
        });
        assert_eq!(chain.wait().error(), None, "{way}");
        for ticket in held {
            assert_eq!(ticket.wait().unwrap().0, 4, "{way}");
        }
    }
}

#[cfg(all(unix, not(miri)))]
#[test]
fn what_is_held_can_be_awaited() {
    use std::task::{Context, Waker};
    for (way, scheduler) in crate::host::waiting(|builder| builder.files(2)) {
        let disk = crate::common::Folder::new();
        let fifo = crate::host::Fifo::new();
        let pipe = fifo.opened(&scheduler);
        let (file, chain) = crate::host::opening_chain(&scheduler, &disk, &pipe);
        let mut futures = std::pin::pin!(async {
            scheduler.submit(file.write(vec![1; 4], 4)).unwrap().await.unwrap();
            scheduler.submit(file.drain()).unwrap().await.unwrap();
            scheduler.submit(file.close()).unwrap().await.unwrap();
        });
        let mut polls = 0;
        while futures.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            if polls == 10 {
                fifo.let_go(1);
            }
            polls += 1;
            assert!(polls < 10_000, "{way}: it hangs");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(polls > 10, "{way}: it was held");
        assert_eq!(chain.wait().error(), None, "{way}");
    }
}

/// A child has no part in its parent's files, and can drop everything.
#[cfg(all(unix, not(miri)))]
#[test]
fn a_forked_child_touches_no_file_of_its_parent() {
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }
    for (way, scheduler) in crate::host::waiting(|builder| builder.files(3)) {
        let disk = crate::common::Folder::new();
        let fifo = crate::host::Fifo::new();
        let pipe = fifo.opened(&scheduler);
        let (file, chain) = crate::host::opening_chain(&scheduler, &disk, &pipe);
        let held = scheduler.submit(file.write(vec![1; 4], 4)).unwrap();
        let drain = scheduler.submit(file.drain()).unwrap();
        let mut parts = Some((scheduler, pipe, file, chain, held, drain));
        // SAFETY: the child ends by `_exit`, and takes no lock of another thread's but those of the allocator.
        let child = unsafe { fork() };
        if child == 0 {
            let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let (scheduler, pipe, file, chain, held, drain) = parts.take().unwrap();
                assert!(scheduler.submit(file.sync_data()).unwrap_err().error.is_forked());
                assert!(scheduler.files().claim().unwrap_err().is_forked());
                assert!(held.cancel().unwrap_err().error.is_forked());
                drop((pipe, file, chain, drain, scheduler));
            }));
            // SAFETY: ends the child.
            unsafe { _exit(i32::from(failed.is_err())) };
        }
        let mut status = 0;
        // SAFETY: `status` is valid for the call.
        assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "{way}: the child failed");
        let (scheduler, _pipe, file, chain, held, drain) = parts.take().unwrap();
        fifo.let_go(1);
        assert_eq!(chain.wait().error(), None, "{way}");
        assert_eq!(held.wait().unwrap().0, 4, "{way}");
        drain.wait().unwrap();
        assert_eq!(scheduler.run(file.read(vec![0; 16], 0)).unwrap().0, 8, "{way}");
    }
}
