//! The bytes of one file, and which of them would survive a power cut.
//!
//! ```text
//!   disk ── pending[0] ── pending[1] ── … ── now
//!    |      └──── each may have arrived, in whole, in part or not at all ────┘
//!    └ survives for certain
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::pages::Pages;
use super::random::Random;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// A change that no flush has covered yet.
#[derive(Clone, Debug)]
struct Change {
    /// Its number among all changes of the file.
    number: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Write { offset: u64, bytes: Box<[u8]> },
    Zero { offset: u64, len: u64 },
    Len(u64),
}

impl Change {
    fn apply(&self, pages: &mut Pages) {
        match &self.what {
            What::Write { offset, bytes } => pages.write(*offset, bytes),
            What::Zero { offset, len } => pages.zero(*offset, *len),
            What::Len(len) => pages.set_len(*len),
        }
    }

    /// Whether its bytes and those of the range have a sector in common.
    fn touches(&self, offset: u64, len: u64) -> bool {
        let (at, count) = match &self.what {
            What::Write { offset, bytes } => (*offset, bytes.len() as u64),
            What::Zero { offset, len } => (*offset, *len),
            // Setting a length cuts off and uncovers: with whatever range, order matters.
            What::Len(_) => return true,
        };
        let sector = SECTOR as u64;
        at / sector <= (offset + len) / sector && offset / sector <= at.saturating_add(count) / sector
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    now: Pages,
    disk: Pages,
    pending: Vec<Change>,
    next: u64,
}

impl Content {
    pub(super) const fn now(&self) -> &Pages {
        &self.now
    }

    fn change(&mut self, what: What) {
        let change = Change { number: self.next, what };
        self.next += 1;
        change.apply(&mut self.now);
        self.pending.push(change);
    }

    pub(super) fn write(&mut self, offset: u64, bytes: Box<[u8]>) {
        self.change(What::Write { offset, bytes });
    }

    pub(super) fn zero(&mut self, offset: u64, len: u64) {
        self.change(What::Zero { offset, len });
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.change(What::Len(len));
    }

    /// Takes up space; there is nothing to lose in that.
    pub(super) fn reserve(&mut self, offset: u64, len: u64) {
        self.now.reserve(offset, len);
    }

    /// Marks now: a flush that begins here covers what was changed before.
    pub(super) const fn mark(&self) -> u64 {
        self.next
    }

    /// A flush that began at `mark` has ended: everything changed before it survives.
    pub(super) fn flush(&mut self, mark: u64) {
        let covered = self.pending.partition_point(|change| change.number < mark);
        for change in self.pending.drain(..covered) {
            change.apply(&mut self.disk);
        }
    }

    /// The last write was flushed by itself (`O_DSYNC`). Older changes under the same sectors go along, so that
    /// none of them can arrive later, over it.
    pub(super) fn flush_last(&mut self) {
        let Some(Change { what: What::Write { offset, bytes }, .. }) = self.pending.last() else { return };
        let (offset, len) = (*offset, bytes.len() as u64);
        let disk = &mut self.disk;
        self.pending.retain(|change| {
            let covered = change.touches(offset, len);
            if covered {
                change.apply(disk);
            }
            !covered
        });
    }

    /// A flush failed: what it was to cover is no longer known to be unwritten. Some of it may have arrived.
    pub(super) fn forget(&mut self, random: &mut Random) {
        let lost = core::mem::take(&mut self.pending);
        arrive(&lost, &mut self.disk, random);
    }

    /// What a power cut leaves.
    pub(super) fn survivor(&self, random: &mut Random) -> Self {
        let mut disk = self.disk.clone();
        arrive(&self.pending, &mut disk, random);
        Self { now: disk.clone(), disk, pending: Vec::new(), next: 0 }
    }

    /// How many changes no flush has covered.
    pub(super) const fn unflushed(&self) -> usize {
        self.pending.len()
    }
}

/// Lets each change reach the disk, or not, or (a write) by sectors.
fn arrive(pending: &[Change], disk: &mut Pages, random: &mut Random) {
    for change in pending {
        match (random.below(3), &change.what) {
            (0, _) => {}
            (1, What::Write { offset, bytes }) => tear(*offset, bytes, disk, random),
            _ => change.apply(disk),
        }
    }
}

/// Writes some of the sectors.
fn tear(offset: u64, bytes: &[u8], disk: &mut Pages, random: &mut Random) {
    let mut at = 0;
    while at < bytes.len() {
        let into = usize::try_from((offset + at as u64) % SECTOR as u64).unwrap_or(0);
        let end = (at + SECTOR - into).min(bytes.len());
        if random.one_in(2) {
            disk.write(offset + at as u64, &bytes[at..end]);
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(content: &Content) -> Vec<u8> {
        let mut all = Vec::new();
        content.now().read(0, content.now().len(), |piece| all.extend_from_slice(piece));
        all
    }

    #[test]
    fn a_flush_covers_only_what_was_written_before_it_began() {
        let mut content = Content::default();
        content.write(0, Box::from(*b"old"));
        let mark = content.mark();
        content.write(0, Box::from(*b"new"));
        content.flush(mark);
        let seen: Vec<_> = (0..32).map(|seed| bytes(&content.survivor(&mut Random::new(seed)))).collect();
        assert!(seen.contains(&b"old".to_vec()) && seen.contains(&b"new".to_vec()));
        assert!(seen.iter().all(|bytes| bytes == b"old" || bytes == b"new"), "{seen:?}");
    }

    #[test]
    fn a_write_flushed_by_itself_is_never_undone_by_an_older_one() {
        let mut content = Content::default();
        content.write(0, Box::from([1; 1024]));
        content.write(2048, Box::from([1; 512]));
        content.write(100, Box::from([2; 10]));
        content.flush_last();
        assert_eq!(content.unflushed(), 1);
        for seed in 0..32 {
            assert_eq!(bytes(&content.survivor(&mut Random::new(seed)))[100..110], [2; 10]);
        }
    }

    #[test]
    fn after_a_failed_flush_the_bytes_can_be_read_and_may_be_lost() {
        let mut content = Content::default();
        content.write(0, Box::from([1; 512]));
        content.forget(&mut Random::new(0));
        assert_eq!(bytes(&content), [1; 512]);
        assert_eq!(content.unflushed(), 0);
        let kept = (0..32).filter(|&seed| {
            let mut content = Content::default();
            content.write(0, Box::from([1; 512]));
            content.forget(&mut Random::new(seed));
            content.flush(content.mark());
            bytes(&content.survivor(&mut Random::new(0))) == [1; 512]
        });
        assert!((1..32).contains(&kept.count()));
    }
}
