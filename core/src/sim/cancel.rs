//! Cancelling operations that are in flight.

use alloc::sync::Arc;

use linux_raw_sys::io_uring as sys;

use super::file::OpenFile;
use super::request::{Active, NEVER};
use super::state::State;
use crate::abi::{Opcode, Sqe, SyncCancel};
use crate::errno::{Errno, Result};
use crate::kernel::Fd;

/// What is to be cancelled.
pub(super) struct Key {
    user_data: u64,
    file: Option<Arc<OpenFile>>,
    opcode: u8,
    flags: u32,
}

const KNOWN: u32 = sys::IORING_ASYNC_CANCEL_ALL
    | sys::IORING_ASYNC_CANCEL_FD
    | sys::IORING_ASYNC_CANCEL_ANY
    | sys::IORING_ASYNC_CANCEL_FD_FIXED
    | sys::IORING_ASYNC_CANCEL_USERDATA
    | sys::IORING_ASYNC_CANCEL_OP;

impl Key {
    const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether every match is meant, and not the first.
    const fn all(&self) -> bool {
        self.has(sys::IORING_ASYNC_CANCEL_ALL | sys::IORING_ASYNC_CANCEL_ANY)
    }

    fn matches(&self, active: &Active) -> bool {
        if self.has(sys::IORING_ASYNC_CANCEL_ANY) {
            return true;
        }
        let by_file = self.has(sys::IORING_ASYNC_CANCEL_FD);
        let by_opcode = self.has(sys::IORING_ASYNC_CANCEL_OP);
        let by_user_data = self.has(sys::IORING_ASYNC_CANCEL_USERDATA) || !(by_file || by_opcode);
        let same_file = || match (&self.file, &active.request.file) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        (!by_file || same_file())
            && (!by_opcode || active.request.sqe.opcode.0 == self.opcode)
            && (!by_user_data || active.request.sqe.user_data == self.user_data)
    }
}

impl State {
    fn key(&self, ring: usize, user_data: u64, fd: i32, opcode: u8, flags: u32) -> Result<Key> {
        // Before 5.19 there were no flags.
        let known = if self.config.version.has(5, 19) { KNOWN } else { 0 };
        let any = flags & sys::IORING_ASYNC_CANCEL_ANY != 0;
        let by = sys::IORING_ASYNC_CANCEL_FD | sys::IORING_ASYNC_CANCEL_OP;
        if flags & !known != 0 || (any && flags & by != 0) {
            return Err(Errno::INVAL);
        }
        let file = match (flags & sys::IORING_ASYNC_CANCEL_FD, flags & sys::IORING_ASYNC_CANCEL_FD_FIXED) {
            (0, _) => None,
            (_, 0) => Some(self.table.file(Fd(fd))?),
            _ => Some(self.rings[ring].file(fd)?),
        };
        Ok(Key { user_data, file, opcode, flags })
    }

    pub(super) fn cancel_entry(&mut self, ring: usize, sqe: &Sqe) -> Result<u32> {
        let opcode = u8::try_from(sqe.len).unwrap_or(u8::MAX);
        let key = self.key(ring, sqe.addr, sqe.fd, opcode, sqe.op_flags)?;
        self.cancel(ring, &key)
    }

    /// As an entry would, but told at once. That it found nothing does not mean that nothing is in flight.
    pub(super) fn cancel_now(&mut self, ring: usize, what: &SyncCancel) -> Result<u32> {
        let key = self.key(ring, what.user_data, what.fd, what.opcode, what.flags.bits())?;
        let found = self.cancel(ring, &key);
        self.settle(ring);
        match found {
            // What cannot be stopped any more is waited for, and that is not waited for here.
            Err(Errno::ALREADY) => Err(Errno::TIME),
            other => other,
        }
    }

    /// Cancels what matches. Returns 0, or with `ALL` or `ANY` how many were found.
    fn cancel(&mut self, ring: usize, key: &Key) -> Result<u32> {
        let mut found = 0;
        let mut index = 0;
        while let Some(active) = self.rings[ring].active.get(index) {
            if !key.matches(active) {
                index += 1;
                continue;
            }
            let result = self.cancel_active(ring, index);
            if !key.all() {
                return result.map(|()| 0);
            }
            match result {
                // Another one has taken its place.
                Ok(()) => found += 1,
                Err(Errno::ALREADY) => {
                    found += 1;
                    index += 1;
                }
                Err(_) => index += 1,
            }
        }
        if key.all() { Ok(found) } else { Err(Errno::NOENT) }
    }

    /// Tries to stop one operation, and completes it if that works. Work on files may be past stopping, or, when
    /// the device has it, past being found; what waits for ever is always stopped.
    pub(super) fn cancel_active(&mut self, ring: usize, index: usize) -> Result<()> {
        let active = &self.rings[ring].active[index];
        let on_a_pipe = active.request.file.as_ref().is_some_and(|file| file.inode.pipe().is_some());
        let waits = active.request.is(Opcode::TIMEOUT) || active.due == NEVER || on_a_pipe;
        let works = active.request.needs_file() && active.verdict.is_none();
        if !waits {
            if !works {
                return Err(Errno::NOENT);
            }
            match self.random.below(3) {
                0 => {}
                1 => return Err(Errno::ALREADY),
                _ => return Err(Errno::NOENT),
            }
        }
        let active = self.rings[ring].active.swap_remove(index);
        self.complete(ring, active, Err(Errno::CANCELED));
        Ok(())
    }
}
