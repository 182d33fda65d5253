//! What lies in a slot: the file, the buffer, and how the two are used.
#![expect(
    unsafe_code,
    reason = "an operation's memory and descriptor are named to the kernel, and this is where they are owned"
)]

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use bareio_core::abi::{FileSlot, Sqe};
use bareio_core::errno::Result as CoreResult;
use bareio_core::kernel::RwFlags;
use bareio_core::op::{Op as Call, Target};
use bareio_core::ticket::shared::FileUse;
use bareio_core::ticket::{Operation, OwnedFile, StableBuf, StableBufMut};
use bareio_core::{Align, Errno, Fd, Kernel};

use super::Base;
use super::files::{Claim, Opening};
use super::op::{Plan, What};
use crate::buf::{Held, IoBuf, IoBufMut};
use crate::error::Result;
use crate::file::{File, Sync};

/// How an operation uses its buffer.
pub(super) struct Use<B> {
    /// Where its bytes are, and how many.
    pub(super) parts: fn(&mut Held<B>) -> (*mut u8, usize),
    /// Takes note of what was read into it.
    pub(super) fill: Option<unsafe fn(&mut B, usize)>,
}

impl<B: IoBufMut> Use<B> {
    pub(super) const READ: Self = Self { parts: |held| held.room(), fill: Some(B::set_filled) };
}

impl<B: IoBuf> Use<B> {
    pub(super) const WRITE: Self = Self {
        parts: |held| {
            let (first, len) = held.bytes();
            (first.cast_mut(), len)
        },
        fill: None,
    };
}

impl<B> Use<B> {
    pub(super) const NOTHING: Self = Self { parts: |_| (std::ptr::null_mut(), 0), fill: None };
}

/// What few operations have.
pub(super) enum Extra {
    /// A file is opened.
    Opening(Opening),
}

/// The file and the buffer of an operation. Small, for it lies in a slot.
pub(super) struct Work<B: 'static, K: Kernel> {
    pub(super) file: Option<File<K>>,
    /// In place of it: a virtual file.
    pub(super) claim: Option<Arc<Claim>>,
    pub(super) extra: Option<Box<Extra>>,
    buf: Option<Held<B>>,
    how: &'static Use<B>,
    /// Whether its failure means that something may be lost.
    flushes: bool,
}

impl<B, K: Kernel> Work<B, K> {
    pub(super) fn new(file: Option<File<K>>, buf: Option<B>, how: &'static Use<B>) -> Self {
        Self { file, claim: None, extra: None, buf: buf.map(Held::new), how, flushes: false }
    }

    /// The same without its buffer, for a chain whose other operations have some of another kind.
    pub(super) fn without_buf<C>(self) -> Work<C, K> {
        let Self { file, claim, extra, .. } = self;
        Work { file, claim, extra, buf: None, how: &Use::NOTHING, flushes: false }
    }

    /// Where the buffer's bytes are, and how many.
    pub(super) fn parts(&mut self) -> (*mut u8, usize) {
        match &mut self.buf {
            Some(buf) => (self.how.parts)(buf),
            None => (std::ptr::null_mut(), 0),
        }
    }

    /// The same, of what one call moves of what is left.
    pub(super) fn clipped(&mut self, plan: &Plan) -> (*mut u8, usize) {
        let (first, len) = self.parts();
        let (first, len) = (first.wrapping_add(plan.skip), len.saturating_sub(plan.skip));
        let Some(file) = &self.file else { return (first, crate::file::one_call(len, Align::BYTE)) };
        let grid = if plan.what == What::Read { file.align().read_offset } else { file.align().offset };
        (first, crate::file::one_call(len, grid))
    }

    /// What is to be done, with the addresses that hold from here on.
    pub(super) fn call(&mut self, plan: &Plan) -> CoreResult<Call> {
        self.flushes = match (plan.what, &self.file, &self.claim) {
            (What::Write, Some(file), _) => plan.is_durable || file.sync_mode() != Sync::None,
            (What::Write, None, Some(claim)) => claim.is_flushed(plan),
            (what, ..) => matches!(what, What::SyncData | What::SyncAll),
        };
        // What is wrong was found by `Op::check`.
        self.made(plan).map_err(|_| Errno::INVAL)
    }

    /// The same, and what is wrong with it.
    pub(super) fn made(&mut self, plan: &Plan) -> Result<Call> {
        let parts = self.clipped(plan);
        let target = match (&self.file, &self.claim) {
            (Some(file), _) => Target::Fd(file.lend().fd()),
            (None, Some(claim)) => claim.target(),
            (None, None) => Target::Fd(Fd(-1)),
        };
        if let (Some(Extra::Opening(opening)), Target::Slot(slot)) = (self.extra.as_deref(), target) {
            let path = opening.path.as_ref().map_err(|error| *error)?;
            return Ok(Call::open_at_slot(Fd::CWD, path, opening.flags, opening.mode, FileSlot::at(slot))?);
        }
        Ok(plan.call(target, parts)?)
    }

    /// Which slot of files it uses, if it does.
    pub(super) fn file_use(&self, plan: &Plan) -> Option<FileUse> {
        let claim = self.claim.as_ref()?;
        Some(FileUse { slot: claim.slot, generation: claim.generation, what: plan.what.file_use() })
    }

    /// Where its file remembers that a flush failed, if it is a write that is to be flushed.
    pub(super) fn poison_of_durable(&self, plan: &Plan) -> Option<*const AtomicU32> {
        if let Some(claim) = &self.claim {
            return claim.is_flushed(plan).then(|| claim.poison_word());
        }
        let file = self.file.as_ref().filter(|_| plan.what == What::Write)?;
        (plan.is_durable || file.sync_mode() != Sync::None).then(|| file.poison_word().word())
    }

    /// Whether a write may be taken by the page cache without waiting.
    pub(super) fn may_be_at_once(&self, plan: &Plan) -> bool {
        let is_plain = |file: &&File<K>| !file.granted().is_direct() && file.sync_mode() == Sync::None;
        !plan.is_durable && self.file.as_ref().filter(is_plain).is_some_and(|file| file.at_once().writes())
    }

    /// Whether it is a read of a file that knows none that do not wait. A ring has a thread of the kernel's make them, but for
    /// files that can be polled as well, FUSE's for example: these it reads where it is submitted, and meanwhile nobody else
    /// submits.
    pub(super) fn is_never_at_once(&self, plan: &Plan) -> bool {
        let is_plain = |file: &&File<K>| !file.granted().is_direct() && !file.at_once().reads();
        plan.what == What::Read && !plan.is_current && self.file.as_ref().is_some_and(|file| is_plain(&file))
    }

    /// Carries it out by a call, on this thread.
    pub(super) fn perform(&mut self, kernel: &K, plan: &Plan) -> CoreResult<u32> {
        let call = self.call(plan)?;
        // SAFETY: made from the file and the buffer that we have exclusively.
        unsafe { Self::make(kernel, call) }
    }

    /// The same, if it can be done without waiting: `AGAIN` otherwise.
    pub(super) fn perform_at_once(&mut self, kernel: &K, plan: &Plan) -> CoreResult<u32> {
        let call = self.call(plan)?.with_flags(RwFlags::NOWAIT);
        // SAFETY: made by `call`, from the file and the buffer that we have exclusively.
        unsafe { Self::make(kernel, call) }
    }

    /// # Safety
    ///
    /// Made by `call`, whose file and buffer are still there, and touched by nobody else.
    unsafe fn make(kernel: &K, call: Call) -> CoreResult<u32> {
        // SAFETY: the caller's word.
        unsafe { call.perform(kernel) }
    }

    /// The buffer, in which so many bytes have arrived, behind those that were there before.
    pub(super) fn finish(self, plan: &Plan, result: CoreResult<u32>) -> Option<B> {
        let mut buf = self.buf?.into_inner();
        if let (Ok(count), Some(fill)) = (result, self.how.fill) {
            // SAFETY: the kernel wrote that many, and was given no more room than there is. The others were written by what
            // this one goes on with.
            unsafe { fill(&mut buf, plan.skip + count as usize) };
        }
        Some(buf)
    }

    /// The buffer, in which `len` bytes have arrived.
    pub(super) fn finish_bytes(self, len: usize) -> Option<B> {
        let mut buf = self.buf?.into_inner();
        if let Some(fill) = self.how.fill {
            // SAFETY: the kernel wrote that many, piece by piece, and there is room for them.
            unsafe { fill(&mut buf, len) };
        }
        Some(buf)
    }

    pub(super) fn into_buf(self) -> Option<B> {
        self.buf.map(Held::into_inner)
    }
}

// SAFETY: what a job names is the buffer's bytes and the descriptor, which stay by the contracts of their traits: `Work`
// is made from a buffer that is one by `Op::read`, `Op::write` only, and its parts are looked up through those traits.
// Its entry, which nobody asks for, names nothing.
unsafe impl<B: Send + 'static, K: Base> Operation for Work<B, K>
where
    File<K>: OwnedFile,
{
    type Output = ();

    fn entry(&mut self) -> CoreResult<Sqe> {
        Ok(bareio_core::sqe::nop())
    }

    fn finish(self, _: CoreResult<u32>) {}

    /// Nobody wants the result; but a flush that failed concerns all who have the file.
    fn dispose(self, result: CoreResult<u32>) {
        let (true, Err(errno)) = (self.flushes, result) else { return };
        if let Some(file) = &self.file {
            let _ = file.flushed("fdatasync", Err(errno));
        }
        if let Some(claim) = &self.claim {
            claim.failed(errno, crate::file::loses);
        }
    }
}
