//! Anonymous memory that the kernel lends: aligned, resident and, where it can be had, on huge pages.
//!
//! ```text
//!        what the kernel lent
//!   [........[guard|==================== len ====================|guard]......)
//!    surplus       ^ as_ptr(), a multiple of align()                    surplus
//! ```
//!
//! To place a mapping on a boundary coarser than a page, more is mapped than was asked for and what sticks out
//! at either end is given back. Guard pages stay, without access. Whatever cannot be given back is kept, and
//! goes with the rest when the mapping is dropped: it is address space, never touched.
//!
//! # Which pages
//!
//! Memory that is there before the first operation needs it is what input and output want: no page fault in
//! the fast path, and nothing left to fail. How long that takes depends on the size of the pages far more
//! than on the way to ask. So the default, [`Residency::HugePreferred`], goes down a ladder: huge pages that
//! the system has reserved; else a boundary of 2 MiB and `MADV_HUGEPAGE`; else small pages. Each of them is
//! populated, and [`Mapping::granted`] says which it was.
//!
//! # Which node
//!
//! On a machine with several memory nodes, pages come from wherever the policy of the thread that populates
//! them says, and that is the thread that makes or grows the mapping. Nothing here sets a policy: run the
//! constructor on a thread of the right node, or call `set_mempolicy(2)` before it.
//!
//! Source: `mmap(2)`, `madvise(2)`, `mremap(2)`; `Documentation/admin-guide/mm/transhuge.rst` and
//! `hugetlbpage.rst` of the kernel.

mod blocks;
mod error;
mod options;
mod request;

use core::fmt;
use core::mem::{self, ManuallyDrop};
use core::ptr::{self, NonNull};
use core::slice;

pub use blocks::Blocks;
pub use error::{AllocError, Step};
pub use options::{Backing, Granted, MapOptions, Residency};

use crate::abi::AdviseMemory;
use crate::align::Align;
use crate::errno::{Errno, Result};
use crate::kernel::Kernel;
use request::Request;

/// Private memory from the kernel, zeroed, unmapped when dropped.
///
/// It owns its bytes as a `Box<[u8]>` does. Leaking one leaks memory and nothing else. Whoever hands its
/// address to the kernel for an operation keeps the mapping until the operation is complete.
///
/// ```
/// use bareio_core::{Linux, Mapping};
///
/// let mut memory = Mapping::new(Linux, 1 << 20)?;
/// assert!(memory.as_slice().iter().all(|&byte| byte == 0));
/// memory.as_mut_slice()[0] = 7;
/// memory.grow(4 << 20)?;
/// assert_eq!((memory.as_slice()[0], memory.len()), (7, 4 << 20));
/// assert!(memory.granted().resident);
/// # Ok::<(), bareio_core::AllocError>(())
/// ```
pub struct Mapping<K: Kernel> {
    raw: RawMapping,
    kernel: K,
}

/// The parts of a [`Mapping`], taken out of it by [`Mapping::into_raw`].
///
/// Plain data: nothing is unmapped when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawMapping {
    /// The first byte.
    pub ptr: NonNull<u8>,
    /// How many bytes may be used from there.
    pub len: usize,
    /// Bytes that belong to the mapping before `ptr`: guard and surplus.
    pub before: usize,
    /// Bytes that belong to the mapping behind its usable ones.
    pub after: usize,
    /// What was asked for.
    pub options: MapOptions,
    /// What was granted.
    pub granted: Granted,
}

// SAFETY: the mapping is the only owner of its memory, which is not tied to a thread; `K` comes along.
unsafe impl<K: Kernel + Send> Send for Mapping<K> {}
// SAFETY: through `&Mapping` its bytes can only be read, or reached by a raw pointer, whose user answers for
// it; `K` is shared too.
unsafe impl<K: Kernel + Sync> Sync for Mapping<K> {}

impl<K: Kernel> Mapping<K> {
    /// Maps at least `len` bytes, resident, on the largest pages to be had. `len` is rounded up to a page.
    ///
    /// # Errors
    ///
    /// As [`with_options`](Self::with_options).
    pub fn new(kernel: K, len: usize) -> Result<Self, AllocError> {
        Self::with_options(kernel, len, MapOptions::new())
    }

    /// Maps at least `len` bytes as `options` say. `len` is rounded up to a page, or to 2 MiB where
    /// [`Residency::HugeRequired`] asks for pages of that size.
    ///
    /// # Errors
    ///
    /// - [`AllocError::Zero`]: `len` is 0.
    /// - [`AllocError::TooLong`]: rounded and aligned, it is above `isize::MAX`.
    /// - [`AllocError::Refused`]: the kernel refused, and there was no fallback. Nothing is left behind.
    pub fn with_options(kernel: K, len: usize, options: MapOptions) -> Result<Self, AllocError> {
        let raw = Request::new(&kernel, len, options)?.make()?;
        Ok(Self { raw, kernel })
    }

    /// The first byte.
    ///
    /// Valid for reads and writes of [`len`](Self::len) bytes until the mapping grows or is dropped. Who
    /// writes through it answers for there being no slice of the same bytes meanwhile.
    pub const fn as_ptr(&self) -> NonNull<u8> {
        self.raw.ptr
    }

    /// How many bytes there are: those asked for, rounded up to whole pages. Never 0.
    #[expect(clippy::len_without_is_empty, reason = "a mapping of no bytes cannot be made")]
    pub const fn len(&self) -> usize {
        self.raw.len
    }

    /// What was asked for.
    pub const fn options(&self) -> MapOptions {
        self.raw.options
    }

    /// What was granted.
    pub const fn granted(&self) -> Granted {
        self.raw.granted
    }

    /// The kernel that it came from.
    pub const fn kernel(&self) -> &K {
        &self.kernel
    }

    /// All its bytes.
    pub const fn as_slice(&self) -> &[u8] {
        // SAFETY: the mapping owns `len` readable bytes at `ptr`, which the kernel zeroed, and the shared
        // borrow keeps safe code from writing to them.
        unsafe { slice::from_raw_parts(self.raw.ptr.as_ptr(), self.raw.len) }
    }

    /// All its bytes, to be written.
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and the exclusive borrow keeps everybody else out.
        unsafe { slice::from_raw_parts_mut(self.raw.ptr.as_ptr(), self.raw.len) }
    }

    /// Makes it at least `new_len` bytes long. Its contents are kept, the rest reads as zero, and its alignment,
    /// guards and residency are as before. Its address may change. A shorter length changes nothing.
    ///
    /// On small pages, without guards, the kernel moves the pages and no byte is copied. Otherwise, and when it
    /// first becomes long enough for huge pages, a new mapping is made and the contents are copied.
    ///
    /// # Errors
    ///
    /// As [`with_options`](Self::with_options), and the mapping is as it was.
    pub fn grow(&mut self, new_len: usize) -> Result<(), AllocError> {
        if new_len <= self.raw.len {
            return Ok(());
        }
        if self.can_stretch(new_len) {
            match self.stretch(new_len) {
                // Not here, or not for this kind of memory; the old mapping is as it was.
                Err(AllocError::Refused {
                    step: Step::Remap,
                    errno: Errno::NOSYS | Errno::INVAL | Errno::FAULT,
                    ..
                }) => {}
                outcome => return outcome,
            }
        }
        self.relocate(new_len)
    }

    /// Makes a huge page of every whole 2 MiB, now, by copying where need be. `Ok` means that it is so: the one
    /// way to be certain of transparent huge pages without asking `/proc`.
    ///
    /// It waits for other processors and costs tens of microseconds even where nothing is left to do. For a
    /// mapping on a boundary of 2 MiB; others have no whole ones.
    ///
    /// # Errors
    ///
    /// The kernel's, and some parts may be on huge pages and some not. `INVAL`: there is no whole 2 MiB, or
    /// the kernel is older than 6.1. `AGAIN`, `NOMEM`: no huge page is free right now.
    pub fn collapse(&mut self) -> Result<()> {
        let whole = Align::MIB_2.floor(self.raw.len as u64);
        if whole == 0 || !Align::MIB_2.divides(self.raw.ptr.addr().get() as u64) {
            return Err(Errno::INVAL);
        }
        // SAFETY: whole pages of this mapping; the advice does not change what they hold.
        unsafe { self.kernel.advise(self.raw.ptr, self.raw.len, AdviseMemory::COLLAPSE) }
    }

    /// Takes it apart. The memory stays mapped.
    pub fn into_raw(self) -> (K, RawMapping) {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so the value is moved out once.
        let kernel = unsafe { ptr::read(&raw const this.kernel) };
        (kernel, this.raw)
    }

    /// Puts it together again.
    ///
    /// # Safety
    ///
    /// - `raw` came from [`into_raw`](Self::into_raw) of a mapping from this kernel, unchanged.
    /// - Nothing else has been made of it since, and nobody uses its memory.
    /// - Before a slice of it is taken, every byte is initialised, as it was when it was taken apart.
    pub const unsafe fn from_raw(kernel: K, raw: RawMapping) -> Self {
        Self { raw, kernel }
    }

    /// Gives up ever unmapping it. The kernel value is not dropped either.
    pub fn leak<'a>(self) -> &'a mut [u8]
    where
        K: 'a,
    {
        let (kernel, raw) = self.into_raw();
        mem::forget(kernel);
        // SAFETY: nobody unmaps these bytes any more, and whoever holds the slice is their only owner.
        unsafe { slice::from_raw_parts_mut(raw.ptr.as_ptr(), raw.len) }
    }

    /// Whether the kernel can grow it by itself and the result be what the constructor would have made.
    fn can_stretch(&self, new_len: usize) -> bool {
        let RawMapping { len, before, after, options, granted, .. } = self.raw;
        let (mut now, _) = options.rungs(len);
        let (mut then, _) = options.rungs(new_len);
        let better = now.next().is_none() && then.next().is_some();
        granted.backing == Backing::Small && before + after == 0 && options.align <= granted.page && !better
    }

    /// Grows by letting the kernel find room, moving the pages where it must.
    fn stretch(&mut self, new_len: usize) -> Result<(), AllocError> {
        let RawMapping { ptr, len: old_len, granted, .. } = self.raw;
        let refused = |step, errno| AllocError::Refused { len: new_len, step, errno };
        let rounded = granted.page.ceil_len(new_len).map_err(|_| AllocError::TooLong { len: new_len })?;
        // SAFETY: this is a whole mapping, and `&mut self` keeps everybody from its old place.
        let moved = unsafe { self.kernel.remap(ptr, old_len, rounded) };
        self.raw.ptr = moved.map_err(|errno| refused(Step::Remap, errno))?;
        self.raw.len = rounded;
        if !granted.resident {
            return Ok(());
        }
        self.populate(old_len).map_err(|errno| {
            self.raw.len = old_len;
            self.raw.after = rounded - old_len;
            self.trim(0);
            refused(Step::Populate, errno)
        })
    }

    /// Grows by making a new mapping, copying, and unmapping the old one.
    fn relocate(&mut self, new_len: usize) -> Result<(), AllocError> {
        let new = Request::new(&self.kernel, new_len, self.raw.options)?.make()?;
        // SAFETY: both are mapped, the new one is longer, and they are different mappings.
        unsafe { ptr::copy_nonoverlapping(self.raw.ptr.as_ptr(), new.ptr.as_ptr(), self.raw.len) };
        let old = mem::replace(&mut self.raw, new);
        // SAFETY: taken out of this mapping, which has another memory now.
        drop(unsafe { Mapping::from_raw(&self.kernel, old) });
        Ok(())
    }

    /// Gives back what sticks out beyond `fence` bytes at either end. What the kernel does not take is kept.
    fn trim(&mut self, fence: usize) {
        let RawMapping { ptr, len, before, after, .. } = self.raw;
        if before > fence {
            // SAFETY: `before` bytes in front belong to this mapping.
            let first = unsafe { ptr.sub(before) };
            // SAFETY: whole pages of this mapping, that nobody was ever given.
            if unsafe { self.kernel.unmap(first, before - fence) }.is_ok() {
                self.raw.before = fence;
            }
        }
        if after > fence {
            // SAFETY: `after` bytes behind belong to this mapping.
            let last = unsafe { ptr.add(len + fence) };
            // SAFETY: as above.
            if unsafe { self.kernel.unmap(last, after - fence) }.is_ok() {
                self.raw.after = fence;
            }
        }
    }

    /// Takes all access from the `fence` bytes at either end.
    fn guard(&self, fence: usize) -> Result<()> {
        let RawMapping { ptr, len, .. } = self.raw;
        // SAFETY: `trim` has kept at least `fence` bytes in front.
        let front = unsafe { ptr.sub(fence) };
        // SAFETY: whole pages of this mapping, that nobody is given.
        unsafe { self.kernel.guard(front, fence) }?;
        // SAFETY: as many are behind.
        let back = unsafe { ptr.add(len) };
        // SAFETY: as above.
        unsafe { self.kernel.guard(back, fence) }
    }

    /// Makes every page from byte `from` on resident. They hold zeroes only.
    fn populate(&mut self, from: usize) -> Result<()> {
        let RawMapping { ptr, len, granted, .. } = self.raw;
        // SAFETY: `from` is at most `len`.
        let first = unsafe { ptr.add(from) };
        loop {
            // SAFETY: whole pages of this mapping; the advice does not change what they hold.
            match unsafe { self.kernel.advise(first, len - from, AdviseMemory::POPULATE_WRITE) } {
                Err(Errno::INTR) => {}
                // Before 5.14, and where there is no such advice: a write to each page is slower and says
                // nothing when memory runs out.
                Err(Errno::INVAL | Errno::NOSYS) => break,
                outcome => return outcome,
            }
        }
        let step = match granted.backing {
            Backing::Huge => granted.page,
            // No processor has smaller ones, and to write twice to a page does no harm.
            Backing::Transparent | Backing::Small => Align::KIB_4,
        };
        for offset in (from..len).step_by(step.len()) {
            // SAFETY: below `len`.
            let byte = unsafe { ptr.add(offset) };
            // SAFETY: this mapping's own, and zero already. Volatile, or else it would be left out.
            unsafe { byte.write_volatile(0) };
        }
        Ok(())
    }
}

impl<K: Kernel> Drop for Mapping<K> {
    fn drop(&mut self) {
        let RawMapping { ptr, len, before, after, .. } = self.raw;
        // SAFETY: `before` bytes in front belong to this mapping.
        let first = unsafe { ptr.sub(before) };
        // SAFETY: it is the only owner of all of them, and whoever passed its address on has vouched that
        // nothing uses it any more. A refusal (a limit on the number of mappings) leaks it.
        let _ = unsafe { self.kernel.unmap(first, before + len + after) };
    }
}

impl<K: Kernel> fmt::Debug for Mapping<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("ptr", &self.raw.ptr)
            .field("len", &self.raw.len)
            .field("granted", &self.raw.granted)
            .finish_non_exhaustive()
    }
}
