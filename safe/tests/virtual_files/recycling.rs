//! One slot, filled again and again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bareio::sched::{Base, Chain, FilesError, Scheduler};
use bareio::{Errno, ErrorKind};

use crate::common::{Disk, everywhere, options};

const CYCLES: u64 = if cfg!(miri) { 3 } else { 300 };

/// Each cycle's file gets what was meant for it, and nothing of any other, with work of all of them under way.
#[test]
fn a_slot_is_recycled_three_hundred_times_and_no_file_gets_what_is_anothers() {
    fn claim<K: Base>(way: &str, scheduler: &Scheduler<K>, disk: &dyn Disk) {
        let mut last = None;
        for cycle in 0..CYCLES {
            let file = scheduler.files().claim_at(1).unwrap();
            let name = format!("file {}", cycle % 7);
            let byte = u8::try_from(cycle % 251).unwrap();
            let options = options().truncate(true);
            let chain = Chain::new(file.open(disk.path(&name), &options).in_chain())
                .link(file.reserve(0, 64).in_chain())
                .link(file.write(vec![byte; 8], 0));
            let chain = scheduler.submit_chain(chain).unwrap();
            let writes: Vec<_> =
                (1..6).map(|at| scheduler.submit(file.write(vec![byte; 8], at * 8)).unwrap()).collect();
            // The last one's file is gone.
            if let Some(last) = last.replace(file.clone()) {
                let late: Result<bareio::sched::Ticket<_, _>, _> =
                    scheduler.submit(last.write(vec![255; 64], 0));
                match late {
                    Ok(late) => {
                        let errno = late.wait().unwrap_err().error.errno();
                        assert_eq!(errno, Some(Errno::BADF), "{way}, cycle {cycle}");
                    }
                    Err(refused) => {
                        let stale = ErrorKind::Virtual(FilesError::Stale { slot: 1 });
                        assert_eq!(refused.error.kind(), stale, "{way}, cycle {cycle}");
                    }
                }
            }
            if cycle % 2 == 0 {
                scheduler.run(file.drain()).unwrap();
            } else {
                scheduler.run(file.close()).unwrap();
            }
            assert_eq!(chain.wait().error(), None, "{way}, cycle {cycle}");
            for write in writes {
                assert!(write.is_done(), "{way}, cycle {cycle}");
                assert_eq!(write.wait().unwrap().0, 8, "{way}, cycle {cycle}");
            }
            let contents = disk.contents(&name).unwrap();
            assert_eq!(contents[..48], [byte; 48], "{way}, cycle {cycle}");
        }
    }
    everywhere!(claim);
}

/// Threads write to whatever file is in the slot, each by its own handle, while it is recycled.
#[cfg(all(unix, not(miri)))]
#[test]
fn a_slot_is_recycled_under_load() {
    for (way, scheduler) in crate::host::waiting(|builder| builder.files(2)) {
        let disk = crate::common::Folder::new();
        let current = std::sync::Mutex::new(None);
        let (over, written) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let held: Option<(bareio::sched::VirtualFile, u8)> = current.lock().unwrap().clone();
                        let Some((file, byte)) = held else { continue };
                        let Ok(ticket) = scheduler.submit(file.write(vec![byte; 16], 0)) else { continue };
                        if ticket.wait().is_ok() {
                            written.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            for cycle in 0..300_u64 {
                let file = scheduler.files().claim_at(0).unwrap();
                let byte = u8::try_from(cycle % 251).unwrap();
                let open = loop {
                    match scheduler.submit(file.open(disk.path(&byte.to_string()), &options())) {
                        Ok(open) => break open,
                        // Somebody still writes to the last one's.
                        Err(refused) => assert!(
                            matches!(refused.error.kind(), ErrorKind::Virtual(FilesError::Active { .. })),
                            "{way}: {}",
                            refused.error
                        ),
                    }
                    std::thread::yield_now();
                };
                *current.lock().unwrap() = Some((file.clone(), byte));
                open.wait().unwrap();
                scheduler.run(file.write(vec![byte; 16], 0)).unwrap();
                *current.lock().unwrap() = None;
                scheduler.run(file.close()).unwrap();
            }
            over.store(true, Ordering::Relaxed);
        });
        for byte in 0..251_u8 {
            let contents = disk.contents(&byte.to_string()).unwrap();
            assert_eq!(contents, [byte; 16], "{way}: bytes of another file");
        }
        println!("{way}: {} writes of others", written.load(Ordering::Relaxed));
    }
}
