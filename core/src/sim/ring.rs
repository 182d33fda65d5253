//! A ring as the kernel sees it: the other two halves, what is in flight, and what is registered.

use alloc::alloc::dealloc;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::NonNull;

use super::file::OpenFile;
use super::request::{Active, Request};
use crate::abi::{Cqe, SetupFlags, SqFlags, Sqe};
use crate::errno::{Errno, Result};
use crate::ring::{Batch, Consumer, Producer, Sleeper};
use crate::sync::{AtomicU32, Ordering, UnsafeCell};

/// Memory that the kernel shares with whoever maps it. It lives as long as the ring does or a mapping of it.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) base: NonNull<u8>,
    pub(super) layout: Layout,
    /// How many times it is mapped.
    pub(super) mapped: usize,
}

impl Drop for Region {
    fn drop(&mut self) {
        if self.mapped == 0 {
            // SAFETY: allocated with this layout where the ring was set up; nobody has it mapped, and the ring's
            // halves, which point into it, are not used after this.
            unsafe { dealloc(self.base.as_ptr(), self.layout) };
        }
    }
}

/// The submission queue's consuming half.
#[derive(Debug)]
pub(super) enum Submissions {
    /// In the order of the slots.
    Direct(Consumer<Sqe>),
    /// In the order of an array of indices into `count` slots.
    Indexed { order: Consumer<u32>, slots: NonNull<UnsafeCell<Sqe>>, count: u32 },
}

impl Submissions {
    pub(super) fn available(&mut self) -> u32 {
        match self {
            Self::Direct(entries) => entries.available(),
            Self::Indexed { order, .. } => order.available(),
        }
    }

    /// What can be consumed now. Slots are given back when it is dropped, those that were looked at.
    pub(super) fn batch(&mut self) -> Entries<'_> {
        match self {
            Self::Direct(entries) => Entries::Direct(entries.batch()),
            Self::Indexed { order, slots, count } => {
                Entries::Indexed { order: order.batch(), slots: *slots, count: *count }
            }
        }
    }
}

/// Entries to be consumed, one after the other.
pub(super) enum Entries<'r> {
    Direct(Batch<'r, Sqe>),
    Indexed { order: Batch<'r, u32>, slots: NonNull<UnsafeCell<Sqe>>, count: u32 },
}

/// An index led nowhere.
pub(super) struct Dropped;

impl Iterator for Entries<'_> {
    type Item = Result<Sqe, Dropped>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Direct(entries) => entries.next().map(Ok),
            Self::Indexed { order, slots, count } => order.next().map(|index| {
                if index >= *count {
                    return Err(Dropped);
                }
                // SAFETY: `index < count`, the number of slots.
                let slot = unsafe { slots.add(index as usize) };
                // SAFETY: the slots live as long as the ring, which holds us.
                let slot = unsafe { slot.as_ref() };
                // SAFETY: its index was published, and is not given back before the batch is dropped: the producer
                // wrote the slot before, and will not touch it meanwhile.
                Ok(slot.with(|entry| unsafe { entry.read() }))
            }),
        }
    }
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own, and every combination occurs")]
pub(super) struct Ring {
    pub(super) id: u64,
    /// Whether a descriptor leads to it. A closed ring lives on while operations are in flight or it is mapped.
    pub(super) open: bool,
    pub(super) flags: SetupFlags,
    /// False until it is enabled.
    pub(super) enabled: bool,
    /// The thread that alone may enter, once that is known.
    pub(super) submitter: Option<u64>,
    /// Taken out while entries are being consumed.
    pub(super) submissions: Option<Submissions>,
    pub(super) completions: Producer<Cqe>,
    pub(super) sq_flags: NonNull<AtomicU32>,
    pub(super) sq_dropped: NonNull<AtomicU32>,
    pub(super) cq_overflow: NonNull<AtomicU32>,
    pub(super) cq_head: NonNull<AtomicU32>,
    pub(super) sleeper: Sleeper,
    pub(super) asleep: bool,
    /// Completions for which there was no room.
    pub(super) overflow: VecDeque<Cqe>,
    /// Whether they are kept, and not dropped.
    pub(super) keeps_overflow: bool,
    /// Completions that wait for the submitter to ask.
    pub(super) deferred: VecDeque<Cqe>,
    pub(super) active: Vec<Active>,
    /// Chains that wait for earlier ones to complete.
    pub(super) drained: VecDeque<VecDeque<Request>>,
    pub(super) draining: bool,
    /// How many completions there were.
    pub(super) posted: u64,
    /// Registered buffers: addresses and lengths.
    pub(super) buffers: Option<Vec<Option<(usize, usize)>>>,
    pub(super) files: Option<Vec<Option<Arc<OpenFile>>>>,
    /// From which slots free ones are taken.
    pub(super) slots: core::ops::Range<usize>,
    /// The most workers, bounded and unbounded.
    pub(super) workers: [u32; 2],
    /// The rings, and the entries. Last: everything above points into them.
    pub(super) regions: Vec<Region>,
}

// SAFETY: the pointers lead into the regions, which the ring owns, and to words that are accessed atomically only.
unsafe impl Send for Ring {}

impl Ring {
    fn sq_flags(&self) -> &AtomicU32 {
        // SAFETY: in a region of this ring, which lives as long as it does.
        unsafe { self.sq_flags.as_ref() }
    }

    pub(super) fn set_flag(&self, flag: SqFlags) {
        // Relaxed: a hint to enter the kernel, which orders everything else.
        self.sq_flags().fetch_or(flag.0, Ordering::Relaxed);
    }

    pub(super) fn clear_flag(&self, flag: SqFlags) {
        // Relaxed: as in `set_flag`.
        self.sq_flags().fetch_and(!flag.0, Ordering::Relaxed);
    }

    pub(super) fn count_dropped_entry(&self) {
        // SAFETY: in a region of this ring, which lives as long as it does.
        let dropped = unsafe { self.sq_dropped.as_ref() };
        // Relaxed: a statistic.
        dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn count_dropped_completion(&self) {
        // SAFETY: in a region of this ring, which lives as long as it does.
        let overflow = unsafe { self.cq_overflow.as_ref() };
        // Relaxed: a statistic.
        overflow.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether completions are shown only when somebody asks for them.
    pub(super) const fn defers(&self) -> bool {
        self.flags.intersects(SetupFlags(SetupFlags::DEFER_TASKRUN.0 | SetupFlags::IOPOLL.0))
    }

    pub(super) const fn polls(&self) -> bool {
        self.flags.contains(SetupFlags::SQPOLL)
    }

    /// How many completions can be read.
    pub(super) fn ready(&self) -> u32 {
        // SAFETY: in a region of this ring, which lives as long as it does.
        let head = unsafe { self.cq_head.as_ref() };
        // Relaxed: only a count; what is read and what is overwritten is ordered by the two halves.
        self.completions.position().wrapping_sub(head.load(Ordering::Relaxed))
    }

    /// How many entries wait to be consumed.
    pub(super) fn queued(&mut self) -> u32 {
        self.submissions.as_mut().map_or(0, Submissions::available)
    }

    /// Makes one completion.
    pub(super) fn post(&mut self, cqe: Cqe) {
        self.posted += 1;
        if self.defers() {
            self.deferred.push_back(cqe);
            if self.flags.contains(SetupFlags::TASKRUN_FLAG) {
                self.set_flag(SqFlags::TASKRUN);
            }
        } else {
            self.show(cqe);
        }
    }

    fn show(&mut self, cqe: Cqe) {
        // Once some wait outside, the others must queue behind them.
        if self.overflow.is_empty() && self.completions.push(cqe).is_ok() {
            self.completions.publish();
        } else if self.keeps_overflow {
            self.overflow.push_back(cqe);
            self.set_flag(SqFlags::CQ_OVERFLOW);
        } else {
            self.count_dropped_completion();
        }
    }

    /// Brings forward what overflowed, as far as there is room.
    pub(super) fn flush_overflow(&mut self) {
        while let Some(&cqe) = self.overflow.front() {
            if self.completions.push(cqe).is_err() {
                break;
            }
            self.overflow.pop_front();
        }
        self.completions.publish();
        if self.overflow.is_empty() {
            self.clear_flag(SqFlags::CQ_OVERFLOW);
        }
    }

    /// Shows what was deferred.
    pub(super) fn run_deferred(&mut self) {
        self.clear_flag(SqFlags::TASKRUN);
        while let Some(cqe) = self.deferred.pop_front() {
            self.show(cqe);
        }
    }

    /// The user data of an operation that may touch memory between two addresses.
    pub(super) fn uses(&self, start: usize, end: usize) -> Option<u64> {
        let waiting = self.drained.iter().flatten();
        let active = self.active.iter().flat_map(Active::requests);
        active.chain(waiting).find(|request| request.uses(start, end)).map(|request| request.sqe.user_data)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.active.iter().map(|active| active.requests().count()).sum::<usize>()
            + self.drained.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Whether nothing is left of it.
    pub(super) fn is_gone(&self) -> bool {
        !self.open
            && self.active.is_empty()
            && self.drained.is_empty()
            && self.regions.iter().all(|region| region.mapped == 0)
    }

    /// A registered file.
    pub(super) fn file(&self, index: i32) -> Result<Arc<OpenFile>> {
        let slot = self.files.as_ref().and_then(|files| files.get(usize::try_from(index).ok()?)?.as_ref());
        slot.cloned().ok_or(Errno::BADF)
    }
}
