//! Why memory could not be had.

use core::fmt;

use crate::errno::Errno;

/// Why memory could not be had. Nothing is left behind, and what was there before is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocError {
    /// No bytes were asked for.
    Zero,
    /// More bytes than one object may have, rounding and alignment included.
    TooLong {
        /// How many were asked for.
        len: usize,
    },
    /// The kernel refused.
    Refused {
        /// How many bytes were asked for.
        len: usize,
        /// At which step.
        step: Step,
        /// What it said.
        errno: Errno,
    },
}

/// The steps by which memory is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Asking for the size of a page.
    PageLen,
    /// Mapping.
    Map,
    /// Mapping reserved huge pages.
    MapHuge,
    /// Taking all access from the guard pages.
    Guard,
    /// Asking for transparent huge pages.
    Advise,
    /// Making every page resident.
    Populate,
    /// Growing.
    Remap,
}

impl AllocError {
    /// What the kernel said, if it was asked.
    pub const fn errno(&self) -> Option<Errno> {
        match self {
            Self::Refused { errno, .. } => Some(*errno),
            Self::Zero | Self::TooLong { .. } => None,
        }
    }
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("a mapping of 0 bytes was asked for; ask for at least 1"),
            Self::TooLong { len } => {
                write!(f, "{len} bytes, rounded to whole pages, are more than one object in memory may have")
            }
            Self::Refused { len, step, errno } => {
                write!(f, "cannot {} {len} bytes: {errno}", step.verb())?;
                step.remedy(*errno).map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
            }
        }
    }
}

impl core::error::Error for AllocError {}

impl Step {
    const fn verb(self) -> &'static str {
        match self {
            Self::PageLen => "learn the page size, to map",
            Self::Map => "map",
            Self::MapHuge => "map, on reserved huge pages,",
            Self::Guard => "put guard pages around",
            Self::Advise => "ask for huge pages under",
            Self::Populate => "make resident",
            Self::Remap => "grow a mapping to",
        }
    }

    /// What would help.
    fn remedy(self, errno: Errno) -> Option<&'static str> {
        match (self, errno) {
            (_, Errno::NOSYS) => Some("this host does not do that: give it a kernel that can"),
            (Self::MapHuge, Errno::NOMEM) => Some(
                "raise vm.nr_hugepages by one for each 2 MiB, or prefer huge pages instead of requiring them",
            ),
            (Self::Map | Self::Remap, Errno::NOMEM) => {
                Some("ask for less, or look at RLIMIT_AS, vm.max_map_count and vm.overcommit_memory")
            }
            (Self::Populate, Errno::NOMEM | Errno::FAULT) => Some(
                "ask for less, or look at the memory limit of the control group and the nodes of the policy",
            ),
            (Self::Map | Self::Remap | Self::Populate, Errno::AGAIN) => {
                Some("memory is locked by mlockall(2): raise RLIMIT_MEMLOCK")
            }
            _ => None,
        }
    }
}
