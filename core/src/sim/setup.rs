//! Making a ring, and laying it out as Linux never would.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::alloc::Layout as Block;
use core::ptr::NonNull;

use super::memory::allocate;
use super::random::Random;
use super::ring::{Region, Ring, Submissions};
use super::state::State;
use super::table::Descriptor;
use crate::abi::{CqOffsets, Cqe, Features, Params, SetupFlags, SqOffsets, Sqe};
use crate::errno::{Errno, Result};
use crate::kernel::Fd;
use crate::ring::{Consumer, Layout, Producer, Sleeper};
use crate::sync::AtomicU32;

/// The most entries that a submission queue has.
const MAX_ENTRIES: u32 = 32768;
/// The bytes among which the words of a ring are scattered.
const HEADER: u32 = 256;

/// Hands out places for words, each once, in an order that nobody can guess.
struct Places {
    free: [u8; (HEADER / 4) as usize],
    left: usize,
}

impl Places {
    fn new() -> Self {
        let mut free = [0; (HEADER / 4) as usize];
        for (place, number) in free.iter_mut().zip(0..) {
            *place = number;
        }
        Self { free, left: free.len() }
    }

    fn draw(&mut self, random: &mut Random) -> u32 {
        let drawn = random.index(self.left);
        self.left -= 1;
        self.free.swap(drawn, self.left);
        u32::from(self.free[self.left]) * 4
    }
}

/// Checks what was asked for and settles the sizes of both queues.
fn sizes(entries: u32, params: &Params) -> Result<(u32, u32)> {
    let clamp = params.flags.contains(SetupFlags::CLAMP);
    let limit = |count: u32, most: u32| match count {
        0 => Err(Errno::INVAL),
        _ if count <= most => Ok(count.next_power_of_two()),
        _ if clamp => Ok(most),
        _ => Err(Errno::INVAL),
    };
    let sq = limit(entries, MAX_ENTRIES)?;
    if !params.flags.contains(SetupFlags::CQSIZE) {
        return Ok((sq, 2 * sq));
    }
    let cq = limit(params.cq_entries, 2 * MAX_ENTRIES)?;
    if cq < sq { Err(Errno::INVAL) } else { Ok((sq, cq)) }
}

fn check_flags(flags: SetupFlags) -> Result<()> {
    let has = |flag| flags.contains(flag);
    let deferring = SetupFlags::COOP_TASKRUN | SetupFlags::TASKRUN_FLAG | SetupFlags::DEFER_TASKRUN;
    let lazy = SetupFlags::COOP_TASKRUN | SetupFlags::DEFER_TASKRUN;
    let refused = (has(SetupFlags::SQPOLL) && flags.intersects(deferring))
        || (has(SetupFlags::TASKRUN_FLAG) && !flags.intersects(lazy))
        || (has(SetupFlags::DEFER_TASKRUN) && !has(SetupFlags::SINGLE_ISSUER))
        || (has(SetupFlags::SQ_AFF) && !has(SetupFlags::SQPOLL))
        || (has(SetupFlags::HYBRID_IOPOLL) && !has(SetupFlags::IOPOLL));
    if refused { Err(Errno::INVAL) } else { Ok(()) }
}

impl Region {
    fn new(len: usize, page: usize) -> Result<Self> {
        let len = len.checked_next_multiple_of(page).ok_or(Errno::NOMEM)?;
        let layout = Block::from_size_align(len, page).map_err(|_| Errno::NOMEM)?;
        Ok(Self { base: allocate(layout)?, layout, mapped: 0 })
    }

    /// What is at `offset`.
    fn at<T>(&self, offset: u32) -> NonNull<T> {
        debug_assert!((offset as usize) < self.layout.size());
        debug_assert!((offset as usize).is_multiple_of(align_of::<T>()));
        // SAFETY: every offset of the layout is within the region, as its size was computed from them.
        unsafe { self.base.add(offset as usize) }.cast()
    }

    fn set(&self, offset: u32, value: u32) {
        // SAFETY: within the region and aligned to 4 bytes; nobody else has it yet.
        unsafe { self.at::<u32>(offset).write(value) };
    }
}

impl State {
    pub(super) fn setup(&mut self, entries: u32, params: &mut Params) -> Result<Fd> {
        self.faults.check(super::Call::Setup)?;
        if params.flags.without(self.config.version.setup_flags().without(self.config.refused))
            != SetupFlags::NONE
            || params.resv != [0; 3]
        {
            return Err(Errno::INVAL);
        }
        check_flags(params.flags)?;
        if params.flags.contains(SetupFlags::ATTACH_WQ) {
            let shared = i32::try_from(params.wq_fd).map_err(|_| Errno::BADF)?;
            if !matches!(self.table.get(Fd(shared))?, Descriptor::Ring(_)) {
                return Err(Errno::INVAL);
            }
        }
        let (sq_entries, cq_entries) = sizes(entries, params)?;
        let mut answer = *params;
        answer.sq_entries = sq_entries;
        answer.cq_entries = cq_entries;
        answer.features = self.features();
        let ring = self.lay_out(&mut answer)?;
        let fd = self.table.insert(Descriptor::Ring(ring.id))?;
        self.rings.push(ring);
        *params = answer;
        Ok(fd)
    }

    /// Scatters the words of both rings, and puts the queues behind them: the array before the completions, which
    /// is the other way round than on Linux.
    fn lay_out(&mut self, params: &mut Params) -> Result<Ring> {
        let single = params.features.contains(Features::SINGLE_MMAP);
        let has_array = !params.flags.contains(SetupFlags::NO_SQARRAY);
        let random = &mut self.random;
        let mut places = Places::new();
        let mut draw = || places.draw(random);
        params.sq_off = SqOffsets {
            head: draw(),
            tail: draw(),
            ring_mask: draw(),
            ring_entries: draw(),
            flags: draw(),
            dropped: draw(),
            ..SqOffsets::default()
        };
        params.cq_off = CqOffsets {
            head: draw(),
            tail: draw(),
            ring_mask: draw(),
            ring_entries: draw(),
            overflow: draw(),
            flags: draw(),
            ..CqOffsets::default()
        };
        if !self.config.version.has(5, 8) {
            params.cq_off.flags = 0;
        }
        let mut sq_end = HEADER + 4;
        if has_array {
            params.sq_off.array = sq_end;
            sq_end += 4 * params.sq_entries;
        }
        params.cq_off.cqes = if single { sq_end.next_multiple_of(8) } else { HEADER + 8 };
        let cq_end = params.cq_off.cqes as usize + params.cq_entries as usize * size_of::<Cqe>();
        let page = self.config.page;
        let mut regions = Vec::with_capacity(3);
        regions.push(Region::new(if single { cq_end } else { sq_end as usize }, page)?);
        if !single {
            regions.push(Region::new(cq_end, page)?);
        }
        regions.push(Region::new(params.sq_entries as usize * size_of::<Sqe>(), page)?);
        let mut near_the_end = || u32::MAX - self.random.word() % params.sq_entries.min(8);
        let (sq_first, cq_first) = (near_the_end(), near_the_end());
        let first = self.config.first_cursor.map_or((sq_first, cq_first), |first| (first, first));
        self.next_ring += 1;
        // SAFETY: the offsets in `params` were computed above for these regions, which nobody else has yet.
        Ok(unsafe { Ring::over(regions, params, first, self.next_ring) })
    }
}

impl Ring {
    /// # Safety
    ///
    /// `regions` are fresh, and as large as `params` says: rings (one or two), then entries.
    unsafe fn over(regions: Vec<Region>, params: &Params, (sq_first, cq_first): (u32, u32), id: u64) -> Self {
        let (sq, entries) = (&regions[0], &regions[regions.len() - 1]);
        let cq = &regions[regions.len() - 2];
        let (sq_off, cq_off) = (&params.sq_off, &params.cq_off);
        for (region, offset, value) in [
            (sq, sq_off.head, sq_first),
            (sq, sq_off.tail, sq_first),
            (sq, sq_off.ring_mask, params.sq_entries - 1),
            (sq, sq_off.ring_entries, params.sq_entries),
            (cq, cq_off.head, cq_first),
            (cq, cq_off.tail, cq_first),
            (cq, cq_off.ring_mask, params.cq_entries - 1),
            (cq, cq_off.ring_entries, params.cq_entries),
        ] {
            region.set(offset, value);
        }
        let (head, tail) = (sq.at::<AtomicU32>(sq_off.head), sq.at::<AtomicU32>(sq_off.tail));
        let count = params.sq_entries;
        let submissions = if params.flags.contains(SetupFlags::NO_SQARRAY) {
            let ring = Layout { head, tail, slots: entries.at(0), mask: count - 1 };
            // SAFETY: in regions that the ring keeps; it is the only consumer, and whoever maps the ring is the
            // producer and keeps to the protocol, by the contract of `Kernel`.
            Submissions::Direct(unsafe { Consumer::new(ring) })
        } else {
            let ring = Layout { head, tail, slots: sq.at(sq_off.array), mask: count - 1 };
            // SAFETY: as above.
            Submissions::Indexed { order: unsafe { Consumer::new(ring) }, slots: entries.at(0), count }
        };
        let ring = Layout {
            head: cq.at(cq_off.head),
            tail: cq.at(cq_off.tail),
            slots: cq.at(cq_off.cqes),
            mask: params.cq_entries - 1,
        };
        // SAFETY: as above, the other way round.
        let completions = unsafe { Producer::new(ring) };
        let sq_flags = sq.at(sq_off.flags);
        Self {
            id,
            open: true,
            flags: params.flags,
            enabled: !params.flags.contains(SetupFlags::R_DISABLED),
            submitter: None,
            submissions: Some(submissions),
            completions,
            sq_flags,
            sq_dropped: sq.at(sq_off.dropped),
            cq_overflow: cq.at(cq_off.overflow),
            cq_head: cq.at(cq_off.head),
            // SAFETY: in a region that the ring keeps. The ring itself writes other bits of the word, by atomic
            // operations that leave the sleeper's bit alone.
            sleeper: unsafe { Sleeper::new(sq_flags) },
            asleep: false,
            overflow: VecDeque::new(),
            keeps_overflow: params.features.contains(Features::NODROP),
            deferred: VecDeque::new(),
            active: Vec::new(),
            drained: VecDeque::new(),
            draining: false,
            posted: 0,
            buffers: None,
            files: None,
            slots: 0..0,
            workers: [8, 4096],
            regions,
        }
    }
}
