//! What is held back to be begun together, and what is on its way back.

use super::fifo::Fifo;
use super::pieces::Pieces;
use super::wave::{Flushing, Wave, Waves};
use crate::iovec::IoVec;

/// The memory for writes that go together, and what is to be done with it. Without any, every operation is begun by itself, and
/// every durable write flushes itself.
#[derive(Debug, Default)]
pub struct Memory<'t> {
    /// The pieces of vectored writes, at most 4,096 of which are used: for as many writes at a time, less what is left over
    /// where 16 do not come out even.
    pub pieces: &'t mut [IoVec],
    /// One for every 16 pieces.
    pub groups: &'t mut [Group],
    /// One for every file that has durable writes under way at a time.
    pub waves: &'t mut [Wave],
    /// How those are flushed.
    pub flushing: Flushing,
}

/// Writes that are carried out as one, or the place for them.
#[derive(Debug, Default)]
pub struct Group {
    members: Fifo,
    /// How many; 0 while the place is free.
    count: u32,
    /// Which of the groups that were here is meant.
    generation: u32,
}

/// What became of operations by being gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Vectored writes that were made of several.
    pub groups: u64,
    /// Writes that went in them.
    pub grouped: u64,
    /// Flushes begun that writes share.
    pub flushes: u64,
    /// Durable writes that they covered.
    pub flushed: u64,
}

/// As many generations of a place as its name has room for.
pub(super) const GENERATIONS: u32 = u32::MAX >> 3;
/// The top bits of a name: of operations all zero, of what engines use themselves all one.
const KINDS: u64 = 0b111 << 61;
const GROUP: u64 = 0b100 << 61;
const FLUSH: u64 = 0b101 << 61;

/// What a completion is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Operation,
    /// Several writes, by place and generation.
    Group(u32, u32),
    /// A flush that writes share, by place and generation.
    Flush(u32, u32),
}

impl Kind {
    #[expect(clippy::cast_possible_truncation, reason = "takes the halves apart")]
    pub(super) const fn of(user_data: u64) -> Self {
        let (index, generation) = (user_data as u32, (user_data >> 32) as u32 & GENERATIONS);
        match user_data & KINDS {
            GROUP => Self::Group(index, generation),
            FLUSH => Self::Flush(index, generation),
            _ => Self::Operation,
        }
    }

    /// As entries and completions carry it.
    const fn name(kind: u64, index: u32, generation: u32) -> u64 {
        kind | ((generation & GENERATIONS) as u64) << 32 | index as u64
    }

    pub(super) const fn group(index: u32, generation: u32) -> u64 {
        Self::name(GROUP, index, generation)
    }

    pub(super) const fn flush(index: u32, generation: u32) -> u64 {
        Self::name(FLUSH, index, generation)
    }
}

/// Under a lock of its own, which is never held together with another.
#[derive(Debug)]
pub(super) struct Gather<'t> {
    /// Held back.
    pub(super) staged: Fifo,
    /// Ended, with their results in their cells; whoever turns the engine next tells.
    pub(super) behind: Fifo,
    pub(super) pieces: Pieces<'t>,
    groups: &'t mut [Group],
    pub(super) waves: Waves<'t>,
    pub(super) counts: Gathered,
}

impl<'t> Gather<'t> {
    pub(super) fn new(memory: Memory<'t>) -> Self {
        let Memory { pieces, groups, waves, flushing } = memory;
        Self {
            staged: Fifo::new(),
            behind: Fifo::new(),
            pieces: Pieces::new(pieces),
            groups,
            waves: Waves::new(waves, flushing),
            counts: Gathered::default(),
        }
    }

    /// A place for `count` writes. `None`: there is none now, or not enough room for their pieces.
    pub(super) fn open(&mut self, count: usize) -> Option<(u32, u32)> {
        let block = self.pieces.take(count)?;
        let Some(group) = self.groups.get_mut(block) else {
            self.pieces.put(block, count);
            return None;
        };
        group.count = u32::try_from(count).ok()?;
        group.generation = group.generation.wrapping_add(1) & GENERATIONS;
        Some((u32::try_from(block).ok()?, group.generation))
    }

    /// Puts the writes there that it was opened for.
    pub(super) fn fill(&mut self, index: u32, members: Fifo) {
        self.groups[index as usize].members = members;
        self.counts.groups += 1;
        self.counts.grouped += u64::from(self.groups[index as usize].count);
    }

    /// Frees a place, with those who were there. `None`: it is another's, or nobody's.
    pub(super) fn close(&mut self, index: u32, generation: u32) -> Option<Fifo> {
        let group = self.groups.get_mut(index as usize)?;
        if group.count == 0 || group.generation != generation {
            return None;
        }
        let count = core::mem::take(&mut group.count) as usize;
        let members = group.members.take();
        self.pieces.put(index as usize, count);
        Some(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::shared::pieces::BLOCK;

    #[test]
    fn names_come_back_and_are_no_operations_nor_an_engines_own() {
        for (index, generation) in [(0, 0), (255, 7), (u32::MAX, GENERATIONS)] {
            assert_eq!(Kind::of(Kind::group(index, generation)), Kind::Group(index, generation));
            assert_eq!(Kind::of(Kind::flush(index, generation)), Kind::Flush(index, generation));
        }
        for own in [u64::MAX, u64::MAX - 1, u64::MAX - 2, 0, u64::from(GENERATIONS) << 32 | 5] {
            assert_eq!(Kind::of(own), Kind::Operation);
        }
    }

    #[test]
    fn a_completion_of_an_earlier_group_closes_nothing() {
        let mut pieces = [IoVec::EMPTY; BLOCK];
        let mut groups = [Group::default()];
        let memory = Memory { pieces: &mut pieces, groups: &mut groups, ..Memory::default() };
        let mut gather = Gather::new(memory);
        let (index, first) = gather.open(2).unwrap();
        assert_eq!(gather.open(2), None, "there is one place");
        assert!(gather.close(index, first).is_some());
        assert!(gather.close(index, first).is_none(), "nobody is there");
        let (_, second) = gather.open(3).unwrap();
        assert!(gather.close(index, first).is_none(), "another is there");
        assert!(gather.close(index + 1, second).is_none(), "there is no such place");
        assert!(gather.close(index, second).is_some());
    }
}
