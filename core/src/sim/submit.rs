//! Consuming entries: what is wrong with one shows here, and chains are put together.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ffi::CStr;

use linux_raw_sys::io_uring as sys;

use super::request::{Data, Request, address};
use super::ring::Dropped;
use super::state::State;
use crate::abi::{Features, Opcode, SetupFlags, Sqe, SqeFlags, Timespec};
use crate::errno::{Errno, Result};
use crate::iovec::{IOV_MAX, IoVec};

/// The longest path, in bytes.
const PATH_MAX: usize = 4095;

/// A path, copied.
///
/// # Safety
///
/// If it is not null, it is a string that ends in a nul byte.
unsafe fn path(at: u64) -> Result<Vec<u8>> {
    let start = address::<core::ffi::c_char>(at);
    if start.is_null() {
        return Err(Errno::FAULT);
    }
    // SAFETY: the caller's word.
    let path = unsafe { CStr::from_ptr(start) };
    if path.count_bytes() > PATH_MAX { Err(Errno::NAMETOOLONG) } else { Ok(path.to_bytes().to_vec()) }
}

/// A time, in nanoseconds.
///
/// # Safety
///
/// If it is not null, it is a [`Timespec`].
pub(super) unsafe fn time(at: u64) -> Result<u64> {
    let at = address::<Timespec>(at);
    if at.is_null() {
        return Err(Errno::FAULT);
    }
    // SAFETY: the caller's word.
    let time = unsafe { at.read_unaligned() };
    match (u64::try_from(time.sec), u64::try_from(time.nsec)) {
        (Ok(sec), Ok(nsec)) if nsec < 1_000_000_000 => {
            Ok(sec.saturating_mul(1_000_000_000).saturating_add(nsec))
        }
        _ => Err(Errno::INVAL),
    }
}

/// A list of pieces, copied.
///
/// # Safety
///
/// `at` is `count` pieces.
pub(super) unsafe fn pieces(at: u64, count: u32) -> Result<Vec<IoVec>> {
    if count as usize > IOV_MAX {
        return Err(Errno::INVAL);
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    let start = address::<IoVec>(at);
    if start.is_null() {
        return Err(Errno::FAULT);
    }
    // SAFETY: the caller's word.
    let list = unsafe { core::slice::from_raw_parts(start, count as usize) };
    Ok(list.to_vec())
}

impl State {
    /// Consumes up to `count` entries. Returns how many.
    ///
    /// # Safety
    ///
    /// The entries fulfil the contract of `io_uring_enter`.
    pub(super) unsafe fn submit(&mut self, ring: usize, count: u32) -> Result<u32> {
        let Some(mut submissions) = self.rings[ring].submissions.take() else { return Err(Errno::BUSY) };
        let mut chain = VecDeque::new();
        let mut consumed = 0;
        // Where a short submission stops, chains permitting.
        let stop = if self.random.one_in(self.config.short_submits) {
            self.random.word() % count.max(1)
        } else {
            count
        };
        let mut entries = submissions.batch();
        while consumed < count && (consumed < stop || !chain.is_empty()) {
            let sqe = match entries.next() {
                Some(Ok(sqe)) => sqe,
                Some(Err(Dropped)) => {
                    self.rings[ring].count_dropped_entry();
                    break;
                }
                None => break,
            };
            consumed += 1;
            // SAFETY: the caller's word.
            let failed = unsafe { self.accept(ring, sqe, &mut chain) };
            if failed && !self.rings[ring].flags.contains(SetupFlags::SUBMIT_ALL) {
                break;
            }
        }
        // A chain ends where the submission does, whatever its last entry says.
        self.queue(ring, chain);
        drop(entries);
        self.rings[ring].submissions = Some(submissions);
        if consumed == 0 && count > 0 && stop == 0 { Err(Errno::AGAIN) } else { Ok(consumed) }
    }

    /// Takes one entry into the chain that is being put together, and queues that once it is complete. Returns
    /// whether an entry was refused so that submission stops.
    ///
    /// # Safety
    ///
    /// As for `submit`.
    unsafe fn accept(&mut self, ring: usize, sqe: Sqe, chain: &mut VecDeque<Request>) -> bool {
        let mut request = Request { sqe, data: Data::None, refused: None, file: None };
        // SAFETY: the caller's word.
        match unsafe { self.prepare(&request, chain) } {
            Ok(data) => request.data = data,
            Err(errno) => request.refused = Some(errno),
        }
        if !self.features().contains(Features::LINKED_FILE)
            && request.needs_file()
            && request.refused.is_none()
        {
            match self.look_up(ring, &request) {
                Ok(file) => request.file = Some(file),
                Err(errno) => request.refused = Some(errno),
            }
        }
        let (refused, links) = (request.refused.is_some(), request.links());
        if request.has(SqeFlags::IO_DRAIN) {
            self.rings[ring].draining = true;
        }
        chain.push_back(request);
        if !links {
            let chain = core::mem::take(chain);
            self.queue(ring, chain);
        }
        refused && !links
    }

    /// Checks an entry, and copies what it points to, data apart.
    ///
    /// # Safety
    ///
    /// As for `submit`.
    unsafe fn prepare(&self, request: &Request, chain: &VecDeque<Request>) -> Result<Data> {
        let sqe = &request.sqe;
        let version = self.config.version;
        if !version.opcode(sqe.opcode)
            || sqe.flags.without(version.sqe_flags()) != SqeFlags::NONE
            || sqe.personality != 0
            || (sqe.ioprio != 0 && !request.transfers())
        {
            return Err(Errno::INVAL);
        }
        if sqe.flags.contains(SqeFlags::BUFFER_SELECT) {
            return Err(Errno::OPNOTSUPP);
        }
        if request.is_vectored() && self.features().contains(Features::SUBMIT_STABLE) {
            // SAFETY: the caller's word.
            return Ok(Data::Pieces(unsafe { pieces(sqe.addr, sqe.len) }?));
        }
        match sqe.opcode {
            Opcode::FSYNC if sqe.op_flags & !sys::IORING_FSYNC_DATASYNC != 0 || sqe.addr != 0 => {
                Err(Errno::INVAL)
            }
            Opcode::OPENAT => {
                let cloexec = sqe.op_flags & linux_raw_sys::general::O_CLOEXEC != 0;
                if sqe.buf_index != 0 || (sqe.file_index != 0 && cloexec) {
                    return Err(Errno::INVAL);
                }
                if sqe.flags.contains(SqeFlags::FIXED_FILE) {
                    return Err(Errno::BADF);
                }
                // SAFETY: the caller's word.
                Ok(Data::Path(unsafe { path(sqe.addr) }?))
            }
            Opcode::STATX | Opcode::UNLINKAT | Opcode::MKDIRAT => {
                if sqe.flags.contains(SqeFlags::FIXED_FILE) {
                    return Err(Errno::BADF);
                }
                // SAFETY: the caller's word.
                Ok(Data::Path(unsafe { path(sqe.addr) }?))
            }
            Opcode::RENAMEAT => {
                if sqe.flags.contains(SqeFlags::FIXED_FILE) {
                    return Err(Errno::BADF);
                }
                // SAFETY: the caller's word.
                let from = unsafe { path(sqe.addr) }?;
                // SAFETY: the caller's word.
                let to = unsafe { path(sqe.offset) }?;
                Ok(Data::Paths(from, to))
            }
            Opcode::CLOSE if sqe.flags.contains(SqeFlags::FIXED_FILE) => Err(Errno::BADF),
            Opcode::CLOSE if sqe.file_index != 0 && sqe.fd != 0 => Err(Errno::INVAL),
            Opcode::TIMEOUT => {
                let known = sys::IORING_TIMEOUT_ABS
                    | sys::IORING_TIMEOUT_CLOCK_MASK
                    | sys::IORING_TIMEOUT_ETIME_SUCCESS;
                if sqe.len != 1 || sqe.buf_index != 0 || sqe.op_flags & !known != 0 {
                    return Err(Errno::INVAL);
                }
                // SAFETY: the caller's word.
                Ok(Data::Time(unsafe { time(sqe.addr) }?))
            }
            Opcode::LINK_TIMEOUT => {
                let behind = chain.back().ok_or(Errno::INVAL)?;
                let known = sys::IORING_TIMEOUT_ABS | sys::IORING_TIMEOUT_CLOCK_MASK;
                if sqe.len != 1 || sqe.op_flags & !known != 0 || behind.is(Opcode::LINK_TIMEOUT) {
                    return Err(Errno::INVAL);
                }
                // SAFETY: the caller's word.
                Ok(Data::Time(unsafe { time(sqe.addr) }?))
            }
            Opcode::TIMEOUT_REMOVE if sqe.op_flags & sys::IORING_TIMEOUT_UPDATE != 0 => {
                // SAFETY: the caller's word.
                Ok(Data::Time(unsafe { time(sqe.offset) }?))
            }
            Opcode::FIXED_FD_INSTALL if !sqe.flags.contains(SqeFlags::FIXED_FILE) => Err(Errno::BADF),
            _ => Ok(Data::None),
        }
    }
}
