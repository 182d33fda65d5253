//! Telling a forked child from its parent.
//!
//! A child has a copy of the ring's descriptor and, unless it is advised otherwise, the ring's memory itself: an
//! entry that it submits, or a completion that it reaps, is the parent's. The rings are kept out of children
//! (`MADV_DONTFORK`), so there touching them is a fault; and one page that reads as zero in a child
//! (`MADV_WIPEONFORK`, 4.14) says so before anything else is touched.

use core::ptr::NonNull;

use super::RingError;
use crate::abi::AdviseMemory;
use crate::errno::Result;
use crate::kernel::{Kernel, MapFlags};

/// What the page holds in the process that made it, if children see zero instead.
const HOME: u32 = 1;

#[derive(Debug)]
pub(super) struct Sentinel {
    /// Holds [`HOME`]; or zero, where the page cannot tell and `how` says what can.
    word: NonNull<u32>,
    len: usize,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// The page reads as zero in a child.
    Wiped,
    /// This is the number of the process that made it.
    Process(u32),
    /// Nothing forks here: the host has no processes.
    Never,
}

impl Sentinel {
    pub(super) fn new(kernel: &impl Kernel) -> Result<Self> {
        let len = kernel.page_len()?;
        let page = kernel.map(len, MapFlags::NONE)?;
        let word = page.cast::<u32>();
        // SAFETY: a whole page of a mapping of ours, which holds nothing yet.
        let wiped = unsafe { kernel.advise(page, len, AdviseMemory::WIPEONFORK) }.is_ok();
        // SAFETY: a page is large enough and aligned, and ours alone so far.
        unsafe { word.write(if wiped { HOME } else { 0 }) };
        let how = if wiped { How::Wiped } else { kernel.process_id().map_or(How::Never, How::Process) };
        Ok(Self { word, len, how })
    }

    /// # Errors
    ///
    /// [`RingError::Forked`] in a child of the process that made it.
    #[inline(always)]
    pub(super) fn check(&self, kernel: &impl Kernel) -> Result<(), RingError> {
        // SAFETY: mapped until `unmap`, written before any fork, and by nobody after.
        let word = unsafe { self.word.read() };
        if word == HOME { Ok(()) } else { self.ask(kernel) }
    }

    #[cold]
    fn ask(&self, kernel: &impl Kernel) -> Result<(), RingError> {
        match self.how {
            How::Never => Ok(()),
            How::Process(home) if kernel.process_id() == Ok(home) => Ok(()),
            How::Process(_) | How::Wiped => Err(RingError::Forked),
        }
    }

    /// Gives the page back.
    pub(super) fn unmap(&self, kernel: &impl Kernel) {
        // SAFETY: the mapping of `new`; the ring that holds us is going away, so nobody checks any more.
        // An error would mean that it is not mapped, which leaves nothing to do.
        let _ = unsafe { kernel.unmap(self.word.cast(), self.len) };
    }
}
