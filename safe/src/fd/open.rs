//! Opening files, and learning what was granted.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::{Access, DIRECT_NEEDS_ALIGNMENT, Direct, Grid, Sync, call, lend, transfer};
use crate::{Errno, Error, Result, Why, host, native};

/// How a file is opened. Close-on-exec always; nothing else unless it is said.
///
/// ```
/// use bareio::fd::{OpenOptions, Sync};
/// use bareio::Direct;
///
/// let log = OpenOptions::new().read().write().create().direct(Direct::Preferred).sync(Sync::Data);
/// # let _ = log;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct OpenOptions {
    flags: OFlags,
    read: bool,
    write: bool,
    direct: Direct,
    sync: Sync,
    mode: u16,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenOptions {
    /// Neither reading nor writing yet. A file that is made may be read and written by everybody that the process's mask
    /// leaves (0o666).
    pub const fn new() -> Self {
        Self {
            flags: OFlags::empty(),
            read: false,
            write: false,
            direct: Direct::Off,
            sync: Sync::None,
            mode: 0o666,
        }
    }

    /// For reading.
    pub const fn read(mut self) -> Self {
        self.read = true;
        self
    }

    /// For writing.
    pub const fn write(mut self) -> Self {
        self.write = true;
        self
    }

    /// Made if it is not there.
    pub const fn create(self) -> Self {
        self.with(OFlags::CREATE)
    }

    /// Made now: that it is there is an error.
    pub const fn create_new(self) -> Self {
        self.with(OFlags::CREATE).with(OFlags::EXCL)
    }

    /// Emptied.
    pub const fn truncate(self) -> Self {
        self.with(OFlags::TRUNC)
    }

    /// For writing, every write at the end of the file. Positioned writes are then refused; see
    /// [`pwrite`](super::pwrite).
    pub const fn append(self) -> Self {
        self.write().with(OFlags::APPEND)
    }

    /// Past the page cache, as a demand or as a wish.
    pub const fn direct(mut self, direct: Direct) -> Self {
        self.direct = direct;
        self
    }

    /// With each write flushed before it returns.
    pub const fn sync(mut self, sync: Sync) -> Self {
        self.sync = sync;
        self
    }

    /// With these permissions, if it is made: as `chmod(2)` takes them, and less the process's mask.
    pub const fn mode(mut self, mode: u16) -> Self {
        self.mode = mode;
        self
    }

    const fn with(mut self, flag: OFlags) -> Self {
        self.flags = self.flags.union(flag);
        self
    }

    fn is_new(&self) -> bool {
        self.flags.contains(OFlags::EXCL)
    }

    fn bits(&self) -> OFlags {
        let access = match (self.read, self.write) {
            (_, false) => OFlags::RDONLY,
            (false, true) => OFlags::WRONLY,
            (true, true) => OFlags::RDWR,
        };
        let sync = match self.sync {
            Sync::None => OFlags::empty(),
            Sync::Data => native::open_data_sync(),
            Sync::All => OFlags::SYNC,
        };
        access | sync | self.flags | OFlags::CLOEXEC
    }
}

/// What a descriptor was granted when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Whether it goes past the page cache.
    pub direct: bool,
    /// What is flushed before a write returns.
    pub sync: Sync,
    /// Whether every write goes to the end.
    pub append: bool,
    /// Why it goes through the page cache, if it was [`Preferred`](Direct::Preferred) that it does not.
    pub refused: Option<Why>,
}

/// A file, and what was granted.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: OwnedFd,
    /// What was granted.
    pub granted: Granted,
}

impl Opened {
    /// How to read and write it, asked once; see [`access`](super::access).
    ///
    /// # Errors
    ///
    /// As [`access`](super::access).
    pub fn access(&self) -> Result<Access> {
        transfer::access_of(&self.file, self.granted.direct)
    }
}

impl AsFd for Opened {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl From<Opened> for OwnedFd {
    fn from(opened: Opened) -> Self {
        opened.file
    }
}

impl From<Opened> for std::fs::File {
    fn from(opened: Opened) -> Self {
        opened.file.into()
    }
}

/// Opens `path` as `options` say, and tells what was granted.
///
/// Direct I/O counts as granted when the file system takes the flag *and* the file then has a [`Grid`]: some file systems
/// take the flag and go through the page cache all the same, ext4 with journalled data among them.
///
/// # Errors
///
/// - [`Unsupported`](crate::ErrorKind::Unsupported): [`Direct::Required`], and the file cannot. A file that this call
///   made with [`create_new`](OpenOptions::create_new) is removed again; one that it made or emptied otherwise stays so.
/// - [`Os`](crate::ErrorKind::Os): the system's.
///
/// # Examples
///
/// ```
/// use bareio::{Direct, fd::{OpenOptions, open}};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("table");
/// let table = open(&path, &OpenOptions::new().read().write().create().direct(Direct::Preferred))?;
/// match table.granted.refused {
///     None => assert!(table.granted.direct),
///     Some(why) => println!("through the page cache: {why}"),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `open(2)`, `O_DIRECT`, `O_DSYNC`, `O_SYNC`; macOS `F_NOCACHE`.
pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Opened> {
    let path = path.as_ref();
    // By the flag, a refusal comes before the file is emptied; but a file that is made is there before it, and from the
    // error nobody can tell who made it. So what is made anew is switched afterwards, as is what may do without.
    let by_flag = options.direct == Direct::Required && !options.is_new();
    let flag = if by_flag { native::OPEN_DIRECT } else { OFlags::empty() };
    // 16 bits or 32, from system to system.
    let mode = Mode::from_raw_mode(options.mode.into());
    let file = call("open", || rustix::fs::open(path, options.bits() | flag, mode)).map_err(|error| {
        if !flag.is_empty() && error.errno() == Some(Errno::INVAL) { refused(Errno::INVAL) } else { error }
    })?;
    let mut granted = granted(&file)?;
    if !options.direct.is_wanted() {
        return Ok(Opened { file, granted });
    }
    match switch(&file, flag.is_empty()) {
        Ok(()) => granted.direct = true,
        Err(error) if options.direct == Direct::Required => {
            if options.is_new() {
                // It was made above, by this call and no other. Should it not go, the first error tells more.
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        Err(error) => {
            call("fcntl", || native::set_direct(file.as_fd(), false))?;
            granted.direct = false;
            granted.refused = Some(match error.kind() {
                crate::ErrorKind::Unsupported { why, .. } => why,
                _ => Why::Errno(error.errno().unwrap_or(Errno::INVAL)),
            });
        }
    }
    Ok(Opened { file, granted })
}

/// Turns direct I/O on, unless it is, and sees whether that means anything to the file.
fn switch(file: &OwnedFd, off_yet: bool) -> Result<()> {
    if off_yet {
        call("fcntl", || native::set_direct(file.as_fd(), true)).map_err(|error| match error.errno() {
            Some(errno @ (Errno::INVAL | Errno::OPNOTSUPP)) => refused(errno),
            _ => error,
        })?;
    }
    if DIRECT_NEEDS_ALIGNMENT {
        Grid::of(&host::NATIVE, lend(file))?;
    }
    Ok(())
}

fn refused(errno: Errno) -> Error {
    Error::unsupported("direct I/O on this file", Why::Errno(errno)).during("open")
}

/// Tells what `file` was granted when it was opened, as far as the descriptor says it: on macOS it does not say whether
/// it goes past the page cache, and [`open`] does.
///
/// # Errors
///
/// [`Os`](crate::ErrorKind::Os): the system's.
///
/// # Examples
///
/// ```
/// use bareio::fd::{Sync, granted};
/// let granted = granted(tempfile::tempfile()?)?;
/// assert_eq!((granted.direct, granted.sync, granted.append), (false, Sync::None, false));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `fcntl(2)`, `F_GETFL`.
pub fn granted(file: impl AsFd) -> Result<Granted> {
    let flags = call("fcntl", || rustix::fs::fcntl_getfl(&file))?;
    let sync = if flags.contains(OFlags::SYNC) {
        Sync::All
    } else if flags.contains(native::open_data_sync()) {
        Sync::Data
    } else {
        Sync::None
    };
    let direct = native::is_direct(flags);
    Ok(Granted { direct, sync, append: flags.contains(OFlags::APPEND), refused: None })
}
