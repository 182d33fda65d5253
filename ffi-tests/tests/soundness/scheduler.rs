//! The scheduler, whose tickets are waited for or polled.

use std::future::Future;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use bareio::Scheduler;
use bareio::sched::{Backend, Op, Ticket};

use super::COUNT;
use super::arena::Lease;
use super::subject::{End, File, Subject, Way, panic_quietly, place};

/// [`Scheduler`], whose operations own their memory.
pub(crate) struct Scheduled {
    pub(crate) backend: Backend,
    /// Whether tickets are polled before they are let go of, so that a thread serves them.
    pub(crate) polls: bool,
}

/// A descriptor of its own for the same file, which the operations own.
fn own(file: &File) -> bareio::File {
    // SAFETY: open for as long as `file` is.
    let lent = unsafe { BorrowedFd::borrow_raw(file.fd().0) };
    bareio::File::from_fd(lent.try_clone_to_owned().unwrap()).unwrap()
}

impl Subject for Scheduled {
    fn run(&self, file: File, memory: Vec<Lease>, way: Way, end: End) {
        let count = u32::try_from(COUNT).unwrap();
        let builder = Scheduler::builder().depth(count).backend(self.backend).threads(4);
        let scheduler = builder.patience(Duration::from_secs(10)).build().unwrap();
        let ours = own(&file);
        drop(file);
        let start = |(index, lease)| {
            let op = match way {
                Way::Reads => Op::read(&ours, lease, place(index)),
                Way::Writes => Op::write(&ours, lease, place(index)),
            };
            scheduler.submit(op).unwrap()
        };
        let mut tickets: Vec<Ticket<Lease>> = memory.into_iter().enumerate().map(start).collect();
        if self.polls {
            for ticket in &mut tickets {
                let context = &mut Context::from_waker(Waker::noop());
                // What is ready is ready once.
                if !ticket.is_done() && Pin::new(&mut *ticket).poll(context).is_ready() {
                    return;
                }
            }
        }
        match end {
            End::Ring => {
                drop(scheduler);
                drop(tickets);
                drop(ours);
            }
            End::Operations => {
                drop(tickets);
                drop(ours);
                drop(scheduler);
            }
            End::File => {
                drop(ours);
                drop(scheduler);
                drop(tickets);
            }
            End::ForgetOperations => {
                std::mem::forget(tickets);
                drop(scheduler);
            }
            End::ForgetRing => {
                std::mem::forget(scheduler);
                drop(tickets);
            }
            End::ForgetAll => std::mem::forget((scheduler, tickets)),
            End::Half => {
                for (index, ticket) in tickets.drain(..).enumerate() {
                    match index % 3 {
                        0 => drop(ticket.wait().unwrap()),
                        1 => drop(ticket.cancel()),
                        _ => drop(ticket),
                    }
                }
                scheduler.close(Duration::from_secs(10)).unwrap();
            }
            End::Panic => {
                let unwound = catch_unwind(AssertUnwindSafe(move || {
                    let _all = (tickets, scheduler, ours);
                    panic_quietly();
                }));
                assert!(unwound.is_err());
            }
        }
    }
}
