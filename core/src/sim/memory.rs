//! Memory that is mapped: raw allocations, and which pages of them are left.

use alloc::alloc::{alloc_zeroed, dealloc};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

use crate::errno::{Errno, Result};

/// What fills pages that nobody may touch.
const GUARD: u8 = 0xdb;

/// One mapping. Every pointer into it is derived from that allocation, and its provenance is exposed, since its
/// addresses go into entries of rings.
#[derive(Debug)]
struct Mapping {
    base: NonNull<u8>,
    layout: Layout,
    /// What is still mapped, as byte ranges relative to the base, apart and in order.
    left: Vec<Range<usize>>,
    /// What was guarded, likewise relative.
    guarded: Vec<Range<usize>>,
}

// SAFETY: an allocation that this value owns; it is touched by whoever it was mapped for, and here only as the
// contract of `Kernel` allows.
unsafe impl Send for Mapping {}

impl Mapping {
    fn range(&self) -> Range<usize> {
        let base = self.base.as_ptr().addr();
        base..base + self.layout.size()
    }

    /// The offset of `at`, if all of `len` bytes from there are still mapped.
    fn find(&self, at: usize, len: usize) -> Option<usize> {
        let offset = at.checked_sub(self.base.as_ptr().addr())?;
        let end = offset.checked_add(len)?;
        self.left.iter().any(|left| left.start <= offset && end <= left.end).then_some(offset)
    }

    fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset <= self.layout.size());
        self.base.as_ptr().wrapping_add(offset)
    }

    /// Whether nobody has touched the guarded pages within `range`.
    fn guards_hold(&self, range: &Range<usize>) -> bool {
        let inside = self.guarded.iter().map(|guard| guard.start.max(range.start)..guard.end.min(range.end));
        inside.flatten().all(|offset| {
            // SAFETY: within the allocation, and still mapped; nobody touches guarded pages meanwhile.
            let byte = unsafe { self.at(offset).read() };
            byte == GUARD
        })
    }
}

/// All that is mapped.
#[derive(Debug)]
pub(super) struct Memory {
    page: usize,
    limit: usize,
    huge: usize,
    mappings: Vec<Mapping>,
}

/// The bytes that a huge page has.
const HUGE: usize = 2 << 20;

impl Memory {
    pub(super) const fn new(page: usize, limit: usize, huge: usize) -> Self {
        Self { page, limit, huge, mappings: Vec::new() }
    }

    pub(super) const fn page(&self) -> usize {
        self.page
    }

    pub(super) const fn count(&self) -> usize {
        self.mappings.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.mappings.iter().flat_map(|mapping| &mapping.left).map(ExactSizeIterator::len).sum()
    }

    pub(super) fn map(&mut self, len: usize, huge: bool) -> Result<NonNull<u8>> {
        if len == 0 {
            return Err(Errno::INVAL);
        }
        let align = if huge { HUGE } else { self.page };
        let size = len.checked_next_multiple_of(align).ok_or(Errno::NOMEM)?;
        if size > self.limit.saturating_sub(self.bytes()) {
            return Err(Errno::NOMEM);
        }
        if huge {
            self.huge = self.huge.checked_sub(size / HUGE).ok_or(Errno::NOMEM)?;
        }
        let layout = Layout::from_size_align(size, align).map_err(|_| Errno::NOMEM)?;
        let base = allocate(layout)?;
        self.mappings.push(Mapping { base, layout, left: alloc::vec![0..size; 1], guarded: Vec::new() });
        Ok(base)
    }

    /// Where `at` is mapped, whole pages of it.
    fn whole(&self, at: NonNull<u8>, len: usize) -> Result<(usize, Range<usize>)> {
        let address = at.as_ptr().addr();
        if len == 0 || !address.is_multiple_of(self.page) {
            return Err(Errno::INVAL);
        }
        let len = len.checked_next_multiple_of(self.page).ok_or(Errno::INVAL)?;
        for (index, mapping) in self.mappings.iter().enumerate() {
            if let Some(offset) = mapping.find(address, len) {
                return Ok((index, offset..offset + len));
            }
        }
        Err(Errno::NOMEM)
    }

    /// Whether this is memory that was mapped here and still is.
    pub(super) fn check(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        self.whole(at, len).map(drop)
    }

    /// Gives whole pages back. Returns whether the guards among them were left alone.
    pub(super) fn unmap(&mut self, at: NonNull<u8>, len: usize) -> Result<bool> {
        let (index, gone) = self.whole(at, len)?;
        let mapping = &mut self.mappings[index];
        let untouched = mapping.guards_hold(&gone);
        let mut left = Vec::with_capacity(mapping.left.len() + 1);
        for range in &mapping.left {
            let before = range.start..range.end.min(gone.start);
            let after = range.start.max(gone.end)..range.end;
            left.extend([before, after].into_iter().filter(|part| !part.is_empty()));
        }
        mapping.left = left;
        if mapping.left.is_empty() {
            let mapping = self.mappings.swap_remove(index);
            if mapping.layout.align() == HUGE {
                self.huge += mapping.layout.size() / HUGE;
            }
            // SAFETY: allocated in `map` with this layout, and no page of it is mapped any more.
            unsafe { dealloc(mapping.base.as_ptr(), mapping.layout) };
        }
        Ok(untouched)
    }

    /// Moves a whole mapping to another place, always.
    pub(super) fn remap(&mut self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>> {
        let (index, range) = self.whole(at, len)?;
        if range != (0..self.mappings[index].layout.size()) {
            return Err(Errno::INVAL);
        }
        let new = self.map(new_len, self.mappings[index].layout.align() == HUGE)?;
        // SAFETY: the old mapping is `len` bytes and the new one `new_len`; they are different allocations.
        unsafe { at.copy_to_nonoverlapping(new, len.min(new_len)) };
        self.unmap(at, len)?;
        Ok(new)
    }

    /// Makes whole pages read as zero.
    ///
    /// # Safety
    ///
    /// Nobody else touches them meanwhile.
    pub(super) unsafe fn wipe(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        let (index, range) = self.whole(at, len)?;
        // SAFETY: within one allocation, and still mapped; the caller vouches that nobody else uses it.
        unsafe { self.mappings[index].at(range.start).write_bytes(0, range.len()) };
        Ok(())
    }

    /// Takes whole pages from everybody. There is no hardware here to stop them: that they were touched shows
    /// when they are unmapped.
    ///
    /// # Safety
    ///
    /// Nobody else touches them meanwhile.
    pub(super) unsafe fn guard(&mut self, at: NonNull<u8>, len: usize) -> Result<()> {
        let (index, range) = self.whole(at, len)?;
        let mapping = &mut self.mappings[index];
        // SAFETY: within one allocation, and still mapped; the caller vouches that nobody else uses it.
        unsafe { mapping.at(range.start).write_bytes(GUARD, range.len()) };
        mapping.guarded.push(range);
        Ok(())
    }

    /// Whether the kernel can touch `len` bytes at `address`: not near zero, and no guarded or unmapped page.
    pub(super) fn reachable(&self, address: usize, len: usize) -> bool {
        if len == 0 {
            return true;
        }
        let Some(end) = address.checked_add(len) else { return false };
        if address < 4096 {
            return false;
        }
        self.mappings.iter().all(|mapping| {
            let range = mapping.range();
            if end <= range.start || range.end <= address {
                return true;
            }
            let guarded =
                |guard: &Range<usize>| address < range.start + guard.end && range.start + guard.start < end;
            mapping.find(address, len).is_some() && !mapping.guarded.iter().any(guarded)
        })
    }
}

/// Zeroed memory whose provenance is exposed.
pub(super) fn allocate(layout: Layout) -> Result<NonNull<u8>> {
    debug_assert!(layout.size() > 0);
    // SAFETY: the size is not zero.
    let base = unsafe { alloc_zeroed(layout) };
    let base = NonNull::new(base).ok_or(Errno::NOMEM)?;
    base.as_ptr().expose_provenance();
    Ok(base)
}
