//! Writes that lie next to each other in a queue, and can be made one.

use std::collections::VecDeque;

use bareio_core::errno::Result as CoreResult;
use bareio_core::iovec::MAX_RW_LEN;
use bareio_core::kernel::RwFlags;
use bareio_core::op::{Offset, Op as Call};
use bareio_core::{Errno, IoVec};

use super::posix::{Waiting, as_res};

/// What a thread takes out of the queue at a time: one operation, or several writes that follow each other.
///
/// Its memory is made once.
pub(super) struct Run {
    most: usize,
    members: VecDeque<Waiting>,
    pieces: Vec<IoVec>,
    /// How much of what was written is dealt out.
    dealt: usize,
}

/// What a member gets of what the whole came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Its result.
    Is(i32),
    /// Nothing was done of it, and what would come of it is not known: it is carried out by itself.
    Apart,
}

impl Run {
    /// Of at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most, members: VecDeque::with_capacity(most), pieces: Vec::with_capacity(most), dealt: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Takes what comes next, and what follows it. Whether there was anything.
    pub(super) fn fill(&mut self, queue: &mut VecDeque<Waiting>) -> bool {
        let Some(first) = queue.pop_front() else { return false };
        let mut total = first.job.op.transfer_len().unwrap_or(0) as usize;
        let mut last = first.job;
        self.members.push_back(first);
        while self.members.len() < self.most {
            let follows = queue.front().filter(|next| {
                total += next.job.op.transfer_len().unwrap_or(0) as usize;
                next.job.follows(&last) && total <= MAX_RW_LEN
            });
            if follows.is_none() {
                break;
            }
            let Some(next) = queue.pop_front() else { break };
            last = next.job;
            self.members.push_back(next);
        }
        true
    }

    /// The one write that they make, if there are several.
    pub(super) fn pieces(&mut self) -> Option<Call> {
        self.pieces.clear();
        self.dealt = 0;
        let (file, offset, flags) = match self.members.front()?.job.op {
            Call::Write { file, offset: Offset::At(offset), flags, .. } if self.members.len() > 1 => {
                (file, offset, flags)
            }
            _ => return None,
        };
        self.pieces.extend(self.members.iter().map(|member| match member.job.op {
            Call::Write { buf, len, .. } => IoVec::new(buf.cast_mut(), len as usize),
            _ => IoVec::EMPTY,
        }));
        Some(Call::write_vectored(file, &self.pieces, offset).ok()?.with_flags(flags))
    }

    /// The next member, and its share.
    ///
    /// What was written goes to them in order. One that flushes itself has the error of the whole, since a flush that is tried
    /// again after a failure says nothing.
    pub(super) fn deal(&mut self, result: CoreResult<u32>) -> Option<(Waiting, Share)> {
        let member = self.members.pop_front()?;
        let left = result.map_or(0, |count| count as usize - self.dealt);
        let share = left.min(member.job.op.transfer_len().unwrap_or(0) as usize);
        self.dealt += share;
        let has_flag =
            matches!(member.job.op, Call::Write { flags, .. } if flags.contains(RwFlags::DATA_SYNC));
        let flushes_itself = has_flag || member.job.flush.is_some_and(|flush| !flush.is_shareable);
        let is_final = flushes_itself || result == Err(Errno::CANCELED);
        Some((
            member,
            match (share, result) {
                (0, Err(_)) if is_final => Share::Is(as_res(result)),
                (0, _) => Share::Apart,
                (share, _) => Share::Is(i32::try_from(share).unwrap_or(i32::MAX)),
            },
        ))
    }

    /// The next member, to be carried out by itself.
    pub(super) fn next(&mut self) -> Option<Waiting> {
        self.members.pop_front()
    }
}
