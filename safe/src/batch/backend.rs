//! By which way operations are carried out.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// By which way operations are to be carried out.
///
/// As text it is one word, in any case, with or without spaces and underscores; a depth may stand behind it:
///
/// ```
/// use bareio::batch::Backend;
///
/// assert_eq!("auto".parse(), Ok(Backend::Auto));
/// assert_eq!(" IO_Uring ".parse(), Ok(Backend::IoUring { depth: Backend::DEPTH }));
/// assert_eq!("io_uring(256)".parse(), Ok(Backend::IoUring { depth: 256 }));
/// assert_eq!("posix".parse(), Ok(Backend::Posix));
/// assert_eq!("Standard".parse(), Ok(Backend::Posix)); // another name for it
/// assert!("libaio".parse::<Backend>().is_err());
/// assert_eq!(Backend::IoUring { depth: 256 }.to_string(), "io_uring(256)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backend {
    /// By io_uring where it works, else by plain calls; [`why`](super::Batcher::why) tells.
    #[default]
    Auto,
    /// By io_uring, or not at all.
    IoUring {
        /// How many operations the kernel is handed at a time: a power of two.
        depth: u32,
    },
    /// By plain calls.
    Posix,
}

impl Backend {
    /// How deep a ring is unless told otherwise.
    pub const DEPTH: u32 = 64;
    /// How deep a ring can be.
    pub const MAX_DEPTH: u32 = 4096;

    /// By io_uring, with a ring of the usual depth, or not at all.
    pub const IO_URING: Self = Self::IoUring { depth: Self::DEPTH };

    /// How deep a ring is to be.
    pub(super) const fn depth(self) -> Result<u32> {
        let depth = match self {
            Self::IoUring { depth } => depth,
            Self::Auto | Self::Posix => Self::DEPTH,
        };
        if depth.is_power_of_two() && depth <= Self::MAX_DEPTH {
            return Ok(depth);
        }
        Err(Error::new(ErrorKind::OutOfRange {
            what: "ring depth",
            value: depth as u64,
            least: 1,
            most: Self::MAX_DEPTH as u64,
            power_of_two: true,
        }))
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::IoUring { depth: Self::DEPTH } => f.write_str("io_uring"),
            Self::IoUring { depth } => write!(f, "io_uring({depth})"),
            Self::Posix => f.write_str("posix"),
        }
    }
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(text: &str) -> Result<Self, UnknownBackend> {
        let is_noise = |c: &char| c.is_whitespace() || *c == '_';
        let word: String = text.chars().filter(|c| !is_noise(c)).flat_map(char::to_lowercase).collect();
        match word.as_str() {
            "auto" => return Ok(Self::Auto),
            "posix" | "standard" | "std" => return Ok(Self::Posix),
            "iouring" => return Ok(Self::IO_URING),
            _ => {}
        }
        let depth = word.strip_prefix("iouring(").and_then(|rest| rest.strip_suffix(')'));
        let depth = depth.or_else(|| word.strip_prefix("iouring:")).and_then(|depth| depth.parse().ok());
        depth.map(|depth| Self::IoUring { depth }).ok_or(UnknownBackend)
    }
}

/// Text that names no backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownBackend;

impl fmt::Display for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no backend has that name; there are auto, io_uring, io_uring(DEPTH) and posix")
    }
}

impl std::error::Error for UnknownBackend {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case_and_an_unknown_one_is_refused() {
        for name in ["io_uring", "IOURING", " io uring\n", "Io_Uring"] {
            assert_eq!(name.parse(), Ok(Backend::IO_URING), "{name:?}");
        }
        for name in
            ["", "uring", "io_uring()", "io_uring(", "io_uring(4", "io_uring(-4)", "auto!", "posix(4)"]
        {
            assert_eq!(name.parse::<Backend>(), Err(UnknownBackend), "{name:?}");
        }
        for backend in [Backend::Auto, Backend::Posix, Backend::IO_URING, Backend::IoUring { depth: 8 }] {
            assert_eq!(backend.to_string().parse(), Ok(backend));
        }
    }

    #[test]
    fn a_depth_is_a_power_of_two_within_range() {
        for depth in [0, 3, 63, 8192, u32::MAX] {
            let error = Backend::IoUring { depth }.depth().unwrap_err();
            assert_eq!(error.to_string(), format!("ring depth {depth} is not a power of two from 1 to 4096"));
        }
        assert_eq!(Backend::IoUring { depth: 4096 }.depth(), Ok(4096));
        assert_eq!(Backend::IoUring { depth: 1 }.depth(), Ok(1));
    }
}
