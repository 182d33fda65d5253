//! Flushes that writes share, file by file.
//!
//! ```text
//!   begun ──► written ──► waits ──► is flushed ──► completes
//!                           │          │
//!                           │          └ one flush for all that waited when it began
//!                           └ for the end of the flush that is under way, if one is
//! ```
//!
//! A flush covers what had been written when it began, so a write that completes while one is under way waits for the
//! next. That is all the delay there is: nobody waits for others to come.

use super::super::table::Id;
use super::engine::JobCell;
use super::fifo::Fifo;
use crate::errno::Errno;
use crate::op::Target;
use crate::sync::{AtomicU32, Ordering};

/// How writes are flushed that are to be durable, where each could flush itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Flushing {
    /// A write by itself while it is the only durable one of its file, which takes one operation; else as
    /// [`Shared`](Self::Shared).
    #[default]
    Auto,
    /// Each write by itself.
    Each,
    /// Writes that complete while a flush of their file is under way share the next one.
    Shared,
}

/// A file with durable writes under way, or the place for one.
#[derive(Debug)]
pub struct Wave {
    file: Option<Target>,
    /// Which of the files that were here is meant.
    generation: u32,
    /// How many durable writes there are of it.
    writes: u32,
    /// Those that are written, and covered by no flush.
    waiting: Fifo,
    /// Those that the flush under way covers.
    flushing: Fifo,
    is_flushing: bool,
    /// Where it is remembered that a flush of the file failed. Every write keeps it there.
    word: *const AtomicU32,
}

// SAFETY: the address is used under the contract of whoever began a write with it.
unsafe impl Send for Wave {}

impl Wave {
    /// A place for a file.
    pub const fn new() -> Self {
        Self {
            file: None,
            generation: 0,
            writes: 0,
            waiting: Fifo::new(),
            flushing: Fifo::new(),
            is_flushing: false,
            word: core::ptr::null(),
        }
    }

    const fn wants_flush(&self) -> bool {
        !self.is_flushing && !self.waiting.is_empty()
    }
}

impl Default for Wave {
    fn default() -> Self {
        Self::new()
    }
}

/// Remembers in `word` that a flush failed, if that means that something may be lost. The first one counts.
///
/// # Safety
///
/// `word` is null or valid.
pub(super) unsafe fn poison(word: *const AtomicU32, errno: Errno) {
    // SAFETY: the caller's word.
    let Some(word) = (unsafe { word.as_ref() }) else { return };
    if errno.loses_writes() {
        // Relaxed, both: the number is all there is; who may rely on it has waited for an operation that completes later.
        let _ = word.compare_exchange(0, errno.number().unsigned_abs(), Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The files with durable writes under way.
#[derive(Debug)]
pub(super) struct Waves<'t> {
    waves: &'t mut [Wave],
    flushing: Flushing,
}

/// A flush that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) index: u32,
    pub(super) generation: u32,
    pub(super) file: Target,
}

impl<'t> Waves<'t> {
    pub(super) const fn new(waves: &'t mut [Wave], flushing: Flushing) -> Self {
        Self { waves, flushing }
    }

    /// Takes note of `count` durable writes of `file` that are about to begin. Says in which place that is noted, and whether they
    /// share flushes. `None`: they do not, and there is no place.
    pub(super) fn join(&mut self, file: Target, word: *const AtomicU32, count: u32) -> Option<(u32, bool)> {
        if self.flushing == Flushing::Each {
            return None;
        }
        let known = self.waves.iter().position(|wave| wave.file == Some(file) && wave.word == word);
        let index = known.or_else(|| self.waves.iter().position(|wave| wave.file.is_none()))?;
        let wave = &mut self.waves[index];
        let shares = wave.writes > 0 || self.flushing == Flushing::Shared;
        wave.file = Some(file);
        wave.word = word;
        wave.writes += count;
        Some((u32::try_from(index).ok()?, shares))
    }

    /// A durable write has ended, or failed before it could be flushed.
    pub(super) fn leave(&mut self, index: u32) {
        let wave = &mut self.waves[index as usize];
        wave.writes -= 1;
        if wave.writes == 0 {
            wave.file = None;
            wave.generation = wave.generation.wrapping_add(1) & super::gather::GENERATIONS;
        }
    }

    /// A write was written, and is to be flushed.
    ///
    /// # Safety
    ///
    /// As [`Fifo::push`].
    pub(super) unsafe fn wrote(&mut self, jobs: &[JobCell], index: u32, id: Id) {
        // SAFETY: the caller's word.
        unsafe { self.waves[index as usize].waiting.push(jobs, id) };
    }

    /// A flush that is due, which is then under way.
    pub(super) fn next(&mut self) -> Option<Due> {
        let index = self.waves.iter().position(Wave::wants_flush)?;
        let wave = &mut self.waves[index];
        wave.is_flushing = true;
        wave.flushing = wave.waiting.take();
        Some(Due { index: u32::try_from(index).ok()?, generation: wave.generation, file: wave.file? })
    }

    /// The flush that is under way has ended: with those it covered, and where its failure is remembered. `None`: there is
    /// no such flush.
    pub(super) fn end(&mut self, index: u32, generation: u32) -> Option<(Fifo, *const AtomicU32)> {
        let wave = self.waves.get_mut(index as usize)?;
        if !wave.is_flushing || wave.generation != generation {
            return None;
        }
        wave.is_flushing = false;
        Some((wave.flushing.take(), wave.word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Fd;

    const FILE: Target = Target::Fd(Fd(3));
    const NONE: *const AtomicU32 = core::ptr::null();

    fn id(index: u64) -> Id {
        Id::from_user_data(index)
    }

    #[test]
    fn what_is_written_during_a_flush_waits_for_the_next() {
        let jobs = [(); 4].map(|()| JobCell::new());
        let mut places = [Wave::new()];
        let mut waves = Waves::new(&mut places, Flushing::Shared);
        assert_eq!(waves.join(FILE, NONE, 3), Some((0, true)));
        // SAFETY: nobody else has the cells, and each is in one list.
        unsafe { waves.wrote(&jobs, 0, id(0)) };
        let flush = waves.next().expect("one is written and nothing flushes");
        for late in 1..3 {
            // SAFETY: as above.
            unsafe { waves.wrote(&jobs, 0, id(late)) };
        }
        assert_eq!(waves.next(), None, "one flush of a file at a time");
        let (mut covered, _) = waves.end(0, flush.generation).unwrap();
        assert_eq!((covered.pop(&jobs), covered.pop(&jobs)), (Some(id(0)), None));
        assert!(waves.end(0, flush.generation).is_none(), "it ends once");
        let flush = waves.next().unwrap();
        let (mut covered, _) = waves.end(0, flush.generation).unwrap();
        assert_eq!([(); 3].map(|()| covered.pop(&jobs)), [Some(id(1)), Some(id(2)), None]);
        assert_eq!(waves.next(), None);
    }

    #[test]
    fn a_lone_write_flushes_itself_and_a_second_shares() {
        let mut places = [Wave::new()];
        let mut waves = Waves::new(&mut places, Flushing::Auto);
        assert_eq!(waves.join(FILE, NONE, 1), Some((0, false)));
        assert_eq!(waves.join(FILE, NONE, 1), Some((0, true)));
        assert_eq!(waves.join(Target::Fd(Fd(4)), NONE, 1), None, "there is one place");
        waves.leave(0);
        waves.leave(0);
        assert_eq!(waves.join(Target::Fd(Fd(4)), NONE, 1), Some((0, false)), "and it is free again");
    }

    #[test]
    fn a_flush_of_a_file_that_was_here_before_ends_nothing() {
        let jobs = [JobCell::new()];
        let mut places = [Wave::new()];
        let mut waves = Waves::new(&mut places, Flushing::Shared);
        for _ in 0..2 {
            waves.join(FILE, NONE, 1).unwrap();
            // SAFETY: nobody else has the cell, and it is in one list.
            unsafe { waves.wrote(&jobs, 0, id(0)) };
            let flush = waves.next().unwrap();
            assert!(waves.end(0, flush.generation ^ 1).is_none());
            let (mut covered, _) = waves.end(0, flush.generation).unwrap();
            assert_eq!(covered.pop(&jobs), Some(id(0)));
            waves.leave(0);
        }
    }
}
