//! Those who wait, in order, each in a node of its own frame.

use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr;
use core::task::Waker;

use crate::sync::UnsafeCell;

/// A list of nodes that lie in the frames and futures of those who wait, so it has no limit and takes no memory.
///
/// Invariant: every node in it is pinned, and leaves it before it is dropped. It is behind the lock of whoever has it,
/// and its nodes are touched under that lock only.
#[derive(Debug)]
pub(super) struct Queue {
    front: *const Node,
    back: *const Node,
    len: usize,
}

// SAFETY: it reaches nodes only, which may be sent: they hold a waker, and are touched under one lock.
unsafe impl Send for Queue {}

/// A place in a queue.
#[derive(Debug)]
pub(super) struct Node {
    links: UnsafeCell<Links>,
    _pinned: PhantomPinned,
}

#[derive(Debug)]
struct Links {
    before: *const Node,
    behind: *const Node,
    /// What wakes whoever waits here. `None`: it is in no queue.
    waker: Option<Waker>,
    /// Whether it is a thread, which can take the role, and not a future.
    is_thread: bool,
}

// SAFETY: a node is touched under the lock of the one queue that it is in.
unsafe impl Send for Node {}
// SAFETY: as for `Send`.
unsafe impl Sync for Node {}

impl Node {
    pub(super) fn new() -> Self {
        let links = Links { before: ptr::null(), behind: ptr::null(), waker: None, is_thread: false };
        Self { links: UnsafeCell::new(links), _pinned: PhantomPinned }
    }
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self { front: ptr::null(), back: ptr::null(), len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[expect(
        clippy::unused_self,
        reason = "having it exclusively is what keeps everybody else from its nodes"
    )]
    fn links<R>(&mut self, node: &Node, f: impl FnOnce(&mut Links) -> R) -> R {
        node.links.with_mut(|links| {
            // SAFETY: we have the queue exclusively, and `f` does not come back here.
            f(unsafe { &mut *links })
        })
    }

    /// Changes a neighbour, if there is one.
    fn neighbour(&mut self, node: *const Node, f: impl FnOnce(&mut Links)) {
        // SAFETY: it is in the queue, so it is pinned and alive, by the queue's invariant.
        if let Some(node) = unsafe { node.as_ref() } {
            self.links(node, f);
        }
    }

    /// Puts `node` at the end, unless it is in already, when `waker` takes the place of its last one. That is given back, to
    /// be dropped without the lock.
    ///
    /// # Safety
    ///
    /// The node is in no other queue, and [`remove`](Self::remove)d before it is dropped.
    pub(super) unsafe fn push(&mut self, node: Pin<&Node>, waker: Waker, is_thread: bool) -> Option<Waker> {
        let node = node.get_ref();
        let old = self.links(node, |links| links.waker.replace(waker));
        if old.is_some() {
            return old;
        }
        self.len += 1;
        let last = self.back;
        self.back = node;
        if last.is_null() {
            self.front = node;
        }
        self.neighbour(last, |links| links.behind = node);
        self.links(node, |links| {
            links.before = last;
            links.behind = ptr::null();
            links.is_thread = is_thread;
        });
        None
    }

    /// Takes `node` out, if it is in. Its waker is given back, to be dropped without the lock.
    pub(super) fn remove(&mut self, node: &Node) -> Option<Waker> {
        let (before, behind, waker) =
            self.links(node, |links| (links.before, links.behind, links.waker.take()));
        waker.as_ref()?;
        self.len -= 1;
        self.neighbour(before, |links| links.behind = behind);
        self.neighbour(behind, |links| links.before = before);
        if before.is_null() {
            self.front = behind;
        }
        if behind.is_null() {
            self.back = before;
        }
        waker
    }

    /// Takes the first one out. It is to be woken without the lock, and may be gone by then.
    pub(super) fn pop(&mut self) -> Option<Waker> {
        // SAFETY: it is in the queue, so it is pinned and alive, by the queue's invariant.
        let first = unsafe { self.front.as_ref() }?;
        self.remove(first)
    }

    /// Takes the first thread out, as [`pop`](Self::pop).
    pub(super) fn pop_thread(&mut self) -> Option<Waker> {
        let mut at = self.front;
        loop {
            // SAFETY: it is in the queue, so it is pinned and alive, by the queue's invariant.
            let node = unsafe { at.as_ref() }?;
            let (is_thread, behind) = self.links(node, |links| (links.is_thread, links.behind));
            if is_thread {
                return self.remove(node);
            }
            at = behind;
        }
    }
}
