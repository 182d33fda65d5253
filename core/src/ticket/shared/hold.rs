//! Holding operations back, to begin them together.

use core::ptr;

use super::super::table::Id;
use super::Shared;
use super::engine::{Engine, Job, Started};
use super::fifo::Fifo;
use super::gather::Kind;
use super::settle::Turned;
use super::state::{Called, Refusal};
use crate::errno::Errno;
use crate::iovec::{IOV_MAX, IoVec, MAX_RW_LEN};
use crate::kernel::{Kernel, RwFlags};
use crate::op::{Offset, Op, Target};
use crate::ring::RingError;
use crate::sync::{Ordering, fence};

/// Writes that follow each other in their file, and in the order in which they were submitted.
struct Run {
    members: Fifo,
    count: usize,
    len: usize,
    /// The job of the first.
    job: Job,
}

/// A plain write, which others can follow.
#[derive(Clone, Copy)]
struct Piece {
    file: Target,
    buf: *const u8,
    len: usize,
    offset: u64,
    flags: RwFlags,
}

impl Piece {
    const fn of(op: &Op) -> Option<Self> {
        match *op {
            // The memory of a fixed buffer is memory like any other.
            Op::Write { file, buf, len, offset: Offset::At(offset), flags }
            | Op::WriteFixed { file, buf, len, offset: Offset::At(offset), flags, .. }
                if len > 0 =>
            {
                Some(Self { file, buf, len: len as usize, offset, flags })
            }
            _ => None,
        }
    }
}

impl Job {
    /// Whether it may go together with others. What uses a slot of files may not: which file that is, and whether it has its
    /// turn, is told when it begins, of each by itself.
    const fn may_be_held(&self) -> bool {
        Piece::of(&self.op).is_some() && !self.is_limited() && self.next.is_none() && self.file.is_none()
    }

    /// Whether it could be the rest of the same write as `before`: where that ends this begins, and what is asked of the
    /// two is the same. Durable writes follow durable ones only.
    pub fn follows(&self, before: &Self) -> bool {
        let (Some(one), Some(two)) = (Piece::of(&before.op), Piece::of(&self.op)) else { return false };
        one.file == two.file
            && one.flags == two.flags
            && one.offset + one.len as u64 == two.offset
            && self.flush == before.flush
            && self.priority == before.priority
            && self.class == before.class
            && !self.is_limited()
            && !before.is_limited()
    }
}

impl<K: Kernel + Sync, E: Engine> Shared<'_, K, E> {
    /// As [`begin`](Self::begin), but nothing is entered before [`release`](Self::release), or before somebody waits for
    /// anything here. Writes that follow each other are then made one.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    ///
    /// # Safety
    ///
    /// As [`begin`](Self::begin).
    pub unsafe fn begin_held(&self, ids: &[Id]) -> Result<(), Refusal> {
        // SAFETY: the caller's word.
        unsafe { self.link_all(ids) };
        let Some(&first) = ids.first() else { return Ok(()) };
        // SAFETY: filled and not begun.
        let job = unsafe { self.jobs[first.index()].get() };
        if self.coalesces && job.may_be_held() {
            let mut gather = self.gather();
            // SAFETY: filled and not begun, so its cell is the caller's.
            unsafe { gather.staged.push(self.jobs, first) };
        } else {
            // SAFETY: filled and not begun.
            unsafe { self.begin_unentered(ids) }?;
        }
        // Relaxed: who waits for this operation has been told of it by us; for who waits for room, the fence orders it.
        self.held.store(true, Ordering::Relaxed);
        // SeqCst: pairs with the fence of `Hungry::new`. Either they see what is held, or we see that they wait.
        fence(Ordering::SeqCst);
        // Relaxed: the fence orders it.
        if self.hungry.load(Ordering::Relaxed) > 0 {
            self.release();
        }
        Ok(())
    }

    /// Begins what is held back, in as few operations as it can be, and sees to it that all of it runs.
    pub fn release(&self) {
        // Relaxed, both: whoever must not miss it has been told of what is held, or has passed a fence. What is held lies
        // under the lock.
        if !self.held.load(Ordering::Relaxed) || self.engine.check().is_err() {
            return;
        }
        if !self.held.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut staged = self.gather().staged.take();
        let mut turned = Turned::new();
        turned.started = true; // what is not staged was handed over and not entered
        while let Some(run) = self.next_run(&mut staged) {
            self.begin_run(run, &mut turned);
        }
        let is_over = turned.has_ended();
        self.account(turned);
        if is_over {
            // Who has the role may have found nothing held back, and be asleep for what has ended here.
            self.kick_driver();
        }
        self.call_always_served();
    }

    pub(super) fn call_always_served(&self) {
        if self.limits.always_serve {
            let mut called = Called::new();
            self.lock().call_server(&mut called);
            self.wake(called);
        }
    }

    /// Takes as many as go together, at least one.
    fn next_run(&self, staged: &mut Fifo) -> Option<Run> {
        let first = staged.pop(self.jobs)?;
        let cell = &self.jobs[first.index()];
        // SAFETY: popped, so the cell is ours.
        let job = unsafe { cell.get() };
        let mut run =
            Run { members: Fifo::new(), count: 1, len: Piece::of(&job.op).map_or(0, |piece| piece.len), job };
        // SAFETY: in no list, and its cell is ours.
        unsafe { run.members.push(self.jobs, first) };
        let mut last = job;
        let mut is_open = !cell.is_cancelled();
        while let (true, Some(id)) = (is_open && run.count < IOV_MAX, staged.first()) {
            let cell = &self.jobs[id.index()];
            // SAFETY: in the list, which is ours, so its cell is ours too.
            let job = unsafe { cell.get() };
            let len = Piece::of(&job.op).map_or(0, |piece| piece.len);
            is_open = job.follows(&last) && run.len + len <= MAX_RW_LEN && !cell.is_cancelled();
            if is_open {
                staged.pop(self.jobs);
                // SAFETY: popped just now.
                unsafe { run.members.push(self.jobs, id) };
                run.count += 1;
                run.len += len;
                last = job;
            }
        }
        Some(run)
    }

    fn begin_run(&self, mut run: Run, turned: &mut Turned) {
        if let Some((index, generation, job)) = self.open_group(&mut run) {
            if let Some(res) = self.at_once(&job) {
                return self.group_ended(index, generation, res, turned);
            }
            // SAFETY: the buffers are those of the members, each in its slot until it completes, and the pieces stay until the
            // group is closed.
            let started = unsafe { self.engine.start(Kind::group(index, generation), &job, ptr::null()) };
            return match started {
                Ok(Started::Pending) => {}
                Ok(Started::Done(res)) => self.group_ended(index, generation, res, turned),
                Err(error) => self.group_ended(index, generation, refusal(error), turned),
            };
        }
        while let Some(id) = run.members.pop(self.jobs) {
            let cell = &self.jobs[id.index()];
            // SAFETY: popped, so the cell is ours.
            let job = unsafe { cell.get() };
            match if cell.is_cancelled() { None } else { self.at_once(&job) } {
                Some(res) => self.finish(id, res, turned),
                None => self.start_apart(id, turned),
            }
        }
    }

    /// All that there is to do, by a call that does not wait, if that can be.
    fn at_once(&self, job: &Job) -> Option<i32> {
        if !job.at_once {
            return None;
        }
        let op = job.op.with_flags(RwFlags::NOWAIT);
        // SAFETY: what it names is valid, as for the engine, and this does not outlast the call.
        let result = unsafe { op.perform(&self.kernel) };
        result.ok().filter(|count| Some(*count) == op.transfer_len()).map(u32::cast_signed)
    }

    /// Makes one operation of several, if there are and there is room for that.
    fn open_group(&self, run: &mut Run) -> Option<(u32, u32, Job)> {
        let head = Piece::of(&run.job.op).filter(|_| run.count > 1)?;
        let mut gather = self.gather();
        let (index, generation) = gather.open(run.count)?;
        let noted = match run.job.flush {
            Some(flush) if flush.is_shareable => {
                #[expect(clippy::cast_possible_truncation, reason = "at most 1,024")]
                let count = run.count as u32;
                Some(gather.waves.join(head.file, flush.word, count))
            }
            _ => None,
        };
        let (block, mut members, mut at) = (index as usize, Fifo::new(), 0);
        while let Some(id) = run.members.pop(self.jobs) {
            let mut piece = IoVec::EMPTY;
            let change = |job: &mut Job| {
                if let Some(Some((wave, is_shared))) = noted {
                    (job.wave, job.is_shared) = (Some(wave), is_shared);
                }
                piece = Piece::of(&job.op).map_or(piece, |piece| IoVec::new(piece.buf.cast_mut(), piece.len));
            };
            // SAFETY: popped, so the cell is ours.
            unsafe { self.jobs[id.index()].change(change) };
            // SAFETY: the place was opened for as many, and nobody else reads it.
            unsafe { gather.pieces.set(block, at, piece) };
            // SAFETY: popped, so it is in no list.
            unsafe { members.push(self.jobs, id) };
            at += 1;
        }
        gather.fill(index, members);
        // SAFETY: filled just now, and the place is ours until the group is closed.
        let pieces = unsafe { gather.pieces.list(block, at) };
        drop(gather);
        let flags = match noted {
            Some(Some((_, true))) | None => RwFlags::NONE,
            Some(_) => RwFlags::DATA_SYNC,
        };
        // Each is one by itself, and together they are not too long: there is nothing to refuse.
        let op = Op::write_vectored(head.file, pieces, head.offset).unwrap_or(Op::Nop);
        let (priority, class, at_once) = (run.job.priority, run.job.class, run.job.at_once);
        let job = Job { priority, at_once, class, ..Job::new(op.with_flags(head.flags.with(flags))) };
        Some((index, generation, job))
    }

    /// Begins an operation by itself, on behalf of somebody who has left already.
    pub(super) fn start_apart(&self, id: Id, turned: &mut Turned) {
        // SAFETY: filled, and not under way: held back until now, or the group that it was in has ended.
        let res = match unsafe { self.start(id) } {
            Ok(Started::Pending) => {
                turned.started = true;
                return;
            }
            Ok(Started::Done(res)) => res,
            Err(error) => refusal(error),
        };
        self.finish(id, res, turned);
    }
}

/// As a completion carries it.
pub(super) const fn refusal(error: RingError) -> i32 {
    -match error {
        RingError::Kernel(errno) => errno,
        RingError::Full => Errno::AGAIN,
        RingError::Forked => Errno::CANCELED,
    }
    .number()
}
