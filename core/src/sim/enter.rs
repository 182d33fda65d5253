//! One entry into the kernel: submitting, then waiting.

use super::Call;
use super::request::address;
use super::state::State;
use super::table::Descriptor;
use crate::abi::{EnterFlags, GeteventsArg, SetupFlags};
use crate::errno::{Errno, Result};
use crate::kernel::Fd;

/// What an entry into the kernel waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// The ring, by number: its place may change while others have the lock.
    ring: u64,
    count: u32,
    /// When it gives up.
    deadline: Option<u64>,
    /// When any completion is enough.
    early: Option<u64>,
}

/// How an entry into the kernel goes on.
#[derive(Debug)]
pub(super) enum Enter {
    Done(u32),
    /// So many entries were consumed, and it is to wait.
    Wait(u32, Wait),
}

/// How a wait stands.
#[derive(Debug)]
pub(super) enum Waiting {
    Over(Result<()>),
    /// Another thread has to do something first.
    ForOthers,
}

impl State {
    /// The ring of a descriptor, by its place.
    pub(super) fn ring(&self, ring: Fd, registered: bool) -> Result<usize> {
        let id = if registered {
            let index = u32::try_from(ring.0).map_err(|_| Errno::INVAL)?;
            let thread = self.thread();
            let entry = self.ring_fds.iter().find(|(by, at, _)| (*by, *at) == (thread, index));
            entry.ok_or(Errno::BADF)?.2
        } else {
            match self.table.get(ring)? {
                Descriptor::Ring(id) => *id,
                Descriptor::File(_) => return Err(Errno::OPNOTSUPP),
            }
        };
        self.rings.iter().position(|ring| ring.id == id).ok_or(Errno::BADF)
    }

    /// What `arg` says about the time.
    ///
    /// # Safety
    ///
    /// As [`Kernel::io_uring_enter`](crate::Kernel::io_uring_enter).
    unsafe fn limits(
        &self,
        flags: EnterFlags,
        arg: *const u8,
        arg_len: usize,
    ) -> Result<(Option<u64>, Option<u64>)> {
        if !flags.contains(EnterFlags::EXT_ARG) || arg.is_null() {
            return Ok((None, None));
        }
        if arg_len != size_of::<GeteventsArg>() {
            return Err(Errno::INVAL);
        }
        // SAFETY: the caller's word.
        let arg = unsafe { arg.cast::<GeteventsArg>().read_unaligned() };
        if arg.min_wait_usec != 0 && !self.config.version.has(6, 12) {
            return Err(Errno::INVAL);
        }
        if arg.sigmask != 0 && !address::<u8>(arg.sigmask).is_null() && arg.sigmask_len != 8 {
            return Err(Errno::INVAL);
        }
        let deadline = match arg.timespec {
            0 => None,
            // SAFETY: the caller's word.
            at => Some(unsafe { super::submit::time(at) }?),
        };
        let absolute = flags.contains(EnterFlags::ABS_TIMER);
        let deadline = deadline.map(|time| if absolute { time } else { self.clock.saturating_add(time) });
        let early = u64::from(arg.min_wait_usec) * 1000;
        Ok((deadline, (early > 0).then(|| self.clock + early)))
    }

    /// # Safety
    ///
    /// As [`Kernel::io_uring_enter`](crate::Kernel::io_uring_enter).
    pub(super) unsafe fn enter(
        &mut self,
        fd: Fd,
        submit: u32,
        complete: u32,
        flags: EnterFlags,
        arg: *const u8,
        arg_len: usize,
    ) -> Result<Enter> {
        self.begin(Call::Enter)?;
        if flags.without(self.config.version.enter_flags()) != EnterFlags::NONE {
            return Err(Errno::INVAL);
        }
        let ring = self.ring(fd, flags.contains(EnterFlags::REGISTERED_RING))?;
        if !self.rings[ring].enabled {
            return Err(Errno::BADFD);
        }
        self.check_issuer(ring)?;
        if self.random.one_in(self.config.hiccups) {
            // Nothing is consumed. A call that only waits is interrupted; one that submits may be refused, too.
            return match self.random.below(4) {
                0 if submit > 0 => Err(Errno::AGAIN),
                1 if submit > 0 => Err(Errno::BUSY),
                2 if submit > 0 => Ok(Enter::Done(0)),
                _ => Err(Errno::INTR),
            };
        }
        let consumed = if self.rings[ring].polls() {
            if flags.contains(EnterFlags::SQ_WAKEUP) {
                self.wake_poller(ring);
            }
            // The thread runs beside us: it may have got on already, or not.
            if flags.contains(EnterFlags::SQ_WAIT) || self.random.one_in(2) {
                self.poll();
            }
            submit
        } else {
            self.submit_now(ring, submit)?
        };
        self.tick();
        // Who was promised less than asked for has to look again before waiting.
        if consumed != submit || !flags.contains(EnterFlags::GETEVENTS) {
            return Ok(Enter::Done(consumed));
        }
        // A signal: what was consumed is told, and not that nothing was waited for.
        if consumed > 0 && complete > 0 && self.random.one_in(self.config.hiccups) {
            return Ok(Enter::Done(consumed));
        }
        // SAFETY: the caller's word.
        let (deadline, early) = match unsafe { self.limits(flags, arg, arg_len) } {
            Ok(limits) => limits,
            Err(errno) if consumed == 0 => return Err(errno),
            Err(_) => return Ok(Enter::Done(consumed)),
        };
        let state = &self.rings[ring];
        let count = complete.min(state.completions.entries());
        Ok(Enter::Wait(consumed, Wait { ring: state.id, count, deadline, early }))
    }

    /// A ring that belongs to one thread takes no other's calls.
    fn check_issuer(&mut self, ring: usize) -> Result<()> {
        let thread = self.thread();
        let ring = &mut self.rings[ring];
        if !ring.flags.contains(SetupFlags::SINGLE_ISSUER) {
            return Ok(());
        }
        if *ring.submitter.get_or_insert(thread) == thread { Ok(()) } else { Err(Errno::EXIST) }
    }

    fn submit_now(&mut self, ring: usize, count: u32) -> Result<u32> {
        if count == 0 {
            return Ok(0);
        }
        // Before 5.19, completions that found no room keep new entries out.
        if !self.config.version.has(5, 19) && !self.rings[ring].overflow.is_empty() {
            self.rings[ring].flush_overflow();
            if !self.rings[ring].overflow.is_empty() {
                return Err(Errno::BUSY);
            }
        }
        // SAFETY: the caller of `enter` answers for the entries, by the contract of `Kernel`.
        unsafe { self.submit(ring, count) }
    }

    /// Goes on waiting.
    pub(super) fn wait(&mut self, wait: Wait) -> Waiting {
        loop {
            let Some(index) = self.rings.iter().position(|ring| ring.id == wait.ring) else {
                return Waiting::Over(Err(Errno::BADF));
            };
            let ring = &mut self.rings[index];
            ring.flush_overflow();
            ring.run_deferred();
            let ready = ring.ready();
            let enough = if wait.early.is_some_and(|early| self.clock >= early) {
                wait.count.min(1)
            } else {
                wait.count
            };
            // What overflowed could not be shown, so the queue is full: that is as many as there can be.
            if ready >= enough || !ring.overflow.is_empty() {
                return Waiting::Over(Ok(()));
            }
            if wait.deadline.is_some_and(|deadline| self.clock >= deadline) {
                return Waiting::Over(Err(Errno::TIME));
            }
            let early = wait.early.filter(|early| *early > self.clock);
            let limit = [wait.deadline, early].into_iter().flatten().min();
            if self.poll() || self.run_next(limit.unwrap_or(u64::MAX)) {
                continue;
            }
            match limit {
                Some(limit) if self.config.threads.is_none() => self.clock = limit,
                Some(_) => {
                    // Somebody else may bring it; meanwhile time passes.
                    self.clock += 1000;
                    return Waiting::ForOthers;
                }
                None if self.config.threads.is_some() => return Waiting::ForOthers,
                None => {
                    let (count, ready) = (wait.count, ready);
                    let ring = &self.rings[index];
                    let asleep = if ring.asleep {
                        "; the thread that polls the submission queue sleeps, and nobody woke it"
                    } else {
                        ""
                    };
                    panic!(
                        "sim (seed {}): a wait for {count} completions would never end: {ready} can be read, and of {} operations in flight none will complete by itself{asleep}",
                        self.config.seed,
                        ring.in_flight(),
                    );
                }
            }
        }
    }
}
