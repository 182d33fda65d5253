//! How one mapping is asked of a kernel.

use core::ptr::NonNull;

use super::{AllocError, Backing, Granted, MapOptions, Mapping, RawMapping, Residency, Step};
use crate::abi::AdviseMemory;
use crate::align::Align;
use crate::errno::Errno;
use crate::kernel::{Kernel, MapFlags};

/// A mapping to be made.
pub(super) struct Request<'k, K: Kernel> {
    kernel: &'k K,
    /// Bytes, as asked for.
    len: usize,
    options: MapOptions,
    /// The size of a small page.
    page: Align,
}

impl<'k, K: Kernel> Request<'k, K> {
    pub(super) fn new(kernel: &'k K, len: usize, options: MapOptions) -> Result<Self, AllocError> {
        if len == 0 {
            return Err(AllocError::Zero);
        }
        let page = kernel.page_len().and_then(|page| Align::new(page as u64).ok_or(Errno::RANGE));
        let page = page.map_err(|errno| AllocError::Refused { len, step: Step::PageLen, errno })?;
        Ok(Self { kernel, len, options, page })
    }

    /// Asks for one kind of page after the other. The error is that of the last.
    pub(super) fn make(&self) -> Result<RawMapping, AllocError> {
        let (mut first, last) = self.options.rungs(self.len);
        let made = match first.find_map(|backing| self.attempt(backing).ok()) {
            Some(made) => made,
            None => self.attempt(last)?,
        };
        Ok(made.into_raw().1)
    }

    fn attempt(&self, backing: Backing) -> Result<Mapping<&'k K>, AllocError> {
        let huge = self.page.max(Align::MIB_2);
        // The kernel gives memory in units, and guards it in units.
        let (unit, page) = match backing {
            Backing::Huge => (huge, huge),
            Backing::Transparent => (self.page, huge),
            Backing::Small => (self.page, self.page),
        };
        let resident = self.options.residency != Residency::Lazy;
        let fence = if self.options.guarded { unit.len() } else { 0 };
        let mut mapping = self.reserve(unit, fence, Granted { backing, page, resident })?;
        mapping.trim(fence);
        if fence > 0 {
            mapping.guard(fence).map_err(|errno| self.refused(Step::Guard, errno))?;
        }
        if backing == Backing::Transparent {
            let RawMapping { ptr, len, .. } = mapping.raw;
            // SAFETY: whole pages of the new mapping; the advice does not change what they hold.
            let advised = unsafe { self.kernel.advise(ptr, len, AdviseMemory::HUGEPAGE) };
            advised.map_err(|errno| self.refused(Step::Advise, errno))?;
        }
        if resident {
            mapping.populate(0).map_err(|errno| self.refused(Step::Populate, errno))?;
        }
        Ok(mapping)
    }

    /// Maps enough that an aligned piece with `fence` bytes at either end lies within.
    fn reserve(&self, unit: Align, fence: usize, granted: Granted) -> Result<Mapping<&'k K>, AllocError> {
        let too_long = AllocError::TooLong { len: self.len };
        let align = granted.page.max(self.options.align);
        let len = unit.ceil_len(self.len).map_err(|_| too_long)?;
        // What the kernel returns sits on a unit, so this much more always holds a multiple of `align`.
        let slack = align.len() - unit.min(align).len();
        let whole = len.checked_add(2 * fence + slack).filter(|&whole| isize::try_from(whole).is_ok());
        let whole = whole.ok_or(too_long)?;

        let (flags, step) = match granted.backing {
            Backing::Huge => (MapFlags::HUGE, Step::MapHuge),
            Backing::Transparent | Backing::Small => (MapFlags::NONE, Step::Map),
        };
        let ptr = self.kernel.map(whole, flags).map_err(|errno| self.refused(step, errno))?;
        let raw = RawMapping { ptr, len: whole, before: 0, after: 0, options: self.options, granted };
        // It is owned from here on: whatever fails, dropping it unmaps it.
        let mut mapping = Mapping { raw, kernel: self.kernel };

        let before = Self::distance(ptr, fence, align).filter(|before| before + len + fence <= whole);
        // Only if what the kernel returned does not sit on a unit.
        let before = before.ok_or_else(|| self.refused(step, Errno::INVAL))?;
        // SAFETY: `before` is less than `whole`.
        mapping.raw.ptr = unsafe { ptr.add(before) };
        mapping.raw.len = len;
        mapping.raw.before = before;
        mapping.raw.after = whole - before - len;
        Ok(mapping)
    }

    /// From `ptr` to the first multiple of `align` that has `fence` bytes in front.
    fn distance(ptr: NonNull<u8>, fence: usize, align: Align) -> Option<usize> {
        let address = ptr.addr().get();
        let first = align.ceil_len(address.checked_add(fence)?).ok()?;
        Some(first - address)
    }

    fn refused(&self, step: Step, errno: Errno) -> AllocError {
        AllocError::Refused { len: self.len, step, errno }
    }
}
