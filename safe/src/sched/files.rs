//! Files that are opened, used and closed without a descriptor of one's own.
//!
//! ```
//! use bareio::file::OpenOptions;
//! use bareio::sched::{Chain, Scheduler};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("data");
//! let scheduler = Scheduler::builder().files(16).build()?;
//! let file = scheduler.files().claim()?;
//! let options = OpenOptions::new().read(true).write(true).create(true);
//! // One submission: it is opened, gets its room, and is written to.
//! let chain = Chain::new(file.open(&path, &options).in_chain())
//!     .link(file.reserve(0, 8192).in_chain())
//!     .link(file.write(b"head".to_vec(), 0));
//! let ticket = scheduler.submit_chain(chain)?;
//! // Accepted later, it begins when all of that has ended.
//! let flush = scheduler.submit(file.sync_data())?;
//! assert_eq!(ticket.wait().error(), None);
//! flush.wait()?;
//! scheduler.run(file.close())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`VirtualFile`] is a slot and a generation: what is opened into the same slot later is another file, and a handle never
//! names it. Where the kernel has all of it (6.9), slots are registered files of the ring; else, and by calls, they are a table of
//! descriptors here; [`Files::kept`] says which, and why.
//!
//! Operations on a file are unordered, but for three, which are [barriers](VirtualFile::open): open, drain and close.

use std::ffi::CString;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use bareio_core::Errno;
use bareio_core::kernel::{Allocate, OpenFlags, SyncRange};
use bareio_core::op::{OpError, Target};
use bareio_core::ticket::shared::FilesError;

use super::chain::Chain;
use super::desk::Desk;
use super::op::{Op, Plan, What};
use super::work::{Extra, Use, Work};
use super::{Base, Scheduler};
use crate::buf::{IoBuf, IoBufMut};
use crate::error::{Error, ErrorKind, Result, Why};
use crate::file::{Direct, OpenOptions, Poison};
use crate::host::Native;

/// Where the files of slots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There are no slots: [`Builder::files`](super::Builder::files) was not asked for any.
    Nowhere,
    /// They are the ring's registered files.
    Registered,
    /// They are descriptors in a table of the scheduler's, and why.
    Descriptors(Why),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("no slots"),
            Self::Registered => f.write_str("registered files"),
            Self::Descriptors(why) => write!(f, "descriptors ({why})"),
        }
    }
}

/// The slots of a scheduler.
pub struct Files<'s, K: Base = Native>(pub(super) &'s Scheduler<K>);

impl<K: Base> fmt::Debug for Files<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("len", &self.len()).field("kept", &self.kept()).finish()
    }
}

impl<K: Base> Files<'_, K> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.0.machine().file_slots()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where their files are.
    pub fn kept(&self) -> Kept {
        self.0.0.kept
    }

    /// A name for a file that is to be opened into a slot that is free: one that no handle names, and that has no file.
    ///
    /// # Errors
    ///
    /// [`Virtual`](ErrorKind::Virtual): no slot is free, or there are none.
    pub fn claim(&self) -> Result<VirtualFile<K>> {
        self.claimed(None)
    }

    /// A name for a file that is to be opened into slot `slot`, from 0 on. Other names for the slot stay good until it is
    /// [opened](VirtualFile::open).
    ///
    /// # Errors
    ///
    /// [`Virtual`](ErrorKind::Virtual): there is no such slot, or there are none.
    pub fn claim_at(&self, slot: u32) -> Result<VirtualFile<K>> {
        self.claimed(Some(slot))
    }

    fn claimed(&self, slot: Option<u32>) -> Result<VirtualFile<K>> {
        let desk = &***self.0.0;
        bareio_core::ticket::shared::Engine::check(desk.machine().engine())?;
        let (slot, generation) = desk.machine().claim_file(slot).map_err(ErrorKind::Virtual)?;
        let home = Arc::downgrade(&**self.0.0);
        let claim = Claim {
            home,
            slot,
            generation,
            poison: Poison::default(),
            appends: AtomicBool::new(false),
            flushes: AtomicBool::new(false),
        };
        Ok(VirtualFile { claim: Arc::new(claim), kernel: PhantomData })
    }
}

impl<K: Base> Scheduler<K> {
    /// Its slots for virtual files.
    pub const fn files(&self) -> Files<'_, K> {
        Files(self)
    }
}

impl<K: Base> Desk<K> {
    /// Checks that a virtual file is one of ours.
    pub(super) fn check_home<B>(&self, work: &Work<B, K>) -> Result<()> {
        let here = std::ptr::from_ref(self).cast();
        match &work.claim {
            Some(claim) if !claim.is_of(here) => Err(FilesError::Foreign.into()),
            _ => Ok(()),
        }
    }

    /// Checks that those of a chain are.
    pub(super) fn check_homes<B>(&self, chain: &Chain<B, K>) -> Result<()> {
        chain
            .ops
            .iter()
            .flatten()
            .zip(0..)
            .try_for_each(|(op, index)| self.check_home(&op.work).map_err(|error| error.at(index)))
    }
}

/// Who has the slots.
pub(super) trait Home: Send + Sync {
    /// Nobody names a file any more.
    fn release(&self, slot: u32, generation: u64);
}

/// A slot, and which of its files is meant. Handles share it with the operations that use it.
pub(super) struct Claim {
    home: Weak<dyn Home>,
    pub(super) slot: u32,
    pub(super) generation: u64,
    poison: Poison,
    /// It is opened to append.
    appends: AtomicBool,
    /// Each write is flushed by itself.
    flushes: AtomicBool,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            home.release(self.slot, self.generation);
        }
    }
}

impl Claim {
    pub(super) const fn target(&self) -> Target {
        Target::Slot(self.slot)
    }

    pub(super) fn is_of(&self, home: *const ()) -> bool {
        std::ptr::addr_eq(self.home.as_ptr(), home)
    }

    pub(super) fn is_flushed(&self, plan: &Plan) -> bool {
        // Relaxed, here and below: set when the file is opened, which comes before.
        plan.what == What::Write && (plan.is_durable || self.flushes.load(Ordering::Relaxed))
    }

    /// Where it is remembered that a flush failed.
    pub(super) fn poison_word(&self) -> *const AtomicU32 {
        self.poison.word()
    }

    /// Whether everything that was flushed is durable.
    pub(super) fn check_durable(&self) -> Result<()> {
        self.poison.check()
    }

    /// What is wrong with an operation, as far as can be told before it is submitted.
    pub(super) fn check(&self, plan: &Plan) -> Result<()> {
        if plan.what == What::Write && !plan.is_current && self.appends.load(Ordering::Relaxed) {
            return Err(OpError::Append.into());
        }
        match plan.what {
            What::SyncData | What::SyncAll => self.poison.check(),
            _ if self.is_flushed(plan) => self.poison.check(),
            _ => Ok(()),
        }
    }

    /// Takes note of how an operation ended, as far as that says whether what was written is durable.
    pub(super) fn noted(&self, plan: &Plan, result: Result<usize>) -> Result<usize> {
        let is_sync = matches!(plan.what, What::SyncData | What::SyncAll);
        if !is_sync && !self.is_flushed(plan) {
            return result;
        }
        match result {
            Ok(count) => self.poison.check().map(|()| count),
            Err(error) => {
                if let ErrorKind::Os(errno) = error.kind() {
                    self.failed(errno, if is_sync { crate::file::loses } else { crate::file::write_loses });
                }
                Err(error)
            }
        }
    }

    /// Something that flushes has failed.
    pub(super) fn failed(&self, errno: Errno, loses: fn(Errno) -> bool) {
        if loses(errno) {
            self.poison.set(errno);
        }
    }
}

/// What a file is opened by.
pub(super) struct Opening {
    pub(super) path: Result<CString>,
    pub(super) flags: OpenFlags,
    pub(super) mode: u32,
}

impl Opening {
    fn new(path: &Path, options: &OpenOptions) -> Self {
        let (mut flags, mode) = (options.flags(), options.permissions());
        let mut path = crate::file::path::terminated(path, |path| Ok(path.to_owned()));
        if flags.contains(OpenFlags::TRUNCATE) && !flags.contains(OpenFlags::WRITE) {
            path = Err(Error::os("openat", Errno::INVAL)); // as of every file
        }
        if options.is_dir_flushed() {
            let why = Why::Because("it is opened by one operation; flush the directory by another");
            path = Err(Error::unsupported("flushing the directory of a virtual file", why));
        }
        match options.direct_mode() {
            Direct::Off => {}
            Direct::Required => flags = flags.with(OpenFlags::DIRECT),
            Direct::Preferred => {
                let why = Why::Because("nobody could ask which of the two was granted; say required or off");
                path = Err(Error::unsupported("preferred direct I/O of a virtual file", why));
            }
        }
        Self { path, flags, mode }
    }
}

/// A file in a slot of a scheduler.
///
/// Clones name the same. When the last one is gone, and with it every operation that uses it, the file is closed; so what a
/// ticket that nobody waits for has opened is closed too. [`close`](Self::close) closes it before.
///
/// Nothing is known of the file but how it was opened. So what is off the grid of direct I/O, the kernel says when it is
/// asked: `EINVAL`.
pub struct VirtualFile<K: Base = Native> {
    claim: Arc<Claim>,
    kernel: PhantomData<fn() -> K>,
}

impl<K: Base> Clone for VirtualFile<K> {
    fn clone(&self) -> Self {
        Self { claim: self.claim.clone(), kernel: PhantomData }
    }
}

impl<K: Base> fmt::Debug for VirtualFile<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualFile")
            .field("slot", &self.claim.slot)
            .field("generation", &self.claim.generation)
            .finish_non_exhaustive()
    }
}

impl<K: Base> VirtualFile<K> {
    /// Its slot.
    pub fn slot(&self) -> u32 {
        self.claim.slot
    }

    /// Which flush failed, if one did: nothing is called durable any more.
    pub fn poisoned(&self) -> Option<Errno> {
        self.claim.poison.get()
    }

    fn op<B: 'static>(&self, mut plan: Plan, buf: Option<B>, how: &'static Use<B>) -> Op<B, K> {
        plan.is_virtual = true;
        let mut work = Work::new(None, buf, how);
        work.claim = Some(self.claim.clone());
        Op { work, plan }
    }

    fn plain(&self, plan: Plan) -> Op<(), K> {
        self.op(plan, Some(()), &Use::NOTHING)
    }

    pub(super) fn of(&self, what: What) -> Op<(), K> {
        self.plain(Plan::new(what, 0, 0))
    }

    /// Opens `path` into its slot, in place of the file that is there, which is closed. If that fails, the file that was there
    /// stays, with its own handle.
    ///
    /// It is a barrier: work on this slot that is submitted later, on whatever handle, is held until the chain of the open
    /// has ended, well or not. A handle opens one file; when that failed, it may try again.
    ///
    /// When it is submitted, it is refused
    /// - as [`Virtual`](ErrorKind::Virtual) if work on the slot has not ended, if this handle has had its file, or if another was
    ///   opened since;
    /// - as [`Operation`](ErrorKind::Operation) if the path is empty, or longer than the kernel takes;
    /// - as [`Unsupported`](ErrorKind::Unsupported) with [`Direct::Preferred`], or [`OpenOptions::sync_dir`].
    pub fn open(&self, path: impl AsRef<Path>, options: &OpenOptions) -> Op<(), K> {
        let opening = Opening::new(path.as_ref(), options);
        self.claim.appends.store(opening.flags.contains(OpenFlags::APPEND), Ordering::Relaxed);
        let flushes = opening.flags.contains(OpenFlags::DATA_SYNC) || opening.flags.contains(OpenFlags::SYNC);
        self.claim.flushes.store(flushes, Ordering::Relaxed);
        let mut op = self.of(What::Open);
        op.work.extra = Some(Box::new(Extra::Opening(opening)));
        op
    }

    /// As [`Op::read`].
    pub fn read<B: IoBufMut>(&self, buf: B, offset: u64) -> Op<B, K> {
        self.op(Plan::new(What::Read, offset, 0), Some(buf), &Use::READ)
    }

    /// As [`Op::write`].
    pub fn write<B: IoBuf>(&self, buf: B, offset: u64) -> Op<B, K> {
        self.op(Plan::new(What::Write, offset, 0), Some(buf), &Use::WRITE)
    }

    /// As [`Op::read_current`].
    pub fn read_current<B: IoBufMut>(&self, buf: B) -> Op<B, K> {
        let mut op = self.read(buf, 0);
        op.plan.is_current = true;
        op
    }

    /// As [`Op::write_current`].
    pub fn write_current<B: IoBuf>(&self, buf: B) -> Op<B, K> {
        let mut op = self.write(buf, 0);
        op.plan.is_current = true;
        op
    }

    /// As [`Op::sync_data`].
    pub fn sync_data(&self) -> Op<(), K> {
        self.of(What::SyncData)
    }

    /// As [`Op::sync_all`].
    pub fn sync_all(&self) -> Op<(), K> {
        self.of(What::SyncAll)
    }

    /// As [`Op::sync_range`].
    pub fn sync_range(&self, offset: u64, len: u64, how: SyncRange) -> Op<(), K> {
        self.plain(Plan::new(What::SyncRange(how), offset, len))
    }

    /// As [`Op::allocate`].
    pub fn allocate(&self, how: Allocate, offset: u64, len: u64) -> Op<(), K> {
        self.plain(Plan::new(What::Allocate(how), offset, len))
    }

    /// Reserves `len` bytes of space from `offset` on, and lengthens the file to hold them.
    pub fn reserve(&self, offset: u64, len: u64) -> Op<(), K> {
        self.allocate(Allocate::NONE, offset, len)
    }

    /// As [`Op::truncate`].
    pub fn truncate(&self, len: u64) -> Op<(), K> {
        self.plain(Plan::new(What::Truncate, 0, len))
    }
}

impl From<FilesError> for Error {
    fn from(error: FilesError) -> Self {
        Self::new(ErrorKind::Virtual(error))
    }
}
