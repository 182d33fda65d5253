//! What the methods of [`Kernel`](super::Kernel) can be asked for.

use crate::abi::flags::flags;
use linux_raw_sys::general as sys;

flags! {
    /// How memory is mapped.
    MapFlags: u32 {
        /// Every page is there before the call returns.
        POPULATE = 1 << 0;
        /// Of the huge pages that the system has reserved, 2 MiB each.
        HUGE = 1 << 1;
        /// Nothing is set aside for it: a page is found, or is not, when it is first touched.
        NORESERVE = 1 << 2;
    }
}

flags! {
    /// How a file is opened. Descriptors are close-on-exec always.
    ///
    /// The bits are ours, not any processor's: implementors translate.
    OpenFlags: u32 {
        /// For reading.
        READ = 1 << 0;
        /// For writing.
        WRITE = 1 << 1;
        /// Made if it is not there.
        CREATE = 1 << 2;
        /// Made now: it is an error if it is there.
        EXCLUSIVE = 1 << 3;
        /// Emptied.
        TRUNCATE = 1 << 4;
        /// Every write goes to the end.
        APPEND = 1 << 5;
        /// Past the page cache.
        DIRECT = 1 << 6;
        /// Each write is flushed, with what reading it back needs, before it returns.
        DATA_SYNC = 1 << 7;
        /// Each write is flushed, with all that is known of the file, before it returns.
        SYNC = 1 << 8;
        /// Only if it is a directory.
        DIRECTORY = 1 << 9;
        /// Without waiting.
        NONBLOCK = 1 << 10;
        /// A symbolic link is an error.
        NOFOLLOW = 1 << 11;
        /// A file without a name, in the directory that the path names.
        TEMPORARY = 1 << 12;
    }
}

impl OpenFlags {
    /// Each flag beside the access mode, and its bits on this processor.
    const TABLE: [(Self, u32); 11] = [
        (Self::CREATE, sys::O_CREAT),
        (Self::EXCLUSIVE, sys::O_EXCL),
        (Self::TRUNCATE, sys::O_TRUNC),
        (Self::APPEND, sys::O_APPEND),
        (Self::DIRECT, sys::O_DIRECT),
        (Self::DATA_SYNC, sys::O_DSYNC),
        (Self::SYNC, sys::O_SYNC),
        (Self::DIRECTORY, sys::O_DIRECTORY),
        (Self::NONBLOCK, sys::O_NONBLOCK),
        (Self::NOFOLLOW, sys::O_NOFOLLOW),
        (Self::TEMPORARY, sys::O_TMPFILE),
    ];

    /// As `openat(2)` takes them on this processor: `O_*`. Close-on-exec is not among them: who wants it adds it.
    pub fn linux(self) -> u32 {
        let access = match (self.contains(Self::READ), self.contains(Self::WRITE)) {
            (_, false) => sys::O_RDONLY,
            (false, true) => sys::O_WRONLY,
            (true, true) => sys::O_RDWR,
        };
        Self::TABLE.iter().filter(|(flag, _)| self.contains(*flag)).fold(access, |bits, (_, bit)| bits | bit)
    }

    /// What `O_*` of this processor say, as far as it has a name here.
    ///
    /// ```
    /// # use bareio_core::kernel::OpenFlags;
    /// let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::APPEND;
    /// assert_eq!(OpenFlags::from_linux(flags.linux()), flags);
    /// ```
    pub fn from_linux(bits: u32) -> Self {
        let access = match bits & sys::O_ACCMODE {
            sys::O_RDONLY => Self::READ,
            sys::O_WRONLY => Self::WRITE,
            _ => Self::READ.with(Self::WRITE),
        };
        let set = |bit: u32| bits & bit == bit;
        Self::TABLE.iter().filter(|(_, bit)| set(*bit)).fold(access, |flags, (flag, _)| flags.with(*flag))
    }
}

flags! {
    /// How one vectored read or write is done: `RWF_*` of `preadv2(2)`.
    RwFlags: u32 {
        /// At high priority, polled where the device can. 4.6.
        HIGH_PRIORITY = 1, sys::RWF_HIPRI;
        /// Flushed, with what reading it back needs. 4.7.
        DATA_SYNC = 2, sys::RWF_DSYNC;
        /// Flushed, with all that is known of the file. 4.7.
        SYNC = 4, sys::RWF_SYNC;
        /// An error instead of waiting. 4.14.
        NOWAIT = 8, sys::RWF_NOWAIT;
        /// At the end of the file. 4.16.
        APPEND = 16, sys::RWF_APPEND;
        /// Not at the end, although the file was opened for that. 6.9.
        NOAPPEND = 32;
        /// Whole or not at all, also when power fails. 6.11.
        ATOMIC = 64;
        /// Through the page cache, and dropped from it. 6.14.
        DONTCACHE = 128;
    }
}

flags! {
    /// What [`sync_range`](super::Kernel::sync_range) does: `SYNC_FILE_RANGE_*`.
    SyncRange: u32 {
        /// Waits for what was under way.
        WAIT_BEFORE = 1, sys::SYNC_FILE_RANGE_WAIT_BEFORE;
        /// Starts writing back.
        WRITE = 2, sys::SYNC_FILE_RANGE_WRITE;
        /// Waits for that.
        WAIT_AFTER = 4, sys::SYNC_FILE_RANGE_WAIT_AFTER;
    }
}

flags! {
    /// What [`allocate`](super::Kernel::allocate) does: `FALLOC_FL_*`.
    Allocate: u32 {
        /// The file keeps its size.
        KEEP_SIZE = 1, sys::FALLOC_FL_KEEP_SIZE;
        /// Frees the space; it reads as zero. Goes with `KEEP_SIZE`. 2.6.38.
        PUNCH_HOLE = 2, sys::FALLOC_FL_PUNCH_HOLE;
        /// Keeps the space; it reads as zero. 3.15.
        ZERO_RANGE = 16, sys::FALLOC_FL_ZERO_RANGE;
    }
}

flags! {
    /// What a name is removed from.
    UnlinkFlags: u32 {
        /// A directory, which must be empty.
        REMOVE_DIR = 0x200, sys::AT_REMOVEDIR;
    }
}

flags! {
    /// How a file is renamed.
    RenameFlags: u32 {
        /// An error if the new name is taken. 3.15.
        NOREPLACE = 1, sys::RENAME_NOREPLACE;
        /// The two names change places. 3.15.
        EXCHANGE = 2, sys::RENAME_EXCHANGE;
    }
}

/// How a range of a file will be used: `POSIX_FADV_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum AdviseFile {
    /// As usual.
    Normal = 0,
    /// In no order.
    Random = 1,
    /// From front to back.
    Sequential = 2,
    /// Soon.
    WillNeed = 3,
    /// Not soon: its pages may go.
    DontNeed = 4,
    /// Once.
    NoReuse = 5,
}

/// From where [`seek`](super::Kernel::seek) counts, or what it looks for: `SEEK_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Seek {
    /// From the start.
    Start = 0,
    /// From the current position.
    Current = 1,
    /// From the end.
    End = 2,
    /// The next data at or after the offset. 3.1.
    Data = 3,
    /// The next hole at or after the offset; the end of the file is one. 3.1.
    Hole = 4,
}
