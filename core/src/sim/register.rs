//! What is registered with a ring: buffers, files, and the ring itself with a thread.

use alloc::sync::Arc;
use alloc::vec::Vec;

use linux_raw_sys::io_uring as sys;

use super::file::OpenFile;
use super::request::address;
use super::ring::Ring;
use super::state::State;
use super::table::Descriptor;
use crate::abi::{Opcode, ProbeOp, Register, SetupFlags, Sqe, SyncCancel};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::kernel::Fd;

/// As [`Register::FILES`], by a structure that can ask for empty slots. 5.13; empty slots 5.19.
pub(super) const FILES2: Register = Register(13);
/// As [`Register::FILES_UPDATE`], by a structure. 5.13.
pub(super) const FILES_UPDATE2: Register = Register(14);
/// As [`Register::BUFFERS`], by a structure that can ask for empty slots. 5.13; empty slots 5.19.
pub(super) const BUFFERS2: Register = Register(15);
/// Replaces some registered buffers. 5.13.
pub(super) const BUFFERS_UPDATE: Register = Register(16);

/// The most buffers that can be registered.
const MAX_BUFFERS: u32 = 16384;
/// The most files that can be registered.
const MAX_FILES: u32 = 32768;
/// In an entry, for a slot: any free one.
const ANY_SLOT: u32 = u32::MAX;
/// How many rings one thread registers.
const MAX_RING_FDS: u32 = 16;

/// What was said by a structure.
///
/// # Safety
///
/// `at` is one, if it is not null.
unsafe fn structure<T: Copy>(at: *const u8) -> Result<T> {
    if at.is_null() {
        return Err(Errno::FAULT);
    }
    // SAFETY: the caller's word.
    Ok(unsafe { item::<T>(at.cast_mut(), 0).read_unaligned() })
}

/// The `index`th item from `at` on, wherever that sits: it is only ever accessed unaligned.
const fn item<T>(at: *mut u8, index: usize) -> *mut T {
    at.cast::<T>().wrapping_add(index)
}

/// A list, copied.
///
/// # Safety
///
/// `at` is `count` items.
unsafe fn list<T: Copy>(at: *const u8, count: u32) -> Result<Vec<T>> {
    if at.is_null() && count > 0 {
        return Err(Errno::FAULT);
    }
    let read = |index: u32| {
        let item = item::<T>(at.cast_mut(), index as usize);
        // SAFETY: the caller's word.
        unsafe { item.read_unaligned() }
    };
    Ok((0..count).map(read).collect())
}

impl Ring {
    /// Puts a file into a slot, given as an entry has it: counted from 1, or any.
    pub(super) fn install(&mut self, file: Arc<OpenFile>, slot: u32) -> Result<u32> {
        let range = self.slots.clone();
        let files = self.files.as_mut().ok_or(Errno::NXIO)?;
        if slot == ANY_SLOT {
            let free = range.clone().find(|&slot| matches!(files.get(slot), Some(None)));
            let free = free.ok_or(Errno::NFILE)?;
            files[free] = Some(file);
            return u32::try_from(free).map_err(|_| Errno::NFILE);
        }
        *files.get_mut(slot as usize - 1).ok_or(Errno::INVAL)? = Some(file);
        Ok(0)
    }

    /// Empties a slot, counted from 1.
    pub(super) fn uninstall(&mut self, slot: u32) -> Result<()> {
        let files = self.files.as_mut().ok_or(Errno::NXIO)?;
        let slot = files.get_mut(slot as usize - 1).ok_or(Errno::INVAL)?;
        slot.take().map(drop).ok_or(Errno::BADF)
    }

    /// Whether every piece is within the fixed buffer.
    pub(super) fn check_fixed(&self, index: u16, pieces: &[IoVec]) -> Result<()> {
        let slot = self.buffers.as_ref().and_then(|buffers| *buffers.get(usize::from(index))?);
        let (base, len) = slot.ok_or(Errno::FAULT)?;
        let inside = |piece: &IoVec| {
            let at = piece.base().addr();
            at >= base && at.checked_add(piece.len()).is_some_and(|end| end <= base + len)
        };
        if pieces.iter().all(inside) { Ok(()) } else { Err(Errno::FAULT) }
    }

    fn set_buffers(&mut self, buffers: Vec<Option<(usize, usize)>>) -> Result<u32> {
        if self.buffers.is_some() {
            return Err(Errno::BUSY);
        }
        self.buffers = Some(buffers);
        Ok(0)
    }

    fn set_files(&mut self, files: Vec<Option<Arc<OpenFile>>>) -> Result<u32> {
        if self.files.is_some() {
            return Err(Errno::BUSY);
        }
        self.slots = 0..files.len();
        self.files = Some(files);
        Ok(0)
    }
}

impl State {
    fn fixed_buffer(&self, piece: IoVec) -> Result<Option<(usize, usize)>> {
        const MOST: usize = 1 << 30;
        if piece.base().is_null() {
            return if piece.is_empty() { Ok(None) } else { Err(Errno::FAULT) };
        }
        if piece.is_empty() || piece.len() > MOST || !self.memory.reachable(piece.base().addr(), piece.len())
        {
            return Err(Errno::FAULT);
        }
        Ok(Some((piece.base().addr(), piece.len())))
    }

    fn fixed_file(&self, fd: i32) -> Result<Option<Arc<OpenFile>>> {
        if fd == -1 {
            return Ok(None);
        }
        // Not a ring: it would keep itself alive.
        self.table.file(Fd(fd)).map(Some).map_err(|_| Errno::BADF)
    }

    /// Registers something. See [`Kernel::io_uring_register`](crate::Kernel::io_uring_register).
    ///
    /// # Safety
    ///
    /// `arg` and `count` are what `what` asks for.
    pub(super) unsafe fn register(
        &mut self,
        ring: usize,
        what: Register,
        arg: *mut u8,
        count: u32,
    ) -> Result<u32> {
        self.begin(super::Call::Register)?;
        if let Some(errno) = self.config.register {
            return Err(errno);
        }
        if !self.config.version.register(what) {
            return Err(Errno::INVAL);
        }
        let thread = self.thread();
        if self.rings[ring].submitter.is_some_and(|submitter| submitter != thread) {
            return Err(Errno::EXIST);
        }
        match what {
            Register::BUFFERS | BUFFERS2 | BUFFERS_UPDATE => {
                // SAFETY: the caller's word.
                unsafe { self.register_buffers(ring, what, arg, count) }
            }
            Register::UNREGISTER_BUFFERS => {
                // At once: what is in flight goes on using them.
                self.rings[ring].buffers.take().map(|_| 0).ok_or(Errno::NXIO)
            }
            Register::FILES | FILES2 | Register::FILES_UPDATE | FILES_UPDATE2 => {
                // SAFETY: the caller's word.
                unsafe { self.register_files(ring, what, arg, count) }
            }
            Register::UNREGISTER_FILES => {
                let gone = self.rings[ring].files.take().ok_or(Errno::NXIO)?;
                drop(gone);
                self.stir();
                Ok(0)
            }
            Register::FILE_ALLOC_RANGE => {
                // SAFETY: the caller's word.
                let range: sys::io_uring_file_index_range = unsafe { structure(arg) }?;
                let ring = &mut self.rings[ring];
                let files = ring.files.as_ref().ok_or(Errno::NXIO)?;
                let end = range.off as usize + range.len as usize;
                if count != 0 || range.resv != 0 || end > files.len() {
                    return Err(Errno::INVAL);
                }
                ring.slots = range.off as usize..end;
                Ok(0)
            }
            Register::PROBE => {
                // SAFETY: the caller's word.
                unsafe { self.probe(arg, count) }
            }
            Register::ENABLE_RINGS => {
                let ring = &mut self.rings[ring];
                if ring.enabled {
                    return Err(Errno::BADFD);
                }
                ring.enabled = true;
                if ring.flags.contains(SetupFlags::SINGLE_ISSUER) {
                    ring.submitter = Some(thread);
                }
                Ok(0)
            }
            Register::IOWQ_MAX_WORKERS => {
                if arg.is_null() || count != 2 {
                    return Err(Errno::INVAL);
                }
                let limits = item::<[u32; 2]>(arg, 0);
                let before = self.rings[ring].workers;
                // SAFETY: the caller's word: two numbers.
                let wanted = unsafe { limits.read_unaligned() };
                for (limit, wanted) in
                    self.rings[ring].workers.iter_mut().zip(wanted).filter(|(_, new)| *new != 0)
                {
                    *limit = wanted;
                }
                // SAFETY: the caller's word: two numbers.
                unsafe { limits.write_unaligned(before) };
                Ok(0)
            }
            Register::RING_FDS => {
                // SAFETY: the caller's word.
                unsafe { self.register_ring_fds(thread, arg, count) }
            }
            Register::UNREGISTER_RING_FDS => {
                // SAFETY: the caller's word.
                let updates: Vec<sys::io_uring_rsrc_update> = unsafe { list(arg, count) }?;
                for update in &updates {
                    self.ring_fds.retain(|(by, index, _)| (*by, *index) != (thread, update.offset));
                }
                self.sweep();
                Ok(count)
            }
            Register::SYNC_CANCEL => {
                if count != 1 {
                    return Err(Errno::INVAL);
                }
                // SAFETY: the caller's word.
                let what: SyncCancel = unsafe { structure(arg) }?;
                if what.pad != [0; 7] || what.pad2 != [0; 3] {
                    return Err(Errno::INVAL);
                }
                self.cancel_now(ring, &what)
            }
            _ => Err(Errno::INVAL),
        }
    }

    /// # Safety
    ///
    /// As `register`.
    unsafe fn register_buffers(
        &mut self,
        ring: usize,
        what: Register,
        arg: *const u8,
        count: u32,
    ) -> Result<u32> {
        let (offset, pieces) = match what {
            // SAFETY: the caller's word.
            Register::BUFFERS => (0, unsafe { list(arg, count.min(MAX_BUFFERS + 1)) }?),
            BUFFERS2 => {
                // SAFETY: the caller's word.
                let asked: sys::io_uring_rsrc_register = unsafe { structure(arg) }?;
                if self.is_sparse(&asked, count)? {
                    if asked.nr > MAX_BUFFERS {
                        return Err(Errno::INVAL);
                    }
                    return self.rings[ring].set_buffers(alloc::vec![None; asked.nr as usize]);
                }
                // SAFETY: the caller's word.
                (0, unsafe { list(address(asked.data), asked.nr.min(MAX_BUFFERS + 1)) }?)
            }
            _ => {
                // SAFETY: the caller's word.
                let asked: sys::io_uring_rsrc_update2 = unsafe { structure(arg) }?;
                if asked.resv != 0 || asked.resv2 != 0 || asked.tags != 0 {
                    return Err(Errno::INVAL);
                }
                // SAFETY: the caller's word.
                (asked.offset as usize, unsafe { list::<IoVec>(address(asked.data), asked.nr) }?)
            }
        };
        let buffers: Vec<_> =
            pieces.into_iter().map(|piece| self.fixed_buffer(piece)).collect::<Result<_>>()?;
        if buffers.is_empty() || buffers.len() > MAX_BUFFERS as usize {
            return Err(Errno::INVAL);
        }
        if what != BUFFERS_UPDATE {
            return self.rings[ring].set_buffers(buffers);
        }
        let table = self.rings[ring].buffers.as_mut().ok_or(Errno::NXIO)?;
        let slots = table.get_mut(offset..offset + buffers.len()).ok_or(Errno::INVAL)?;
        slots.copy_from_slice(&buffers);
        Ok(u32::try_from(buffers.len()).unwrap_or(u32::MAX))
    }

    /// Whether empty slots are asked for.
    fn is_sparse(&self, asked: &sys::io_uring_rsrc_register, count: u32) -> Result<bool> {
        let sparse = asked.flags & sys::IORING_RSRC_REGISTER_SPARSE != 0;
        let known = asked.flags & !sys::IORING_RSRC_REGISTER_SPARSE == 0;
        let whole = count as usize == size_of::<sys::io_uring_rsrc_register>();
        let refused = !known || !whole || asked.nr == 0 || asked.resv2 != 0 || asked.tags != 0;
        if refused || (sparse && (asked.data != 0 || !self.config.version.has(5, 19))) {
            return Err(Errno::INVAL);
        }
        Ok(sparse)
    }

    /// # Safety
    ///
    /// As `register`.
    unsafe fn register_files(
        &mut self,
        ring: usize,
        what: Register,
        arg: *const u8,
        count: u32,
    ) -> Result<u32> {
        let fds: Vec<i32> = match what {
            // SAFETY: the caller's word.
            Register::FILES => unsafe { list(arg, count.min(MAX_FILES + 1)) }?,
            FILES2 => {
                // SAFETY: the caller's word.
                let asked: sys::io_uring_rsrc_register = unsafe { structure(arg) }?;
                let sparse = self.is_sparse(&asked, count)?;
                let count = asked.nr.min(MAX_FILES + 1);
                if sparse {
                    alloc::vec![-1; count as usize]
                } else {
                    // SAFETY: the caller's word.
                    unsafe { list(address(asked.data), count) }?
                }
            }
            FILES_UPDATE2 => {
                // SAFETY: the caller's word.
                let asked: sys::io_uring_rsrc_update2 = unsafe { structure(arg) }?;
                if asked.resv != 0 || asked.resv2 != 0 || asked.tags != 0 {
                    return Err(Errno::INVAL);
                }
                // SAFETY: the caller's word.
                let fds: Vec<i32> = unsafe { list(address(asked.data), asked.nr) }?;
                return self.update_files(ring, asked.offset, &fds);
            }
            _ => {
                // SAFETY: the caller's word.
                let asked: sys::io_uring_files_update = unsafe { structure(arg) }?;
                if asked.resv != 0 {
                    return Err(Errno::INVAL);
                }
                // SAFETY: the caller's word.
                let fds: Vec<i32> = unsafe { list(address(asked.fds), count) }?;
                return self.update_files(ring, asked.offset, &fds);
            }
        };
        if fds.is_empty() {
            return Err(Errno::INVAL);
        }
        if fds.len() > MAX_FILES as usize || fds.len() > self.config.descriptors {
            return Err(Errno::MFILE);
        }
        let files = fds.into_iter().map(|fd| self.fixed_file(fd)).collect::<Result<_>>()?;
        self.rings[ring].set_files(files)
    }

    /// Replaces files from a slot on; −1 empties one, −2 passes over one. Returns how many were done.
    fn update_files(&mut self, ring: usize, offset: u32, fds: &[i32]) -> Result<u32> {
        let table = self.rings[ring].files.as_ref().ok_or(Errno::NXIO)?;
        if fds.is_empty() || offset as usize + fds.len() > table.len() {
            return Err(Errno::INVAL);
        }
        let mut done = 0;
        for (fd, slot) in fds.iter().zip(offset as usize..) {
            if *fd != sys::IORING_REGISTER_FILES_SKIP {
                let file = match self.fixed_file(*fd) {
                    Ok(file) => file,
                    Err(errno) => return if done == 0 { Err(errno) } else { Ok(done) },
                };
                if let Some(files) = self.rings[ring].files.as_mut() {
                    files[slot] = file;
                }
            }
            done += 1;
        }
        self.stir();
        Ok(done)
    }

    /// The same by an entry, which can also ask for any free slots and is then told which.
    pub(super) fn update_entry(&mut self, ring: usize, sqe: &Sqe) -> Result<u32> {
        // SAFETY: the memory of an operation in flight is valid, by the contract of `Kernel`.
        let fds: Vec<i32> = unsafe { list(address(sqe.addr), sqe.len) }?;
        let offset = u32::try_from(sqe.offset).map_err(|_| Errno::INVAL)?;
        if offset != ANY_SLOT || !self.config.version.has(5, 19) {
            return self.update_files(ring, offset, &fds);
        }
        let mut done = 0;
        for (index, fd) in fds.into_iter().enumerate() {
            let file = self.table.file(Fd(fd)).map_err(|_| Errno::BADF);
            match file.and_then(|file| self.rings[ring].install(file, ANY_SLOT)) {
                Ok(slot) => {
                    let to = address::<u32>(sqe.addr).wrapping_add(index);
                    // SAFETY: as above, and the kernel may write to it.
                    unsafe { to.write_unaligned(slot) };
                    done += 1;
                }
                Err(errno) => return if done == 0 { Err(errno) } else { Ok(done) },
            }
        }
        Ok(done)
    }

    /// # Safety
    ///
    /// `arg` is a `struct io_uring_probe` with room for `count` operations.
    unsafe fn probe(&self, arg: *mut u8, count: u32) -> Result<u32> {
        const HEADER: usize = size_of::<sys::io_uring_probe>();
        if arg.is_null() || count > 256 {
            return Err(if count > 256 { Errno::INVAL } else { Errno::FAULT });
        }
        let all = Opcode::ALL.iter().filter(|opcode| self.config.version.opcode(**opcode));
        let last = all.map(|opcode| opcode.0).max().unwrap_or(0);
        let known = count.min(u32::from(last) + 1);
        let header = [last, u8::try_from(known).unwrap_or(u8::MAX), 0, 0];
        // SAFETY: the caller's word.
        unsafe { arg.cast::<[u8; 4]>().write(header) };
        let ops = item::<ProbeOp>(arg.wrapping_add(HEADER), 0);
        for op in 0..=u8::try_from(known.saturating_sub(1)).unwrap_or(u8::MAX) {
            let flags = u16::from(self.config.version.opcode(Opcode(op)));
            let to = ops.wrapping_add(usize::from(op));
            // SAFETY: the caller's word; `op` is below `count`.
            unsafe { to.write_unaligned(ProbeOp { op, flags, ..ProbeOp::default() }) };
        }
        Ok(0)
    }

    /// # Safety
    ///
    /// `arg` is `count` of `struct io_uring_rsrc_update`.
    unsafe fn register_ring_fds(&mut self, thread: u64, arg: *mut u8, count: u32) -> Result<u32> {
        if count == 0 || count > MAX_RING_FDS {
            return Err(Errno::INVAL);
        }
        // SAFETY: the caller's word.
        let updates: Vec<sys::io_uring_rsrc_update> = unsafe { list(arg, count) }?;
        for (mut update, at) in updates.into_iter().zip(0..) {
            let fd = i32::try_from(update.data).map_err(|_| Errno::BADF)?;
            let Descriptor::Ring(id) = *self.table.get(Fd(fd))? else { return Err(Errno::OPNOTSUPP) };
            let taken =
                |index: u32| self.ring_fds.iter().any(|(by, other, _)| (*by, *other) == (thread, index));
            if update.offset == u32::MAX {
                update.offset = (0..MAX_RING_FDS).find(|&index| !taken(index)).ok_or(Errno::BUSY)?;
            } else if update.offset >= MAX_RING_FDS {
                return Err(Errno::INVAL);
            } else if taken(update.offset) {
                return Err(Errno::BUSY);
            }
            self.ring_fds.push((thread, update.offset, id));
            let to = item::<sys::io_uring_rsrc_update>(arg, at);
            // SAFETY: the caller's word.
            unsafe { to.write_unaligned(update) };
        }
        Ok(count)
    }
}
