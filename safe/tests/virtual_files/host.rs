//! The ways of this host, and files on it that operations wait at.

use std::fs::{File as StdFile, OpenOptions as StdOptions};
use std::io::Write;
use std::time::Duration;

use bareio::file::OpenOptions;
use bareio::sched::{Backend, Builder, Chain, Drive, Kept, Scheduler, VirtualFile};

use crate::common::{Disk, opened, options};

/// Says that a test is skipped, and why; with `BAREIO_REQUIRE_ALL` set, that is a failure.
fn skip(reason: &str) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{name} may not be skipped: {reason}");
    eprintln!("skipped {name}: {reason}");
}

/// The ways in which operations can be under way while the test goes on.
pub(crate) fn waiting(settings: impl Fn(Builder) -> Builder) -> Vec<(&'static str, Scheduler)> {
    let make = |change: fn(Builder) -> Builder| change(settings(Scheduler::builder())).build();
    let mut all = vec![("calls of threads", make(|b| b.backend(Backend::Posix)).unwrap())];
    match make(|b| b.backend(Backend::IoUring)) {
        Ok(ring) => {
            all.push(("a ring", ring));
            all.push(("a ring and a thread", make(|b| b.drive(Drive::Thread)).unwrap()));
        }
        Err(error) => skip(&error.to_string()),
    }
    all
}

/// These, and calls of the thread that submits.
pub(crate) fn all(settings: impl Fn(Builder) -> Builder) -> Vec<(&'static str, Scheduler)> {
    let mut all = waiting(&settings);
    all.push((
        "calls at once",
        settings(Scheduler::builder()).backend(Backend::Posix).threads(0).build().unwrap(),
    ));
    all
}

/// A pipe with a name. What reads from it waits until something is written.
pub(crate) struct Fifo {
    folder: tempfile::TempDir,
    /// Both ends, so that neither is ever gone.
    both: StdFile,
}

impl Fifo {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let status = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(status.success(), "mkfifo");
        let both = StdOptions::new().read(true).write(true).open(&path).unwrap();
        Self { folder, both }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("fifo")
    }

    /// Ends `count` reads of one byte.
    pub(crate) fn let_go(&self, count: usize) {
        (&self.both).write_all(&vec![1; count]).unwrap();
    }

    /// A virtual file at which reads wait.
    pub(crate) fn opened(&self, scheduler: &Scheduler) -> VirtualFile {
        let file = scheduler.files().claim().unwrap();
        let both = OpenOptions::new().read(true).write(true);
        scheduler.run(file.open(self.path(), &both)).unwrap();
        file
    }
}

/// Time in which something would happen that must not.
pub(crate) const MOMENT: Duration = Duration::from_millis(30);

#[test]
fn slots_are_registered_files_of_a_ring_where_they_can_be() {
    for (way, scheduler) in all(|b| b.files(4)) {
        let kept = scheduler.files().kept();
        if scheduler.running().is_ring() {
            println!("{way}: {kept}"); // as the kernel is
        } else {
            assert!(matches!(kept, Kept::Descriptors(_)), "{way}: {kept}");
        }
        assert_eq!(scheduler.files().len(), 4, "{way}");
    }
    let without = Scheduler::new().unwrap();
    assert!(without.files().is_empty() && without.files().kept() == Kept::Nowhere);
}

/// What is replaced is closed: a pipe's reader is told that nobody writes any more.
#[test]
fn what_is_replaced_closed_or_given_up_is_not_open_any_more() {
    type End = fn(&Scheduler, VirtualFile, &dyn Disk);
    let replace: End = |scheduler, file, disk| {
        let next = scheduler.files().claim_at(file.slot()).unwrap();
        scheduler.run(next.open(disk.path("next"), &options())).unwrap();
    };
    let close: End = |scheduler, file, _| assert_eq!(scheduler.run(file.close()).unwrap().0, 0);
    let give_up: End = |_, file, _| drop(file);
    // Nobody waits for the open, nor keeps a handle.
    for (what, end) in [("replace", replace), ("close", close), ("give up", give_up)] {
        for (way, scheduler) in all(|b| b.files(4)) {
            let disk = crate::common::Folder::new();
            let fifo = Fifo::new();
            let file = scheduler.files().claim().unwrap();
            let reader = StdOptions::new().read(true).open(fifo.path());
            let writes = OpenOptions::new().write(true);
            scheduler.run(file.open(fifo.path(), &writes)).unwrap();
            scheduler.run(file.write_current(b"x".to_vec())).unwrap();
            end(&scheduler, file, &disk);
            let mut reader = reader.unwrap();
            drop(fifo); // ours
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap(); // hangs if a writer is left
            assert_eq!(bytes, b"x", "{what}, {way}");
        }
    }
}

#[test]
fn a_drain_waits_for_what_was_before_and_for_nothing_else() {
    for (way, scheduler) in waiting(|b| b.files(4)) {
        let fifo = Fifo::new();
        let file = fifo.opened(&scheduler);
        let read = scheduler.submit(file.read_current(vec![0; 1])).unwrap();
        let drain = scheduler.submit(file.drain()).unwrap();
        // Later work is not held back, and the drain does not wait for it.
        let later = scheduler.submit(file.read_current(vec![0; 1])).unwrap();
        let drain = drain.wait_timeout(MOMENT).expect_err("the read has not ended");
        fifo.let_go(1);
        // Of two readers of a pipe either may get the byte.
        let (read, later) = match read.wait_timeout(MOMENT * 10) {
            Ok(outcome) => (outcome.map(|(count, _)| count).ok(), Err(later)),
            Err(read) => (None, Ok((read, later))),
        };
        match later {
            Err(later) => {
                assert_eq!(read, Some(1), "{way}");
                drain.wait().unwrap();
                let later = later.wait_timeout(MOMENT).expect_err("nothing was written for it");
                fifo.let_go(1);
                later.wait().unwrap();
            }
            Ok((read, later)) => {
                later.wait().unwrap();
                let drain = drain.wait_timeout(MOMENT).expect_err("the read has not ended");
                fifo.let_go(1);
                read.wait().unwrap();
                drain.wait().unwrap();
            }
        }
        scheduler.run(file.drain()).unwrap();
    }
}

#[test]
fn of_two_drains_each_waits_for_its_own_past() {
    for (way, scheduler) in waiting(|b| b.files(4)) {
        let (one, two) = (Fifo::new(), Fifo::new());
        let [one_file, two_file] = [&one, &two].map(|fifo| fifo.opened(&scheduler));
        // A chain that waits, and drains the other file in the end.
        let first = scheduler.submit(two_file.read_current(vec![0; 1])).unwrap();
        let chain = Chain::new(one_file.read_current(vec![0; 1])).link(two_file.drain().in_chain());
        let chain = scheduler.submit_chain(chain).unwrap();
        let drain = scheduler.submit(two_file.drain()).unwrap();
        two.let_go(1);
        first.wait().unwrap();
        let drain = drain.wait_timeout(MOMENT).expect_err("the drain before it has not ended");
        one.let_go(1);
        assert_eq!(chain.wait().error(), None, "{way}");
        drain.wait().unwrap();
    }
}

#[test]
fn a_close_waits_for_work_and_refuses_more() {
    for (way, scheduler) in waiting(|b| b.files(4)) {
        let fifo = Fifo::new();
        let file = fifo.opened(&scheduler);
        let read = scheduler.submit(file.read_current(vec![0; 1])).unwrap();
        let close = scheduler.submit(file.close()).unwrap();
        let refused = scheduler.submit(file.read_current(vec![7; 1])).unwrap_err();
        assert!(refused.error.to_string().contains("is being closed"), "{way}: {}", refused.error);
        assert_eq!(refused.given.into_buf(), Some(vec![7; 1]), "{way}");
        let close = close.wait_timeout(MOMENT).expect_err("the read has not ended");
        fifo.let_go(1);
        assert_eq!(read.wait().unwrap().0, 1, "{way}");
        close.wait().unwrap();
        let refused = scheduler.submit(file.drain()).unwrap_err();
        assert!(refused.error.to_string().contains("not in slot"), "{way}: {}", refused.error);
    }
}

#[test]
fn a_close_that_is_cancelled_leaves_the_file_open() {
    for (way, scheduler) in waiting(|b| b.files(4)) {
        let fifo = Fifo::new();
        let file = fifo.opened(&scheduler);
        let read = scheduler.submit(file.read_current(vec![0; 1])).unwrap();
        let close = scheduler.submit(file.close()).unwrap();
        let drain = scheduler.submit(file.drain());
        assert!(drain.is_err(), "{way}: behind a close");
        // At once, though the read goes on.
        assert!(close.cancel().unwrap_err().error.is_canceled(), "{way}");
        let drain = scheduler.submit(file.drain()).unwrap();
        let again = scheduler.submit(file.drain()).unwrap();
        assert!(drain.cancel().unwrap_err().error.is_canceled(), "{way}");
        let again = again.wait_timeout(MOMENT).expect_err("the read that the other drain waited for");
        fifo.let_go(1);
        read.wait().unwrap();
        again.wait().unwrap();
        scheduler.run(file.close()).unwrap();
    }
}

/// A chain that opens a file and then waits.
pub(crate) fn opening_chain(
    scheduler: &Scheduler,
    disk: &dyn Disk,
    fifo: &VirtualFile,
) -> (VirtualFile, bareio::sched::ChainTicket<Vec<u8>>) {
    let file = scheduler.files().claim().unwrap();
    let chain = Chain::new(file.open(disk.path("data"), &options()).in_chain())
        .link(fifo.read_current(vec![0; 1]))
        .link(file.write(b"head".to_vec(), 0));
    let ticket = scheduler.submit_chain(chain).unwrap();
    (file, ticket)
}

#[test]
fn an_open_holds_later_work_until_all_of_its_chain_has_ended() {
    for (way, scheduler) in waiting(|b| b.files(4)) {
        let disk = crate::common::Folder::new();
        let fifo = Fifo::new();
        let pipe = fifo.opened(&scheduler);
        let (file, chain) = opening_chain(&scheduler, &disk, &pipe);
        let read = scheduler.submit(file.read(vec![0; 8], 0)).unwrap();
        let drain = scheduler.submit(file.drain()).unwrap();
        let read = read.wait_timeout(MOMENT).expect_err("the chain has not ended");
        // What was opened is not to be replaced, though its operation has ended.
        let other = scheduler.files().claim_at(file.slot()).unwrap();
        let refused = scheduler.submit(other.open(disk.path("other"), &options())).unwrap_err();
        assert!(refused.error.to_string().contains("have not ended"), "{way}: {}", refused.error);
        fifo.let_go(1);
        assert_eq!(chain.wait().error(), None, "{way}");
        let (count, bytes) = read.wait().unwrap();
        assert_eq!((count, &bytes[..count]), (4, &b"head"[..]), "{way}");
        drain.wait().unwrap();
    }
}

#[test]
fn what_is_held_can_be_cancelled_at_once() {
    for (way, scheduler) in waiting(|b| b.files(4)) {
        let disk = crate::common::Folder::new();
        let fifo = Fifo::new();
        let pipe = fifo.opened(&scheduler);
        let (file, chain) = opening_chain(&scheduler, &disk, &pipe);
        let held = scheduler.submit(file.write(b"never".to_vec(), 0)).unwrap();
        let soft = Chain::new(file.write(b"never".to_vec(), 0)).link(file.write(b"never".to_vec(), 0));
        let soft = scheduler.submit_chain(soft).unwrap();
        let drain = scheduler.submit(file.drain()).unwrap();
        assert!(held.cancel().unwrap_err().error.is_canceled(), "{way}");
        assert!(soft.cancel().error().unwrap().is_canceled(), "{way}");
        let hard = Chain::new(file.write(b"h".to_vec(), 0)).hard_link(file.write(b"i".to_vec(), 1));
        let hard = scheduler.submit_chain(hard).unwrap();
        drop(file);
        let _ = drain.wait_timeout(MOMENT).map(|_| panic!("{way}: the chain has not ended"));
        fifo.let_go(1);
        assert_eq!(chain.wait().error(), None, "{way}");
        assert_eq!(hard.wait().error(), None, "{way}");
        assert_eq!(disk.contents("data").unwrap(), b"hiad", "{way}: nothing else was written");
    }
}

#[test]
fn a_waiter_of_what_is_held_sleeps_and_is_woken() {
    for (way, scheduler) in waiting(|b| b.files(4)) {
        let disk = crate::common::Folder::new();
        let fifo = Fifo::new();
        let pipe = fifo.opened(&scheduler);
        let (file, chain) = opening_chain(&scheduler, &disk, &pipe);
        std::thread::scope(|scope| {
            let waiters: Vec<_> = (0..8_u64)
                .map(|at| {
                    let held = scheduler.submit(file.write(vec![9], 4 + at)).unwrap();
                    let drain = scheduler.submit(file.drain()).unwrap();
                    scope.spawn(move || {
                        let count = held.wait().unwrap().0;
                        drain.wait().unwrap();
                        count
                    })
                })
                .collect();
            std::thread::sleep(MOMENT);
            fifo.let_go(1);
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), 1, "{way}");
            }
        });
        assert_eq!(chain.wait().error(), None, "{way}");
        let file = opened(&scheduler, &disk, "data");
        assert_eq!(scheduler.run(file.read(vec![0; 64], 0)).unwrap().0, 12, "{way}");
    }
}

/// Nobody waits for any of it, nor keeps a handle.
#[test]
fn what_is_dropped_goes_on_to_its_end() {
    for (way, scheduler) in all(|b| b.files(4)) {
        let disk = crate::common::Folder::new();
        let file = scheduler.files().claim().unwrap();
        drop(scheduler.submit(file.open(disk.path("data"), &options())).unwrap());
        drop(scheduler.submit(file.write(b"one".to_vec(), 0)).unwrap());
        drop(scheduler.submit(file.drain()).unwrap());
        drop(scheduler.submit(file.close()).unwrap());
        drop(file);
        let begin = std::time::Instant::now();
        while disk.contents("data").as_deref() != Some(b"one") {
            assert!(begin.elapsed() < Duration::from_secs(10), "{way}: nobody begins what is left");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
