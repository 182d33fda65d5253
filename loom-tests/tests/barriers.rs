//! Threads that open, use, drain and close the file in one slot.
#![cfg(loom)]

use bareio_core::Errno;
use bareio_core::ticket::Id;
use bareio_core::ticket::shared::{FilesError, Limits, Refusal, Use};
use bareio_loom_tests::check;
use bareio_loom_tests::engine::{Machine, OnFile, limits, machine, submit_on_file, take_result};
use loom::thread;

type Answer = Result<u32, Errno>;

fn wait(machine: &Machine, id: Id) -> Answer {
    machine.wait(id, None).unwrap();
    take_result(machine, id)
}

const fn on(generation: u64, what: Use) -> OnFile {
    OnFile { generation, what, is_slow: false, is_durable: false }
}

const fn slow(generation: u64, what: Use) -> OnFile {
    OnFile { is_slow: true, ..on(generation, what) }
}

const fn durable(generation: u64) -> OnFile {
    OnFile { is_durable: true, ..on(generation, Use::Work) }
}

/// A file that is open in slot 0.
fn opened(machine: &Machine) -> u64 {
    let (_, generation) = machine.claim_file(Some(0)).unwrap();
    let [open] = submit_on_file(machine, [on(generation, Use::Open)]).unwrap();
    wait(machine, open).unwrap();
    generation
}

/// Begun too early, it would find no file. The one that held it may be gone before it waits, and the other way round.
#[test]
fn what_is_held_begins_when_the_open_has_ended_and_is_not_forgotten() {
    check(|| {
        let machine = machine(3, limits(3));
        let (_, file) = machine.claim_file(Some(0)).unwrap();
        let [open] = submit_on_file(machine, [on(file, Use::Open)]).unwrap();
        let other = thread::spawn(move || wait(machine, open));
        let [work] = submit_on_file(machine, [on(file, Use::Work)]).unwrap();
        assert_eq!(wait(machine, work), Ok(0));
        assert_eq!(other.join().unwrap(), Ok(0));
        assert_eq!(machine.counts().in_flight, 0);
    });
}

/// The chain goes on for longer than its open; what is held goes by the chain.
#[test]
fn what_is_held_begins_after_the_last_of_the_chain() {
    check(|| {
        let machine = machine(4, limits(4));
        let (_, file) = machine.claim_file(Some(0)).unwrap();
        let chain = submit_on_file(machine, [on(file, Use::Open), on(file, Use::Work)]).unwrap();
        let [work] = submit_on_file(machine, [on(file, Use::Work)]).unwrap();
        let other = thread::spawn(move || {
            let answer = wait(machine, work);
            assert!(chain.iter().all(|id| machine.is_done(*id)), "it overtook the chain");
            answer
        });
        for id in chain {
            machine.wait(id, None).unwrap();
        }
        assert_eq!(other.join().unwrap(), Ok(0));
        for id in chain {
            assert_eq!(take_result(machine, id), Ok(0));
        }
    });
}

/// Two end at a time, and one of them is the last.
#[test]
fn a_drain_ends_after_the_last_of_two_and_once() {
    check(|| {
        let machine = machine(4, limits(4));
        let file = opened(machine);
        let [one] = submit_on_file(machine, [on(file, Use::Work)]).unwrap();
        let [two] = submit_on_file(machine, [on(file, Use::Work)]).unwrap();
        let other = thread::spawn(move || machine.wait(one, None).unwrap());
        let [drain] = submit_on_file(machine, [on(file, Use::Drain)]).unwrap();
        assert_eq!(wait(machine, drain), Ok(0));
        assert!(machine.is_done(one) && machine.is_done(two), "it overtook one");
        other.join().unwrap();
        assert_eq!([one, two].map(|id| take_result(machine, id)), [Ok(0); 2]);
        assert_eq!(machine.counts().in_flight, 0);
    });
}

/// Two are written, and share a flush or not; each has left its file when that is over, and not before.
#[test]
fn a_drain_ends_after_the_flush_that_its_past_shares() {
    check(|| {
        let machine = machine(4, limits(6));
        let file = opened(machine);
        let [one] = submit_on_file(machine, [durable(file)]).unwrap();
        let [two] = submit_on_file(machine, [durable(file)]).unwrap();
        let other = thread::spawn(move || machine.wait(one, None).unwrap());
        let [drain] = submit_on_file(machine, [on(file, Use::Drain)]).unwrap();
        assert_eq!(wait(machine, drain), Ok(0));
        assert!(machine.is_done(one) && machine.is_done(two), "it overtook a flush");
        other.join().unwrap();
        assert_eq!([one, two].map(|id| take_result(machine, id)), [Ok(1); 2]);
        let gathered = machine.gathered();
        assert!((1..=2).contains(&gathered.flushes) && gathered.flushed == 2, "{gathered:?}");
        assert_eq!(machine.counts().in_flight, 0);
    });
}

/// Whether it waits for anything is told without a look at what belongs to whoever goes on with it.
#[test]
fn what_is_under_way_is_cancelled_beside_whoever_goes_on_with_it() {
    check(|| {
        let machine = machine(3, limits(6));
        let file = opened(machine);
        let [work] = submit_on_file(machine, [durable(file)]).unwrap();
        let other = thread::spawn(move || machine.wait(work, None).unwrap());
        machine.cancel(work).unwrap();
        other.join().unwrap();
        assert_eq!(take_result(machine, work), Ok(1));
        assert_eq!(machine.counts().in_flight, 0);
    });
}

/// The driver sleeps in the kernel for something slow, when another lets go of what it waits for.
#[test]
fn a_drain_that_is_cancelled_ends_though_its_past_does_not() {
    check(|| {
        let machine = machine(3, limits(3));
        let file = opened(machine);
        let [work] = submit_on_file(machine, [slow(file, Use::Work)]).unwrap();
        let [drain] = submit_on_file(machine, [on(file, Use::Drain)]).unwrap();
        let other = thread::spawn(move || machine.wait(drain, None).unwrap());
        machine.cancel(drain).unwrap();
        other.join().unwrap();
        assert_eq!(take_result(machine, drain), Err(Errno::CANCELED));
        machine.engine().let_go();
        assert_eq!(wait(machine, work), Ok(0));
        let [again] = submit_on_file(machine, [on(file, Use::Drain)]).unwrap();
        assert_eq!(wait(machine, again), Ok(0));
    });
}

/// One of the two takes it out of the list of what is held; it ends once, and what is behind it is not lost.
#[test]
fn what_is_held_is_cancelled_or_begun_and_not_both() {
    check(|| {
        let machine = machine(4, limits(4));
        let (_, file) = machine.claim_file(Some(0)).unwrap();
        let [open] = submit_on_file(machine, [on(file, Use::Open)]).unwrap();
        let [first] = submit_on_file(machine, [on(file, Use::Work)]).unwrap();
        let [second] = submit_on_file(machine, [on(file, Use::Work)]).unwrap();
        let other = thread::spawn(move || wait(machine, open));
        machine.cancel(first).unwrap();
        let answer = wait(machine, first);
        assert!(answer == Ok(0) || answer == Err(Errno::CANCELED), "{answer:?}");
        assert_eq!(wait(machine, second), Ok(0));
        assert_eq!(other.join().unwrap(), Ok(0));
        assert_eq!(machine.counts().in_flight, 0);
    });
}

/// Work is accepted before the close, and ends before it; or is refused.
#[test]
fn work_ends_before_a_close_or_is_refused() {
    check(|| {
        let machine = machine(3, limits(3));
        let file = opened(machine);
        let other = thread::spawn(move || match submit_on_file(machine, [on(file, Use::Work)]) {
            Ok([work]) => assert_eq!(wait(machine, work), Ok(0)),
            Err(Refusal::Files { error, .. }) => {
                assert!(matches!(error, FilesError::Closing { .. } | FilesError::Stale { .. }), "{error}");
            }
            Err(refusal) => panic!("{refusal}"),
        });
        let [close] = submit_on_file(machine, [on(file, Use::Close)]).unwrap();
        assert_eq!(wait(machine, close), Ok(0));
        other.join().unwrap();
    });
}

/// Work that does not end before it is let go is accepted before the open, which is then refused; or behind it, and has no file
/// any more.
#[test]
fn a_file_is_replaced_when_nothing_uses_it_or_not_at_all() {
    check(|| {
        let machine = machine(3, limits(3));
        let old = opened(machine);
        let (_, new) = machine.claim_file(Some(0)).unwrap();
        let other = thread::spawn(move || submit_on_file(machine, [slow(old, Use::Work)]));
        let open = match submit_on_file(machine, [on(new, Use::Open)]) {
            Ok([open]) => Some(open),
            Err(Refusal::Files { error: FilesError::Active { .. }, .. }) => None,
            Err(refusal) => panic!("{refusal}"),
        };
        let work = other.join().unwrap();
        machine.engine().let_go();
        let is_replaced = open.is_some_and(|open| wait(machine, open) == Ok(0));
        match work {
            Ok([work]) if is_replaced => assert_eq!(wait(machine, work), Err(Errno::BADF)),
            Ok([work]) => assert_eq!(wait(machine, work), Ok(0)),
            Err(Refusal::Files { error: FilesError::Stale { .. }, .. }) => assert!(is_replaced),
            Err(refusal) => panic!("{refusal}"),
        }
    });
}

#[test]
fn closing_ends_what_is_held_and_what_waits() {
    check(|| {
        let machine = machine(4, limits(4));
        let (_, file) = machine.claim_file(Some(0)).unwrap();
        let [open] = submit_on_file(machine, [slow(file, Use::Open)]).unwrap();
        let [held] = submit_on_file(machine, [on(file, Use::Work)]).unwrap();
        let other = thread::spawn(move || wait(machine, held));
        machine.close(std::time::Duration::MAX).unwrap();
        assert_eq!(other.join().unwrap(), Err(Errno::CANCELED));
        assert_eq!(wait(machine, open), Err(Errno::CANCELED));
        assert_eq!(machine.counts().in_flight, 0);
    });
}

/// The first is cancelled; what it waited for, the second goes on waiting for.
#[test]
fn of_two_drains_the_second_waits_for_what_the_first_has_not() {
    check(|| {
        let machine = machine(4, limits(4));
        let file = opened(machine);
        let [work] = submit_on_file(machine, [slow(file, Use::Work)]).unwrap();
        let [first] = submit_on_file(machine, [on(file, Use::Drain)]).unwrap();
        let [second] = submit_on_file(machine, [on(file, Use::Drain)]).unwrap();
        let other = thread::spawn(move || {
            machine.wait(second, None).unwrap();
            assert!(machine.is_done(work), "it overtook the work");
            assert_eq!(take_result(machine, second), Ok(0));
        });
        machine.cancel(first).unwrap();
        assert_eq!(wait(machine, first), Err(Errno::CANCELED));
        machine.engine().let_go();
        assert_eq!(wait(machine, work), Ok(0));
        other.join().unwrap();
    });
}

/// It waits for a drain that another thread cancels, by which nothing comes from the kernel.
#[test]
fn a_driver_asleep_is_told_that_its_own_has_ended() {
    check(|| {
        let machine = machine(5, Limits { cancels: 0, ..limits(5) });
        let old = opened(machine);
        let [slow_work] = submit_on_file(machine, [slow(old, Use::Work)]).unwrap();
        let [drain] = submit_on_file(machine, [on(old, Use::Drain)]).unwrap();
        // It drives, until its drain is over.
        let other = thread::spawn(move || wait(machine, drain));
        // There is no room for a cancellation by the engine, whose answer would wake the driver.
        assert_eq!(machine.cancel(drain), Err(Refusal::Full));
        assert_eq!(other.join().unwrap(), Err(Errno::CANCELED));
        machine.engine().let_go();
        assert_eq!(wait(machine, slow_work), Ok(0));
    });
}
