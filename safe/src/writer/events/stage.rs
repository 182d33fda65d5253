//! Events that wait to be written.

use std::io::IoSlice;
use std::mem;
use std::time::Instant;

use super::super::advance;
use crate::error::{Error, Result};

/// Events that wait, behind a lock.
///
/// There are two buffers. One is filled while the other is written, without the lock. What a failed write has left over keeps
/// its buffer and goes before all else.
pub(super) struct Stage {
    filling: Vec<u8>,
    /// Of those in `filling`.
    count: usize,
    /// When the first of those in `filling` came, or a write of something older was tried last.
    oldest: Option<Instant>,
    /// What is not being filled: being written, and then nothing; or left over; or free, and then empty.
    other: Option<Batch>,
    /// How many events were pushed, ever.
    pushed: u64,
    /// How many of them are written.
    written: u64,
    /// Of a write that nobody waited for.
    error: Option<Error>,
    stopped: bool,
}

/// Events on their way to the file.
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// How many bytes are written.
    done: usize,
    count: usize,
}

impl Stage {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            filling: Vec::with_capacity(bytes),
            count: 0,
            oldest: None,
            other: Some(Batch { bytes: Vec::with_capacity(bytes), done: 0, count: 0 }),
            pushed: 0,
            written: 0,
            error: None,
            stopped: false,
        }
    }

    /// Whether an event of `len` bytes can be taken. One that is longer than all the room has it if nothing else is there.
    pub(super) fn has_room(&self, len: usize, bytes: usize) -> bool {
        self.filling.is_empty() || self.filling.len().saturating_add(len) <= bytes
    }

    /// Takes an event. Says whether it is the first of a batch.
    pub(super) fn add(&mut self, parts: &[&[u8]]) -> bool {
        for part in parts {
            self.filling.extend_from_slice(part);
        }
        self.count += 1;
        self.pushed += 1;
        let is_first = self.oldest.is_none();
        if is_first {
            self.oldest = Some(Instant::now());
        }
        is_first
    }

    /// Whether it is time to write; not after an error that nobody was told of.
    pub(super) fn is_due(&self, bytes: usize, count: usize) -> bool {
        self.error.is_none() && (self.filling.len() >= bytes || self.count >= count)
    }

    /// Whether somebody writes.
    pub(super) const fn is_writing(&self) -> bool {
        self.other.is_none()
    }

    /// What is to be written now, by the caller: what was left over, or else what was filled. Nothing, if there is nothing, or
    /// somebody writes already.
    pub(super) fn begin(&mut self) -> Option<Batch> {
        let other = self.other.take()?;
        if self.count == 0 {
            // Nothing is left to wait for but what the caller is given now.
            self.oldest = None;
        }
        if other.count > 0 {
            return Some(other);
        }
        if self.count == 0 {
            self.other = Some(other);
            return None;
        }
        let bytes = mem::replace(&mut self.filling, other.bytes);
        self.oldest = None;
        Some(Batch { bytes, done: 0, count: mem::take(&mut self.count) })
    }

    /// Takes back what [`begin`](Self::begin) gave.
    pub(super) fn end(&mut self, mut batch: Batch) {
        if batch.done == batch.bytes.len() {
            self.written += batch.count as u64;
            batch.bytes.clear();
            // An event that was longer than all the room has made more of it, for itself.
            batch.bytes.shrink_to(self.filling.capacity());
            batch = Batch { bytes: batch.bytes, done: 0, count: 0 };
        } else if self.oldest.is_none() {
            self.oldest = Some(Instant::now());
        }
        self.other = Some(batch);
    }

    pub(super) const fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Whether the first `target` events are.
    pub(super) const fn is_written(&self, target: u64) -> bool {
        self.written >= target
    }

    pub(super) fn pending(&self) -> usize {
        usize::try_from(self.pushed - self.written).unwrap_or(usize::MAX)
    }

    pub(super) fn set_error(&mut self, error: Error) {
        self.error = Some(error);
    }

    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    pub(super) const fn oldest(&self) -> Option<Instant> {
        self.oldest
    }

    pub(super) fn set_oldest(&mut self, moment: Instant) {
        self.oldest = Some(moment);
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped
    }
}

impl Batch {
    /// Has `write` write it, which advances over what it has written.
    #[expect(
        clippy::mut_mut,
        reason = "as `IoSlice::advance_slices` has it: the slice itself becomes shorter"
    )]
    pub(super) fn write(&mut self, write: impl FnOnce(&mut &mut [IoSlice<'_>]) -> Result<()>) -> Result<()> {
        let rest = &self.bytes[self.done..];
        let mut piece = [IoSlice::new(rest)];
        let mut left = &mut piece[..];
        let outcome = write(&mut left);
        advance(&mut left, 0);
        let left: usize = left.iter().map(|piece| piece.len()).sum();
        self.done = self.bytes.len() - left;
        outcome
    }
}
