use core::marker::PhantomData;
use core::time::Duration;

use super::geometry::{Geometry, MAX_ENTRIES};
use super::parts::{Parts, Queues};
use super::register::{self, WORKERS};
use super::sentinel::Sentinel;
use super::{Ring, SetupError, SharedRing, Step};
use crate::abi::{EnterFlags, Features, Params, SetupFlags};
use crate::errno::Errno;
use crate::kernel::{Fd, Kernel};

/// A kernel thread that takes entries from the submission queue by itself.
///
/// It saves the system call and costs a processor. On two processors it was slower than `enter` at every batch:
/// measure before you ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sqpoll {
    /// After how long without work it sleeps. Whole milliseconds; 0 stands for the kernel's one second.
    pub idle: Duration,
    /// The processor that it is bound to.
    pub cpu: Option<u32>,
}

/// How a ring is to be made.
///
/// What is only faster is tried and left out step by step where the kernel does not know it:
/// `NO_SQARRAY` (6.6), `SINGLE_ISSUER` with `DEFER_TASKRUN` (6.1), `COOP_TASKRUN` with `TASKRUN_FLAG` (5.19),
/// `SUBMIT_ALL` (5.18), `CLAMP` (5.6), a registered descriptor (5.18), a limit on workers (5.15). What is *asked for* here is a demand,
/// and fails where it cannot be had.
///
/// ```no_run
/// use core::time::Duration;
/// use bareio_core::{Linux, ring::Builder};
///
/// let ring = Builder::new(64).completion_entries(256).patience(Duration::from_secs(1)).build(Linux)?;
/// assert_eq!(ring.entries(), 64);
/// # Ok::<(), bareio_core::ring::SetupError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    entries: u32,
    completion_entries: Option<u32>,
    demands: SetupFlags,
    sqpoll: Option<Sqpoll>,
    attach: Option<Fd>,
    threads: Threads,
    register_fd: bool,
    iowait: bool,
    workers: [u32; 2],
    patience: Duration,
}

impl Builder {
    /// A ring of `entries` submission entries, rounded up to a power of two, and twice as many completion
    /// entries. Over 32,768, or where memory is short, the kernel may grant fewer: ask
    /// [`Ring::entries`].
    pub const fn new(entries: u32) -> Self {
        Self {
            entries,
            completion_entries: None,
            demands: SetupFlags::NONE,
            sqpoll: None,
            attach: None,
            threads: Threads::Issuer,
            register_fd: true,
            iowait: true,
            workers: WORKERS,
            patience: super::drain::PATIENCE,
        }
    }

    /// Asks for a completion queue of its own size, rounded up to a power of two. 5.5.
    #[must_use]
    pub const fn completion_entries(mut self, entries: u32) -> Self {
        self.completion_entries = Some(entries);
        self
    }

    /// Asks for a thread that polls the submission queue. 5.1; with plain descriptors, and without privileges,
    /// 5.11.
    #[must_use]
    pub const fn sqpoll(mut self, sqpoll: Sqpoll) -> Self {
        self.sqpoll = Some(sqpoll);
        self
    }

    /// Asks for completions found by polling the device: for direct I/O only, on a device with polled queues.
    /// 5.1.
    #[must_use]
    pub const fn iopoll(mut self) -> Self {
        self.demands = self.demands.with(SetupFlags::IOPOLL);
        self
    }

    /// As [`iopoll`](Self::iopoll), sleeping for about half the expected time first. 6.13.
    #[must_use]
    pub const fn hybrid_iopoll(mut self) -> Self {
        self.demands = self.demands.with(SetupFlags::IOPOLL).with(SetupFlags::HYBRID_IOPOLL);
        self
    }

    /// Asks to share the workers, and the polling thread if it has one, of the ring with descriptor `ring`. 5.6.
    ///
    /// # Safety
    ///
    /// `ring` is open, and the same ring, until the last ring is made of this builder or of a copy of it.
    #[must_use]
    pub const unsafe fn attach_workers(mut self, ring: Fd) -> Self {
        self.attach = Some(ring);
        self
    }

    /// Does not tell the kernel that one thread submits, and so does not defer completion work to it.
    ///
    /// Completions then appear without a call into the kernel for them, at the price of interruptions.
    #[must_use]
    pub const fn no_single_issuer(mut self) -> Self {
        self.threads = Threads::One;
        self
    }

    /// Does not register the ring's descriptor with the thread. A thread may register 16.
    #[must_use]
    pub const fn no_registered_descriptor(mut self) -> Self {
        self.register_fd = false;
        self
    }

    /// Whether waiting shows as waiting for I/O (it does unless told otherwise). Without, an idle program does not look like
    /// '100 % iowait', and the processor may clock down. 6.15; where it is not known, nothing changes.
    #[must_use]
    pub const fn iowait(mut self, yes: bool) -> Self {
        self.iowait = yes;
        self
    }

    /// Limits the kernel's worker threads: those for files and block devices, and those for everything else.
    /// 0 leaves a limit as the kernel has it. 5.15; where it is not known, nothing changes.
    ///
    /// By default the first is left, at four for each processor, and the second is 64 instead of thousands.
    #[must_use]
    pub const fn workers(mut self, bounded: u32, unbounded: u32) -> Self {
        self.workers = [bounded, unbounded];
        self
    }

    /// How long a drop waits for what is in flight before it gives the ring up for leaked; five seconds unless
    /// told otherwise.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Makes the ring, for the calling thread.
    ///
    /// # Errors
    ///
    /// [`SetupError`] with the reason and a remedy. Nothing is left of the attempt.
    pub fn build<K: Kernel>(&self, kernel: K) -> Result<Ring<K>, SetupError> {
        let (parts, queues) = self.make(kernel, SetupFlags::NONE)?;
        Ok(self.bind(parts, queues))
    }

    /// Makes the ring disabled, to be enabled by the thread that will use it. 5.10.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn disabled<K: Kernel>(&self, kernel: K) -> Result<Disabled<K>, SetupError> {
        let (parts, queues) = self.make(kernel, SetupFlags::R_DISABLED)?;
        Ok(Disabled { parts, queues, builder: self.clone() })
    }

    /// Makes a ring for many threads. It does not tell the kernel that one thread submits, has completion work done at once
    /// instead of leaving it to a thread that may be busy elsewhere, and registers no descriptor, which would
    /// be one thread's.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn shared<K: Kernel>(&self, kernel: K) -> Result<SharedRing<K>, SetupError> {
        let builder = Self { threads: Threads::Many, register_fd: false, ..self.clone() };
        let (parts, queues) = builder.make(kernel, SetupFlags::NONE)?;
        builder.limit_workers(&parts);
        let wait_flags = builder.wait_flags(&parts);
        Ok(SharedRing::new(parts, queues, wait_flags))
    }

    /// As [`shared`](Self::shared), with the workers of `other`, and its polling thread if both ask for one; with workers of its
    /// own where the kernel refuses that.
    ///
    /// 5.6. From 5.12 on, workers belong to the thread that submits, whatever ring it submits to; then only the polling thread is
    /// shared by this.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn shared_beside<K: Kernel + Clone>(
        &self,
        kernel: K,
        other: &SharedRing<K>,
    ) -> Result<SharedRing<K>, SetupError> {
        // It is open for as long as it is borrowed.
        let attached = Self { attach: Some(other.fd()), ..self.clone() };
        attached.shared(kernel.clone()).or_else(|_| self.shared(kernel))
    }

    fn make<K: Kernel>(&self, kernel: K, extra: SetupFlags) -> Result<(Parts<K>, Queues), SetupError> {
        let (fd, params) = self.ask(&kernel, extra)?;
        let fail = |step, errno| SetupError { step, errno, setup: params.flags };
        let sentinel = Sentinel::new(&kernel);
        let geometry = Geometry::new(&params);
        let (sentinel, geometry) = match (sentinel, geometry) {
            (Ok(sentinel), Ok(geometry)) => (sentinel, geometry),
            (sentinel, geometry) => {
                // SAFETY: made just now, and nobody else knows its number.
                let _ = unsafe { kernel.close(fd) };
                return Err(match sentinel {
                    Ok(sentinel) => {
                        sentinel.unmap(&kernel);
                        fail(Step::Geometry, geometry.err().unwrap_or(Errno::INVAL))
                    }
                    Err(errno) => fail(Step::Sentinel, errno),
                });
            }
        };
        let mut parts = Parts::new(kernel, fd, &params, geometry, sentinel);
        parts.patience = self.patience;
        let queues = parts.map().map_err(|errno| fail(Step::Map, errno))?;
        Ok((parts, queues))
    }

    /// Asks the kernel, leaving out what it does not know until it agrees.
    fn ask(&self, kernel: &impl Kernel, extra: SetupFlags) -> Result<(Fd, Params), SetupError> {
        let mut asked = self.demanded().with(extra);
        let refuse = |errno, setup| SetupError { step: Step::Options, errno, setup };
        if self.entries == 0 || self.completion_entries == Some(0) {
            return Err(refuse(Errno::INVAL, asked));
        }
        let optional = self.optional();
        asked = asked.with(optional[0]);
        // The first set is what we would like; each later one replaces it where the kernel refused.
        let mut next = 1;
        let mut entries = self.entries.min(MAX_ENTRIES);
        loop {
            let mut params = self.params(asked);
            match kernel.io_uring_setup(entries, &mut params) {
                Ok(fd) => return Ok((fd, params)),
                Err(Errno::INVAL) if next < optional.len() => {
                    asked = asked.without(optional[next - 1]).with(optional[next]);
                    next += 1;
                }
                // Large rings need contiguous pages and, before 5.12, count as locked memory.
                Err(Errno::NOMEM) if entries > 8 && self.completion_entries.is_none() => entries /= 2,
                Err(errno) => return Err(SetupError { step: Step::Setup, errno, setup: asked }),
            }
        }
    }

    /// What the caller insists on.
    fn demanded(&self) -> SetupFlags {
        let mut flags = self.demands;
        if self.completion_entries.is_some() {
            flags |= SetupFlags::CQSIZE;
        }
        if let Some(sqpoll) = self.sqpoll {
            flags |= SetupFlags::SQPOLL;
            if sqpoll.cpu.is_some() {
                flags |= SetupFlags::SQ_AFF;
            }
        }
        if self.attach.is_some() {
            flags |= SetupFlags::ATTACH_WQ;
        }
        flags
    }

    /// What is only faster, from what we would like to what any kernel has. Each kernel that knows a bit knows those
    /// that came before it.
    fn optional(&self) -> [SetupFlags; 6] {
        let clamp = SetupFlags::CLAMP;
        let submit_all = clamp.with(SetupFlags::SUBMIT_ALL);
        // A polling thread runs completion work by itself, and refuses to be told how. Work that is left to the thread
        // that submitted would wait until that one enters the kernel, while another waits for the completion.
        let cooperative = if self.sqpoll.is_some() || self.threads == Threads::Many {
            submit_all
        } else {
            submit_all.with(SetupFlags::COOP_TASKRUN).with(SetupFlags::TASKRUN_FLAG)
        };
        let single = if self.sqpoll.is_some() || self.threads != Threads::Issuer {
            cooperative
        } else {
            let deferred = SetupFlags::SINGLE_ISSUER.with(SetupFlags::DEFER_TASKRUN);
            submit_all.with(deferred).with(SetupFlags::TASKRUN_FLAG)
        };
        [single.with(SetupFlags::NO_SQARRAY), single, cooperative, submit_all, clamp, SetupFlags::NONE]
    }

    fn params(&self, flags: SetupFlags) -> Params {
        let mut params = Params { flags, ..Params::default() };
        params.cq_entries = self.completion_entries.unwrap_or(0);
        if let Some(sqpoll) = self.sqpoll {
            params.sq_thread_idle = u32::try_from(sqpoll.idle.as_millis()).unwrap_or(u32::MAX);
            params.sq_thread_cpu = sqpoll.cpu.unwrap_or(0);
        }
        if let Some(ring) = self.attach {
            params.wq_fd = ring.0.cast_unsigned();
        }
        params
    }

    /// What belongs to the thread that will submit.
    fn bind<K: Kernel>(&self, mut parts: Parts<K>, queues: Queues) -> Ring<K> {
        let Queues { sq, cq, doorbell } = queues;
        let (mut enter_fd, mut enter_flags) = (parts.fd, EnterFlags::NONE);
        if self.register_fd {
            // An older kernel refuses, and a thread that has 16 already; then we go on without.
            parts.registered = register::register_ring_fd(&parts).ok();
            if let Some(index) = parts.registered {
                (enter_fd, enter_flags) = (index, EnterFlags::REGISTERED_RING);
            }
        }
        self.limit_workers(&parts);
        let wait_flags = enter_flags | self.wait_flags(&parts);
        Ring {
            origin: super::origin(&sq, &cq),
            sq,
            cq,
            doorbell,
            enter_fd,
            enter_flags,
            wait_flags,
            more: 0,
            round: 0,
            parts,
            not_send: PhantomData,
        }
    }

    fn limit_workers<K: Kernel>(&self, parts: &Parts<K>) {
        if self.workers != [0, 0] {
            // An older kernel refuses, and keeps its own limits.
            let _ = register::limit_workers(parts, self.workers);
        }
    }

    /// What every `enter` that waits has.
    fn wait_flags<K: Kernel>(&self, parts: &Parts<K>) -> EnterFlags {
        let quiet = !self.iowait && parts.features.contains(Features::NO_IOWAIT);
        EnterFlags::GETEVENTS | if quiet { EnterFlags::NO_IOWAIT } else { EnterFlags::NONE }
    }
}

/// Who uses the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Threads {
    /// One thread, and the kernel is told so.
    Issuer,
    /// One thread.
    One,
    /// Many.
    Many,
}

/// A ring that takes nothing yet, and belongs to no thread: it can be made in one and sent to another.
///
/// ```no_run
/// use bareio_core::{Linux, ring::Builder};
///
/// let disabled = Builder::new(8).disabled(Linux)?;
/// # extern crate std;
/// std::thread::spawn(move || {
///     let ring = disabled.enable()?;
///     // `ring` is this thread's from here on.
///     # drop(ring);
///     # Ok::<(), bareio_core::ring::SetupError>(())
/// });
/// # Ok::<(), bareio_core::ring::SetupError>(())
/// ```
#[derive(Debug)]
pub struct Disabled<K: Kernel> {
    parts: Parts<K>,
    queues: Queues,
    builder: Builder,
}

// SAFETY: nothing of it is bound to a thread before it is enabled: no descriptor is registered, and the
// pointers are to mappings that it alone owns.
unsafe impl<K: Kernel + Send> Send for Disabled<K> {}

impl<K: Kernel> Disabled<K> {
    /// Enables the ring and binds it to the calling thread.
    ///
    /// # Errors
    ///
    /// [`SetupError`]; the ring is gone then.
    pub fn enable(self) -> Result<Ring<K>, SetupError> {
        let Self { parts, queues, builder } = self;
        register::enable(&parts).map_err(|errno| SetupError {
            step: Step::Enable,
            errno,
            setup: parts.setup,
        })?;
        Ok(builder.bind(parts, queues))
    }
}
