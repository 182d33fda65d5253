//! Operations that are held back, go together, and share flushes.
#![cfg(loom)]

use bareio_core::abi::{Cqe, Timespec};
use bareio_core::iovec::IoVec;
use bareio_core::op::Op;
use bareio_core::ring::{Limit, RingError};
use bareio_core::ticket::shared::{
    Cancelled, Engine, Event, Flush, Flushing, Group, Job, JobCell, Memory, Shared, Started, Wave,
};
use bareio_core::ticket::{Id, Slot, Table};
use bareio_core::{Fd, Kernel};
use bareio_loom_tests::engine::{ASK, AT_ONCE, Device, limits, take};
use bareio_loom_tests::{Buffer, Fill, Host, check};
use loom::sync::Mutex;
use loom::thread;

/// Leaked, so that threads of a model may use it.
fn leak<T>(count: usize, make: impl Fn() -> T) -> &'static mut [T] {
    Box::leak((0..count).map(|_| make()).collect::<Vec<_>>().into_boxed_slice())
}

fn machine<E: Engine>(slots: usize, in_flight: u32, engine: E) -> &'static Shared<'static, Host, E> {
    let table = Box::leak(Box::new(Table::new(leak(slots, Slot::new))));
    let memory = Memory {
        pieces: leak(16, || IoVec::EMPTY),
        groups: leak(1, Group::default),
        waves: leak(1, Wave::new),
        flushing: Flushing::Shared,
    };
    let limits = limits(in_flight);
    let shared = Shared::new(Host::new(), engine, table, leak(slots, JobCell::new), limits);
    Box::leak(Box::new(shared.gathering(memory)))
}

/// A write of a byte at `offset`, which no kernel looks at.
fn write(offset: u64, flush: Option<Flush>) -> Job {
    let mut job = Job::new(Op::write(Fd(3), std::ptr::null(), 1, offset).unwrap());
    job.flush = flush;
    job
}

/// To be flushed together with others.
const DURABLE: Option<Flush> = Some(Flush { is_shareable: true, word: std::ptr::null() });

/// Lets a write in, waiting for room, and begins it or holds it back.
fn submit<K: Kernel + Sync, E: Engine>(machine: &Shared<'static, K, E>, job: Job, is_held: bool) -> Id {
    let mut id = [Id::from_user_data(0)];
    let ask = bareio_core::ticket::shared::Ask { cost: if job.flush.is_some() { 2 } else { 1 }, ..ASK };
    machine.admit(ask, &mut id).unwrap();
    // SAFETY: let in and not filled; nobody looks at what the job names.
    let filled = unsafe { machine.fill(id[0], Buffer::new().operation(), ask, |_: &mut Fill| Ok(job)) };
    filled.unwrap();
    if is_held {
        // SAFETY: filled and not begun.
        unsafe { machine.begin_held(&id) }.unwrap();
    } else {
        // SAFETY: filled and not begun.
        unsafe { machine.begin(&id) }.unwrap();
    }
    id[0]
}

fn wait(machine: &Shared<'static, Host, Device>, id: Id) {
    machine.wait(id, None).unwrap();
    take(machine, id);
}

/// Nobody releases it: whoever waits for it does, though another drives.
#[test]
fn what_is_held_back_is_begun_by_whoever_waits_for_it() {
    check(|| {
        let machine = machine(2, 2, Device::new());
        let ours = submit(machine, write(0, None), false);
        let held = submit(machine, write(9, None), true);
        let other = thread::spawn(move || wait(machine, held));
        wait(machine, ours);
        other.join().unwrap();
    });
}

/// Nobody waits for what is held back, but for the room that it takes.
#[test]
fn room_that_is_held_back_is_not_waited_for_in_vain() {
    check(|| {
        let machine = machine(2, 1, Device::new());
        let mut id = [Id::from_user_data(0)];
        machine.admit(ASK, &mut id).unwrap();
        let other = thread::spawn(move || wait(machine, submit(machine, write(9, None), false)));
        // SAFETY: let in and not filled; nobody looks at what the job names.
        let filled =
            unsafe { machine.fill(id[0], Buffer::new().operation(), ASK, |_: &mut Fill| Ok(write(0, None))) };
        filled.unwrap();
        // SAFETY: filled and not begun.
        unsafe { machine.begin_held(&id) }.unwrap();
        other.join().unwrap();
        wait(machine, id[0]);
    });
}

/// Two release at a time, and each waits for what the other may be about to begin.
#[test]
fn of_two_who_release_at_a_time_each_gets_what_it_waits_for() {
    check(|| {
        let machine = machine(2, 2, Device::new());
        // Not contiguous: two operations.
        let [one, two] = [0, 9].map(|offset| submit(machine, write(offset, None), true));
        let other = thread::spawn(move || wait(machine, one));
        wait(machine, two);
        other.join().unwrap();
        assert_eq!((machine.counts().in_flight, machine.gathered().groups), (0, 0));
    });
}

/// Who waits for it finds nothing held back, for another is about to begin it; and nothing comes of that from the kernel.
#[test]
fn a_driver_asleep_is_told_what_another_has_released_and_ended() {
    check(|| {
        let machine = machine(1, 1, Device::new());
        let mut job = write(0, None);
        job.priority = AT_ONCE;
        let held = submit(machine, job, true);
        let other = thread::spawn(move || wait(machine, held));
        machine.release();
        other.join().unwrap();
        assert_eq!(machine.counts().in_flight, 0);
    });
}

#[test]
fn everybody_in_a_group_is_told() {
    check(|| {
        let machine = machine(2, 2, Device::new());
        let [one, two] = [0, 1].map(|offset| submit(machine, write(offset, None), true));
        let other = thread::spawn(move || wait(machine, one));
        wait(machine, two);
        other.join().unwrap();
        assert_eq!((machine.counts().in_flight, machine.gathered().grouped), (0, 2));
    });
}

#[test]
fn writes_of_two_threads_are_flushed_and_told() {
    check(|| {
        let machine = machine(2, 4, Device::new());
        let other = thread::spawn(move || wait(machine, submit(machine, write(0, DURABLE), false)));
        wait(machine, submit(machine, write(9, DURABLE), false));
        other.join().unwrap();
        let gathered = machine.gathered();
        assert!((1..=2).contains(&gathered.flushes) && gathered.flushed == 2, "{gathered:?}");
    });
}

/// An engine whose work is done by the threads of a model.
#[derive(Debug)]
struct Hands(Mutex<Vec<(u64, bool)>>);

impl Hands {
    fn pop(&self) -> Option<(u64, bool)> {
        self.0.lock().unwrap().pop()
    }
}

// SAFETY: what is begun is popped once, under one lock, and completed by who has popped it.
unsafe impl Engine for Hands {
    fn is_turned(&self) -> bool {
        false
    }

    fn check(&self) -> Result<(), RingError> {
        Ok(())
    }

    unsafe fn start(&self, user_data: u64, job: &Job, _: *const Timespec) -> Result<Started, RingError> {
        self.0.lock().unwrap().push((user_data, job.op.transfer_len().is_some()));
        Ok(Started::Pending)
    }

    fn flush(&self) -> Result<(), RingError> {
        Ok(())
    }

    fn cancel(&self, _: u64) -> Result<Cancelled, RingError> {
        Ok(Cancelled::Asked)
    }

    fn cancel_all(&self) {}

    fn kick(&self) {}

    fn turn(&self, _: Option<Limit>, _: &mut dyn FnMut(Event) -> bool) -> Result<(), RingError> {
        Ok(())
    }
}

/// Does whatever there is to do, and what that leads to.
fn work(machine: &Shared<'static, Host, Hands>) {
    while let Some((user_data, is_write)) = machine.engine().pop() {
        let cqe = Cqe { user_data, res: i32::from(is_write), ..Cqe::default() };
        // SAFETY: popped, so it is ours to complete, once.
        unsafe { machine.complete(cqe) };
    }
}

/// A flush ends while a write does, on another thread: the write is flushed by the next, which one of the two begins.
#[test]
fn a_write_that_ends_beside_a_flush_is_flushed_by_the_next() {
    check(|| {
        let machine = machine(2, 4, Hands(Mutex::new(Vec::new())));
        let ids = [0, 9].map(|offset| submit(machine, write(offset, DURABLE), false));
        let other = thread::spawn(move || work(machine));
        work(machine);
        other.join().unwrap();
        assert!(ids.iter().all(|id| machine.is_done(*id)), "{:?}", machine.gathered());
        assert_eq!((machine.counts().in_flight, machine.gathered().flushed), (0, 2));
    });
}
