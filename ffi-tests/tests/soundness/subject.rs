//! Libraries that are tried.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bareio_core::kernel::OpenFlags;
use bareio_core::ring::{Builder, Ring};
use bareio_core::ticket::{Driver, OwnedFile, Read, Slot, Table, Write};
use bareio_core::{BorrowedFd, Fd, Kernel, Linux, scope, sqe};

use super::COUNT;
use super::arena::{LEN, Lease};

/// An open file, closed when its last owner goes.
#[derive(Clone, Debug)]
pub(crate) struct File(Arc<Open>);

#[derive(Debug)]
struct Open(Fd);

impl File {
    /// For reading and writing past the page cache, or where the file system cannot, through it.
    pub(crate) fn open(path: &Path) -> Self {
        let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        let flags = OpenFlags::READ | OpenFlags::WRITE;
        // SAFETY: the working directory is open.
        let direct = unsafe { Linux.open_at(Fd::CWD, &path, flags | OpenFlags::DIRECT, 0) };
        // SAFETY: as above.
        let fd = direct.or_else(|_| unsafe { Linux.open_at(Fd::CWD, &path, flags, 0) }).unwrap();
        Self(Arc::new(Open(fd)))
    }

    /// Its number.
    pub(crate) fn fd(&self) -> Fd {
        self.0.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: ours, and nobody has it any more.
        let _ = unsafe { Linux.close(self.0) };
    }
}

// SAFETY: open for as long as one of its owners lives.
unsafe impl OwnedFile for File {
    fn fd(&self) -> Fd {
        self.0.0
    }
}

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Reads,
    Writes,
}

/// How what was started is let go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// First the ring, then what names its operations, then the file.
    Ring,
    /// First what names the operations, then the file, then the ring.
    Operations,
    /// First the file, then the ring, then what names the operations.
    File,
    /// What names the operations is forgotten.
    ForgetOperations,
    /// The ring is forgotten.
    ForgetRing,
    /// Both are forgotten.
    ForgetAll,
    /// Every second operation is let go of, the others are waited for.
    Half,
    /// A panic unwinds through all of it.
    Panic,
}

impl End {
    pub(crate) const ALL: [Self; 8] = [
        Self::Ring,
        Self::Operations,
        Self::File,
        Self::ForgetOperations,
        Self::ForgetRing,
        Self::ForgetAll,
        Self::Half,
        Self::Panic,
    ];
}

/// A library under trial. To try another, implement this for it, and add it to the tests.
pub(crate) trait Subject {
    /// Starts one operation for each piece of `memory`, at that piece's place in `file`, has the kernel take them, and lets
    /// go of everything as `end` says, without more waiting than the library does by itself.
    ///
    /// `memory` and `file` are what the library may own, or borrow, as its own safe interface would have it. Whatever comes
    /// back is dropped here.
    fn run(&self, file: File, memory: Vec<Lease>, way: Way, end: End);
}

pub(crate) fn ring() -> Ring<Linux> {
    Builder::new(64).build(Linux).unwrap()
}

pub(crate) fn place(index: usize) -> u64 {
    (index * LEN) as u64
}

/// Ends by a panic, quietly.
pub(crate) fn panic_quietly() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// [`Driver`], whose operations own their memory.
pub(crate) struct Tickets;

impl Subject for Tickets {
    fn run(&self, file: File, memory: Vec<Lease>, way: Way, end: End) {
        match way {
            Way::Reads => run_tickets(file, memory, end, Read::new),
            Way::Writes => run_tickets(file, memory, end, Write::new),
        }
    }
}

fn run_tickets<O: bareio_core::ticket::Operation>(
    file: File,
    memory: Vec<Lease>,
    end: End,
    operation: impl Fn(File, Lease, u64) -> O,
) {
    let mut slots: Vec<Slot> = (0..COUNT).map(|_| Slot::new()).collect();
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring(), &mut table);
    let start = |(index, lease)| driver.submit(operation(file.clone(), lease, place(index))).unwrap();
    let mut tickets: Vec<_> = memory.into_iter().enumerate().map(start).collect();
    driver.turn(0).unwrap();
    match end {
        End::Ring => {
            drop(driver);
            drop(tickets);
            drop(file);
        }
        End::Operations => {
            drop(tickets);
            drop(file);
            drop(driver);
        }
        End::File => {
            drop(file);
            drop(driver);
            drop(tickets);
        }
        End::ForgetOperations => {
            std::mem::forget(tickets);
            drop(driver);
        }
        End::ForgetRing => {
            std::mem::forget(driver);
            drop(tickets);
        }
        End::ForgetAll => std::mem::forget((driver, tickets)),
        End::Half => {
            for (index, ticket) in tickets.drain(..).enumerate() {
                if index % 2 == 0 {
                    driver.wait(ticket).unwrap();
                }
            }
            let _ = driver.cancel_orphans();
            driver.close(Duration::from_secs(10)).unwrap();
        }
        End::Panic => {
            let unwound = catch_unwind(AssertUnwindSafe(move || {
                let _all = (tickets, driver, file);
                panic_quietly();
            }));
            assert!(unwound.is_err());
        }
    }
}

/// [`Ring::scope`], whose operations borrow their memory.
pub(crate) struct Scope;

impl Subject for Scope {
    fn run(&self, file: File, mut memory: Vec<Lease>, way: Way, end: End) {
        let mut ring = ring();
        let mut slots: Vec<_> = (0..COUNT).map(|_| scope::Slot::new()).collect();
        let held = file.clone();
        // SAFETY: `held` outlives the scope, as the borrow says.
        let lent = unsafe { BorrowedFd::borrow_raw(held.fd()) };
        // The scope borrows a descriptor, so the last owner stays; this one may go.
        drop(file);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            ring.scope(&mut slots, |s| {
                let mut kept = Vec::new();
                for (index, lease) in memory.iter_mut().enumerate() {
                    let bytes = lease.as_mut_slice();
                    match way {
                        // Tickets have no destructor: that one is dropped and that it is forgotten are the same.
                        Way::Reads => {
                            let ticket = s.read(lent, bytes, place(index)).unwrap();
                            if end == End::Half && index % 2 == 0 {
                                kept.push(ticket);
                            }
                        }
                        Way::Writes => {
                            let _ticket = s.write(lent, bytes, place(index)).unwrap();
                        }
                    }
                }
                s.submit().unwrap();
                for ticket in kept {
                    s.wait(ticket).0.unwrap();
                }
                if end == End::Panic {
                    panic_quietly();
                }
            });
        }));
        assert_eq!(ended.is_err(), end == End::Panic);
        if matches!(end, End::ForgetRing | End::ForgetAll) {
            std::mem::forget(ring);
        }
    }
}

/// What must be found out: a ring that is closed, and nothing else.
pub(crate) struct Careless;

impl Subject for Careless {
    fn run(&self, file: File, mut memory: Vec<Lease>, way: Way, _: End) {
        let mut ring = ring();
        for (index, lease) in memory.iter_mut().enumerate() {
            let (bytes, len) = (lease.as_mut_ptr(), u32::try_from(LEN).unwrap());
            let entry = match way {
                Way::Reads => sqe::read(file.fd(), bytes, len, place(index)),
                Way::Writes => sqe::write(file.fd(), bytes, len, place(index)),
            };
            // SAFETY: it is not kept, which is the point: the arena's memory is never freed, and looked at as one that
            // others write to.
            unsafe { ring.push(entry) }.unwrap();
        }
        ring.submit().unwrap();
        // SAFETY: forgotten below.
        let _ = unsafe { Linux.close(ring.fd()) };
        std::mem::forget(ring);
    }
}
