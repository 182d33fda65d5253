//! Files that are read and written at offsets, past the page cache where that is wanted and can be.
//!
//! ```
//! use bareio::file::File;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("data");
//! let file = File::create(&path)?;
//! file.write_all_at(b"some bytes", 100)?;
//! file.sync_data()?;
//!
//! let mut bytes = [0; 4];
//! File::open(&path)?.read_exact_at(&mut bytes, 105)?;
//! assert_eq!(&bytes, b"byte");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each call here is one system call, made by the thread that calls: the shortest way for one operation. Many at once are
//! a batch's, and those that nobody waits for a scheduler's.
//!
//! What a read or a write needs to know of the file is asked when it is opened: whether it keeps to offsets, what direct I/O needs,
//! and what was granted of it. What is wrong with an offset, a length or an address is found before the kernel is asked.

mod at_once;
mod bounce;
pub(crate) mod descriptor;
mod device;
pub(crate) mod directory;
pub(crate) mod durable;
mod flush;
mod granted;
pub(crate) mod names;
mod opening;
mod options;
mod owned;
mod owner;
pub(crate) mod path;
mod progress;
mod space;
mod transfer;
mod unaligned;
mod vectored;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bareio_core::abi::Statx;
use bareio_core::op::Positions;
use bareio_core::{BorrowedFd, Errno, Kernel};

pub use crate::direct::{AtomicWrites, Direct, Grid, Sync};
/// How a range of a file will be used, for [`File::advise`].
pub use bareio_core::kernel::AdviseFile as Advice;
pub(crate) use durable::{Poison, loses, write_loses};
pub use flush::{Pace, Paced};
pub use granted::Granted;
pub use options::OpenOptions;
pub(crate) use transfer::{advanced, one_call, short_read, short_write};

use crate::error::{Error, Result};
use crate::host::Native;
use at_once::AtOnce;
use bounce::Bounce;
use descriptor::Descriptor;
use durable::Durability;
use opening::Facts;

/// A file, to be read and written at offsets.
///
/// Clones share it: the descriptor is closed when the last one goes, and a flush that failed for one has failed for
/// all. It can be used by any number of threads at once.
///
/// ```
/// use bareio::file::File;
///
/// let file = File::open("Cargo.toml")?;
/// let for_another_thread = file.clone();
/// assert!(std::thread::spawn(move || for_another_thread.size()).join().unwrap()? > 0);
/// # Ok::<(), bareio::Error>(())
/// ```
pub struct File<K: Kernel = Native>(Arc<Shared<K>>);

struct Shared<K: Kernel> {
    descriptor: Descriptor<K>,
    facts: Facts,
    durability: Durability,
    bounce: Bounce<K>,
    at_once: AtOnce,
}

impl File {
    /// Opens a file to be read, through the page cache.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().read(true).open(path)
    }

    /// Makes a file, or empties the one that is there, to be read and written through the page cache.
    ///
    /// Its name is durable once the directory is flushed: [`sync_dir`](crate::fs::sync_dir).
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)
    }

    /// Opens a file to be read and written, through the page cache. It must be there.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn open_rw(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    /// Opens a log, and makes it if it is not there: to be read and written, each write durable when it returns
    /// ([`Sync::Data`]), and its name too, since the directory is flushed.
    ///
    /// # Errors
    ///
    /// As [`OpenOptions::open`].
    ///
    /// ```
    /// use bareio::file::{Direct, File};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let log = File::open_wal(folder.path().join("log"), Direct::Off)?;
    /// log.write_all_at(b"first record", 0)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_wal(path: impl AsRef<Path>, direct: Direct) -> Result<Self> {
        OpenOptions::wal(direct).open(path)
    }
}

impl<K: Kernel> File<K> {
    fn new(descriptor: Descriptor<K>, facts: Facts) -> Self {
        Self(Arc::new(Shared {
            descriptor,
            facts,
            durability: Durability::default(),
            bounce: Bounce::default(),
            at_once: AtOnce::default(),
        }))
    }

    /// What was granted of direct I/O.
    pub fn granted(&self) -> Granted {
        self.0.facts.granted
    }

    /// What addresses, offsets and lengths must be multiples of.
    pub fn align(&self) -> Grid {
        self.0.facts.grid
    }

    /// What an offset means to it.
    pub fn positions(&self) -> Positions {
        self.0.facts.positions
    }

    /// How its writes are flushed by themselves, as it was opened.
    pub fn sync_mode(&self) -> Sync {
        self.0.facts.sync
    }

    /// Which flush failed, if one did: nothing is called durable any more.
    pub fn poisoned(&self) -> Option<Errno> {
        self.poison_word().get()
    }

    /// Its size in bytes; of a block device, that of the device.
    ///
    /// One system call, `statx(2)`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    #[inline]
    pub fn size(&self) -> Result<u64> {
        if self.is_block_device() {
            return self.device_size();
        }
        let stat = self.0.descriptor.stat(Statx::BASIC_STATS);
        stat.map(|stat| stat.size).map_err(|errno| Error::os("statx", errno))
    }

    /// Flushes the data, and what reading it back needs.
    ///
    /// # Errors
    ///
    /// - [`Poisoned`](crate::ErrorKind::Poisoned): an earlier flush failed.
    /// - The kernel's; if that means that writes may be lost, every later flush of this file is refused.
    pub fn sync_data(&self) -> Result<()> {
        self.flush("fdatasync", Descriptor::sync_data)
    }

    /// Flushes the data, and all that is known of the file.
    ///
    /// # Errors
    ///
    /// As [`sync_data`](Self::sync_data).
    pub fn sync_all(&self) -> Result<()> {
        self.flush("fsync", Descriptor::sync_all)
    }

    fn flush(&self, call: &'static str, flush: fn(&Descriptor<K>) -> Result<(), Errno>) -> Result<()> {
        if self.granted().is_direct() {
            self.check_durable()?;
            return self.flushed(call, flush(&self.0.descriptor));
        }
        self.0
            .durability
            .carry_out(loses, || flush(&self.0.descriptor).map_err(|errno| Error::os(call, errno)))
    }

    /// Takes note of how a flush ended for which nobody waited, or that went past the page cache.
    pub(crate) fn flushed(&self, call: &'static str, result: Result<(), Errno>) -> Result<()> {
        match result {
            // Another flush may have been told of what this one was to cover.
            Ok(()) => self.check_durable(),
            Err(errno) => {
                if loses(errno) {
                    self.poison(errno);
                }
                Err(Error::os(call, errno))
            }
        }
    }

    /// Remembers that a flush failed: from now on nothing is called durable.
    pub(crate) fn poison(&self, errno: Errno) {
        self.poison_word().set(errno);
    }

    /// Where a failed flush is noted, for operations that outlast a call of ours.
    pub(crate) fn poison_word(&self) -> &Poison {
        &self.0.durability.poison
    }

    /// Checks that no flush has failed.
    pub(crate) fn check_durable(&self) -> Result<()> {
        self.poison_word().check()
    }

    /// Closes the descriptor, if this is its last owner, and says what closing it said. Dropping it does the same, and says
    /// nothing.
    ///
    /// # Errors
    ///
    /// The kernel's: some network file systems write back now. The descriptor is closed all the same.
    ///
    /// ```
    /// bareio::File::open("Cargo.toml")?.close()?;
    /// # Ok::<(), bareio::Error>(())
    /// ```
    pub fn close(self) -> Result<()> {
        match Arc::into_inner(self.0) {
            Some(last) => last.descriptor.close(),
            None => Ok(()),
        }
    }

    /// Lends the descriptor to operations of the core, which must be carried out by the kernel that it is open on.
    pub fn lend(&self) -> BorrowedFd<'_> {
        self.0.descriptor.lend()
    }

    /// What can be had of it without waiting.
    pub(crate) fn at_once(&self) -> &AtOnce {
        &self.0.at_once
    }

    /// The kernel that it is open on.
    pub fn kernel(&self) -> &K {
        self.0.descriptor.kernel()
    }
}

impl<K: Kernel> Clone for File<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Kernel> fmt::Debug for File<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("fd", &self.0.descriptor.fd())
            .field("granted", &self.0.facts.granted)
            .field("align", &self.0.facts.grid)
            .finish_non_exhaustive()
    }
}
