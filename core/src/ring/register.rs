//! What a ring is told once: buffers, files, its own descriptor, limits; and what it is asked.

use super::parts::Parts;
use super::{Ring, RingError};
use crate::abi::{FilesUpdate, Opcode, ProbeOp, Register, RsrcFlags, RsrcRegister};
use crate::errno::{Errno, Result};
use crate::iovec::IoVec;
use crate::kernel::{BorrowedFd, Fd, Kernel};

/// The default limits on workers: the kernel's own for files and block devices, 64 for all else.
pub(super) const WORKERS: [u32; 2] = [0, 64];

/// `struct io_uring_rsrc_update`, as ring descriptors are registered by it.
#[derive(Debug)]
#[repr(C)]
struct RingFd {
    /// The index; all ones asks for any.
    index: u32,
    resv: u32,
    fd: u64,
}

/// Registers the ring's descriptor with the calling thread, and returns its index.
pub(super) fn register_ring_fd<K: Kernel>(parts: &Parts<K>) -> Result<Fd, RingError> {
    let fd = u64::from(parts.fd.0.cast_unsigned());
    let mut update = RingFd { index: u32::MAX, resv: 0, fd };
    let arg = (&raw mut update).cast();
    // SAFETY: one update, valid for the call.
    let registered = unsafe { parts.register(Register::RING_FDS, arg, 1) }?;
    if registered != 1 {
        return Err(RingError::Kernel(Errno::INVAL));
    }
    i32::try_from(update.index).map(Fd).map_err(|_| RingError::Kernel(Errno::OVERFLOW))
}

/// Undoes it, on the same thread.
pub(super) fn unregister_ring_fd<K: Kernel>(parts: &Parts<K>, index: Fd) {
    let mut update = RingFd { index: index.0.cast_unsigned(), resv: 0, fd: 0 };
    let arg = (&raw mut update).cast();
    // SAFETY: one update, valid for the call. An error leaves a slot of the thread's sixteen in use, no more.
    let _ = unsafe { parts.register(Register::UNREGISTER_RING_FDS, arg, 1) };
}

/// Limits the workers.
pub(super) fn limit_workers<K: Kernel>(parts: &Parts<K>, mut limits: [u32; 2]) -> Result<(), RingError> {
    let arg = (&raw mut limits).cast();
    // SAFETY: two numbers, valid for the call, which writes the old limits there.
    unsafe { parts.register(Register::IOWQ_MAX_WORKERS, arg, 2) }.map(drop)
}

/// Enables a ring that was set up disabled; this fixes the thread that may submit.
pub(super) fn enable<K: Kernel>(parts: &Parts<K>) -> Result<()> {
    // SAFETY: it takes no argument.
    match unsafe { parts.register(Register::ENABLE_RINGS, core::ptr::null_mut(), 0) } {
        Ok(_) => Ok(()),
        Err(RingError::Kernel(errno)) => Err(errno),
        Err(_) => Err(Errno::PERM), // a forked child may not
    }
}

fn count<T>(list: &[T]) -> Result<u32> {
    u32::try_from(list.len()).map_err(|_| Errno::INVAL)
}

impl<K: Kernel> Ring<K> {
    /// Registers memory as fixed buffers; an entry names one by its place in `buffers`. They are kept in
    /// memory, and reads and writes need not look their pages up. 5.1.
    ///
    /// # Errors
    ///
    /// `NOMEM`: over `RLIMIT_MEMLOCK`, or short of memory; go on with plain buffers. `BUSY`: there are some
    /// already. `INVAL`: over 16,384 of them. `FAULT`: one is not there. `OPNOTSUPP`: it is a file's.
    ///
    /// # Safety
    ///
    /// Each piece is valid memory until [`unregister_buffers`](Self::unregister_buffers), or the ring's end,
    /// *and* until the last completion of every operation that uses it: unregistering succeeds while they run.
    pub unsafe fn register_buffers(&mut self, buffers: &[IoVec]) -> Result<(), RingError> {
        // SAFETY: the caller's word.
        unsafe { self.parts.register_buffers(buffers) }
    }

    /// Lets go of the fixed buffers. Operations that use one go on until they complete.
    ///
    /// # Errors
    ///
    /// `NXIO`: there are none.
    pub fn unregister_buffers(&mut self) -> Result<(), RingError> {
        self.parts.unregister_buffers()
    }

    /// Registers files; an entry with `SqeFlags::FIXED_FILE` names one by its place in `files`. The kernel holds
    /// each open by itself from then on. 5.1.
    ///
    /// # Errors
    ///
    /// `MFILE`: over `RLIMIT_NOFILE`. `BUSY`: there are some already.
    pub fn register_files(&mut self, files: &[BorrowedFd<'_>]) -> Result<(), RingError> {
        self.parts.register_files(files)
    }

    /// Lets go of the registered files. Operations that use one keep it open until they complete.
    ///
    /// # Errors
    ///
    /// `NXIO`: there are none.
    pub fn unregister_files(&mut self) -> Result<(), RingError> {
        self.parts.unregister_files()
    }

    /// Signals `eventfd` whenever a completion is posted. 5.2.
    ///
    /// # Errors
    ///
    /// `BUSY`: there is one already. `INVAL`: it is no eventfd.
    pub fn register_eventfd(&mut self, eventfd: BorrowedFd<'_>) -> Result<(), RingError> {
        let mut fd = eventfd.fd().0;
        let arg = (&raw mut fd).cast();
        // SAFETY: one descriptor number, valid for the call; the kernel takes a hold of its own.
        unsafe { self.parts.register(Register::EVENTFD, arg, 1) }.map(drop)
    }

    /// Stops signalling.
    ///
    /// # Errors
    ///
    /// `NXIO`: there is none.
    pub fn unregister_eventfd(&mut self) -> Result<(), RingError> {
        // SAFETY: it takes no argument.
        unsafe { self.parts.register(Register::UNREGISTER_EVENTFD, core::ptr::null_mut(), 0) }.map(drop)
    }

    /// Asks which operations the kernel has. 5.6.
    ///
    /// # Errors
    ///
    /// `INVAL`: the kernel is older.
    pub fn probe(&self) -> Result<Probe, RingError> {
        self.parts.probe()
    }
}

/// What a ring and a shared ring have in common.
impl<K: Kernel> Parts<K> {
    /// # Safety
    ///
    /// As [`Ring::register_buffers`].
    pub(super) unsafe fn register_buffers(&self, buffers: &[IoVec]) -> Result<(), RingError> {
        let arg = buffers.as_ptr().cast_mut().cast();
        // SAFETY: an array of `struct iovec` that is only read, of memory that the caller vouches for.
        unsafe { self.register(Register::BUFFERS, arg, count(buffers)?) }.map(drop)
    }

    pub(super) fn unregister_buffers(&self) -> Result<(), RingError> {
        // SAFETY: it takes no argument.
        unsafe { self.register(Register::UNREGISTER_BUFFERS, core::ptr::null_mut(), 0) }.map(drop)
    }

    pub(super) fn register_files(&self, files: &[BorrowedFd<'_>]) -> Result<(), RingError> {
        let arg = files.as_ptr().cast_mut().cast();
        // SAFETY: an array of descriptor numbers (`BorrowedFd` is transparent) that is only read.
        unsafe { self.register(Register::FILES, arg, count(files)?) }.map(drop)
    }

    /// Registers `count` slots for files, all empty. 5.19, which is also from when on a file can be opened into one,
    /// and into any that is free.
    pub(super) fn register_file_slots(&self, count: u32) -> Result<(), RingError> {
        let mut asked = RsrcRegister { count, flags: RsrcFlags::SPARSE, ..RsrcRegister::default() };
        let arg = (&raw mut asked).cast();
        let len = u32::try_from(size_of::<RsrcRegister>()).unwrap_or(u32::MAX);
        // SAFETY: one structure, valid for the call, that names no memory.
        unsafe { self.register(Register::FILES2, arg, len) }.map(drop)
    }

    /// Closes the file in a slot.
    pub(super) fn empty_file_slot(&self, slot: u32) -> Result<(), RingError> {
        let mut none = -1_i32;
        let fds = (&raw mut none).expose_provenance() as u64;
        let mut update = FilesUpdate { offset: slot, resv: 0, fds };
        let arg = (&raw mut update).cast();
        // SAFETY: one update of one descriptor number, both valid for the call.
        unsafe { self.register(Register::FILES_UPDATE, arg, 1) }.map(drop)
    }

    pub(super) fn unregister_files(&self) -> Result<(), RingError> {
        // SAFETY: it takes no argument.
        unsafe { self.register(Register::UNREGISTER_FILES, core::ptr::null_mut(), 0) }.map(drop)
    }

    pub(super) fn probe(&self) -> Result<Probe, RingError> {
        let mut answer = ProbeAnswer::default();
        let arg = (&raw mut answer).cast();
        // SAFETY: a `struct io_uring_probe` with room for 256 operations, zeroed as it must be.
        unsafe { self.register(Register::PROBE, arg, 256) }?;
        Ok(Probe::from_ops(&answer.ops[..usize::from(answer.ops_len)]))
    }
}

/// `struct io_uring_probe` and its operations.
#[repr(C)]
struct ProbeAnswer {
    last_op: u8,
    ops_len: u8,
    resv: u16,
    resv2: [u32; 3],
    ops: [ProbeOp; 256],
}

impl Default for ProbeAnswer {
    fn default() -> Self {
        Self { last_op: 0, ops_len: 0, resv: 0, resv2: [0; 3], ops: [ProbeOp::default(); 256] }
    }
}

/// Which operations a kernel has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Probe([u64; 4]);

impl Probe {
    fn from_ops(ops: &[ProbeOp]) -> Self {
        /// The kernel has it: `IO_URING_OP_SUPPORTED`.
        const SUPPORTED: u16 = 1;
        let mut bits = [0_u64; 4];
        for op in ops.iter().filter(|op| op.flags & SUPPORTED != 0) {
            bits[usize::from(op.op) / 64] |= 1 << (op.op % 64);
        }
        Self(bits)
    }

    /// Whether it has this one.
    pub const fn has(&self, op: Opcode) -> bool {
        self.0[op.0 as usize / 64] & (1 << (op.0 % 64)) != 0
    }

    /// Those it has, of all that have a name.
    pub fn ops(&self) -> impl Iterator<Item = Opcode> {
        Opcode::ALL.iter().copied().filter(|op| self.has(*op))
    }
}

impl core::fmt::Debug for Probe {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.ops()).finish()
    }
}
