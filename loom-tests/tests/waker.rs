//! The cell of one waker, in every interleaving of who waits and who wakes.
#![cfg(loom)]

use bareio_core::sync::{AtomicBool, Ordering};
use bareio_core::ticket::WakerCell;
use bareio_loom_tests::{Waiter, check};
use loom::sync::Arc;
use loom::thread;

struct Shared {
    cell: WakerCell,
    /// What is waited for. Relaxed throughout: the cell alone makes it seen.
    done: AtomicBool,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { cell: WakerCell::new(), done: AtomicBool::new(false) })
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    fn complete(&self) {
        self.done.store(true, Ordering::Relaxed);
        self.cell.wake();
    }
}

/// Registers, looks, and sleeps, until it is done.
fn wait(shared: &Shared, waiter: &std::sync::Arc<Waiter>) {
    loop {
        shared.cell.register(&waiter.waker());
        let seen = shared.is_done();
        assert!(seen || waiter.wakes_by_itself() == 0, "sent to look again, and nothing is to be seen");
        if seen {
            return;
        }
        waiter.sleep();
    }
}

#[test]
fn a_wake_up_is_never_lost_and_nobody_is_woken_twice() {
    check(|| {
        let shared = Shared::new();
        let theirs = shared.clone();
        let completer = thread::spawn(move || theirs.complete());
        let waiter = Waiter::new();
        wait(&shared, &waiter);
        completer.join().unwrap();
        assert!(waiter.wakes() <= 1);
    });
}

/// A waiter that changes its waker may be woken through the old one only before it has registered the new one.
#[test]
fn the_last_waker_that_was_registered_is_woken() {
    check(|| {
        let shared = Shared::new();
        let theirs = shared.clone();
        let first = Waiter::new();
        shared.cell.register(&first.waker());
        let completer = thread::spawn(move || theirs.complete());
        let second = Waiter::new();
        wait(&shared, &second);
        completer.join().unwrap();
        assert!(first.wakes() + second.wakes() <= 2);
        assert!(first.wakes() <= 1 && second.wakes() <= 1);
    });
}

/// Of two that wake, one does, and neither touches the waker while the other, or the waiter, does.
#[test]
fn two_may_wake_at_a_time() {
    check(|| {
        let shared = Shared::new();
        let completers = [(); 2].map(|()| {
            let theirs = shared.clone();
            thread::spawn(move || theirs.complete())
        });
        let waiter = Waiter::new();
        wait(&shared, &waiter);
        for completer in completers {
            completer.join().unwrap();
        }
        assert!(waiter.wakes() <= 2);
    });
}

#[test]
fn what_was_cleared_is_woken_at_most_once_and_kept_by_nobody() {
    check(|| {
        let shared = Shared::new();
        let theirs = shared.clone();
        let waiter = Waiter::new();
        shared.cell.register(&waiter.waker());
        let completer = thread::spawn(move || theirs.complete());
        shared.cell.clear();
        completer.join().unwrap();
        let wakes = waiter.wakes();
        assert!(wakes <= 1);
        assert_eq!(std::sync::Arc::strong_count(&waiter), 1, "the cell keeps a waker");
        // Whatever happened, the cell is as good as new.
        shared.cell.register(&waiter.waker());
        shared.cell.wake();
        assert_eq!(waiter.wakes(), wakes + 1);
    });
}

/// Cleared, or emptied by a completer that may just be at it.
#[test]
fn a_cell_that_a_completer_emptied_can_be_cleared() {
    check(|| {
        let shared = Shared::new();
        let theirs = shared.clone();
        let waiter = Waiter::new();
        shared.cell.register(&waiter.waker());
        let completer = thread::spawn(move || theirs.cell.wake());
        shared.cell.clear();
        shared.cell.clear();
        completer.join().unwrap();
        assert_eq!(std::sync::Arc::strong_count(&waiter), 1, "the cell keeps a waker");
    });
}

/// The next waiter of the same cell registers while the completer of the last one is late.
#[test]
fn a_late_completer_loses_no_waker_of_the_next() {
    check(|| {
        let shared = Shared::new();
        let theirs = shared.clone();
        let late = thread::spawn(move || theirs.cell.wake());
        let first = Waiter::new();
        shared.cell.register(&first.waker());
        shared.cell.clear();
        let ours = shared.clone();
        let completer = thread::spawn(move || ours.complete());
        let second = Waiter::new();
        loop {
            shared.cell.register(&second.waker());
            if shared.is_done() {
                break;
            }
            second.sleep();
        }
        late.join().unwrap();
        completer.join().unwrap();
    });
}
