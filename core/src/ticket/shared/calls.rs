//! Waking whoever was called.

use super::Shared;
use super::engine::Engine;
use super::state::Called;
use crate::kernel::Kernel;
use crate::sync::{Ordering, spin_loop};

impl<K: Kernel + Sync, E: Engine> Shared<'_, K, E> {
    /// Wakes those who were called. The lock is free.
    pub(super) fn wake(&self, called: Called) {
        if called.kick {
            self.engine.kick();
        }
        if called.bell {
            self.ring_bell();
        }
        let more = called.more;
        called.into_wakers().for_each(core::task::Waker::wake);
        // As many as there were: who comes back for want of room is not called twice.
        for _ in 0..more {
            let next = {
                let mut state = self.lock();
                state.counts.wakeups += 1;
                state.room.pop()
            };
            let Some(waker) = next else { break };
            waker.wake();
        }
    }

    /// Has the thread that serves futures look again.
    pub(super) fn ring_bell(&self) {
        // Release: pairs with the Acquire of the thread. What it looks at is under the lock.
        if self.bell.swap(1, Ordering::Release) == 0 {
            // A host that cannot wake has nobody asleep.
            let _ = self.kernel.wake(&self.bell, 1);
        }
    }

    /// Sleeps until the bell is rung.
    pub(super) fn await_bell(&self) {
        // Acquire: pairs with the Release of who rings.
        while self.bell.swap(0, Ordering::Acquire) == 0 {
            if self.kernel.wait(&self.bell, 0, None).is_err() && self.kernel.yield_now().is_err() {
                spin_loop();
            }
        }
    }
}
