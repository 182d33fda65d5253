//! What a mapping can be asked for, and what was granted.

use crate::align::Align;

/// How much of a mapping is there before it is used, and on which pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Residency {
    /// Nothing is: each page comes with the fault of its first use.
    Lazy,
    /// All of it, on small pages.
    Populated,
    /// All of it, on transparent huge pages where the system has them, else on small ones.
    ///
    /// Below 2 MiB this is [`Populated`](Self::Populated). Of a longer mapping that is no multiple of 2 MiB,
    /// the rest is on small pages.
    Transparent,
    /// All of it, on reserved huge pages if enough are free and the length is a multiple of 2 MiB, else as
    /// [`Transparent`](Self::Transparent). The fastest to be had, and the default.
    ///
    /// With guard pages, reserved huge pages are passed over: each guard would cost one.
    #[default]
    HugePreferred,
    /// All of it, on reserved huge pages (`vm.nr_hugepages`), or not at all. The length is rounded up to
    /// 2 MiB.
    ///
    /// After a fork, such memory is copied from the same reserve, and a child that writes when it is empty is
    /// killed: see `hugetlbpage.rst`.
    HugeRequired,
}

/// How memory is to be mapped. The default is the fastest resident memory there is, without guards.
///
/// ```
/// use bareio_core::{Align, Linux, Mapping, map::{MapOptions, Residency}};
///
/// let options = MapOptions::new().residency(Residency::Lazy).guarded(true).align(Align::MIB_2);
/// let memory = Mapping::with_options(Linux, 5000, options)?;
/// assert_eq!(memory.as_ptr().addr().get() % (2 << 20), 0);
/// assert!(memory.len() >= 5000 && !memory.granted().resident);
/// # Ok::<(), bareio_core::AllocError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MapOptions {
    pub(super) residency: Residency,
    pub(super) guarded: bool,
    pub(super) align: Align,
}

impl MapOptions {
    /// [`Residency::HugePreferred`], no guards, aligned to whatever pages are granted.
    pub const fn new() -> Self {
        Self { residency: Residency::HugePreferred, guarded: false, align: Align::BYTE }
    }

    /// Sets what is there before it is used.
    #[must_use]
    pub const fn residency(mut self, residency: Residency) -> Self {
        self.residency = residency;
        self
    }

    /// Sets whether a page without access lies at either end, so that running over is a fault and no
    /// corruption.
    #[must_use]
    pub const fn guarded(mut self, guarded: bool) -> Self {
        self.guarded = guarded;
        self
    }

    /// Sets the least alignment of the first byte. Pages are aligned to their size in any case.
    #[must_use]
    pub const fn align(mut self, align: Align) -> Self {
        self.align = align;
        self
    }

    /// The kinds of page to try for `len` bytes: each of the first, and if none could be had, the last.
    pub(super) fn rungs(self, len: usize) -> (impl Iterator<Item = Backing> + use<>, Backing) {
        let (first, last): (&'static [Backing], Backing) = match self.residency {
            Residency::Lazy | Residency::Populated => (&[], Backing::Small),
            Residency::Transparent => (&[Backing::Transparent], Backing::Small),
            Residency::HugePreferred => (&[Backing::Huge, Backing::Transparent], Backing::Small),
            Residency::HugeRequired => (&[], Backing::Huge),
        };
        let guarded = self.guarded;
        let worth = move |backing: &Backing| match backing {
            Backing::Huge => !guarded && Align::MIB_2.divides(len as u64),
            Backing::Transparent => len >= Align::MIB_2.len(),
            Backing::Small => true,
        };
        (first.iter().copied().filter(worth), last)
    }
}

impl Default for MapOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The pages under a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backing {
    /// Huge pages out of the system's reserve. Certain: a mapping without them would have failed.
    Huge,
    /// Small pages, that the kernel has been told to make huge ones of, on a boundary of 2 MiB.
    ///
    /// The kernel took the advice. Whether it followed it, it does not say: it takes it also where huge pages
    /// are off for the whole system (`/sys/kernel/mm/transparent_hugepage/enabled`), where memory is too
    /// fragmented for them, and where the processor's are larger than 2 MiB (those of ARM with small pages of
    /// 16 or 64 KiB). [`Mapping::collapse`](crate::Mapping::collapse) gives certainty, at a price, and
    /// `AnonHugePages` in `/proc/self/smaps` tells from outside.
    Transparent,
    /// Small pages.
    Small,
}

/// What a mapping got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Granted {
    /// The pages under it.
    pub backing: Backing,
    /// The size of such a page, and the least alignment of the first byte.
    pub page: Align,
    /// Whether every page was there when the constructor, or the last growth, returned.
    ///
    /// They may be swapped out afterwards, where the system swaps; reserved huge pages never are.
    pub resident: bool,
}
