//! How a scheduler is made.

use std::sync::Arc;
use std::time::Duration;

use bareio_core::abi::Opcode;
use bareio_core::ring::{Builder as RingBuilder, SharedRing, Sqpoll};
use bareio_core::ticket::shared::Limits;

use super::backend::probed;
use super::desk::{Desk, Settings};
use super::files::Kept;
use super::{Backend, Base, Drive, Flushing, Handle, Running, Scheduler};
use crate::error::{Error, ErrorKind, Result, Why};
use crate::host::{NATIVE, Native};

/// Completions that are never promised to operations: for a kick, and for asking for the end of everything.
const KEPT_BACK: u32 = 2;

/// Where a scheduler is made, and beside whom.
pub(super) struct Place<'a, K: Base> {
    /// The processor that its own threads are kept on.
    pub(super) cpu: Option<usize>,
    /// Whose workers of the kernel's it shares.
    pub(super) beside: Option<&'a Scheduler<K>>,
    /// Why it is to have no ring, whatever was asked for.
    pub(super) no_ring: Option<Why>,
}

impl<K: Base> Place<'_, K> {
    pub(super) const ALONE: Self = Self { cpu: None, beside: None, no_ring: None };
}

/// Settings of a [`Scheduler`].
///
/// ```
/// use bareio::sched::{Backend, Drive, Scheduler};
///
/// let scheduler = Scheduler::builder().depth(64).backend(Backend::Auto).drive(Drive::Thread).build()?;
/// println!("by {}", scheduler.running());
/// # Ok::<(), bareio::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing before it is built"]
pub struct Builder {
    depth: u32,
    in_flight: Option<u32>,
    background: Option<u32>,
    tickets: Option<u32>,
    backend: Backend,
    drive: Drive,
    sqpoll: Option<Sqpoll>,
    threads: usize,
    pub(super) patience: Duration,
    pub(super) counts: bool,
    coalesces: bool,
    flushing: Flushing,
    files: u32,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            depth: 256,
            in_flight: None,
            background: None,
            tickets: None,
            backend: Backend::Auto,
            drive: Drive::Waiters,
            sqpoll: None,
            threads: 16,
            patience: Duration::from_secs(5),
            counts: false,
            coalesces: true,
            flushing: Flushing::Auto,
            files: 0,
        }
    }
}

impl Builder {
    /// The most slots that there may be for files.
    pub const MOST_FILES: u32 = 1 << 15;

    /// The most entries that a ring may have.
    pub const MOST_DEPTH: u32 = 4096;

    /// How many entries the ring has: a power of two, 256 unless it is said otherwise.
    pub const fn depth(mut self, entries: u32) -> Self {
        self.depth = entries;
        self
    }

    /// How many operations may be in flight at a time; as many as there is room for their completions, if it is not said:
    /// close to twice the depth.
    pub const fn in_flight(mut self, most: u32) -> Self {
        self.in_flight = Some(most);
        self
    }

    /// How many of them may be [background](super::Op::background) operations; three quarters, if it is not said.
    pub const fn background(mut self, most: u32) -> Self {
        self.background = Some(most);
        self
    }

    /// How many tickets there may be that are not collected, of operations in flight and of done ones: four times the depth,
    /// if it is not said. Each takes about 250 bytes, now.
    pub const fn tickets(mut self, most: u32) -> Self {
        self.tickets = Some(most);
        self
    }

    /// What operations are to be carried out by.
    pub const fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Who drives.
    pub const fn drive(mut self, drive: Drive) -> Self {
        self.drive = drive;
        self
    }

    /// Has a thread of the kernel look for submissions. On few processors this is slower than entering.
    pub const fn sqpoll(mut self, sqpoll: Sqpoll) -> Self {
        self.sqpoll = Some(sqpoll);
        self
    }

    /// By calls: how many threads make them at most; 16 unless it is said otherwise. With 0, an operation is carried out
    /// when it is submitted, by the thread that submits it.
    pub const fn threads(mut self, most: usize) -> Self {
        self.threads = most;
        self
    }

    /// How long the drop of the last handle waits for what cannot be cancelled; 5 seconds unless it is said otherwise.
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Counts calls and hits too, which takes a locked instruction for each.
    pub const fn statistics(mut self, yes: bool) -> Self {
        self.counts = yes;
        self
    }

    /// Whether writes that follow each other, in their file and in the order in which they were submitted, are made one where
    /// they meet: under a [plug](Scheduler::plug), and by calls in the queue of the threads. They are, unless it is said
    /// otherwise. Room for lists of pieces is then made now, 48 bytes for each operation in flight.
    pub const fn coalesce(mut self, yes: bool) -> Self {
        self.coalesces = yes;
        self
    }

    /// How [durable](super::Op::durable) writes are flushed.
    pub const fn flushing(mut self, flushing: Flushing) -> Self {
        self.flushing = flushing;
        self
    }

    /// How many slots for [virtual files](super::VirtualFile) there are: none, if it is not said. Of a ring they count against
    /// `RLIMIT_NOFILE`.
    pub const fn files(mut self, slots: u32) -> Self {
        self.files = slots;
        self
    }

    /// On this host.
    ///
    /// # Errors
    ///
    /// - [`OutOfRange`](ErrorKind::OutOfRange): one of the numbers.
    /// - [`Unsupported`](ErrorKind::Unsupported): a ring was demanded, and there is none.
    pub fn build(&self) -> Result<Scheduler<Native>> {
        self.make(NATIVE, &Place::ALONE)
    }

    /// On another kernel.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "sim")]
    pub fn with_kernel<K: Base>(&self, kernel: K) -> Result<Scheduler<K>> {
        self.make(kernel, &Place::ALONE)
    }

    pub(super) fn make<K: Base>(&self, kernel: K, place: &Place<'_, K>) -> Result<Scheduler<K>> {
        let in_range = |what, value: u32, most: u32, power_of_two: bool| {
            if value >= 1 && value <= most && (!power_of_two || value.is_power_of_two()) {
                return Ok(());
            }
            let (value, most) = (u64::from(value), u64::from(most));
            Err(Error::new(ErrorKind::OutOfRange { what, value, least: 1, most, power_of_two }))
        };
        in_range("ring depth", self.depth, Self::MOST_DEPTH, true)?;
        // One can be called off at a time; with a deeper ring, more.
        let cancels = (self.depth / 8).clamp(1, 64);
        let completions = 2 * self.depth.max(4);
        let credits = completions - KEPT_BACK - cancels;
        let tickets = self.tickets.unwrap_or(4 * self.depth);
        in_range("tickets", tickets, 1 << 20, false)?;
        let in_flight = self.in_flight.unwrap_or(credits.min(tickets));
        in_range("operations in flight", in_flight, credits.min(tickets), false)?;
        let background = self.background.unwrap_or((in_flight - in_flight / 4).max(1));
        in_range("background operations", background, in_flight, false)?;
        if self.files > 0 {
            in_range("slots for files", self.files, Self::MOST_FILES, false)?;
        }
        let limits =
            Limits { in_flight, background, credits, cancels, always_serve: self.drive == Drive::Thread };
        let settings = |running, kept| Settings {
            running,
            kept: if self.files == 0 { Kept::Nowhere } else { kept },
            files: self.files as usize,
            drive: self.drive,
            cpu: place.cpu,
            patience: self.patience,
            slots: tickets as usize,
            limits,
            counts: self.counts,
            coalesces: self.coalesces,
            flushing: self.flushing,
        };
        let threads = if self.drive == Drive::Caller { 0 } else { self.threads };
        let by_calls = |kernel, why| {
            let kept = Kept::Descriptors(Why::Because("there is no ring"));
            Desk::by_calls(kernel, threads, &settings(Running::Posix(why), kept))
        };
        let desk = match (place.no_ring, self.backend) {
            (Some(why), _) => by_calls(kernel, why),
            (None, Backend::Posix) => by_calls(kernel, Why::Because("as asked")),
            (None, Backend::IoUring | Backend::Auto) => {
                let mut ring =
                    RingBuilder::new(self.depth).completion_entries(completions).patience(self.patience);
                if let Some(sqpoll) = self.sqpoll {
                    ring = ring.sqpoll(sqpoll);
                }
                let other = place.beside.and_then(|other| other.0.machine().engine().ring());
                let made = match other {
                    Some(other) => ring.shared_beside(kernel.clone(), other),
                    None => ring.shared(kernel.clone()),
                };
                match probed(made) {
                    Ok(ring) => {
                        let kept = register(&ring, self.files);
                        Desk::on_ring(kernel, ring, &settings(Running::IoUring, kept))
                    }
                    Err(error) if self.backend == Backend::IoUring => return Err(error),
                    Err(error) => by_calls(kernel, why(&error)),
                }
            }
        };
        if self.drive == Drive::Thread {
            desk.start_server();
        }
        Ok(Scheduler(Arc::new(Handle(desk))))
    }
}

/// Registers slots for files with a ring, where it can be.
fn register<K: Base>(ring: &SharedRing<K>, files: u32) -> Kept {
    match files {
        0 => Kept::Nowhere,
        // What is asked of a slot, a ring must know: its last is to set the size of a file.
        _ => match ring.probe() {
            Ok(probe) if !probe.has(Opcode::FTRUNCATE) => Kept::Descriptors(Why::Because(
                "before Linux 6.9 a ring cannot set the size of a registered file",
            )),
            Ok(_) => match ring.register_file_slots(files) {
                Ok(()) => Kept::Registered,
                Err(error) => Kept::Descriptors(why(&error.into())),
            },
            Err(error) => Kept::Descriptors(why(&error.into())),
        },
    }
}

fn why(error: &Error) -> Why {
    match error.kind() {
        ErrorKind::Unsupported { why, .. } => why,
        _ => error.errno().map_or(Why::Because("the ring does not work"), Why::Errno),
    }
}
