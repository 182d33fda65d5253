//! By what a writer writes.

use std::fmt;
use std::str::FromStr;

/// By what a [`Writer`](super::Writer) writes. Its names and its numbers stay as they are: they may be stored.
///
/// ```
/// use bareio::writer::Strategy;
///
/// assert_eq!("writev".parse(), Ok(Strategy::Writev));
/// assert_eq!(Strategy::IoUring.to_string(), "iouring");
/// assert_eq!((Strategy::from_number(1), Strategy::from_number(9)), (Some(Strategy::IoUring), None));
/// assert_eq!(Strategy::name_of(9), "unknown");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Strategy {
    /// Whatever is fastest here. No writer has it: it is what one may ask for.
    #[default]
    Auto = 0,
    /// A ring, for the files that it can serve.
    IoUring = 1,
    /// `writev(2)`; and `write(2)` for one piece, or for small ones copied into one.
    Writev = 2,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::IoUring, Self::Writev];

    /// Its name: `auto`, `iouring` or `writev`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::IoUring => "iouring",
            Self::Writev => "writev",
        }
    }

    /// Its number, to be stored.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The strategy that was stored as `number`, if there is one.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Auto),
            1 => Some(Self::IoUring),
            2 => Some(Self::Writev),
            _ => None,
        }
    }

    /// The name of the strategy that was stored as `number`; `unknown` if there is none.
    pub const fn name_of(number: u8) -> &'static str {
        match Self::from_number(number) {
            Some(strategy) => strategy.name(),
            None => "unknown",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Strategy {
    type Err = ParseStrategyError;

    /// By its name; case, and spaces around it, are of no matter.
    fn from_str(text: &str) -> Result<Self, ParseStrategyError> {
        let named = |strategy: &Self| strategy.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.into_iter().find(named).ok_or(ParseStrategyError(()))
    }
}

/// No strategy has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseStrategyError(());

impl fmt::Display for ParseStrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no strategy has that name; they are auto, iouring and writev")
    }
}

impl std::error::Error for ParseStrategyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_of_strategies_are_a_contract() {
        let all: Vec<_> = (0..4).map(Strategy::name_of).collect();
        assert_eq!(all, ["auto", "iouring", "writev", "unknown"]);
        assert_eq!(Strategy::name_of(u8::MAX), "unknown");
        for strategy in Strategy::ALL {
            assert_eq!(Strategy::from_number(strategy.number()), Some(strategy));
            assert_eq!(format!(" {} ", strategy.name().to_uppercase()).parse(), Ok(strategy));
            assert_eq!(format!("{strategy:>8}").len(), 8);
        }
        assert!("unknown".parse::<Strategy>().is_err() && "".parse::<Strategy>().is_err());
    }
}
