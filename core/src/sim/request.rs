//! One operation, from when its entry was consumed to its completion.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::fault::Call;
use super::file::OpenFile;
use crate::abi::{Opcode, Sqe, SqeFlags};
use crate::errno::Errno;
use crate::iovec::{self, IoVec, MAX_RW_LEN};

/// A time that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// What was copied when the entry was consumed.
#[derive(Debug)]
pub(super) enum Data {
    /// Nothing.
    None,
    Pieces(Vec<IoVec>),
    Path(Vec<u8>),
    Paths(Vec<u8>, Vec<u8>),
    /// Nanoseconds.
    Time(u64),
}

#[derive(Debug)]
pub(super) struct Request {
    pub(super) sqe: Sqe,
    pub(super) data: Data,
    /// Why it cannot be carried out.
    pub(super) refused: Option<Errno>,
    /// Its file, if that was looked up already.
    pub(super) file: Option<Arc<OpenFile>>,
}

impl Request {
    pub(super) const fn has(&self, flag: SqeFlags) -> bool {
        self.sqe.flags.contains(flag)
    }

    pub(super) const fn links(&self) -> bool {
        self.sqe.flags.intersects(SqeFlags(SqeFlags::IO_LINK.0 | SqeFlags::IO_HARDLINK.0))
    }

    pub(super) const fn is(&self, opcode: Opcode) -> bool {
        self.sqe.opcode.0 == opcode.0
    }

    pub(super) const fn transfers(&self) -> bool {
        matches!(
            self.sqe.opcode,
            Opcode::READ
                | Opcode::WRITE
                | Opcode::READV
                | Opcode::WRITEV
                | Opcode::READ_FIXED
                | Opcode::WRITE_FIXED
                | Opcode::READV_FIXED
                | Opcode::WRITEV_FIXED
        )
    }

    pub(super) const fn is_vectored(&self) -> bool {
        matches!(self.sqe.opcode, Opcode::READV | Opcode::WRITEV | Opcode::READV_FIXED | Opcode::WRITEV_FIXED)
    }

    pub(super) const fn is_fixed(&self) -> bool {
        matches!(
            self.sqe.opcode,
            Opcode::READ_FIXED | Opcode::WRITE_FIXED | Opcode::READV_FIXED | Opcode::WRITEV_FIXED
        )
    }

    /// Whether its `fd` is a file that it works on.
    pub(super) const fn needs_file(&self) -> bool {
        self.transfers()
            || matches!(
                self.sqe.opcode,
                Opcode::FSYNC
                    | Opcode::SYNC_FILE_RANGE
                    | Opcode::FALLOCATE
                    | Opcode::FADVISE
                    | Opcode::FTRUNCATE
                    | Opcode::FIXED_FD_INSTALL
            )
    }

    /// Of what kind it is, for faults.
    pub(super) const fn call(&self) -> Call {
        match self.sqe.opcode {
            Opcode::READ | Opcode::READV | Opcode::READ_FIXED | Opcode::READV_FIXED => Call::Read,
            Opcode::WRITE | Opcode::WRITEV | Opcode::WRITE_FIXED | Opcode::WRITEV_FIXED => Call::Write,
            Opcode::FSYNC => Call::Sync,
            Opcode::SYNC_FILE_RANGE => Call::SyncRange,
            Opcode::FALLOCATE => Call::Allocate,
            Opcode::OPENAT => Call::Open,
            Opcode::CLOSE => Call::Close,
            Opcode::STATX => Call::Stat,
            Opcode::FADVISE => Call::AdviseFile,
            Opcode::MADVISE => Call::Advise,
            Opcode::FTRUNCATE => Call::Truncate,
            Opcode::RENAMEAT => Call::Rename,
            Opcode::UNLINKAT => Call::Unlink,
            Opcode::MKDIRAT => Call::MakeDir,
            _ => Call::Other,
        }
    }

    pub(super) const fn reads(&self) -> bool {
        matches!(self.call(), Call::Read)
    }

    /// Its pieces of memory. A lone one is put into `one`.
    pub(super) fn pieces<'a>(&'a self, one: &'a mut [IoVec; 1]) -> &'a [IoVec] {
        match &self.data {
            Data::Pieces(pieces) => pieces,
            _ if self.is_vectored() => &[],
            _ => {
                *one = [IoVec::new(address(self.sqe.addr), self.sqe.len as usize)];
                one
            }
        }
    }

    /// The count with which a transfer is whole.
    pub(super) fn whole(&self) -> usize {
        iovec::total(self.pieces(&mut [IoVec::EMPTY])).unwrap_or(usize::MAX).min(MAX_RW_LEN)
    }

    /// Whether it may touch memory between two addresses.
    pub(super) fn uses(&self, start: usize, end: usize) -> bool {
        if !self.transfers() {
            return false;
        }
        let inside = |piece: &IoVec| {
            let at = piece.base().addr();
            at < end && start < at.saturating_add(piece.len())
        };
        self.pieces(&mut [IoVec::EMPTY]).iter().any(inside)
    }
}

/// What an address in an entry points to. Whoever put it there has exposed its provenance.
#[expect(clippy::cast_possible_truncation, reason = "usize is 64 bits wide, as lib.rs demands")]
pub(super) fn address<T>(at: u64) -> *mut T {
    core::ptr::with_exposed_provenance_mut(at as usize)
}

/// An operation that was started, and the rest of its chain.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) request: Request,
    pub(super) rest: VecDeque<Request>,
    /// When it is carried out, in simulated time.
    pub(super) due: u64,
    /// What will come of it whatever happens.
    pub(super) verdict: Option<Errno>,
    /// Decides between operations that are due at the same time.
    pub(super) rank: u32,
    /// The limit on its time, and when that is reached.
    pub(super) timer: Option<(Request, u64)>,
    /// For a timeout: the number of completions that ends it.
    pub(super) until: Option<u64>,
    /// For a flush: what was written when it began.
    pub(super) mark: u64,
}

impl Active {
    /// It, its limit and those that wait for it.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        let timer = self.timer.as_ref().map(|(request, _)| request);
        core::iter::once(&self.request).chain(timer).chain(&self.rest)
    }

    /// When something is to happen to it.
    pub(super) fn next_event(&self) -> (u64, u32) {
        let limit = self.timer.as_ref().map_or(NEVER, |(_, at)| *at);
        (self.due.min(limit), self.rank)
    }
}
