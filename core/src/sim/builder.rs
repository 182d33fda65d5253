use alloc::vec::Vec;
use core::time::Duration;

use super::fault::{Call, Plan};
use super::{Sim, Version};
use crate::abi::{Features, SetupFlags};
use crate::align::Align;
use crate::errno::Errno;

/// How a kernel in memory is to behave. Made by [`Sim::builder`].
///
/// ```
/// use bareio_core::sim::{Call, Sim};
/// use bareio_core::Errno;
///
/// let sim = Sim::builder()
///     .seed(7)
///     .short_transfers(3) // one in three
///     .fail_nth(Call::Sync, 2, Errno::IO)
///     .build();
/// assert_eq!(sim.seed(), 7);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    pub(super) seed: u64,
    pub(super) version: Version,
    pub(super) page: usize,
    pub(super) withheld: Features,
    pub(super) refused: SetupFlags,
    pub(super) short_transfers: u32,
    pub(super) hiccups: u32,
    pub(super) short_submits: u32,
    pub(super) delay: Duration,
    pub(super) scribble: bool,
    pub(super) first_cursor: Option<u32>,
    pub(super) dio: Option<(Align, Align)>,
    pub(super) space: Option<u64>,
    pub(super) memory: usize,
    pub(super) huge_pages: usize,
    pub(super) descriptors: usize,
    pub(super) register: Option<Errno>,
    pub(super) plans: Vec<Plan>,
    pub(super) count_violations: bool,
    pub(super) threads: Option<Threads>,
}

/// What a [`Sim`] must be told where several threads use it, since it has no standard library to ask.
#[derive(Clone, Copy, Debug)]
pub struct Threads {
    /// Lets another thread run: `std::thread::yield_now`.
    pub yield_now: fn(),
    /// A number that is another for every thread.
    pub id: fn() -> u64,
}

impl Builder {
    pub(super) const fn new() -> Self {
        Self {
            seed: 0,
            version: Version::new(6, 18),
            page: 4096,
            withheld: Features::NONE,
            refused: SetupFlags::NONE,
            short_transfers: 8,
            hiccups: 8,
            short_submits: 16,
            delay: Duration::from_micros(100),
            scribble: true,
            first_cursor: None,
            dio: Some((Align::B_512, Align::B_512)),
            space: None,
            memory: isize::MAX.unsigned_abs(),
            huge_pages: 0,
            descriptors: 1024,
            register: None,
            plans: Vec::new(),
            count_violations: false,
            threads: None,
        }
    }

    /// Draws every choice from `seed`: the same calls on the same seed give the same answers. It is 0 otherwise.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Plays this release of Linux. 6.18 otherwise.
    pub const fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Sets the size of a page, in bytes. 4,096 otherwise.
    ///
    /// # Panics
    ///
    /// If it is no power of two, or below 4,096.
    pub const fn page_len(mut self, bytes: usize) -> Self {
        assert!(bytes.is_power_of_two() && bytes >= 4096, "a page is a power of two of at least 4,096 bytes");
        self.page = bytes;
        self
    }

    /// Takes features away from the release.
    pub const fn without_features(mut self, features: Features) -> Self {
        self.withheld = self.withheld.with(features);
        self
    }

    /// Answers `INVAL` to these set-up flags, as a release would that does not know them.
    pub const fn refuse_setup_flags(mut self, flags: SetupFlags) -> Self {
        self.refused = self.refused.with(flags);
        self
    }

    /// Cuts one in `one_in` reads and writes short, 0 for none. One in eight otherwise.
    pub const fn short_transfers(mut self, one_in: u32) -> Self {
        self.short_transfers = one_in;
        self
    }

    /// Has one in `one_in` calls of `enter` do nothing and answer `INTR`, `AGAIN`, `BUSY` or 0, 0 for none. One
    /// in eight otherwise.
    pub const fn enter_hiccups(mut self, one_in: u32) -> Self {
        self.hiccups = one_in;
        self
    }

    /// Has one in `one_in` calls of `enter` take fewer entries than asked, never cutting a chain, 0 for none. One
    /// in sixteen otherwise.
    pub const fn short_submits(mut self, one_in: u32) -> Self {
        self.short_submits = one_in;
        self
    }

    /// No short transfers, hiccups or short submissions. Completions still come late and in any order.
    pub const fn calm(self) -> Self {
        self.short_transfers(0).enter_hiccups(0).short_submits(0)
    }

    /// The longest that an operation takes, in simulated time. 100 µs otherwise; 0 makes everything complete at
    /// once and in order.
    pub const fn delay(mut self, longest: Duration) -> Self {
        self.delay = longest;
        self
    }

    /// Whether a read leaves garbage in its buffer before the data comes, and behind what came. It does
    /// otherwise.
    pub const fn scribble(mut self, scribble: bool) -> Self {
        self.scribble = scribble;
        self
    }

    /// Where the cursors of every ring start. Just before they wrap, otherwise.
    pub const fn first_cursor(mut self, cursor: u32) -> Self {
        self.first_cursor = Some(cursor);
        self
    }

    /// What direct I/O asks of addresses, and of offsets and lengths. 512 bytes each, otherwise.
    pub const fn direct(mut self, memory: Align, offset: Align) -> Self {
        self.dio = Some((memory, offset));
        self
    }

    /// Answers `INVAL` where a file is opened for direct I/O.
    pub const fn without_direct(mut self) -> Self {
        self.dio = None;
        self
    }

    /// How many bytes the file system holds, after which `NOSPC`. Without end otherwise.
    pub const fn space(mut self, bytes: u64) -> Self {
        self.space = Some(bytes);
        self
    }

    /// How many bytes can be mapped, after which `NOMEM`.
    pub const fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// How many huge pages of 2 MiB are reserved. None otherwise.
    pub const fn huge_pages(mut self, count: usize) -> Self {
        self.huge_pages = count;
        self
    }

    /// How many descriptors can be open, after which `MFILE`. 1,024 otherwise.
    pub const fn descriptors(mut self, count: usize) -> Self {
        self.descriptors = count;
        self
    }

    /// Answers `errno` to the `nth` call of its kind, counted from 1.
    pub fn fail_nth(mut self, call: Call, nth: u64, errno: Errno) -> Self {
        self.plans.push(Plan { call: Some(call), nth, onwards: false, errno });
        self
    }

    /// Answers `errno` to the `nth` call of its kind, counted from 1, and to all after it.
    pub fn fail_from(mut self, call: Call, nth: u64, errno: Errno) -> Self {
        self.plans.push(Plan { call: Some(call), nth, onwards: true, errno });
        self
    }

    /// Answers `errno` to the `nth` operation, counted from 1, whatever it is: entries of rings and direct calls
    /// on files are counted together.
    ///
    /// ```
    /// use bareio_core::sim::Sim;
    /// use bareio_core::{Errno, Fd, Kernel, kernel::OpenFlags};
    ///
    /// // The program under test: it must get through, or say why not, wherever it is hit.
    /// fn program(sim: &Sim) -> Result<(), Errno> {
    ///     let flags = OpenFlags::WRITE | OpenFlags::CREATE;
    ///     // SAFETY: the working directory is open.
    ///     let fd = unsafe { sim.open_at(Fd::CWD, c"log", flags, 0o600) }?;
    ///     // SAFETY: `fd` was opened above.
    ///     let synced = unsafe { sim.sync_all(fd) };
    ///     // SAFETY: `fd` is ours, and not used below.
    ///     unsafe { sim.close(fd) }?;
    ///     synced
    /// }
    ///
    /// for nth in 1.. {
    ///     let sim = Sim::builder().fail_operation(nth, Errno::IO).build();
    ///     let result = program(&sim);
    ///     if sim.operations() < nth {
    ///         assert_eq!(result, Ok(()));
    ///         break; // all were hit
    ///     }
    ///     assert_eq!(result, Err(Errno::IO));
    ///     assert_eq!(sim.census().descriptors, 0);
    /// }
    /// ```
    pub fn fail_operation(mut self, nth: u64, errno: Errno) -> Self {
        self.plans.push(Plan { call: None, nth, onwards: false, errno });
        self
    }

    /// Has no rings: `io_uring_setup` answers `errno`, as `PERM` in many containers, or `NOSYS`.
    pub fn without_rings(self, errno: Errno) -> Self {
        self.fail_from(Call::Setup, 1, errno)
    }

    /// Has rings with which nothing can be registered: `io_uring_register` answers `errno`.
    pub const fn without_register(mut self, errno: Errno) -> Self {
        self.register = Some(errno);
        self
    }

    /// Counts misuse instead of panicking; see [`Sim::violations`].
    pub const fn count_violations(mut self) -> Self {
        self.count_violations = true;
        self
    }

    /// Lets several threads use it: who waits lets the others run, and a wait for nothing is no deadlock.
    pub const fn threads(mut self, threads: Threads) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Starts the kernel.
    pub fn build(self) -> Sim {
        Sim::start(self)
    }
}
