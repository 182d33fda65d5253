//! A kernel in memory, for tests: files, rings, shuffled completions, seeded faults.
//!
//! [`Sim`] is a [`Kernel`](crate::Kernel) that touches nothing outside the program. Code written over `K: Kernel`
//! runs on it unchanged, also under Miri, some hundred thousand times a second, and the same seed gives the same
//! run. It is unkind on purpose, within what Linux may do:
//!
//! - Completions come late and in any order, and a read leaves garbage in its buffer before the data comes.
//! - Transfers are cut short; `enter` is interrupted, refuses, or takes fewer entries than it was given.
//! - A ring is laid out unlike Linux lays it out, and its cursors start just before they wrap.
//! - Descriptors are reused at once; a closed ring goes on with what it has in flight.
//! - A power cut ([`Sim::crash`]) loses, keeps or tears whatever no flush covers.
//!
//! [`Builder`] turns each of these up or down, makes any call fail with any error, and plays older releases.
//!
//! ```
//! use bareio_core::{Fd, Kernel, kernel::OpenFlags, sim::Sim};
//!
//! let sim = Sim::builder().seed(1).calm().build();
//! // SAFETY: the working directory is open.
//! let fd = unsafe { sim.open_at(Fd::CWD, c"log", OpenFlags::WRITE | OpenFlags::CREATE, 0o600) }?;
//! // SAFETY: `fd` is open, and the bytes are static.
//! assert_eq!(unsafe { sim.write_at(fd, b"hello".as_ptr(), 5, 0) }, Ok(5));
//!
//! // The name was never flushed, so there are power cuts that the file does not survive.
//! assert_eq!(sim.contents("log").as_deref(), Some(&b"hello"[..]));
//! assert!((0..100).any(|seed| sim.crash(seed).contents("log").is_none()));
//! # Ok::<(), bareio_core::Errno>(())
//! ```
//!
//! # Time
//!
//! Time is simulated: it passes a little with every call, and a wait lets it jump to whatever happens next. Nothing
//! happens between calls: a program that only looks at its completion queue, or whose submission queue is polled,
//! must call something now and then, [`yield_now`](crate::Kernel::yield_now) or [`Sim::step`]. A wait that nothing
//! can end panics and says so, rather than hang.
//!
//! # What it does not do
//!
//! Sockets, poll, splice, extended attributes, links between files, permissions, provided buffers, multishot
//! operations, eventfds and forks are not there; rings refuse such entries with `INVAL`, and a probe says so.
//! Memory that is guarded stays readable: that it was touched is found out when it is unmapped.

mod builder;
mod calls;
mod cancel;
mod content;
mod enter;
mod fault;
mod file;
mod issue;
mod kernel;
mod memory;
mod pages;
mod random;
mod register;
mod request;
mod ring;
mod run;
mod setup;
mod state;
mod submit;
mod table;
mod transfer;
mod tree;
mod version;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

pub use builder::{Builder, Threads};
pub use fault::Call;
pub use version::Version;

use crate::errno::Result;
use crate::kernel::{Fd, OpenFlags};
use crate::sync::Mutex;
use file::{Kind, OpenFile, Pipe};
use random::Random;
use state::State;
use table::Descriptor;

/// A kernel in memory. See [the module](self).
///
/// A handle: clones share one kernel. What was mapped and never unmapped is leaked when the last one is dropped,
/// and not freed, since somebody may still use it.
#[derive(Clone)]
pub struct Sim {
    state: Arc<Mutex<State>>,
}

/// What is alive in a [`Sim`]: when a test is done, all zero. See [`Sim::census`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Open descriptors, rings among them.
    pub descriptors: usize,
    /// Mappings of memory, in whole or in part.
    pub mappings: usize,
    /// Mappings of rings.
    pub ring_mappings: usize,
    /// Operations that have not completed.
    pub in_flight: usize,
}

fn duration(nanoseconds: u64) -> Duration {
    Duration::from_nanos(nanoseconds)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Sim {
    /// An unkind kernel like Linux 6.18.
    pub fn new(seed: u64) -> Self {
        Self::builder().seed(seed).build()
    }

    /// A kernel to be configured.
    pub const fn builder() -> Builder {
        Builder::new()
    }

    /// Like the first release with rings: no features, three mappings, full queues lose completions.
    pub const fn like_5_1() -> Builder {
        Self::builder().version(Version::new(5, 1))
    }

    /// Like the release that many long-lived distributions have.
    pub const fn like_5_10() -> Builder {
        Self::builder().version(Version::new(5, 10))
    }

    /// Like a recent release.
    pub const fn like_6_18() -> Builder {
        Self::builder().version(Version::new(6, 18))
    }

    fn start(config: Builder) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(config))) }
    }

    /// The seed, for messages: with it, the run can be repeated.
    pub fn seed(&self) -> u64 {
        self.state.lock().config.seed
    }

    /// Lets the next thing happen: an operation in flight, a timeout, a look of a polling thread at its queue.
    /// Returns whether there was any.
    pub fn step(&self) -> bool {
        let mut state = self.state.lock();
        let busy = state.poll() | state.run_next(u64::MAX);
        state.sweep();
        busy
    }

    /// Lets time pass, and whatever happens in it.
    pub fn advance(&self, time: Duration) {
        let mut state = self.state.lock();
        state.poll();
        state.pass(nanoseconds(time));
        state.sweep();
    }

    /// What is alive.
    pub fn census(&self) -> Census {
        let state = self.state.lock();
        Census {
            descriptors: state.table.open(),
            mappings: state.memory.count(),
            ring_mappings: state.ring_mappings(),
            in_flight: state.rings.iter().map(ring::Ring::in_flight).sum(),
        }
    }

    /// What the caller did against the contract of [`Kernel`](crate::Kernel), as far as it shows: memory unmapped
    /// while an operation in flight uses it, descriptors closed that are not open, guards written to. Unless
    /// [`Builder::count_violations`] was called, each has panicked as well.
    pub fn violations(&self) -> Vec<String> {
        self.state.lock().violations.clone()
    }

    /// How many calls of this kind there were, entries of rings among them.
    pub fn calls(&self, call: Call) -> u64 {
        self.state.lock().faults.calls(call)
    }

    /// How many operations on files there were, direct ones and entries of rings; see
    /// [`Builder::fail_operation`].
    pub fn operations(&self) -> u64 {
        self.state.lock().faults.operations()
    }

    /// A hash of everything that happened: equal for equal runs.
    pub fn digest(&self) -> u64 {
        self.state.lock().digest
    }

    /// Cuts the power, on a copy: the kernel that starts afterwards, with the files that are left.
    ///
    /// Of a file survives what was flushed by a call that began after the write had completed. Of what no flush
    /// covers, each change may have reached the disk or not, a write also by sectors of 512 bytes. Names survive if
    /// their directory was flushed afterwards; of later changes some survive, in order. `seed` draws which.
    ///
    /// Planned faults are over. This kernel goes on as if nothing had happened.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let state = self.state.lock();
        let mut random = Random::new(seed);
        let tree = state.tree.survivor(&mut random);
        let config = Builder { seed, plans: Vec::new(), ..state.config.clone() };
        Self { state: Arc::new(Mutex::new(State::with_tree(config, tree))) }
    }

    /// The bytes of a file, if there is one, without a descriptor or a fault.
    pub fn contents(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let inode = state.tree.find(state.tree.root(), path.as_bytes()).ok()?;
        let content = inode.content()?.lock();
        let mut bytes = Vec::new();
        content.now().read(0, content.now().len(), |piece| bytes.extend_from_slice(piece));
        Some(bytes)
    }

    /// The names of the regular files in a directory, if there is one, without a descriptor or a fault.
    pub fn files(&self, path: &str) -> Option<Vec<String>> {
        let state = self.state.lock();
        let inode = state.tree.find(state.tree.root(), path.as_bytes()).ok()?;
        let dir = inode.dir()?.lock();
        let files = dir.now.iter().filter(|(_, inode)| inode.content().is_some());
        Some(files.map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Makes a file of these bytes, or replaces one, and has all of it survive, its name included.
    ///
    /// # Errors
    ///
    /// As opening it for writing.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut state = self.state.lock();
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let root = state.tree.root().clone();
        let file = state.tree.open(&root, path.as_bytes(), flags, 0o600)?;
        if let Some(content) = file.inode.content() {
            let mut content = content.lock();
            content.write(0, Box::from(bytes));
            let mark = content.mark();
            content.flush(mark);
        }
        state.tree.flush_all();
        Ok(())
    }

    /// How many changes of this file no flush has covered.
    pub fn unflushed(&self, path: &str) -> Option<usize> {
        let state = self.state.lock();
        let inode = state.tree.find(state.tree.root(), path.as_bytes()).ok()?;
        let content = inode.content()?.lock();
        Some(content.unflushed())
    }

    /// A pipe: the end to read from and the end to write to. A read from it while it is empty never ends.
    ///
    /// # Errors
    ///
    /// `MFILE`: too many descriptors are open.
    pub fn pipe(&self) -> Result<(Fd, Fd)> {
        let mut state = self.state.lock();
        let (reader, writer) = (Arc::new(()), Arc::new(()));
        let pipe =
            Pipe { readers: Arc::downgrade(&reader), writers: Arc::downgrade(&writer), ..Pipe::default() };
        let inode = state.tree.inode(Kind::Pipe(Mutex::new(pipe)), 0o600);
        let writer = OpenFile::of_pipe(inode.clone(), OpenFlags::WRITE, writer);
        let reader = OpenFile::of_pipe(inode, OpenFlags::READ, reader);
        let reader = state.install(reader)?;
        match state.table.insert(Descriptor::File(Arc::new(writer))) {
            Ok(writer) => Ok((reader, writer)),
            Err(errno) => {
                drop(state.table.remove(reader));
                Err(errno)
            }
        }
    }
}

impl Default for Sim {
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Sim");
        if let Some(state) = self.state.try_lock() {
            out.field("seed", &state.config.seed).field("clock", &duration(state.clock));
        }
        out.finish_non_exhaustive()
    }
}
