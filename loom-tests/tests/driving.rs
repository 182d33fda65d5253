//! Threads and futures that share an engine, one of which drives for all.
#![cfg(loom)]

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use bareio_core::ticket::Id;
use bareio_core::ticket::shared::Refusal;
use bareio_loom_tests::engine::{ASK, Machine, begin, limits, machine, submit, take};
use bareio_loom_tests::{Buffer, Waiter, check};
use loom::thread;

/// Waits for what was begun, and takes it.
fn wait(machine: &Machine, id: Id) {
    machine.wait(id, None).unwrap();
    take(machine, id);
}

#[test]
fn of_two_that_wait_one_drives_for_both() {
    check(|| {
        let machine = machine(2, limits(2));
        let other = thread::spawn(move || wait(machine, submit(machine, &Buffer::new(), false).unwrap()));
        wait(machine, submit(machine, &Buffer::new(), false).unwrap());
        other.join().unwrap();
        assert_eq!(machine.counts().in_flight, 0);
    });
}

/// The driver's own operation ends, and it leaves; what the other waits for ends only then.
#[test]
fn who_leaves_calls_somebody_who_is_blocked() {
    check(|| {
        let machine = machine(2, limits(2));
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let other = thread::spawn(move || wait(machine, slow));
        wait(machine, submit(machine, &Buffer::new(), false).unwrap());
        machine.engine().let_go();
        other.join().unwrap();
    });
}

/// The driver goes on for longer; whoever is done in time to sleep is not to wait for that.
#[test]
fn who_is_done_before_it_sleeps_does_not_sleep() {
    check(|| {
        let machine = machine(2, limits(2));
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let other = thread::spawn(move || {
            wait(machine, submit(machine, &Buffer::new(), false).unwrap());
            machine.engine().let_go();
        });
        wait(machine, slow);
        other.join().unwrap();
    });
}

/// The one that is called is done by the time it looks.
#[test]
fn who_is_called_in_vain_calls_the_next() {
    check(|| {
        let machine = machine(3, limits(3));
        let [ours, quick] = [(); 2].map(|()| submit(machine, &Buffer::new(), false).unwrap());
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let others = [quick, slow].map(|id| thread::spawn(move || wait(machine, id)));
        wait(machine, ours);
        machine.engine().let_go();
        others.map(|other| other.join().unwrap());
    });
}

/// Polls a future until it is ready, asleep in between.
fn await_ticket(machine: &Machine, id: Id) {
    let waiter = Waiter::new();
    let waker = waiter.waker();
    let mut is_counted = false;
    while machine.poll(id, &waker, &mut is_counted).is_pending() {
        waiter.sleep();
    }
    take(machine, id);
}

#[test]
fn a_future_is_served_by_the_thread_for_futures() {
    check(|| {
        let machine = machine(1, limits(1));
        let server = thread::spawn(move || machine.serve());
        await_ticket(machine, submit(machine, &Buffer::new(), false).unwrap());
        machine.retire();
        server.join().unwrap();
    });
}

/// A thread that waits has the role, and leaves while a future is pending.
#[test]
fn who_leaves_while_a_future_is_pending_calls_the_thread_for_futures() {
    check(|| {
        let machine = machine(2, limits(2));
        let server = thread::spawn(move || machine.serve());
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let quick = submit(machine, &Buffer::new(), false).unwrap();
        let waiter = Waiter::new();
        let (waker, mut is_counted) = (waiter.waker(), false);
        assert_eq!(machine.poll(slow, &waker, &mut is_counted), Poll::Pending);
        wait(machine, quick);
        machine.engine().let_go();
        while machine.poll(slow, &waker, &mut is_counted).is_pending() {
            waiter.sleep();
        }
        take(machine, slow);
        machine.retire();
        server.join().unwrap();
    });
}

/// Submits, waits for it, and lets go of what is slow, when it is woken.
struct Submitter(&'static Machine);

impl Wake for Submitter {
    fn wake(self: Arc<Self>) {
        wait(self.0, submit(self.0, &Buffer::new(), false).unwrap());
        self.0.engine().let_go();
    }
}

/// What the waker waits for, the thread that wakes it has to drive for; and that has to wait on itself.
#[test]
fn a_waker_may_submit_and_wait() {
    check(|| {
        let machine = machine(3, limits(2));
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let polled = submit(machine, &Buffer::new(), false).unwrap();
        let waker = Waker::from(Arc::new(Submitter(machine)));
        assert_eq!(machine.poll(polled, &waker, &mut false), Poll::Pending);
        let other = thread::spawn(move || wait(machine, submit(machine, &Buffer::new(), false).unwrap()));
        wait(machine, slow);
        take(machine, polled);
        other.join().unwrap();
        assert_eq!(machine.counts().in_flight, 0);
    });
}

#[test]
fn who_waits_for_room_gets_it_when_something_completes() {
    check(|| {
        let machine = machine(3, limits(1));
        let other = thread::spawn(move || wait(machine, submit(machine, &Buffer::new(), false).unwrap()));
        wait(machine, submit(machine, &Buffer::new(), false).unwrap());
        other.join().unwrap();
    });
}

/// The driver goes on for longer; room that something else makes is not to wait for that.
#[test]
fn who_waits_for_room_gets_it_while_somebody_drives() {
    check(|| {
        let machine = machine(3, limits(2));
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let quick = submit(machine, &Buffer::new(), false).unwrap();
        let other = thread::spawn(move || {
            wait(machine, submit(machine, &Buffer::new(), false).unwrap());
            machine.engine().let_go();
        });
        wait(machine, slow);
        take(machine, quick);
        other.join().unwrap();
    });
}

/// Nothing completes; a ticket is taken, and its slot is what another waits for, who sleeps in the kernel.
#[test]
fn who_waits_for_a_slot_gets_it_when_a_ticket_is_taken() {
    check(|| {
        let machine = machine(2, limits(2));
        let done = submit(machine, &Buffer::new(), false).unwrap();
        machine.wait(done, None).unwrap();
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let other = thread::spawn(move || wait(machine, submit(machine, &Buffer::new(), false).unwrap()));
        take(machine, done);
        other.join().unwrap();
        machine.engine().let_go();
        wait(machine, slow);
    });
}

#[test]
fn slots_that_only_tickets_hold_are_not_waited_for() {
    check(|| {
        let machine = machine(1, limits(1));
        let done = submit(machine, &Buffer::new(), false).unwrap();
        let other = thread::spawn(move || machine.wait(done, None).unwrap());
        assert_eq!(submit(machine, &Buffer::new(), false), Err(Refusal::Full));
        other.join().unwrap();
        take(machine, done);
    });
}

/// One is let in or not; either way everything ends, and nothing is let in any more.
#[test]
fn what_is_in_flight_when_it_is_closed_ends() {
    check(|| {
        let machine = machine(2, limits(2));
        let slow = submit(machine, &Buffer::new(), true).unwrap();
        let other = thread::spawn(move || match submit(machine, &Buffer::new(), false) {
            Ok(id) => wait(machine, id),
            Err(refusal) => assert_eq!(refusal, Refusal::Closed),
        });
        machine.close(std::time::Duration::MAX).unwrap();
        assert_eq!(machine.try_admit(ASK, &mut [Id::from_user_data(0)]), Err(Refusal::Closed));
        other.join().unwrap();
        wait(machine, slow);
        assert_eq!(machine.counts().in_flight, 0);
    });
}

#[test]
fn what_nobody_wants_is_disposed_of_once() {
    check(|| {
        let machine = machine(2, limits(2));
        let buffer = Buffer::new();
        let mut id = [Id::from_user_data(0)];
        machine.try_admit(ASK, &mut id).unwrap();
        begin(machine, id[0], &buffer, false);
        let dropped = id[0];
        let other = thread::spawn(move || wait(machine, submit(machine, &Buffer::new(), false).unwrap()));
        // SAFETY: the only ticket, given up.
        unsafe { machine.abandon(dropped) };
        other.join().unwrap();
        machine.close(std::time::Duration::MAX).unwrap();
        assert_eq!(buffer.ends(), (0, 1));
    });
}

#[test]
fn a_future_for_room_is_let_in_when_there_is_some() {
    check(|| {
        let machine = machine(2, limits(1));
        let first = submit(machine, &Buffer::new(), false).unwrap();
        let other = thread::spawn(move || wait(machine, first));
        let waiter = Waiter::new();
        let waker = waiter.waker();
        let id = {
            let mut room = std::pin::pin!(machine.room(ASK));
            loop {
                match room.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(id) => break id.unwrap(),
                    Poll::Pending => waiter.sleep(),
                }
            }
        };
        other.join().unwrap();
        begin(machine, id, &Buffer::new(), false);
        wait(machine, id);
    });
}
