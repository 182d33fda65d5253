//! Twelve sizes of buffer.

use core::fmt;

/// A size of buffer: twelve of them, each four times the one before, from 32 bytes to 128 MiB.
///
/// ```
/// use bareio_core::pool::Tier;
///
/// assert_eq!(Tier::of(4096), Ok(Tier::Medium));
/// assert_eq!(Tier::Medium.len(), 8192);
/// assert!(Tier::of(Tier::Titan.len() + 1).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tier {
    /// 32 bytes.
    Pico,
    /// 128 bytes.
    Nano,
    /// 512 bytes.
    Micro,
    /// 2 KiB.
    Small,
    /// 8 KiB.
    Medium,
    /// 32 KiB.
    Big,
    /// 128 KiB.
    Large,
    /// 512 KiB.
    Great,
    /// 2 MiB.
    Huge,
    /// 8 MiB.
    Vast,
    /// 32 MiB.
    Giant,
    /// 128 MiB.
    Titan,
}

impl Tier {
    /// All of them, from the smallest to the largest.
    pub const ALL: [Self; 12] = [
        Self::Pico,
        Self::Nano,
        Self::Micro,
        Self::Small,
        Self::Medium,
        Self::Big,
        Self::Large,
        Self::Great,
        Self::Huge,
        Self::Vast,
        Self::Giant,
        Self::Titan,
    ];

    /// The smallest tier whose buffers hold `len` bytes; for none at all, [`Pico`](Self::Pico).
    ///
    /// # Errors
    ///
    /// [`TooLong`] if not even a [`Titan`](Self::Titan) does.
    pub const fn of(len: usize) -> Result<Self, TooLong> {
        if len > Self::Titan.len() {
            return Err(TooLong { len });
        }
        // The bits above the lowest five, rounded up, two to a tier.
        let bits = len.saturating_sub(1).checked_ilog2();
        let at = match bits {
            Some(bits) if bits >= 5 => (bits - 5) / 2 + 1,
            _ => 0,
        };
        Ok(Self::ALL[at as usize])
    }

    /// The length of its buffers, in bytes.
    #[expect(clippy::len_without_is_empty, reason = "no tier is empty")]
    pub const fn len(self) -> usize {
        32 << (2 * self as u32)
    }

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pico => "pico",
            Self::Nano => "nano",
            Self::Micro => "micro",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Big => "big",
            Self::Large => "large",
            Self::Great => "great",
            Self::Huge => "huge",
            Self::Vast => "vast",
            Self::Giant => "giant",
            Self::Titan => "titan",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A length that no tier holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The length, in bytes.
    pub len: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no tier holds {} bytes; the largest holds {}", self.len, Tier::Titan.len())
    }
}

impl core::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tier_holds_what_is_longer_than_the_one_before_it() {
        let mut last = None;
        for tier in Tier::ALL {
            assert_eq!(Tier::of(tier.len()), Ok(tier));
            let shortest = last.map_or(0, |last: Tier| last.len() + 1);
            assert_eq!(Tier::of(shortest), Ok(tier), "{shortest} bytes");
            if let Some(last) = last {
                assert_eq!(tier.len(), last.len() * 4);
            }
            last = Some(tier);
        }
    }

    #[test]
    fn the_ends_are_32_bytes_and_128_mib() {
        assert_eq!(Tier::of(0), Ok(Tier::Pico));
        assert_eq!(Tier::Pico.len(), 32);
        assert_eq!(Tier::Titan.len(), 128 << 20);
        assert_eq!(Tier::of((128 << 20) + 1), Err(TooLong { len: (128 << 20) + 1 }));
        assert_eq!(Tier::of(usize::MAX), Err(TooLong { len: usize::MAX }));
    }
}
