//! Waiting for room as a future.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::super::table::Id;
use super::drive::Hungry;
use super::queue::Node;
use super::state::{Called, Refusal};
use super::{Ask, Engine, Shared};
use crate::kernel::Kernel;

/// Lets one operation in when there is room; see [`Shared::admit`].
pub struct Room<'s, 't, K: Kernel + Sync, E: Engine> {
    shared: &'s Shared<'t, K, E>,
    ask: Ask,
    node: Node,
    hungry: Option<Hungry<'s, 't, K, E>>,
}

impl<K: Kernel + Sync, E: Engine> fmt::Debug for Room<'_, '_, K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("ask", &self.ask).finish_non_exhaustive()
    }
}

impl<'t, K: Kernel + Sync, E: Engine> Shared<'t, K, E> {
    /// As [`admit`](Self::admit), of one operation, for a future. Whoever drives for futures drives for this.
    pub fn room(&self, ask: Ask) -> Room<'_, 't, K, E> {
        Room { shared: self, ask, node: Node::new(), hungry: None }
    }
}

impl<K: Kernel + Sync, E: Engine> Future for Room<'_, '_, K, E> {
    type Output = Result<Id, Refusal>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the node is not moved out of its place.
        let this = unsafe { self.get_unchecked_mut() };
        if let Err(refusal) = this.shared.check(this.ask, 1) {
            return Poll::Ready(Err(refusal));
        }
        let waker = context.waker().clone();
        if this.hungry.is_none() {
            this.hungry = Some(Hungry::new(this.shared));
            this.shared.lock().futures += 1;
        }
        this.shared.release();
        let mut called = Called::new();
        let (answer, old) = {
            let mut state = this.shared.lock();
            let mut id = [Id::from_user_data(0)];
            match state.admit(&this.shared.limits, this.ask, &mut id) {
                Err(Refusal::Full) if state.in_flight > 0 && state.broken.is_none() => {
                    // SAFETY: pinned, for it is part of what is; in this queue only, and removed by our drop.
                    let node = unsafe { Pin::new_unchecked(&this.node) };
                    // SAFETY: as above.
                    let old = unsafe { state.room.push(node, waker, false) };
                    state.call_server(&mut called);
                    (Poll::Pending, old)
                }
                answer => (Poll::Ready(answer.map(|()| id[0])), state.room.remove(&this.node)),
            }
        };
        this.shared.wake(called);
        drop(old);
        answer
    }
}

impl<K: Kernel + Sync, E: Engine> Drop for Room<'_, '_, K, E> {
    fn drop(&mut self) {
        if self.hungry.take().is_none() {
            return;
        }
        let waker = {
            let mut state = self.shared.lock();
            state.futures -= 1;
            // If we were called, so were all others.
            state.room.remove(&self.node)
        };
        drop(waker);
    }
}
