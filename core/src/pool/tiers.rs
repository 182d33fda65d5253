//! Buffers of many sizes: a slab for each.

use core::fmt;

use super::index::Exhausted;
use super::slab::{Buffer, MapSlabError, Region, Slab};
use super::tier::{Tier, TooLong};
use crate::align::Align;
use crate::kernel::Kernel;
use crate::map::Mapping;

/// Up to twelve slabs, one for each [`Tier`], from which [`get`](Self::get) picks the smallest that fits.
///
/// ```
/// use bareio_core::Linux;
/// use bareio_core::pool::{Tier, Tiers};
///
/// let mut tiers = Tiers::new();
/// tiers.map(Linux, Tier::Micro, 8)?;
/// tiers.map(Linux, Tier::Medium, 4)?;
///
/// assert_eq!(tiers.get(100)?.len(), 512);
/// assert_eq!(tiers.get(513)?.len(), 8192);
/// assert!(tiers.get(8193).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tiers<R: Region> {
    slabs: [Option<Slab<R>>; Tier::ALL.len()],
}

impl<R: Region> Tiers<R> {
    /// No slab for any tier.
    pub const fn new() -> Self {
        Self { slabs: [const { None }; Tier::ALL.len()] }
    }

    /// Takes `slab` for the buffers of `tier`, and returns the one it had.
    ///
    /// # Errors
    ///
    /// [`WrongTier`], with the slab, if its slots are not the smallest of `tier` that fit: shorter than the
    /// tier's length, or not shorter than the next one's.
    pub fn set(&mut self, tier: Tier, slab: Slab<R>) -> Result<Option<Slab<R>>, WrongTier<R>> {
        let fits = tier.len()..tier.len() * 4;
        if !fits.contains(&slab.slot_len()) {
            return Err(WrongTier { tier, slab });
        }
        Ok(self.slabs[tier as usize].replace(slab))
    }

    /// The slab of `tier`, if there is one.
    pub const fn slab(&self, tier: Tier) -> Option<&Slab<R>> {
        self.slabs[tier as usize].as_ref()
    }

    /// Draws a buffer of at least `len` bytes, from the smallest tier that has one free.
    ///
    /// # Errors
    ///
    /// [`TierError`] if no slab has buffers of that length, or all of them are exhausted.
    pub fn get(&self, len: usize) -> Result<Buffer<'_>, TierError> {
        let smallest = Tier::of(len).map_err(TierError::TooLong)?;
        let mut fit = self.slabs[smallest as usize..].iter().flatten().peekable();
        if fit.peek().is_none() {
            return Err(TierError::Missing { tier: smallest });
        }
        fit.find_map(|slab| slab.get(0).ok()).ok_or(TierError::Exhausted(Exhausted))
    }
}

impl<K: Kernel> Tiers<Mapping<K>> {
    /// Maps a slab of `count` buffers for `tier`, aligned to their length, to 4 KiB at most.
    ///
    /// ```
    /// use bareio_core::Linux;
    /// use bareio_core::pool::{Tier, Tiers};
    ///
    /// let mut tiers = Tiers::new();
    /// tiers.map(Linux, Tier::Small, 64)?;
    /// tiers.map(Linux, Tier::Large, 8)?;
    /// assert_eq!(tiers.get(3000)?.len(), Tier::Large.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MapSlabError`] if the memory cannot be had. The tier is as it was.
    pub fn map(&mut self, kernel: K, tier: Tier, count: u32) -> Result<(), MapSlabError> {
        let align = Align::new(tier.len() as u64).map_or(Align::KIB_4, |align| align.min(Align::KIB_4));
        let slab = Slab::map(kernel, tier.len(), count, align)?;
        // It is of the tier's length, which is its own alignment or a multiple of 4 KiB.
        drop(self.set(tier, slab));
        Ok(())
    }
}

impl<R: Region> Default for Tiers<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// A slab whose slots are not of a tier's length.
pub struct WrongTier<R: Region> {
    /// The tier that it was for.
    pub tier: Tier,
    /// The slab.
    pub slab: Slab<R>,
}

impl<R: Region> fmt::Debug for WrongTier<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot_len = self.slab.slot_len();
        f.debug_struct("WrongTier").field("tier", &self.tier).field("slot_len", &slot_len).finish()
    }
}

impl<R: Region> fmt::Display for WrongTier<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tier, slab } = self;
        write!(
            f,
            "slots of {} bytes are not of tier {tier}, whose buffers have {}",
            slab.slot_len(),
            tier.len()
        )
    }
}

impl<R: Region> core::error::Error for WrongTier<R> {}

/// Why no buffer can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierError {
    /// No tier holds so much.
    TooLong(TooLong),
    /// Neither this tier nor a larger one has a slab.
    Missing {
        /// The smallest that would do.
        tier: Tier,
    },
    /// Every slab that would do is exhausted.
    Exhausted(Exhausted),
}

impl fmt::Display for TierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(too_long) => too_long.fmt(f),
            Self::Missing { tier } => write!(f, "there is no slab for tier {tier} nor for a larger one"),
            Self::Exhausted(exhausted) => exhausted.fmt(f),
        }
    }
}

impl core::error::Error for TierError {}
