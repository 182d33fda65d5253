//! Slots of operations, in every interleaving of who has a ticket, who completes and who fills slots anew.
#![cfg(loom)]

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use bareio_core::Errno;
use bareio_core::sync::{AtomicU64, Ordering};
use bareio_core::ticket::{Claimer, Lost, Reaper, Ticket};
use bareio_loom_tests::{Buffer, Fill, Waiter, check, completion, table};
use loom::sync::{Arc, mpsc};
use loom::thread;

/// What the kernel does: it writes the buffer, and the completion is handed out.
fn finish(reaper: &mut Reaper<'_>, user_data: u64, buffer: &Buffer) -> bool {
    buffer.write(7);
    // SAFETY: the model's kernel is done with it.
    unsafe { reaper.complete(completion(user_data, 7)) }
}

fn insert(claimer: &mut Claimer<'static>, buffer: &Buffer) -> Ticket<'static, Fill> {
    claimer.insert(buffer.operation()).unwrap().0
}

/// Polls a ticket, and sleeps, until it is ready.
fn wait(ticket: Ticket<'static, Fill>) -> Result<(Result<u32, Errno>, i32), Lost> {
    let waiter = Waiter::new();
    let waker = waiter.waker();
    let mut future = ticket.into_future();
    loop {
        match Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => waiter.sleep(),
        }
    }
}

#[test]
fn who_waits_is_woken_and_sees_what_the_kernel_wrote() {
    check(|| {
        let (mut claimer, mut reaper) = table(1);
        let buffer = Buffer::new();
        let ticket = insert(&mut claimer, &buffer);
        let (id, theirs) = (ticket.id().user_data(), buffer.clone());
        let kernel = thread::spawn(move || assert!(finish(&mut reaper, id, &theirs)));
        assert_eq!(wait(ticket), Ok((Ok(7), 7)));
        kernel.join().unwrap();
        assert_eq!(buffer.ends(), (1, 0));
    });
}

#[test]
fn what_is_dropped_is_disposed_of_once_and_after_the_kernel() {
    check(|| {
        let (mut claimer, mut reaper) = table(1);
        let buffer = Buffer::new();
        let ticket = insert(&mut claimer, &buffer);
        let (id, theirs) = (ticket.id().user_data(), buffer.clone());
        let kernel = thread::spawn(move || assert!(finish(&mut reaper, id, &theirs)));
        drop(ticket);
        kernel.join().unwrap();
        assert_eq!((buffer.ends(), buffer.read()), ((0, 1), -1));
        assert!(claimer.insert(buffer.operation()).is_ok(), "the slot is free again");
    });
}

/// The kernel's word is all that the reaper has: the ring orders nothing here, the slot must.
#[test]
fn what_was_filled_on_one_thread_is_disposed_of_on_another() {
    check(|| {
        let (mut claimer, mut reaper) = table(1);
        let buffer = Buffer::new();
        let ring = Arc::new(AtomicU64::new(u64::MAX));
        let theirs = ring.clone();
        let kernel = thread::spawn(move || {
            // SAFETY: submitted, and the kernel has nothing of it.
            while !unsafe { reaper.complete(completion(theirs.load(Ordering::Relaxed), 7)) } {
                thread::yield_now();
            }
        });
        let ticket = insert(&mut claimer, &buffer);
        let id = ticket.id().user_data();
        drop(ticket);
        ring.store(id, Ordering::Relaxed);
        kernel.join().unwrap();
        assert_eq!(buffer.ends(), (0, 1));
    });
}

/// The schedule that we fear: the slot is filled anew while a completion of its last operation is still being handed
/// out, a second time even.
#[test]
fn a_slot_that_is_filled_anew_is_left_alone_by_late_completions() {
    check(|| {
        let (mut claimer, mut reaper) = table(1);
        let (first, second) = (Buffer::new(), Buffer::new());
        let ticket = insert(&mut claimer, &first);
        let (id, theirs) = (ticket.id().user_data(), first.clone());
        let kernel = thread::spawn(move || {
            assert!(finish(&mut reaper, id, &theirs));
            // SAFETY: it names nothing any more.
            let again = unsafe { reaper.complete(completion(id, 9)) };
            assert!(!again, "a doubled completion completes something");
            reaper
        });
        drop(ticket);
        let refilled = claimer.insert(second.operation()).ok();
        let mut reaper = kernel.join().unwrap();
        assert_eq!(first.ends(), (0, 1));
        if let Some((ticket, _)) = refilled {
            assert!(!ticket.is_done());
            assert!(finish(&mut reaper, ticket.id().user_data(), &second));
            assert_eq!(ticket.take().unwrap(), Ok((Ok(7), 7)));
        }
    });
}

/// The next operation of the slot is waited for while the reaper is late with waking who waited for the last one.
#[test]
fn the_next_one_to_wait_at_a_slot_is_woken_too() {
    check(|| {
        let (mut claimer, mut reaper) = table(1);
        let (first, second) = (Buffer::new(), Buffer::new());
        let ticket = insert(&mut claimer, &first);
        let id = ticket.id().user_data();
        let (ring, entries) = mpsc::channel();
        let buffers = (first, second.clone());
        let kernel = thread::spawn(move || {
            assert!(finish(&mut reaper, id, &buffers.0));
            assert!(finish(&mut reaper, entries.recv().unwrap(), &buffers.1));
        });
        assert_eq!(wait(ticket), Ok((Ok(7), 7)));
        let ticket = insert(&mut claimer, &second);
        ring.send(ticket.id().user_data()).unwrap();
        assert_eq!(wait(ticket), Ok((Ok(7), 7)));
        kernel.join().unwrap();
    });
}

#[test]
fn slots_freed_by_two_threads_at_a_time_are_all_claimed_again() {
    check(|| {
        let (mut claimer, mut reaper) = table(2);
        let buffers = [Buffer::new(), Buffer::new()];
        let tickets = [insert(&mut claimer, &buffers[0]), insert(&mut claimer, &buffers[1])];
        for (ticket, buffer) in tickets.iter().zip(&buffers) {
            assert!(finish(&mut reaper, ticket.id().user_data(), buffer));
        }
        let [ours, theirs] = tickets;
        let other = thread::spawn(move || drop(theirs));
        drop(ours);
        let early = claimer.insert(buffers[0].operation()).ok();
        other.join().unwrap();
        let late: Vec<_> = (0..2).map_while(|_| claimer.insert(Buffer::new().operation()).ok()).collect();
        assert_eq!(usize::from(early.is_some()) + late.len(), 2, "a slot is lost");
        std::mem::forget((early, late));
    });
}

/// A slot freed on one thread is filled on another: what was inside has been moved out.
#[test]
fn what_is_inside_is_moved_out_before_the_slot_is_filled_anew() {
    check(|| {
        let (mut claimer, mut reaper) = table(1);
        let (first, second) = (Buffer::new(), Buffer::new());
        let ticket = insert(&mut claimer, &first);
        assert!(finish(&mut reaper, ticket.id().user_data(), &first));
        let other = thread::spawn(move || assert_eq!(ticket.take().unwrap(), Ok((Ok(7), 7))));
        let refilled = loop {
            match claimer.insert(second.operation()) {
                Ok((ticket, _)) => break ticket,
                Err(_) => thread::yield_now(),
            }
        };
        other.join().unwrap();
        assert!(finish(&mut reaper, refilled.id().user_data(), &second));
        assert_eq!(refilled.take().unwrap(), Ok((Ok(7), 7)));
    });
}

#[test]
fn what_is_lost_is_never_touched_and_who_waits_is_told() {
    check(|| {
        let (mut claimer, mut reaper) = table(2);
        let buffers = [Buffer::new(), Buffer::new()];
        let waited = insert(&mut claimer, &buffers[0]);
        let dropped = insert(&mut claimer, &buffers[1]);
        let kernel = thread::spawn(move || reaper.lose_rest());
        drop(dropped);
        assert_eq!(wait(waited), Err(Lost));
        kernel.join().unwrap();
        for buffer in &buffers {
            assert_eq!(buffer.ends(), (0, 0), "the kernel may still be writing there");
        }
        assert!(claimer.insert(buffers[0].operation()).is_err(), "its slot is never filled again");
    });
}
