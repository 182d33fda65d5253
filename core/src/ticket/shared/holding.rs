//! What is held back for the sake of a file, and let go.

use super::super::table::Id;
use super::engine::{Engine, Job, Started};
use super::files::{Entry, FileUse, Files, FilesError, Leaving, Left};
use super::settle::{Turned, done};
use super::state::Refusal;
use super::{MAX_CHAIN, Shared};
use crate::abi::Cqe;
use crate::errno::Errno;
use crate::kernel::{Fd, Kernel};
use crate::sync::Ordering;

impl<'t, K: Kernel + Sync, E: Engine> Shared<'t, K, E> {
    /// Does something to the slots, and remembers whether something may begin.
    fn with_slots<R>(&self, f: impl FnOnce(&mut Files<'t>) -> R) -> R {
        let mut files = self.files.lock(&self.kernel);
        let answer = f(&mut files);
        // Relaxed: whoever lets something go begins it too, and sees its own store; to others it is a hint.
        self.ready.store(files.has_ready(), Ordering::Relaxed);
        answer
    }

    /// Gives out a name for a file that is to be opened into `slot`, or into one that is free: the slot, and a generation.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn claim_file(&self, slot: Option<u32>) -> Result<(u32, u64), FilesError> {
        self.with_slots(|files| files.claim(slot))
    }

    /// Gives a name up. Its file, if it is open, is closed: now, or when an open in its place has failed.
    ///
    /// # Safety
    ///
    /// It was given out, it is given up once, and no operation that uses it is in flight, nor will be.
    pub unsafe fn release_file(&self, slot: u32, generation: u64) {
        if self.engine.check().is_ok() {
            let left = self.with_slots(|files| files.release(slot, generation));
            self.empty(left);
        }
    }

    /// How many slots for files there are.
    pub const fn file_slots(&self) -> usize {
        self.slots
    }

    /// Closes the descriptors in slots, and gives the engine back. Nothing is in flight; or this is a child, whose copies
    /// they are.
    pub fn end(self) -> E {
        let Self { kernel, engine, files, .. } = self;
        for fd in files.into_inner().take_descriptors() {
            // SAFETY: out of its slot, and used by nothing.
            let _ = unsafe { kernel.close(fd) };
        }
        engine
    }

    /// Closes what nobody wants.
    fn empty(&self, mut left: Option<Left>) {
        while let Some(file) = left {
            match file.fd {
                Some(fd) => self.close_descriptor(fd),
                // What is still open is in no reach, and goes with the ring, or when the slot is filled anew.
                None => drop(self.engine.empty_slot(file.slot)),
            }
            left = self.with_slots(|files| files.emptied(file));
        }
    }

    fn close_descriptor(&self, fd: Fd) {
        // SAFETY: it was in a slot, and was taken out; nothing that is in flight uses it. What closing it says, nobody asked for.
        let _ = unsafe { self.kernel.close(fd) };
    }

    /// How a chain uses slots, if it does.
    ///
    /// # Safety
    ///
    /// All of it was filled, and not begun.
    unsafe fn uses(&self, ids: &[Id]) -> Option<[Option<FileUse>; MAX_CHAIN]> {
        let mut uses = [None; MAX_CHAIN];
        for (file, id) in uses.iter_mut().zip(ids) {
            // SAFETY: the caller's.
            *file = unsafe { self.jobs[id.index()].get() }.file;
        }
        uses.iter().any(Option::is_some).then_some(uses)
    }

    /// Accepts a chain. Says whether it is held.
    ///
    /// # Safety
    ///
    /// All of it was filled, and not begun.
    pub(super) unsafe fn accept(&self, ids: &[Id]) -> Result<bool, Refusal> {
        // SAFETY: the caller's word.
        let Some(uses) = (unsafe { self.uses(ids) }) else { return Ok(false) };
        self.with_slots(|files| files.accept(ids, &uses)).map_err(|(index, error)| {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            Refusal::Files { index, error }
        })
    }

    /// Takes back that a chain was accepted.
    ///
    /// # Safety
    ///
    /// All of it was filled, and not begun.
    pub(super) unsafe fn refuse(&self, ids: &[Id]) {
        // SAFETY: the caller's word.
        let Some(uses) = (unsafe { self.uses(ids) }) else { return };
        let left = self.with_slots(|files| files.refuse(ids, &uses));
        for left in left {
            self.empty(left);
        }
        self.begin_ready();
    }

    pub(super) fn enter(&self, id: Id, file: FileUse) -> Entry {
        self.with_slots(|files| files.enter(id, file))
    }

    /// The engine has not taken it after all.
    pub(super) fn turned_away(&self, id: Id, job: &Job) {
        if job.file.is_some() {
            self.with_slots(|files| files.turned_away(id));
        }
        if let Some(wave) = job.wave {
            self.gather().waves.leave(wave);
            // SAFETY: not under way, so its cell is whoever's who was to start it.
            unsafe { self.jobs[id.index()].change(|job| job.wave = None) };
        }
    }

    /// Before an operation's ticket can be taken.
    pub(super) fn ending(&self, id: Id, file: FileUse, res: &mut i32) -> Leaving {
        let leaving = self.with_slots(|files| files.ending(id, file, res));
        if let Some(fd) = leaving.replaced {
            self.close_descriptor(fd);
        }
        leaving
    }

    /// After its ticket can be taken.
    pub(super) fn has_left(&self, leaving: Leaving) {
        let left = self.with_slots(|files| files.left(leaving));
        self.empty(left);
    }

    /// A chain has ended, which opened files into slots.
    pub(super) fn lift(&self, opens: Option<u32>) {
        if let Some(first) = opens {
            self.with_slots(|files| files.lift(first));
        }
    }

    /// Has an operation that waits look again, now that it is cancelled.
    pub(super) fn let_go_of(&self, id: Id) {
        if self.slots > 0 {
            self.with_slots(|files| files.let_go_of(id));
            self.begin_ready();
        }
    }

    /// Has everything that waits look again, now that nothing is let in any more.
    pub(super) fn let_go(&self) {
        if self.slots > 0 {
            self.with_slots(Files::let_go);
            self.begin_ready();
        }
    }

    /// Begins what may begin, and what that leads to, by somebody who has not the role.
    pub(super) fn begin_ready(&self) {
        // Relaxed, all: what we have put there we see; what another has, they look after.
        while self.ready.load(Ordering::Relaxed)
            || self.is_behind.load(Ordering::Relaxed)
            || self.due.load(Ordering::Relaxed)
        {
            let mut turned = Turned::new();
            self.deliver(&mut turned);
            self.begin_some(&mut turned);
            self.begin_flushes(&mut turned);
            // Who has the role may be waiting for what has ended so, asleep in the kernel.
            let is_over = turned.has_ended();
            self.account_alone(turned);
            if is_over {
                self.kick_driver();
            }
        }
    }

    /// Begins what may begin, as far as `turned` has room. Says whether there was something.
    pub(super) fn begin_some(&self, turned: &mut Turned) -> bool {
        let mut any = false;
        // Relaxed: as in `with_slots`.
        while self.ready.load(Ordering::Relaxed) && turned.has_room() {
            let Some(id) = self.with_slots(Files::pop_ready) else { break };
            any = true;
            let started = if self.is_closing() {
                Ok(Started::Done(-Errno::CANCELED.number()))
            } else {
                // SAFETY: filled, and held until now; out of the list, it is ours to begin.
                unsafe { self.start(id) }
            };
            match done(started) {
                None => turned.started = true,
                Some(res) => {
                    let cqe = Cqe { user_data: id.user_data(), res, ..Cqe::default() };
                    // SAFETY: the engine has nothing of it.
                    unsafe { self.settle(cqe, false, turned) };
                }
            }
        }
        any
    }

    /// Has whoever has the role look again, if somebody has.
    pub(super) fn kick_driver(&self) {
        let is_kicked = {
            let mut state = self.lock();
            let is_asleep = state.driving && self.engine.is_turned();
            is_asleep && !core::mem::replace(&mut state.kicked, true)
        };
        if is_kicked {
            self.engine.kick();
        }
    }
}
