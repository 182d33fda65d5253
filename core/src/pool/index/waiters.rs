//! Those who wait for a pool, in order.
//!
//! ```text
//!  Idle ── push ──▶ Queued ── serve ──▶ Served ── collect ──▶ Idle
//!                     └───────── leave ───────────────────────▶┘
//! ```
//!
//! A queue of nodes that lie in the frames and futures of those who wait, so it has no limit and takes no
//! memory. A lock guards it, but a put never waits for that lock: who finds it taken leaves a note, the count
//! of changes in [`Watch`], and whoever holds the lock looks at the count again once it has let go.
//!
//! ```text
//! who puts                              who holds the lock
//! 1  changes += 1        (SeqCst)       a  seen = changes; serve as many as can be
//! 2  locked? then done   (SeqCst)       b  locked = false           (SeqCst)
//!    else lock and serve                c  changes != seen? again   (SeqCst)
//! ```
//!
//! Both sides write, then read what the other wrote, all in the one order of `SeqCst`: either 2 finds the lock
//! free, or c sees the change.

use core::fmt;
use core::marker::PhantomPinned;
use core::mem;
use core::pin::Pin;
use core::ptr;
use core::task::Waker;

use crate::sync::{AtomicBool, AtomicUsize, Ordering, SPIN_LIMIT, UnsafeCell, spin_loop, turn_seq_cst};

/// The queue and its lock.
pub(in crate::pool) struct Waiters {
    locked: AtomicBool,
    queue: UnsafeCell<Queue>,
    /// How many are queued. A hint for those who do not hold the lock.
    count: AtomicUsize,
    closed: AtomicBool,
}

// SAFETY: the queue and the nodes in it are touched under the lock only, and a waker may be used by any thread.
unsafe impl Send for Waiters {}
// SAFETY: as for `Send`.
unsafe impl Sync for Waiters {}

/// Invariant: every node in it is pinned, and leaves it before it is dropped.
struct Queue {
    front: *const Waiter,
    back: *const Waiter,
}

/// A place in the queue.
pub(in crate::pool) struct Waiter {
    node: UnsafeCell<Node>,
    _pinned: PhantomPinned,
}

struct Node {
    before: *const Waiter,
    behind: *const Waiter,
    waker: Option<Waker>,
    phase: Phase,
}

/// How far a waiter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Phase {
    /// Not in the queue.
    Idle,
    /// In the queue.
    Queued,
    /// Out of the queue, with an index that is its own now.
    Served(u32),
    /// Out of the queue, with nothing: the pool was closed.
    Closed,
}

// SAFETY: a node is touched under the lock of the one queue that it is in.
unsafe impl Send for Waiter {}
// SAFETY: as for `Send`.
unsafe impl Sync for Waiter {}

impl Waiter {
    pub(in crate::pool) fn new() -> Self {
        let node = Node { before: ptr::null(), behind: ptr::null(), waker: None, phase: Phase::Idle };
        Self { node: UnsafeCell::new(node), _pinned: PhantomPinned }
    }
}

impl Waiters {
    pub(in crate::pool) fn new() -> Self {
        Self {
            locked: AtomicBool::new(false),
            queue: UnsafeCell::new(Queue { front: ptr::null(), back: ptr::null() }),
            count: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// Whether nobody was queued a moment ago.
    pub(in crate::pool) fn is_empty(&self) -> bool {
        // Relaxed: a hint, for politeness.
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(in crate::pool) fn is_closed(&self) -> bool {
        // Relaxed: a flag that guards nothing. Who is to see it is told by the count of changes, or comes to the
        // lock after somebody who was.
        self.closed.load(Ordering::Relaxed)
    }

    /// Lets nobody wait any more. The caller counts a change and serves those who do.
    pub(in crate::pool) fn close(&self) {
        // Relaxed: as in `is_closed`.
        self.closed.store(true, Ordering::Relaxed);
    }

    /// The queue, if nobody else has it.
    pub(in crate::pool) fn try_lock(&self) -> Option<Locked<'_>> {
        // SeqCst: step 2. Acquire in it pairs with the Release in `Locked::drop`.
        turn_seq_cst(&self.locked).then(|| Locked { waiters: self })
    }

    /// The queue, or `None` after a while. It is held for short moments only, in which no foreign code runs.
    pub(in crate::pool) fn lock_soon(&self) -> Option<Locked<'_>> {
        (0..SPIN_LIMIT).find_map(|_| {
            let locked = self.try_lock();
            if locked.is_none() {
                spin_loop();
            }
            locked
        })
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiters").field("count", &self.count).finish_non_exhaustive()
    }
}

/// The queue, for as long as this lives. Whoever drops it calls `serve` afterwards.
pub(in crate::pool) struct Locked<'w> {
    waiters: &'w Waiters,
}

impl Locked<'_> {
    fn queue<R>(&mut self, f: impl FnOnce(&mut Queue) -> R) -> R {
        self.waiters.queue.with_mut(|queue| {
            // SAFETY: we hold the lock, and `f` does not come back here.
            f(unsafe { &mut *queue })
        })
    }

    #[expect(clippy::unused_self, reason = "having it is what keeps everybody else out")]
    fn node<R>(&mut self, waiter: &Waiter, f: impl FnOnce(&mut Node) -> R) -> R {
        waiter.node.with_mut(|node| {
            // SAFETY: we hold the lock of the queue that the waiter uses, and `f` does not come back here.
            f(unsafe { &mut *node })
        })
    }

    /// Changes a neighbour, if there is one.
    fn neighbour(&mut self, waiter: *const Waiter, f: impl FnOnce(&mut Node)) {
        // SAFETY: it is in the queue, so it is pinned and alive, by the queue's invariant.
        if let Some(waiter) = unsafe { waiter.as_ref() } {
            self.node(waiter, f);
        }
    }

    /// Puts `waiter` at the end. It is `Idle`, and will [`leave`](Self::leave) before it is dropped.
    pub(in crate::pool) fn push(&mut self, waiter: Pin<&Waiter>, waker: Waker) {
        let waiter = waiter.get_ref();
        let last = self.queue(|queue| {
            let last = mem::replace(&mut queue.back, waiter);
            if last.is_null() {
                queue.front = waiter;
            }
            last
        });
        self.neighbour(last, |node| node.behind = waiter);
        self.node(waiter, |node| {
            *node = Node { before: last, behind: ptr::null(), waker: Some(waker), phase: Phase::Queued };
        });
        // Relaxed: a hint.
        self.waiters.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How far `waiter` has come. If it is out of the queue, it is `Idle` afterwards. If it is still in, `waker`
    /// is what wakes it from now on. The waker that is of no use any more is given back, to be dropped without
    /// the lock.
    pub(in crate::pool) fn collect(&mut self, waiter: &Waiter, waker: Waker) -> (Phase, Option<Waker>) {
        self.node(waiter, |node| match node.phase {
            Phase::Queued => (Phase::Queued, node.waker.replace(waker)),
            phase => {
                node.phase = Phase::Idle;
                (phase, Some(waker))
            }
        })
    }

    /// Takes `waiter` out, wherever it is. Says how far it had come, and gives its waker back, to be dropped
    /// without the lock.
    pub(in crate::pool) fn leave(&mut self, waiter: &Waiter) -> (Phase, Option<Waker>) {
        let phase = self.node(waiter, |node| node.phase);
        let waker = if phase == Phase::Queued { self.unlink(waiter, Phase::Idle) } else { None };
        (phase, waker)
    }

    /// Takes the first waiter out, with what `serve` has for it, and gives its waker back, to be woken without
    /// the lock; by then the waiter may be gone. `None` if nobody waits, or `serve` has nothing.
    pub(in crate::pool) fn serve_first(&mut self, serve: impl FnOnce() -> Option<Phase>) -> Option<Waker> {
        let first = self.queue(|queue| queue.front);
        // SAFETY: it is in the queue, so it is pinned and alive, by the queue's invariant.
        let first = unsafe { first.as_ref() }?;
        let phase = serve()?;
        self.unlink(first, phase)
    }

    fn unlink(&mut self, waiter: &Waiter, phase: Phase) -> Option<Waker> {
        let (before, behind, waker) = self.node(waiter, |node| {
            node.phase = phase;
            (node.before, node.behind, node.waker.take())
        });
        self.neighbour(before, |node| node.behind = behind);
        self.neighbour(behind, |node| node.before = before);
        self.queue(|queue| {
            if before.is_null() {
                queue.front = behind;
            }
            if behind.is_null() {
                queue.back = before;
            }
        });
        // Relaxed: a hint.
        self.waiters.count.fetch_sub(1, Ordering::Relaxed);
        waker
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SeqCst: step b. Release in it pairs with the Acquire in `try_lock`.
        self.waiters.locked.store(false, Ordering::SeqCst);
    }
}
