//! Simulated time, and carrying out what is due.

use alloc::sync::Arc;

use linux_raw_sys::general as os;
use linux_raw_sys::io_uring as sys;

use super::fault::Call;
use super::request::{Active, Data, NEVER, Request, address};
use super::state::State;
use super::table::Descriptor;
use super::transfer::CURRENT;
use crate::abi::{AdviseMemory, Opcode, SqFlags, Statx};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::kernel::{Allocate, Fd, OpenFlags, RenameFlags, RwFlags, SyncRange, UnlinkFlags};

/// `O_*` as an entry has them.
fn open_flags(bits: u32) -> OpenFlags {
    const TABLE: [(u32, OpenFlags); 9] = [
        (os::O_CREAT, OpenFlags::CREATE),
        (os::O_EXCL, OpenFlags::EXCLUSIVE),
        (os::O_TRUNC, OpenFlags::TRUNCATE),
        (os::O_APPEND, OpenFlags::APPEND),
        (os::O_DIRECT, OpenFlags::DIRECT),
        (os::O_DSYNC, OpenFlags::DATA_SYNC),
        (os::O_SYNC, OpenFlags::SYNC),
        (os::O_NONBLOCK, OpenFlags::NONBLOCK),
        (os::O_NOFOLLOW, OpenFlags::NOFOLLOW),
    ];
    let access = match bits & os::O_ACCMODE {
        os::O_RDONLY => OpenFlags::READ,
        os::O_WRONLY => OpenFlags::WRITE,
        _ => OpenFlags::READ | OpenFlags::WRITE,
    };
    let set = TABLE.iter().filter(|(bit, _)| bits & bit == *bit);
    let flags = set.fold(access, |flags, (_, flag)| flags.with(*flag));
    if bits & os::O_TMPFILE == os::O_TMPFILE {
        flags.with(OpenFlags::TEMPORARY)
    } else if bits & os::O_DIRECTORY != 0 {
        flags.with(OpenFlags::DIRECTORY)
    } else {
        flags
    }
}

impl State {
    /// What happens next, and when: the time, the ring, the place among its operations.
    fn next_event(&self) -> Option<(u64, usize, usize)> {
        let mut next: Option<((u64, u32), usize, usize)> = None;
        for (ring, state) in self.rings.iter().enumerate() {
            for (index, active) in state.active.iter().enumerate() {
                let event = active.next_event();
                if event.0 != NEVER && next.is_none_or(|(earliest, ..)| event < earliest) {
                    next = Some((event, ring, index));
                }
            }
        }
        next.map(|((at, _), ring, index)| (at, ring, index))
    }

    /// Lets the next thing happen, if it does by `limit`. Returns whether it did.
    pub(super) fn run_next(&mut self, limit: u64) -> bool {
        let Some((at, ring, index)) = self.next_event().filter(|(at, ..)| *at <= limit) else { return false };
        self.clock = self.clock.max(at);
        let active = &self.rings[ring].active[index];
        if active.due > at {
            self.expire(ring, index);
        } else {
            let mut active = self.rings[ring].active.swap_remove(index);
            if let Some(result) = self.carry_out(ring, &active) {
                self.complete(ring, active, result);
            } else if !self.rings[ring].open {
                self.complete(ring, active, Err(Errno::CANCELED));
            } else {
                active.due = NEVER;
                self.rings[ring].active.push(active);
            }
        }
        self.settle(ring);
        true
    }

    /// Lets `time` nanoseconds pass.
    pub(super) fn pass(&mut self, time: u64) {
        let until = self.clock.saturating_add(time);
        while self.run_next(until) {}
        self.clock = self.clock.max(until);
    }

    /// Lets the time of one call pass.
    pub(super) fn tick(&mut self) {
        let time = 200 + self.random.below(1000);
        self.pass(time);
    }

    /// Plays the threads that poll submission queues: takes what is there, or falls asleep. Returns whether any
    /// had something to do.
    pub(super) fn poll(&mut self) -> bool {
        let mut busy = false;
        for index in 0..self.rings.len() {
            let ring = &mut self.rings[index];
            if !ring.polls() || ring.asleep || !ring.enabled || !ring.open {
                continue;
            }
            let queued = ring.queued();
            if queued > 0 {
                // SAFETY: whoever published the entries answers for them, by the contract of `Kernel`.
                busy |= unsafe { self.submit(index, queued) }.is_ok();
                continue;
            }
            let Some(submissions) = ring.submissions.as_mut() else { continue };
            ring.asleep = ring.sleeper.may_sleep(|| submissions.available() == 0);
            busy |= !ring.asleep;
        }
        busy
    }

    /// Wakes the thread that polls this ring.
    pub(super) fn wake_poller(&mut self, ring: usize) {
        let ring = &mut self.rings[ring];
        ring.asleep = false;
        ring.clear_flag(SqFlags::NEED_WAKEUP);
    }

    /// Something happened to a pipe: who waits for one looks again.
    pub(super) fn stir(&mut self) {
        let clock = self.clock;
        for active in self.rings.iter_mut().flat_map(|ring| &mut ring.active) {
            if active.due == NEVER && active.request.transfers() {
                active.due = clock;
            }
        }
    }

    /// Does what an entry asks for. `None`: it cannot be done yet.
    fn carry_out(&mut self, ring: usize, active: &Active) -> Option<Result<u32>> {
        let request = &active.request;
        if let Some(errno) = active.verdict {
            return Some(Err(errno));
        }
        if request.transfers() {
            return self.transfer(ring, request).transpose();
        }
        // A flush counts itself.
        if !request.is(Opcode::FSYNC) {
            if let Err(errno) = self.faults.check(request.call()) {
                // Closed all the same, as by a direct call.
                let closed = if request.is(Opcode::CLOSE) { self.close_entry(ring, request) } else { Ok(()) };
                return Some(Err(closed.err().unwrap_or(errno)));
            }
        }
        Some(match (request.sqe.opcode, &request.data) {
            (Opcode::NOP, _) if request.sqe.op_flags & sys::IORING_NOP_INJECT_RESULT != 0 => {
                Ok(request.sqe.len)
            }
            (Opcode::TIMEOUT, _) => Err(Errno::TIME),
            (Opcode::TIMEOUT_REMOVE, _) => self.change_timeout(ring, request).map(|()| 0),
            (Opcode::ASYNC_CANCEL, _) => self.cancel_entry(ring, &request.sqe),
            (Opcode::FILES_UPDATE, _) => self.update_entry(ring, &request.sqe),
            (Opcode::OPENAT, Data::Path(path)) => self.open_entry(ring, request, path),
            (Opcode::CLOSE, _) => self.close_entry(ring, request).map(|()| 0),
            (Opcode::FIXED_FD_INSTALL, _) => match &request.file {
                Some(file) => self.install_shared(Arc::clone(file)),
                None => Err(Errno::BADF),
            },
            (_, Data::Path(_) | Data::Paths(..)) => self.name_entry(request).map(|()| 0),
            _ => self.file_entry(active).map(|()| 0),
        })
    }

    /// Reads or writes, and says how much.
    fn transfer(&mut self, ring: usize, request: &Request) -> Result<Option<u32>> {
        self.faults.check(request.call())?;
        let file = request.file.as_ref().ok_or(Errno::BADF)?;
        let sqe = &request.sqe;
        let late;
        let mut one = [IoVec::EMPTY];
        let pieces = if request.is_vectored() && matches!(request.data, Data::None) {
            // SAFETY: a kernel without SUBMIT_STABLE reads the list when it likes, until the completion.
            late = unsafe { super::submit::pieces(sqe.addr, sqe.len) }?;
            &late
        } else {
            request.pieces(&mut one)
        };
        if request.is_fixed() {
            self.rings[ring].check_fixed(sqe.buf_index, pieces)?;
        }
        let offset = if sqe.offset == CURRENT && !self.knows_position() { u64::MAX - 1 } else { sqe.offset };
        let flags = RwFlags(sqe.op_flags);
        let count = if request.reads() {
            // SAFETY: the memory of an operation in flight is the kernel's, by the contract of `Kernel`.
            unsafe { self.read(file, pieces, offset, flags) }
        } else {
            // SAFETY: as above.
            unsafe { self.write(file, pieces, offset, flags) }
        }?;
        if count.is_some_and(|count| count > 0) && file.inode.pipe().is_some() {
            self.stir();
        }
        Ok(count.map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
    }

    fn file_entry(&mut self, active: &Active) -> Result<()> {
        let (request, sqe) = (&active.request, &active.request.sqe);
        if request.is(Opcode::NOP) {
            return Ok(());
        }
        if request.is(Opcode::MADVISE) {
            let len = if sqe.len == 0 { sqe.offset } else { u64::from(sqe.len) };
            let at = core::ptr::NonNull::new(address(sqe.addr)).ok_or(Errno::INVAL)?;
            let len = usize::try_from(len).map_err(|_| Errno::INVAL)?;
            // SAFETY: the memory of an operation in flight is the kernel's, by the contract of `Kernel`.
            return unsafe { self.advise(at, len, AdviseMemory(sqe.op_flags)) };
        }
        let file = request.file.as_deref().ok_or(Errno::BADF)?;
        match sqe.opcode {
            Opcode::FSYNC => self.sync(file, active.mark),
            Opcode::SYNC_FILE_RANGE => {
                Self::sync_range(file, sqe.offset, u64::from(sqe.len), SyncRange(sqe.op_flags))
            }
            Opcode::FALLOCATE => self.allocate(file, Allocate(sqe.len), sqe.offset, sqe.addr),
            Opcode::FTRUNCATE => Self::truncate(file, sqe.offset),
            Opcode::FADVISE if sqe.op_flags > 5 => Err(Errno::INVAL),
            Opcode::FADVISE if file.inode.pipe().is_some() => Err(Errno::SPIPE),
            Opcode::FADVISE => Ok(()),
            _ => Err(Errno::OPNOTSUPP),
        }
    }

    fn name_entry(&mut self, request: &Request) -> Result<()> {
        let sqe = &request.sqe;
        let dir = Fd(sqe.fd);
        match (&request.data, sqe.opcode) {
            (Data::Path(path), Opcode::STATX) => {
                if path.is_empty() && sqe.op_flags & os::AT_EMPTY_PATH == 0 {
                    return Err(Errno::NOENT);
                }
                let stat = self.stat_path(dir, path)?;
                let to = address::<Statx>(sqe.offset);
                if to.is_null() {
                    return Err(Errno::FAULT);
                }
                // SAFETY: the memory of an operation in flight is the kernel's, by the contract of `Kernel`.
                unsafe { to.write_unaligned(stat) };
                Ok(())
            }
            (Data::Path(path), Opcode::UNLINKAT) => {
                let from = self.dir(dir, path)?;
                self.tree.unlink(&from, path, UnlinkFlags(sqe.op_flags))
            }
            (Data::Path(path), _) => {
                let from = self.dir(dir, path)?;
                self.tree.make_dir(&from, path, sqe.len)
            }
            (Data::Paths(from, to), _) => {
                let from_dir = self.dir(dir, from)?;
                let to_dir = self.dir(Fd(sqe.len.cast_signed()), to)?;
                self.tree.rename((&from_dir, from), (&to_dir, to), RenameFlags(sqe.op_flags))
            }
            _ => Err(Errno::INVAL),
        }
    }

    fn open_entry(&mut self, ring: usize, request: &Request, path: &[u8]) -> Result<u32> {
        let sqe = &request.sqe;
        let file = self.open(Fd(sqe.fd), path, open_flags(sqe.op_flags), sqe.len)?;
        if sqe.file_index == 0 {
            return self.install(file).map(|fd| fd.0.cast_unsigned());
        }
        self.rings[ring].install(Arc::new(file), sqe.file_index)
    }

    fn install_shared(&mut self, file: Arc<super::file::OpenFile>) -> Result<u32> {
        self.table.insert(Descriptor::File(file)).map(|fd| fd.0.cast_unsigned())
    }

    fn close_entry(&mut self, ring: usize, request: &Request) -> Result<()> {
        let sqe = &request.sqe;
        if sqe.file_index != 0 {
            self.rings[ring].uninstall(sqe.file_index)?;
        } else if let Descriptor::Ring(_) = self.table.get(Fd(sqe.fd))? {
            return Err(Errno::BADF);
        } else {
            drop(self.table.remove(Fd(sqe.fd))?);
        }
        self.stir();
        Ok(())
    }

    /// Ends a timeout, or gives it another time.
    fn change_timeout(&mut self, ring: usize, request: &Request) -> Result<()> {
        let by = |active: &Active| {
            active.request.is(Opcode::TIMEOUT) && active.request.sqe.user_data == request.sqe.addr
        };
        let index = self.rings[ring].active.iter().position(by).ok_or(Errno::NOENT)?;
        if matches!(request.data, Data::Time(_)) {
            self.rings[ring].active[index].due = self.deadline(request);
            return Ok(());
        }
        self.cancel_active(ring, index)
    }

    /// What a direct call on memory does.
    ///
    /// # Safety
    ///
    /// As [`Kernel::advise`](crate::Kernel::advise).
    pub(super) unsafe fn advise(
        &mut self,
        at: core::ptr::NonNull<u8>,
        len: usize,
        advice: AdviseMemory,
    ) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        match advice {
            AdviseMemory::DONTNEED => {
                self.check_unused(at, len, "wiped");
                // SAFETY: the caller's word.
                unsafe { self.memory.wipe(at, len) }
            }
            AdviseMemory::DONTFORK
            | AdviseMemory::HUGEPAGE
            | AdviseMemory::WIPEONFORK
            | AdviseMemory::POPULATE_WRITE
            | AdviseMemory::COLLAPSE
            | AdviseMemory(0..=3) => self.memory.check(at, len),
            _ => Err(Errno::INVAL),
        }
    }

    /// The faults of a direct call.
    pub(super) fn begin(&mut self, call: Call) -> Result<()> {
        self.tick();
        self.note(call as u64);
        self.faults.check(call)
    }
}
