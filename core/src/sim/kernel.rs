//! [`Sim`] as a [`Kernel`].

use core::ffi::CStr;
use core::ptr::NonNull;
use core::time::Duration;

use super::enter::{Enter, Waiting};
use super::fault::Call;
use super::state::State;
use super::{Sim, duration};
use crate::abi::{AdviseMemory, EnterFlags, Params, Register, Statx};
use crate::errno::{Errno, Result};
use crate::iovec::{IOV_MAX, IoVec};
use crate::kernel::{
    AdviseFile, Allocate, Fd, Kernel, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, SyncRange, UnlinkFlags,
};
use crate::sync::{AtomicU32, Ordering};

impl Sim {
    /// Repeats a call until it need not wait any more, letting time pass and other threads run.
    fn until_ready<T>(&self, mut call: impl FnMut(&mut State) -> Result<Option<T>>) -> Result<T> {
        loop {
            let mut state = self.state.lock();
            if let Some(value) = call(&mut state)? {
                state.stir();
                return Ok(value);
            }
            if state.run_next(u64::MAX) {
                continue;
            }
            let threads = state.config.threads;
            let seed = state.config.seed;
            drop(state);
            match threads {
                Some(threads) => (threads.yield_now)(),
                None => panic!(
                    "sim (seed {seed}): a transfer on a pipe would never end: nobody is at the other end"
                ),
            }
        }
    }

    /// Offsets of positioned calls are signed on Linux, so −1 is not the current position there.
    fn positioned(offset: u64) -> Result<u64> {
        if i64::try_from(offset).is_ok() { Ok(offset) } else { Err(Errno::INVAL) }
    }
}

// SAFETY: a mapping is an allocation of its own, made with the alignment of a page, and given back only by
// `unmap`, never when the kernel is dropped. Memory is written where the arguments or the entries of a ring say, by
// what is due in the simulated time, and never after the completion, which is posted last. Descriptors are new
// ones of a table; transfers return at most what was asked for.
unsafe impl Kernel for Sim {
    fn io_uring_setup(&self, entries: u32, params: &mut Params) -> Result<Fd> {
        let mut state = self.state.lock();
        state.tick();
        state.setup(entries, params)
    }

    unsafe fn io_uring_enter(
        &self,
        ring: Fd,
        submit: u32,
        complete: u32,
        flags: EnterFlags,
        arg: *const u8,
        arg_len: usize,
    ) -> Result<u32> {
        let mut state = self.state.lock();
        // SAFETY: the caller keeps the contract of this same method.
        let (consumed, wait) = match unsafe { state.enter(ring, submit, complete, flags, arg, arg_len) }? {
            Enter::Done(consumed) => return Ok(consumed),
            Enter::Wait(consumed, wait) => (consumed, wait),
        };
        loop {
            match state.wait(wait) {
                // What was consumed is told, whatever became of the wait.
                Waiting::Over(result) if consumed == 0 => return result.map(|()| 0),
                Waiting::Over(_) => return Ok(consumed),
                Waiting::ForOthers => {
                    let threads = state.config.threads;
                    drop(state);
                    if let Some(threads) = threads {
                        (threads.yield_now)();
                    }
                    state = self.state.lock();
                }
            }
        }
    }

    unsafe fn io_uring_register(&self, ring: Fd, what: Register, arg: *mut u8, count: u32) -> Result<u32> {
        let mut state = self.state.lock();
        let registered = what.0 & Register::USE_REGISTERED_RING.0 != 0;
        if registered && !state.features().contains(crate::abi::Features::REG_REG_RING) {
            return Err(Errno::INVAL);
        }
        let ring = state.ring(ring, registered)?;
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { state.register(ring, Register(what.0 & !Register::USE_REGISTERED_RING.0), arg, count) }
    }

    fn page_len(&self) -> Result<usize> {
        Ok(self.state.lock().memory.page())
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        let mut state = self.state.lock();
        state.begin(Call::Map)?;
        state.memory.map(len, flags.contains(MapFlags::HUGE))
    }

    unsafe fn map_ring(&self, ring: Fd, offset: u64, len: usize) -> Result<NonNull<u8>> {
        let mut state = self.state.lock();
        state.begin(Call::MapRing)?;
        state.map_ring(ring, offset, len)
    }

    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>> {
        let mut state = self.state.lock();
        state.begin(Call::Map)?;
        state.memory.check(at, len)?;
        state.check_unused(at, len, "remapped");
        state.memory.remap(at, len, new_len)
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Unmap)?;
        state.unmap(at, len)
    }

    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Advise)?;
        // Of a ring's memory only whether a forked child gets it can be said, and here nobody forks.
        if matches!(advice, AdviseMemory::DONTFORK) && state.is_ring_memory(at, len) {
            return Ok(());
        }
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { state.advise(at, len, advice) }
    }

    unsafe fn guard(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Advise)?;
        state.check_unused(at, len, "guarded");
        // SAFETY: nobody touches those pages, by the caller's word.
        unsafe { state.memory.guard(at, len) }
    }

    unsafe fn open_at(&self, dir: Fd, path: &CStr, flags: OpenFlags, mode: u32) -> Result<Fd> {
        let mut state = self.state.lock();
        state.begin(Call::Open)?;
        let file = state.open(dir, path.to_bytes(), flags, mode)?;
        state.install(file)
    }

    unsafe fn close(&self, fd: Fd) -> Result<()> {
        let mut state = self.state.lock();
        let verdict = state.begin(Call::Close);
        state.close(fd).and(verdict)
    }

    unsafe fn read_at(&self, fd: Fd, buf: *mut u8, len: usize, offset: u64) -> Result<usize> {
        let mut state = self.state.lock();
        state.begin(Call::Read)?;
        let file = state.table.file(fd)?;
        let offset = Self::positioned(offset)?;
        if file.inode.pipe().is_some() {
            return Err(Errno::SPIPE);
        }
        // SAFETY: the caller vouches for the memory.
        unsafe { state.read(&file, &[IoVec::new(buf, len)], offset, RwFlags::NONE) }
            .map(Option::unwrap_or_default)
    }

    unsafe fn write_at(&self, fd: Fd, buf: *const u8, len: usize, offset: u64) -> Result<usize> {
        let mut state = self.state.lock();
        state.begin(Call::Write)?;
        let file = state.table.file(fd)?;
        let offset = Self::positioned(offset)?;
        if file.inode.pipe().is_some() {
            return Err(Errno::SPIPE);
        }
        let pieces = [IoVec::new(buf.cast_mut(), len)];
        // SAFETY: the caller vouches for the memory, which is only read.
        unsafe { state.write(&file, &pieces, offset, RwFlags::NONE) }.map(Option::unwrap_or_default)
    }

    unsafe fn read_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        let mut state = self.state.lock();
        state.begin(Call::Read)?;
        let file = state.table.file(fd)?;
        drop(state);
        if pieces.len() > IOV_MAX {
            return Err(Errno::INVAL);
        }
        if file.inode.pipe().is_some() && offset != u64::MAX {
            return Err(Errno::SPIPE);
        }
        // SAFETY: the caller vouches for the memory.
        self.until_ready(|state| unsafe { state.read(&file, pieces, offset, flags) })
    }

    unsafe fn write_vectored(&self, fd: Fd, pieces: &[IoVec], offset: u64, flags: RwFlags) -> Result<usize> {
        let mut state = self.state.lock();
        state.begin(Call::Write)?;
        let file = state.table.file(fd)?;
        drop(state);
        if pieces.len() > IOV_MAX {
            return Err(Errno::INVAL);
        }
        if file.inode.pipe().is_some() && offset != u64::MAX {
            return Err(Errno::SPIPE);
        }
        // SAFETY: the caller vouches for the memory.
        self.until_ready(|state| unsafe { state.write(&file, pieces, offset, flags) })
    }

    unsafe fn sync_all(&self, fd: Fd) -> Result<()> {
        let mut state = self.state.lock();
        state.tick();
        let file = state.table.file(fd)?;
        state.sync(&file, State::sync_mark(&file))
    }

    unsafe fn sync_data(&self, fd: Fd) -> Result<()> {
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { self.sync_all(fd) }
    }

    unsafe fn sync_range(&self, fd: Fd, offset: u64, len: u64, how: SyncRange) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::SyncRange)?;
        let file = state.table.file(fd)?;
        State::sync_range(&file, offset, len, how)
    }

    unsafe fn allocate(&self, fd: Fd, how: Allocate, offset: u64, len: u64) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Allocate)?;
        let file = state.table.file(fd)?;
        state.allocate(&file, how, offset, len)
    }

    unsafe fn truncate(&self, fd: Fd, len: u64) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Truncate)?;
        let file = state.table.file(fd)?;
        State::truncate(&file, len)
    }

    unsafe fn stat(&self, dir: Fd, path: &CStr, _mask: u32, stat: &mut Statx) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Stat)?;
        *stat = state.stat_path(dir, path.to_bytes())?;
        Ok(())
    }

    unsafe fn advise_file(&self, fd: Fd, _offset: u64, _len: u64, _advice: AdviseFile) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::AdviseFile)?;
        let file = state.table.file(fd)?;
        if file.inode.pipe().is_some() { Err(Errno::SPIPE) } else { Ok(()) }
    }

    unsafe fn copy_range(
        &self,
        from: Fd,
        from_offset: u64,
        to: Fd,
        to_offset: u64,
        len: usize,
    ) -> Result<usize> {
        let mut state = self.state.lock();
        state.begin(Call::Copy)?;
        let (from, to) = (state.table.file(from)?, state.table.file(to)?);
        state.copy_range((&from, from_offset), (&to, to_offset), len)
    }

    unsafe fn seek(&self, fd: Fd, offset: u64, from: Seek) -> Result<u64> {
        let mut state = self.state.lock();
        state.begin(Call::Seek)?;
        let file = state.table.file(fd)?;
        State::seek(&file, offset, from)
    }

    unsafe fn open_flags(&self, fd: Fd) -> Result<OpenFlags> {
        const LASTING: OpenFlags = OpenFlags(
            OpenFlags::READ.0
                | OpenFlags::WRITE.0
                | OpenFlags::APPEND.0
                | OpenFlags::DIRECT.0
                | OpenFlags::DATA_SYNC.0
                | OpenFlags::SYNC.0
                | OpenFlags::NONBLOCK.0,
        );
        let mut state = self.state.lock();
        state.begin(Call::Other)?;
        let file = state.table.file(fd)?;
        Ok(OpenFlags(file.flags.0 & LASTING.0))
    }

    unsafe fn unlink_at(&self, dir: Fd, path: &CStr, flags: UnlinkFlags) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Unlink)?;
        let from = state.dir(dir, path.to_bytes())?;
        state.tree.unlink(&from, path.to_bytes(), flags)
    }

    unsafe fn rename_at(
        &self,
        from_dir: Fd,
        from: &CStr,
        to_dir: Fd,
        to: &CStr,
        flags: RenameFlags,
    ) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::Rename)?;
        let (from, to) = (from.to_bytes(), to.to_bytes());
        let (from_dir, to_dir) = (state.dir(from_dir, from)?, state.dir(to_dir, to)?);
        state.tree.rename((&from_dir, from), (&to_dir, to), flags)
    }

    unsafe fn make_dir_at(&self, dir: Fd, path: &CStr, mode: u32) -> Result<()> {
        let mut state = self.state.lock();
        state.begin(Call::MakeDir)?;
        let from = state.dir(dir, path.to_bytes())?;
        state.tree.make_dir(&from, path.to_bytes(), mode)
    }

    unsafe fn control(&self, fd: Fd, _request: u32, _arg: *mut u8) -> Result<usize> {
        let mut state = self.state.lock();
        state.tick();
        state.table.get(fd)?;
        Err(Errno::NOTTY)
    }

    /// Simulated time, which passes with every call.
    fn now(&self) -> Result<Duration> {
        let mut state = self.state.lock();
        state.tick();
        Ok(duration(state.clock))
    }

    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        let mut state = self.state.lock();
        // Acquire: pairs with whatever store of the caller's changed the word, so that a wait that ends at once
        // orders as much as one that was woken.
        if word.load(Ordering::Acquire) != expected {
            return Ok(());
        }
        let limit = timeout.map(|timeout| state.clock.saturating_add(super::nanoseconds(timeout)));
        if state.poll() || state.run_next(limit.unwrap_or(u64::MAX)) {
            return Ok(()); // for no reason, as it may
        }
        match (state.config.threads, limit) {
            (Some(threads), _) => {
                state.pass(1000);
                drop(state);
                (threads.yield_now)();
            }
            (None, Some(limit)) => state.clock = state.clock.max(limit),
            (None, None) => panic!(
                "sim (seed {}): a wait on a word would never end: nothing is in flight, and nobody else runs",
                state.config.seed
            ),
        }
        Ok(())
    }

    /// Nobody sleeps here: a wait that is not over at once lets time pass, or other threads run, and returns.
    fn wake(&self, _word: &AtomicU32, _count: u32) -> Result<u32> {
        Ok(0)
    }

    fn yield_now(&self) -> Result<()> {
        let mut state = self.state.lock();
        state.poll();
        state.tick();
        state.sweep();
        let threads = state.config.threads;
        drop(state);
        if let Some(threads) = threads {
            (threads.yield_now)();
        }
        Ok(())
    }
}
