//! A ring driven by hand, on any kernel: what the tests push, and what comes back.

use std::ptr::NonNull;

use bareio_core::abi::{Cqe, EnterFlags, Features, Params, Register, SetupFlags, SqFlags, Sqe};
use bareio_core::ring::{Consumer, Doorbell, Layout, Producer};
use bareio_core::sync::AtomicU32;
use bareio_core::{Errno, Fd, Kernel};

/// Where the parts of a ring are mapped: `IORING_OFF_*`.
const OFF_SQ: u64 = 0;
const OFF_CQ: u64 = 0x800_0000;
const OFF_SQES: u64 = 0x1000_0000;

pub(crate) struct Rig<K: Kernel> {
    pub(crate) kernel: K,
    pub(crate) fd: Fd,
    pub(crate) params: Params,
    pub(crate) sq: Producer<Sqe>,
    pub(crate) cq: Consumer<Cqe>,
    pub(crate) doorbell: Doorbell,
    maps: Vec<(NonNull<u8>, usize)>,
    array: Option<NonNull<u32>>,
    overflow: NonNull<AtomicU32>,
    /// Completions that were read while looking for others.
    pub(crate) seen: Vec<Cqe>,
}

impl<K: Kernel> Rig<K> {
    pub(crate) fn new(kernel: K, entries: u32, flags: SetupFlags) -> Result<Self, Errno> {
        Self::with(kernel, entries, Params { flags, ..Params::default() })
    }

    pub(crate) fn with(kernel: K, entries: u32, mut params: Params) -> Result<Self, Errno> {
        let fd = kernel.io_uring_setup(entries, &mut params)?;
        let array_end = params.sq_off.array + 4 * params.sq_entries;
        // The words of a submission ring without an array are somewhere in its first page.
        let sq_len = (array_end as usize).max(4096);
        let cq_len = params.cq_off.cqes as usize + params.cq_entries as usize * size_of::<Cqe>();
        let single = params.features.contains(Features::SINGLE_MMAP);
        let sq_len = if single { sq_len.max(cq_len) } else { sq_len };
        let sqes_len = params.sq_entries as usize * size_of::<Sqe>();
        let mut maps = Vec::new();
        let mut map = |offset, len| {
            // SAFETY: `fd` is a ring, and the sizes are computed as io_uring_setup(2) says.
            let at = unsafe { kernel.map_ring(fd, offset, len) }.expect("a ring can be mapped");
            maps.push((at, len));
            at
        };
        let sq = map(OFF_SQ, sq_len);
        let cq = if single { sq } else { map(OFF_CQ, cq_len) };
        let sqes = map(OFF_SQES, sqes_len);
        let at = |base: NonNull<u8>, offset: u32| {
            // SAFETY: the kernel's offsets are within what was mapped.
            unsafe { base.add(offset as usize) }
        };
        let array =
            (!params.flags.contains(SetupFlags::NO_SQARRAY)).then(|| at(sq, params.sq_off.array).cast());
        let sq_layout = Layout {
            head: at(sq, params.sq_off.head).cast(),
            tail: at(sq, params.sq_off.tail).cast(),
            slots: sqes.cast(),
            mask: params.sq_entries - 1,
        };
        let cq_layout = Layout {
            head: at(cq, params.cq_off.head).cast(),
            tail: at(cq, params.cq_off.tail).cast(),
            slots: at(cq, params.cq_off.cqes).cast(),
            mask: params.cq_entries - 1,
        };
        let mut rig = Self {
            fd,
            params,
            // SAFETY: the ring stays mapped until the rig is dropped, and nobody else produces into it.
            sq: unsafe { Producer::new(sq_layout) },
            // SAFETY: likewise, and nobody else consumes.
            cq: unsafe { Consumer::new(cq_layout) },
            // SAFETY: likewise.
            doorbell: unsafe { Doorbell::new(at(sq, params.sq_off.flags).cast()) },
            overflow: at(cq, params.cq_off.overflow).cast(),
            maps,
            array,
            kernel,
            seen: Vec::new(),
        };
        for index in 0..params.sq_entries {
            rig.set_index(index, index);
        }
        Ok(rig)
    }

    /// Sets one place of the array of indices, if there is one.
    pub(crate) fn set_index(&mut self, place: u32, index: u32) {
        if let Some(array) = self.array {
            // SAFETY: the array has as many places as there are entries.
            let place = unsafe { array.add((place & (self.params.sq_entries - 1)) as usize) };
            // SAFETY: mapped until the rig is dropped; the kernel reads it in `enter` only.
            unsafe { place.write(index) };
        }
    }

    pub(crate) fn dropped_completions(&self) -> u32 {
        // SAFETY: mapped until the rig is dropped.
        unsafe { self.overflow.as_ref() }.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn push(&mut self, sqe: Sqe) {
        self.sq.push(sqe).expect("the submission queue has room");
    }

    /// One call, as it is.
    pub(crate) fn enter(&mut self, submit: u32, complete: u32, flags: EnterFlags) -> Result<u32, Errno> {
        self.sq.publish();
        // SAFETY: `fd` is a ring, and the tests keep what their entries point to.
        unsafe { self.kernel.io_uring_enter(self.fd, submit, complete, flags, std::ptr::null(), 0) }
    }

    /// Submits everything and waits for `complete`, as often as it takes.
    pub(crate) fn submit(&mut self, complete: u32) -> u32 {
        let mut submitted = 0;
        loop {
            let left = self.sq.unconsumed();
            let flags = if complete > 0 { EnterFlags::GETEVENTS } else { EnterFlags::NONE };
            match self.enter(left, complete, flags) {
                Ok(count) => submitted += count,
                Err(Errno::INTR | Errno::AGAIN) => {}
                // Nothing more is taken before there is room for completions.
                Err(Errno::BUSY) => self.seen.extend(self.cq.batch()),
                Err(errno) => panic!("enter: {errno}"),
            }
            let seen = self.cq.refresh() as usize + self.seen.len();
            if self.sq.unconsumed() == 0 && seen >= complete.min(self.cq.entries()) as usize {
                return submitted;
            }
        }
    }

    /// Submits everything and returns `count` completions, in the order in which they came.
    pub(crate) fn run(&mut self, count: usize) -> Vec<Cqe> {
        let mut all = std::mem::take(&mut self.seen);
        while all.len() < count {
            self.submit(1);
            all.append(&mut self.seen);
            all.extend(self.cq.batch());
        }
        assert_eq!(all.len(), count, "{all:?}");
        all
    }

    /// As `run`, by user data.
    pub(crate) fn results(&mut self, count: usize) -> Vec<(u64, i32)> {
        let mut all: Vec<_> = self.run(count).iter().map(|cqe| (cqe.user_data, cqe.res)).collect();
        all.sort_unstable();
        all
    }

    /// The result of one operation.
    pub(crate) fn one(&mut self, sqe: Sqe) -> i32 {
        self.push(sqe);
        self.run(1)[0].res
    }

    pub(crate) fn register<T>(&self, what: Register, arg: *mut T, count: u32) -> Result<u32, Errno> {
        // SAFETY: the tests pass what `what` asks for.
        unsafe { self.kernel.io_uring_register(self.fd, what, arg.cast(), count) }
    }

    pub(crate) fn flags(&self) -> SqFlags {
        self.doorbell.flags()
    }
}

impl<K: Kernel> Drop for Rig<K> {
    fn drop(&mut self) {
        for (at, len) in self.maps.drain(..) {
            // SAFETY: mapped in `with`, and not used any more.
            let _ = unsafe { self.kernel.unmap(at, len) };
        }
        // SAFETY: opened in `with`, and not used any more.
        let _ = unsafe { self.kernel.close(self.fd) };
    }
}
