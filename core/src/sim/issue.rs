//! Starting operations, completing them, and what a chain does in between.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use linux_raw_sys::io_uring as sys;

use super::file::OpenFile;
use super::request::{Active, Data, NEVER, Request};
use super::state::State;
use crate::abi::{Cqe, CqeFlags, Features, Opcode, SqeFlags};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::kernel::Fd;

/// How a result stands in a completion.
fn res(result: Result<u32>) -> i32 {
    match result {
        Ok(value) => i32::try_from(value).unwrap_or(i32::MAX),
        Err(errno) => -errno.number(),
    }
}

impl State {
    /// Takes a whole chain: starts it, or lets it wait for those before it.
    pub(super) fn queue(&mut self, ring: usize, mut chain: VecDeque<Request>) {
        // One entry that was refused takes the whole chain with it, hard links or not.
        let refused = chain.iter().any(|request| request.refused.is_some());
        let Some(head) = chain.front_mut() else { return };
        if refused && head.refused.is_none() {
            head.refused = Some(Errno::CANCELED);
        }
        if !self.rings[ring].draining {
            return self.start(ring, chain);
        }
        let drains = chain.iter().any(|request| request.has(SqeFlags::IO_DRAIN));
        self.rings[ring].drained.push_back(chain);
        self.release(ring);
        if !drains && self.rings[ring].drained.is_empty() {
            self.rings[ring].draining = false;
        }
    }

    /// Starts chains that waited for others. From 6.16 on, what comes after an entry with `IO_DRAIN` waits for its
    /// end, as the manual says; before, only for its start.
    pub(super) fn release(&mut self, ring: usize) {
        let strict = self.config.version.has(6, 16);
        let (mut first, mut drain_seen) = (true, false);
        while let Some(chain) = self.rings[ring].drained.front() {
            let drains = chain.iter().any(|request| request.has(SqeFlags::IO_DRAIN));
            drain_seen |= drains;
            let waits = if strict { first || drain_seen } else { drains };
            if waits && !self.rings[ring].active.is_empty() {
                break;
            }
            first = false;
            let chain = self.rings[ring].drained.pop_front().unwrap_or_default();
            self.start(ring, chain);
        }
    }

    /// The file that an entry names.
    pub(super) fn look_up(&self, ring: usize, request: &Request) -> Result<Arc<OpenFile>> {
        let ring = &self.rings[ring];
        if request.has(SqeFlags::FIXED_FILE) {
            return ring.file(request.sqe.fd);
        }
        if ring.polls() && !self.features().contains(Features::SQPOLL_NONFIXED) {
            return Err(Errno::BADF);
        }
        self.table.file(Fd(request.sqe.fd))
    }

    /// When something that begins now is done.
    fn when_done(&mut self) -> u64 {
        let longest = u64::try_from(self.config.delay.as_nanos()).unwrap_or(u64::MAX / 2);
        let at_once = longest == 0 || self.random.one_in(4);
        self.clock + if at_once { 0 } else { self.random.below(longest) }
    }

    fn rank(&mut self) -> u32 {
        self.started = self.started.wrapping_add(1);
        if self.config.delay.is_zero() { self.started } else { self.random.word() }
    }

    /// The point in time that a timeout means.
    pub(super) fn deadline(&self, request: &Request) -> u64 {
        match request.data {
            Data::Time(at) if request.sqe.op_flags & sys::IORING_TIMEOUT_ABS != 0 => at,
            Data::Time(time) => self.clock.saturating_add(time),
            _ => NEVER,
        }
    }

    /// Starts the first of a chain.
    fn start(&mut self, ring: usize, mut chain: VecDeque<Request>) {
        let Some(mut request) = chain.pop_front() else { return };
        let mut verdict = request.refused;
        if verdict.is_none() && request.needs_file() && request.file.is_none() {
            match self.look_up(ring, &request) {
                Ok(file) => request.file = Some(file),
                Err(errno) => verdict = Some(errno),
            }
        }
        let mut active = Active {
            due: self.when_done(),
            rank: self.rank(),
            verdict,
            timer: None,
            until: None,
            mark: request.file.as_deref().map_or(0, Self::sync_mark),
            request,
            rest: chain,
        };
        if active.request.refused.is_none() {
            let limited = active.rest.front().is_some_and(|next| next.is(Opcode::LINK_TIMEOUT));
            let limit = if limited { active.rest.pop_front() } else { None };
            active.timer = limit.map(|limit| {
                let at = self.deadline(&limit);
                (limit, at)
            });
            if active.request.is(Opcode::TIMEOUT) {
                active.due = self.deadline(&active.request);
                let count = active.request.sqe.offset;
                active.until = (count > 0).then(|| self.rings[ring].posted + count);
            }
        }
        if active.verdict.is_none() && active.request.reads() && self.config.scribble {
            self.scribble(&active.request);
        }
        self.rings[ring].active.push(active);
    }

    /// Leaves garbage where a read is to put its data: until it has completed, nobody may look there.
    fn scribble(&mut self, request: &Request) {
        let mut one = [IoVec::EMPTY];
        for piece in request.pieces(&mut one) {
            if piece.is_empty() || !self.memory.reachable(piece.base().addr(), piece.len()) {
                continue;
            }
            let garbage = self.random.next().to_le_bytes();
            for (at, byte) in [0, self.random.index(piece.len()), piece.len() - 1].into_iter().zip(garbage) {
                // SAFETY: within a piece of a read in flight, which the kernel may write to from when its entry
                // was published to its last completion.
                unsafe { piece.base().wrapping_add(at).write(byte) };
            }
        }
    }

    fn post(&mut self, ring: usize, user_data: u64, result: Result<u32>) {
        let res = res(result);
        self.note(user_data ^ u64::from(res.cast_unsigned()) << 32);
        self.rings[ring].post(Cqe { user_data, res, flags: CqeFlags::NONE });
    }

    /// Whether this result breaks a chain.
    fn fails(request: &Request, result: Result<u32>) -> bool {
        match result {
            Ok(count) if request.transfers() => count as usize != request.whole(),
            Ok(_) => false,
            Err(Errno::TIME) if request.is(Opcode::TIMEOUT) => {
                request.sqe.op_flags & sys::IORING_TIMEOUT_ETIME_SUCCESS == 0
            }
            Err(_) => true,
        }
    }

    /// An operation has come to its end: tells so, and goes on with its chain.
    pub(super) fn complete(&mut self, ring: usize, active: Active, result: Result<u32>) {
        let Active { request, rest, timer, .. } = active;
        let failed = Self::fails(&request, result);
        let quiet = request.has(SqeFlags::CQE_SKIP_SUCCESS);
        if failed || !quiet {
            self.post(ring, request.sqe.user_data, result);
        }
        // A failure of an entry that wanted no completion silences those that it takes with it.
        let silent = failed && quiet;
        if let Some((limit, _)) = timer.filter(|_| !silent) {
            self.post(ring, limit.sqe.user_data, Err(Errno::CANCELED));
        }
        let breaks = failed && (request.refused.is_some() || !request.has(SqeFlags::IO_HARDLINK));
        if breaks {
            for request in rest.into_iter().filter(|_| !silent) {
                let errno = request.refused.unwrap_or(Errno::CANCELED);
                self.post(ring, request.sqe.user_data, Err(errno));
            }
        } else {
            self.start(ring, rest);
        }
    }

    /// What follows from completions: timeouts that count them, and chains that waited.
    pub(super) fn settle(&mut self, ring: usize) {
        loop {
            let posted = self.rings[ring].posted;
            let counted = |active: &Active| active.until.is_some_and(|until| until <= posted);
            let Some(index) = self.rings[ring].active.iter().position(counted) else { break };
            let active = self.rings[ring].active.swap_remove(index);
            self.complete(ring, active, Ok(0));
        }
        self.release(ring);
    }

    /// The limit on an operation's time has passed.
    pub(super) fn expire(&mut self, ring: usize, index: usize) {
        let Some((limit, _)) = self.rings[ring].active[index].timer.take() else { return };
        let result = self.cancel_active(ring, index);
        self.post(ring, limit.sqe.user_data, Err(result.err().unwrap_or(Errno::TIME)));
    }
}
