//! What has happened, in numbers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Base, Running, Scheduler};

/// What is counted beside the machine's own numbers, if that was asked for.
#[derive(Debug)]
pub(super) struct Tally {
    is_kept: bool,
    called: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    fixed: AtomicU64,
}

impl Tally {
    pub(super) const fn new(is_kept: bool) -> Self {
        let [called, hits, misses, fixed] = [const { AtomicU64::new(0) }; 4];
        Self { is_kept, called, hits, misses, fixed }
    }

    /// An operation was carried out by a call, on the thread that waited for it.
    pub(super) fn call(&self) {
        self.count(&self.called);
    }

    /// One was done at once, without waiting, from the page cache or to it.
    pub(super) fn hit(&self) {
        self.count(&self.hits);
    }

    /// One could not be.
    pub(super) fn miss(&self) {
        self.count(&self.misses);
    }

    /// One goes through a fixed buffer.
    pub(super) fn fixed(&self) {
        self.count(&self.fixed);
    }

    fn count(&self, number: &AtomicU64) {
        if self.is_kept {
            // Relaxed: a number for people.
            number.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> [u64; 4] {
        // Relaxed: as above.
        [&self.called, &self.hits, &self.misses, &self.fixed].map(|number| number.load(Ordering::Relaxed))
    }
}

/// What a scheduler has done so far. Printed, it is a table.
///
/// Numbers of one moment: they are read one after the other, and go on meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// What carries operations out.
    pub running: Running,
    /// How often the kernel was entered for the ring.
    pub enters: u64,
    /// Operations begun, in slots.
    pub submitted: u64,
    /// Of these, how many have ended.
    pub completed: u64,
    /// Of these, how many have not.
    pub in_flight: u64,
    /// The most that there were at a time.
    pub most_in_flight: u64,
    /// How often a driver found completions.
    pub batches: u64,
    /// The most completions that one found.
    pub largest_batch: u64,
    /// Threads and futures woken.
    pub wakeups: u64,
    /// How often the role of the driver was passed to a thread that slept.
    pub handovers: u64,
    /// How often a driver asleep was asked to look around.
    pub kicks: u64,
    /// How often there was no room.
    pub refused: u64,
    /// Reads and writes that moved less than asked for.
    pub short: u64,
    /// Completions of nothing in flight here. Not 0: somebody else has used the ring, or the kernel is at fault.
    pub unknown: u64,
    /// Completions that the kernel lost for want of room.
    pub overflows: u64,
    /// Vectored writes that were made of several.
    pub groups: u64,
    /// Writes that went in them.
    pub grouped: u64,
    /// Flushes that durable writes shared.
    pub flushes: u64,
    /// Durable writes that they covered.
    pub flushed: u64,
    /// Operations carried out by a call of the thread that waited. Counted if it was asked for, as the next three.
    pub called: u64,
    /// Submissions that were done at once, without waiting.
    pub hits: u64,
    /// Submissions that could not be, and went to the ring or to a thread.
    pub misses: u64,
    /// Operations through fixed buffers of the ring.
    pub fixed: u64,
}

impl<K: Base> Scheduler<K> {
    /// What has happened so far.
    pub fn statistics(&self) -> Statistics {
        let counts = self.0.machine().counts();
        let [called, hits, misses, fixed] = self.0.tally.read();
        let ring = self.0.machine().engine().ring();
        let (gathered, queued) = (self.0.machine().gathered(), self.0.machine().engine().queued_groups());
        Statistics {
            running: self.running(),
            enters: ring.map_or(0, |ring| ring.enters() as u64),
            submitted: counts.submitted,
            completed: counts.completed,
            in_flight: counts.in_flight,
            most_in_flight: counts.most_in_flight,
            batches: counts.batches,
            largest_batch: counts.largest_batch,
            wakeups: counts.wakeups,
            handovers: counts.handovers,
            kicks: counts.kicks,
            refused: counts.refused,
            short: counts.short,
            unknown: counts.unknown,
            overflows: ring.map_or(0, |ring| u64::from(ring.dropped())),
            groups: gathered.groups + queued[0],
            grouped: gathered.grouped + queued[1],
            flushes: gathered.flushes,
            flushed: gathered.flushed,
            called,
            hits,
            misses,
            fixed,
        }
    }
}

impl Statistics {
    /// Operations for each entry into the kernel, on average.
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    pub fn per_enter(&self) -> f64 {
        if self.enters == 0 { 0.0 } else { self.completed as f64 / self.enters as f64 }
    }

    /// Both together. The most that there were at a time is the sum of both, which may have been at different times.
    pub(super) fn plus(self, other: &Self) -> Self {
        Self {
            running: self.running,
            enters: self.enters + other.enters,
            submitted: self.submitted + other.submitted,
            completed: self.completed + other.completed,
            in_flight: self.in_flight + other.in_flight,
            most_in_flight: self.most_in_flight + other.most_in_flight,
            batches: self.batches + other.batches,
            largest_batch: self.largest_batch.max(other.largest_batch),
            wakeups: self.wakeups + other.wakeups,
            handovers: self.handovers + other.handovers,
            kicks: self.kicks + other.kicks,
            refused: self.refused + other.refused,
            short: self.short + other.short,
            unknown: self.unknown + other.unknown,
            overflows: self.overflows + other.overflows,
            groups: self.groups + other.groups,
            grouped: self.grouped + other.grouped,
            flushes: self.flushes + other.flushes,
            flushed: self.flushed + other.flushed,
            called: self.called + other.called,
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            fixed: self.fixed + other.fixed,
        }
    }

    /// Completions of a batch, on average.
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    pub fn mean_batch(&self) -> f64 {
        if self.batches == 0 { 0.0 } else { self.completed as f64 / self.batches as f64 }
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24}{}", "carried out by", self.running)?;
        let rows: [(&str, u64); 22] = [
            ("submitted", self.submitted),
            ("completed", self.completed),
            ("in flight", self.in_flight),
            ("most in flight", self.most_in_flight),
            ("entries into the kernel", self.enters),
            ("batches", self.batches),
            ("largest batch", self.largest_batch),
            ("wake-ups", self.wakeups),
            ("handovers of the role", self.handovers),
            ("kicks", self.kicks),
            ("refused", self.refused),
            ("short transfers", self.short),
            ("unknown completions", self.unknown),
            ("overflows", self.overflows),
            ("vectored, of several", self.groups),
            ("writes in those", self.grouped),
            ("shared flushes", self.flushes),
            ("writes they covered", self.flushed),
            ("by a call, waited for", self.called),
            ("at once", self.hits),
            ("not at once", self.misses),
            ("through fixed buffers", self.fixed),
        ];
        for (name, number) in rows {
            writeln!(f, "{name:<24}{number}")?;
        }
        writeln!(f, "{:<24}{:.1}", "operations an entry", self.per_enter())?;
        write!(f, "{:<24}{:.1}", "completions a batch", self.mean_batch())
    }
}
