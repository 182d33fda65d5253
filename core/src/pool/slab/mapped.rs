//! Slabs in memory of their own.

use core::fmt;

use super::{Slab, SlabRefusal};
use crate::align::Align;
use crate::kernel::Kernel;
use crate::map::{AllocError, Granted, MapOptions, Mapping};

impl<K: Kernel> Slab<Mapping<K>> {
    /// Maps memory for `count` slots of at least `slot_len` bytes, each on the grid of `align`, and cuts it. It
    /// is resident, and on the largest pages to be had.
    ///
    /// ```
    /// use bareio_core::pool::Slab;
    /// use bareio_core::{Align, Linux};
    ///
    /// let slab = Slab::map(Linux, 64 << 10, 16, Align::KIB_4)?;
    /// assert_eq!(slab.whole().len(), 1 << 20);
    /// let buffer = slab.get(0)?;
    /// assert_eq!(buffer.as_ptr().addr() % 4096, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`map_with`](Self::map_with).
    pub fn map(kernel: K, slot_len: usize, count: u32, align: Align) -> Result<Self, MapSlabError> {
        Self::map_with(kernel, slot_len, count, align, MapOptions::new())
    }

    /// Does the same, with memory as `options` say, but on the grid of `align`.
    ///
    /// # Errors
    ///
    /// [`MapSlabError`] if the numbers are impossible, or the memory cannot be had.
    pub fn map_with(
        kernel: K,
        slot_len: usize,
        count: u32,
        align: Align,
        options: MapOptions,
    ) -> Result<Self, MapSlabError> {
        let impossible = MapSlabError::Refused(SlabRefusal::Size { slot_len, count });
        let len = Self::region_len(slot_len, count, align).map_err(|_| impossible)?;
        let options = options.align(align);
        let memory = Mapping::with_options(kernel, len, options).map_err(MapSlabError::Memory)?;
        Self::new(memory, slot_len, count, align).map_err(|error| MapSlabError::Refused(error.why))
    }

    /// The pages that its memory got.
    pub const fn granted(&self) -> Granted {
        self.mapping().granted()
    }
}

/// Why a slab cannot be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapSlabError {
    /// The numbers are impossible.
    Refused(SlabRefusal),
    /// The memory cannot be had.
    Memory(AllocError),
}

impl fmt::Display for MapSlabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => why.fmt(f),
            Self::Memory(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for MapSlabError {}
