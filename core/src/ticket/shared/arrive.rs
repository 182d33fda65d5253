//! What comes back of operations that went together, or wait to be flushed.

use core::ptr;

use super::super::table::Id;
use super::engine::{Engine, Flush, Job, Started};
use super::gather::Kind;
use super::hold::refusal;
use super::settle::Turned;
use super::wave::{Due, poison};
use super::{Gathered, Shared};
use crate::abi::Cqe;
use crate::errno::Errno;
use crate::kernel::{Kernel, RwFlags};
use crate::op::Op;
use crate::sync::Ordering;

/// How a durable write was flushed, for whoever takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// By itself, if at all: its result is that of write and flush.
    Itself,
    /// By a flush that others shared. So many bytes had been written before that; `None`: the write itself failed.
    Shared(Option<u32>),
}

impl<K: Kernel + Sync, E: Engine> Shared<'_, K, E> {
    /// Notes a completion, of whatever it is.
    ///
    /// # Safety
    ///
    /// As [`complete`](Self::complete).
    pub(super) unsafe fn arrive(&self, cqe: Cqe, was_started: bool, turned: &mut Turned) {
        match Kind::of(cqe.user_data) {
            // SAFETY: the caller's word.
            Kind::Operation => unsafe { self.settle(cqe, was_started, turned) },
            Kind::Group(index, generation) => self.group_ended(index, generation, cqe.res, turned),
            Kind::Flush(index, generation) => self.flush_ended(index, generation, cqe.res, turned),
        }
    }

    /// Deals out to each write of a group what came of it.
    ///
    /// What was written goes to them in order. Those who got nothing of a short write, and all of one that failed, begin again
    /// apart, so that each has the result that is its own. Not if they were cancelled; nor if they were to flush themselves, since a
    /// flush that is tried again after a failure says nothing.
    pub(super) fn group_ended(&self, index: u32, generation: u32, res: i32, turned: &mut Turned) {
        let closed = self.gather().close(index, generation);
        let Some(mut members) = closed else {
            turned.unknown += 1;
            return;
        };
        let mut left = res.max(0).unsigned_abs();
        while let Some(id) = members.pop(self.jobs) {
            // SAFETY: popped, so the cell is ours.
            let job = unsafe { self.jobs[id.index()].get() };
            let len = job.op.transfer_len().unwrap_or(0);
            let flushes_itself = job.flush.is_some() && !job.is_shared;
            let is_final = res == -Errno::CANCELED.number() || flushes_itself;
            let share = left.min(len);
            left -= share;
            match share {
                0 if res < 0 && is_final => self.finish(id, res, turned),
                0 => self.start_apart(id, turned),
                share => self.finish(id, share.cast_signed(), turned),
            }
        }
    }

    /// Ends the writes that a flush has covered.
    pub(super) fn flush_ended(&self, index: u32, generation: u32, res: i32, turned: &mut Turned) {
        let ended = {
            let mut gather = self.gather();
            let ended = gather.waves.end(index, generation);
            if let (Some((_, word)), Err(errno)) = (&ended, Errno::check_res(res)) {
                // Before any write that this one may have lost is called durable by the next.
                // SAFETY: the writes that were covered have not completed, and keep it.
                unsafe { poison(*word, errno) };
            }
            // Relaxed: looked at by us, and cleared under the lock.
            self.due.store(true, Ordering::Relaxed);
            ended
        };
        let Some((mut members, _)) = ended else {
            turned.unknown += 1;
            return;
        };
        while let Some(id) = members.pop(self.jobs) {
            {
                let mut gather = self.gather();
                gather.waves.leave(index);
                gather.counts.flushed += 1;
            }
            let mut moved = 0;
            let change = |job: &mut Job| {
                job.wave = None;
                moved = job.moved;
            };
            // SAFETY: popped, so the cell is ours.
            unsafe { self.jobs[id.index()].change(change) };
            self.finish(id, if res < 0 { res } else { moved }, turned);
        }
    }

    /// Says for a durable write that is about to begin how it is flushed.
    pub(super) fn join_wave(&self, id: Id, job: &mut Job, flush: Flush) {
        if job.wave.is_none() {
            let file = match job.op {
                Op::Write { file, .. } | Op::WriteFixed { file, .. } | Op::WriteVectored { file, .. } => {
                    Some(file)
                }
                _ => None,
            };
            let noted = file.and_then(|file| self.gather().waves.join(file, flush.word, 1));
            job.wave = noted.map(|(wave, _)| wave);
            // It may have shared a flush that came to nothing, and begin anew.
            job.is_shared = noted.is_some_and(|(_, is_shared)| is_shared);
            let (wave, is_shared) = (job.wave, job.is_shared);
            let change = |job: &mut Job| (job.wave, job.is_shared, job.moved) = (wave, is_shared, -1);
            // SAFETY: filled and not under way, so its cell is whoever's who starts it.
            unsafe { self.jobs[id.index()].change(change) };
        }
        if !job.is_shared {
            job.op = job.op.with_flags(RwFlags::DATA_SYNC);
        }
    }

    /// Takes note that a durable write has ended. Says whether it waits for its flush now.
    ///
    /// # Safety
    ///
    /// The caller has its completion.
    pub(super) unsafe fn keep_for_flush(&self, id: Id, flush: Flush, res: i32) -> bool {
        // SAFETY: the caller has its completion.
        let job = unsafe { self.jobs[id.index()].get() };
        if let Some(wave) = job.wave {
            let mut gather = self.gather();
            if job.is_shared && res >= 0 {
                // SAFETY: the completion is the caller's, and so the cell.
                unsafe { self.jobs[id.index()].change(|job| job.moved = res) };
                // SAFETY: as above; in flight by itself, it is in no list.
                unsafe { gather.waves.wrote(self.jobs, wave, id) };
                // Relaxed: looked at by us, and cleared under the lock.
                self.due.store(true, Ordering::Relaxed);
                return true;
            }
            gather.waves.leave(wave);
        }
        if !job.is_shared {
            // The kernel does not tell whether the write or the flush failed.
            if let Err(errno @ (Errno::IO | Errno::NOSPC | Errno::DQUOT)) = Errno::check_res(res) {
                // SAFETY: the write has not completed, and keeps it.
                unsafe { poison(flush.word, errno) };
            }
        }
        false
    }

    /// Begins the flushes that are due.
    pub(super) fn begin_flushes(&self, turned: &mut Turned) {
        // Relaxed: set by us, or by somebody who looks here after us.
        while self.due.load(Ordering::Relaxed) {
            let next = {
                let mut gather = self.gather();
                let next = gather.waves.next();
                if next.is_none() {
                    // Relaxed: under the lock, under which it is set.
                    self.due.store(false, Ordering::Relaxed);
                }
                gather.counts.flushes += u64::from(next.is_some());
                next
            };
            let Some(Due { index, generation, file }) = next else { return };
            let job = Job::new(Op::sync_data(file));
            // SAFETY: the writes that it covers keep the file, and end after it.
            match unsafe { self.engine.start(Kind::flush(index, generation), &job, ptr::null()) } {
                Ok(Started::Pending) => turned.started = true,
                Ok(Started::Done(res)) => self.flush_ended(index, generation, res, turned),
                Err(error) => self.flush_ended(index, generation, refusal(error), turned),
            }
        }
    }

    /// Ends an operation now, or when there is room to put off what that leads to.
    pub(super) fn finish(&self, id: Id, res: i32, turned: &mut Turned) {
        if turned.has_room() {
            let cqe = Cqe { user_data: id.user_data(), res, ..Cqe::default() };
            // SAFETY: the group or the flush that it waited for has ended, or nobody was given it: it is ours to end, once.
            return unsafe { self.settle(cqe, true, turned) };
        }
        // SAFETY: as above, so its cell is ours.
        unsafe { self.jobs[id.index()].change(|job| job.result = res) };
        let mut gather = self.gather();
        // SAFETY: as above, and in no list.
        unsafe { gather.behind.push(self.jobs, id) };
        // Relaxed: looked at by us, and by whoever turns next, under the role.
        self.is_behind.store(true, Ordering::Relaxed);
    }

    /// Ends as many of those as there is room for.
    pub(super) fn deliver(&self, turned: &mut Turned) {
        // Relaxed: as in `finish`.
        while self.is_behind.load(Ordering::Relaxed) && turned.has_room() {
            let next = {
                let mut gather = self.gather();
                let next = gather.behind.pop(self.jobs);
                if next.is_none() {
                    // Relaxed: under the lock, under which it is set.
                    self.is_behind.store(false, Ordering::Relaxed);
                }
                next
            };
            let Some(id) = next else { return };
            // SAFETY: popped, so the cell is ours.
            let res = unsafe { self.jobs[id.index()].get() }.result;
            self.finish(id, res, turned);
        }
    }

    /// How a write that is done was flushed.
    ///
    /// # Safety
    ///
    /// It is done, and the caller holds its only ticket.
    pub unsafe fn flushed(&self, id: Id) -> Flushed {
        // SAFETY: done, so that nobody else is at its cell, until the caller takes it.
        let job = unsafe { self.jobs[id.index()].get() };
        if job.is_shared { Flushed::Shared(u32::try_from(job.moved).ok()) } else { Flushed::Itself }
    }

    /// What became of operations by being gathered.
    pub fn gathered(&self) -> Gathered {
        self.gather().counts
    }
}
