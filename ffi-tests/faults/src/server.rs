//! What answers the kernel.

use std::ffi::OsStr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::files::{Files, ROOT};
use crate::plan::{Call, Fault, Plan};

/// Nothing is remembered: the kernel asks each time.
const NO_TIME: Duration = Duration::ZERO;

/// Every read and write comes here, several of one file at a time.
const EACH: FopenFlags = FopenFlags::FOPEN_DIRECT_IO.union(FopenFlags::FOPEN_PARALLEL_DIRECT_WRITES);

pub(crate) struct Server {
    files: Arc<Files>,
    plan: Arc<Plan>,
}

impl Server {
    pub(crate) fn new(files: Arc<Files>, plan: Arc<Plan>) -> Self {
        Self { files, plan }
    }

    fn attributes(&self, ino: u64) -> Option<FileAttr> {
        let (kind, perm, size) = match ino {
            ROOT => (FileType::Directory, 0o755, 0),
            _ => (FileType::RegularFile, 0o644, self.files.len(ino)?),
        };
        Some(FileAttr {
            ino: INodeNo(ino),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }

    /// Answers a call that moves nothing: at once, later, or with an error and nothing done.
    fn simple(&self, call: Call, reply: ReplyEmpty, act: impl FnOnce(&Files) -> Result<(), Errno>) {
        match self.plan.meet(call) {
            Some(Fault::Error(number)) => reply.error(Errno::from_i32(number)),
            fault => {
                let outcome = act(&self.files);
                later(fault, move || match outcome {
                    Ok(()) => reply.ok(),
                    Err(errno) => reply.error(errno),
                });
            }
        }
    }
}

/// Answers now, or after the delay, on a thread of its own: other calls go on meanwhile.
fn later(fault: Option<Fault>, answer: impl FnOnce() + Send + 'static) {
    match fault {
        Some(Fault::Delay(delay)) => {
            thread::spawn(move || {
                thread::sleep(delay);
                answer();
            });
        }
        _ => answer(),
    }
}

impl Filesystem for Server {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.files.find(name).and_then(|(ino, _)| self.attributes(ino)) {
            Some(attributes) => reply.entry(&NO_TIME, &attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(ino.into()) {
            Some(attributes) => reply.attr(&NO_TIME, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut fault = None;
        if let Some(size) = size {
            fault = self.plan.meet(Call::Truncate);
            if let Some(Fault::Error(number)) = fault {
                return reply.error(Errno::from_i32(number));
            }
            self.files.resize(ino.into(), size);
        }
        let attributes = self.attributes(ino.into());
        later(fault, move || match attributes {
            Some(attributes) => reply.attr(&NO_TIME, &attributes),
            None => reply.error(Errno::ENOENT),
        });
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), EACH);
    }

    fn create(
        &self,
        _: &Request,
        _: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let fault = self.plan.meet(Call::Create);
        if let Some(Fault::Error(number)) = fault {
            return reply.error(Errno::from_i32(number));
        }
        let ino = self.files.create(name);
        let attributes = self.attributes(ino).expect("just made");
        later(fault, move || reply.created(&NO_TIME, &attributes, Generation(0), FileHandle(0), EACH));
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let fault = self.plan.meet(Call::Read);
        let len = match fault {
            Some(Fault::Error(number)) => return reply.error(Errno::from_i32(number)),
            Some(Fault::Short(most)) => most.min(size as usize),
            _ => size as usize,
        };
        let data = self.files.read(ino.into(), offset, len);
        later(fault, move || reply.data(&data));
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let fault = self.plan.meet(Call::Write);
        let data = match fault {
            Some(Fault::Error(number)) => return reply.error(Errno::from_i32(number)),
            Some(Fault::Short(most)) => &data[..most.min(data.len())],
            _ => data,
        };
        self.files.write(ino.into(), offset, data);
        let count = u32::try_from(data.len()).expect("a write is below 4 GiB");
        later(fault, move || reply.written(count));
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.simple(Call::Sync, reply, |_| Ok(()));
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.simple(Call::SyncDir, reply, |_| Ok(()));
    }

    fn fallocate(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        // `FALLOC_FL_KEEP_SIZE`, `FALLOC_FL_PUNCH_HOLE` and `FALLOC_FL_ZERO_RANGE`.
        let (keep, zero) = (mode & 1 != 0, mode & (2 | 16) != 0);
        self.simple(Call::Allocate, reply, |files| {
            if zero {
                let there = files.len(ino.into()).unwrap_or(0);
                let end = if keep { (offset + length).min(there) } else { offset + length };
                let count = usize::try_from(end.saturating_sub(offset)).map_err(|_| Errno::EFBIG)?;
                files.write(ino.into(), offset.min(end), &vec![0; count]);
            } else if !keep {
                files.reach(ino.into(), offset + length);
            }
            Ok(())
        });
    }

    fn unlink(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.simple(Call::Remove, reply, |files| files.remove(name).then_some(()).ok_or(Errno::ENOENT));
    }

    fn rename(
        &self,
        _: &Request,
        _: INodeNo,
        name: &OsStr,
        _: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        self.simple(Call::Rename, reply, |files| {
            if !flags.is_empty() {
                return Err(Errno::EINVAL);
            }
            files.rename(name, new_name).then_some(()).ok_or(Errno::ENOENT)
        });
    }

    fn readdir(&self, _: &Request, _: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        for ((name, ino), next) in self.files.names().into_iter().zip(1..).skip(skip) {
            if reply.add(INodeNo(ino), next, FileType::RegularFile, name) {
                break;
            }
        }
        reply.ok();
    }
}
