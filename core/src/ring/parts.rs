//! What a ring owns, taken apart in the right order however far it got.

use core::ptr::NonNull;

use super::geometry::Geometry;
use super::half::{Consumer, Layout, Producer};
use super::sentinel::Sentinel;
use super::{Doorbell, RingError};
use crate::abi::{AdviseMemory, Cqe, Features, Params, Register, SetupFlags, Sqe};
use crate::errno::{Errno, Result};
use crate::kernel::{Fd, Kernel};
use crate::sync::{AtomicU32, Ordering};

/// Where in the ring's descriptor the parts are mapped from.
const OFFSET_SQ_RING: u64 = linux_raw_sys::io_uring::IORING_OFF_SQ_RING as u64;
const OFFSET_CQ_RING: u64 = linux_raw_sys::io_uring::IORING_OFF_CQ_RING as u64;
const OFFSET_SQES: u64 = linux_raw_sys::io_uring::IORING_OFF_SQES as u64;

/// A mapping of a part of the ring.
#[derive(Clone, Copy, Debug)]
struct Region {
    base: NonNull<u8>,
    len: usize,
}

impl Region {
    /// # Safety
    ///
    /// `offset` and a `T` there are within the region.
    unsafe fn at<T>(self, offset: usize) -> NonNull<T> {
        // SAFETY: within the mapping, by the caller's word.
        unsafe { self.base.add(offset) }.cast()
    }
}

/// The descriptor, the mappings and the sentinel of a ring. Dropped, they go in this order: mappings, then the registered
/// descriptor, then the descriptor. Nothing may be in flight by then; that is for [`drain`](super::drain) to see to.
#[derive(Debug)]
pub(super) struct Parts<K: Kernel> {
    pub kernel: K,
    pub fd: Fd,
    pub setup: SetupFlags,
    pub features: Features,
    pub sentinel: Sentinel,
    /// The index under which the descriptor is registered with the ring's thread.
    pub registered: Option<Fd>,
    /// How long a drop waits for the kernel.
    pub patience: core::time::Duration,
    geometry: Geometry,
    leaked: bool,
    sq: Option<Region>,
    /// `None` in a single mapping, where `sq` covers both.
    cq: Option<Region>,
    sqes: Option<Region>,
}

/// The two ends of the queues, and the word that the kernel signals with.
#[derive(Debug)]
pub(super) struct Queues {
    pub sq: Producer<Sqe>,
    pub cq: Consumer<Cqe>,
    pub doorbell: Doorbell,
}

impl<K: Kernel> Parts<K> {
    pub(super) fn new(kernel: K, fd: Fd, params: &Params, geometry: Geometry, sentinel: Sentinel) -> Self {
        Self {
            kernel,
            fd,
            setup: params.flags,
            features: params.features,
            sentinel,
            registered: None,
            patience: super::drain::PATIENCE,
            geometry,
            leaked: false,
            sq: None,
            cq: None,
            sqes: None,
        }
    }

    /// Maps the rings and takes our ends of them. What was mapped before a failure goes when we are dropped.
    pub(super) fn map(&mut self) -> Result<Queues> {
        let Geometry { sq_len, cq_len, sqes_len, .. } = self.geometry;
        if self.features.contains(Features::SINGLE_MMAP) {
            self.sq = Some(self.map_region(OFFSET_SQ_RING, sq_len.max(cq_len))?);
        } else {
            self.sq = Some(self.map_region(OFFSET_SQ_RING, sq_len)?);
            self.cq = Some(self.map_region(OFFSET_CQ_RING, cq_len)?);
        }
        self.sqes = Some(self.map_region(OFFSET_SQES, sqes_len)?);
        let (Some(sq), Some(sqes)) = (self.sq, self.sqes) else {
            return Err(Errno::NOMEM); // set just above
        };
        let cq = self.cq.unwrap_or(sq);
        self.fill_array(sq);
        // SAFETY: `geometry` has checked that every part is aligned, and the mappings reach to the last of them;
        // both queues are new, so nobody else holds an end, and the kernel keeps to the protocol.
        Ok(unsafe { self.queues(sq, cq, sqes) })
    }

    fn map_region(&self, offset: u64, len: usize) -> Result<Region> {
        // SAFETY: `fd` is the ring, and offset and length are those of `io_uring_setup(2)`.
        let base = unsafe { self.kernel.map_ring(self.fd, offset, len) }?;
        // A kernel that does not know it (before 2.6.16) would leave children able to write the ring; the
        // sentinel still keeps them from it.
        // SAFETY: a mapping of ours; the advice changes nothing in this process.
        let _ = unsafe { self.kernel.advise(base, len, AdviseMemory::DONTFORK) };
        Ok(Region { base, len })
    }

    /// Writes the array of indices, where there is one: entry i is slot i, for good.
    fn fill_array(&self, sq: Region) {
        let Some(offset) = self.geometry.sq_array else { return };
        for index in 0..self.geometry.sq_entries {
            // SAFETY: `geometry` has checked that the whole array is within the mapping.
            let first = unsafe { sq.at::<u32>(offset) };
            // SAFETY: `index < sq_entries`, the length of the array.
            let slot = unsafe { first.add(index as usize) };
            // SAFETY: within the mapping and aligned; the kernel reads it in `enter` only, or in its polling
            // thread after the first tail that we publish.
            unsafe { slot.write_volatile(index) };
        }
    }

    /// # Safety
    ///
    /// The regions are those that `geometry` describes, and no other end of the queues exists.
    unsafe fn queues(&self, sq: Region, cq: Region, sqes: Region) -> Queues {
        let geometry = &self.geometry;
        let submission = Layout {
            // SAFETY: within the region, as `geometry` describes it.
            head: unsafe { sq.at(geometry.sq_head) },
            // SAFETY: as above.
            tail: unsafe { sq.at(geometry.sq_tail) },
            slots: sqes.base.cast(),
            mask: geometry.sq_entries - 1,
        };
        let completion = Layout {
            // SAFETY: within the region, as `geometry` describes it.
            head: unsafe { cq.at(geometry.cq_head) },
            // SAFETY: as above.
            tail: unsafe { cq.at(geometry.cq_tail) },
            // SAFETY: as above.
            slots: unsafe { cq.at(geometry.cqes) },
            mask: geometry.cq_entries - 1,
        };
        // SAFETY: within the region, as `geometry` describes it.
        let flags = unsafe { sq.at(geometry.sq_flags) };
        Queues {
            // SAFETY: valid while the parts are, and the only producer, by our caller's word.
            sq: unsafe { Producer::new(submission) },
            // SAFETY: valid while the parts are, and the only consumer, by our caller's word.
            cq: unsafe { Consumer::new(completion) },
            // SAFETY: valid while the parts are, and the kernel alone writes it, atomically.
            doorbell: unsafe { Doorbell::new(flags) },
        }
    }

    /// How many completions were lost.
    pub(super) fn dropped(&self) -> u32 {
        let Some(cq) = self.cq.or(self.sq) else { return 0 };
        // SAFETY: within the region, as `geometry` has checked.
        let word: NonNull<AtomicU32> = unsafe { cq.at(self.geometry.cq_overflow) };
        // SAFETY: mapped until we are dropped.
        let word = unsafe { word.as_ref() };
        // Relaxed: a count; the completions that it counts are gone.
        word.load(Ordering::Relaxed)
    }

    /// How many operations are known to have ended with a completion that was lost.
    ///
    /// A kernel that keeps completions loses one only for want of memory, and that need not have been the last of its
    /// operation: there it counts for none, and the operation passes for one in flight for ever. One that does not keep
    /// them is too old for operations with several.
    pub(super) fn ended_unseen(&self) -> u32 {
        if self.features.contains(Features::NODROP) { 0 } else { self.dropped() }
    }

    /// Lets the drop do nothing: descriptor and mappings stay for ever, because the kernel still uses them.
    pub(super) fn leak(&mut self) {
        self.leaked = true;
    }

    /// Whether it was.
    pub(super) const fn is_leaked(&self) -> bool {
        self.leaked
    }

    /// # Errors
    ///
    /// [`RingError::Forked`], or the kernel's.
    ///
    /// # Safety
    ///
    /// `arg` and `count` are what `what` asks for; see [`Kernel::io_uring_register`].
    pub(super) unsafe fn register(&self, what: Register, arg: *mut u8, count: u32) -> Result<u32, RingError> {
        self.sentinel.check(&self.kernel)?;
        // SAFETY: `fd` is the ring; the caller vouches for the rest.
        Ok(unsafe { self.kernel.io_uring_register(self.fd, what, arg, count) }?)
    }
}

impl<K: Kernel> Drop for Parts<K> {
    /// In a forked child only the child's copy of the descriptor and its own page go: the mappings are not
    /// there, and the registration is the parent's.
    fn drop(&mut self) {
        if self.leaked {
            return;
        }
        let forked = self.sentinel.check(&self.kernel).is_err();
        if !forked {
            for region in [self.sqes, self.cq, self.sq].into_iter().flatten() {
                // SAFETY: our mapping; both ends of the queues go with the ring that holds us, and the kernel has
                // its own hold on these pages. An error would mean that it is not mapped: nothing to do.
                let _ = unsafe { self.kernel.unmap(region.base, region.len) };
            }
            if let Some(index) = self.registered {
                super::register::unregister_ring_fd(self, index);
            }
        }
        // SAFETY: ours to close, and nobody uses its number any more. Linux frees the number whatever it says.
        let _ = unsafe { self.kernel.close(self.fd) };
        self.sentinel.unmap(&self.kernel);
    }
}
