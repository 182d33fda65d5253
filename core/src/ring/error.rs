use core::fmt;

use crate::abi::SetupFlags;
use crate::errno::Errno;

/// What a ring answers when it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingError {
    /// The submission queue has too few free entries. Nothing was staged.
    Full,
    /// This is a forked child; the ring and its operations are the parent's.
    Forked,
    /// The kernel refused. Entries that it did not consume stay queued.
    Kernel(Errno),
}

impl From<Errno> for RingError {
    fn from(errno: Errno) -> Self {
        Self::Kernel(errno)
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => super::Full.fmt(f),
            Self::Forked => f.write_str("the ring belongs to the parent process; set one up after fork"),
            Self::Kernel(errno) => errno.fmt(f),
        }
    }
}

impl core::error::Error for RingError {}

/// At which step a ring could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The options contradict each other or are out of range; the kernel was not asked.
    Options,
    /// `io_uring_setup(2)`.
    Setup,
    /// Mapping the rings.
    Map,
    /// Checking what the kernel answered: it makes no sense.
    Geometry,
    /// The page that tells a forked child.
    Sentinel,
    /// Enabling a ring that was set up disabled.
    Enable,
}

/// Why a ring could not be made, as far as the error number and the step tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The kernel has no io_uring, or a filter pretends so: `ENOSYS`.
    Missing,
    /// A filter or a setting forbids it: `EPERM`.
    Forbidden,
    /// A security module forbids it: `EACCES`.
    SecurityModule,
    /// No memory for the rings: `ENOMEM`.
    Memory,
    /// Too many descriptors are open: `EMFILE`, `ENFILE`.
    Descriptors,
    /// An option that was demanded is not known to this kernel, or a size is out of range: `EINVAL`.
    Option,
    /// The host has a stub that supports nothing, or not this option: `EOPNOTSUPP`.
    Unsupported,
    /// Another thread is bound to the ring: `EEXIST`.
    OtherThread,
    /// The host's answer makes no sense.
    Nonsense,
    /// Anything else.
    Other,
}

impl Reason {
    /// What to change so that it works, in a sentence without a full stop.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Missing => {
                "use a kernel from 5.1 on; in a container or under an emulator, allow io_uring in its system call filter"
            }
            Self::Forbidden => {
                "allow io_uring_setup, io_uring_enter and io_uring_register in the container's seccomp profile, and set \
                 the sysctl kernel.io_uring_disabled to 0; for SQPOLL before 5.11, have CAP_SYS_NICE"
            }
            Self::SecurityModule => "allow io_uring in the policy of SELinux or of the other security module",
            Self::Memory => {
                "raise RLIMIT_MEMLOCK (kernels before 5.12 count rings there), use fewer entries, or free memory: large \
                 rings need contiguous pages, and closed ones give theirs back late"
            }
            Self::Descriptors => "raise RLIMIT_NOFILE, or close descriptors",
            Self::Option => "do without the option, use a size within range, or a newer kernel",
            Self::Unsupported => {
                "do without the option; a host that supports nothing needs the path without io_uring"
            }
            Self::OtherThread => "enable the ring on the thread that will submit",
            Self::Nonsense => "report it to the maker of the host",
            Self::Other => "see io_uring_setup(2)",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is no io_uring here",
            Self::Forbidden => "io_uring is forbidden here",
            Self::SecurityModule => "a security module forbids io_uring",
            Self::Memory => "there is no memory for the rings",
            Self::Descriptors => "too many descriptors are open",
            Self::Option => "an option is not known to this kernel, or a size is out of range",
            Self::Unsupported => "the host does not support this",
            Self::OtherThread => "the ring is bound to another thread",
            Self::Nonsense => "the host's answer makes no sense",
            Self::Other => "setting up a ring failed",
        })
    }
}

/// A ring could not be made. Nothing is left of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupError {
    /// Where it failed.
    pub step: Step,
    /// What the kernel said; `EINVAL` where it was not asked.
    pub errno: Errno,
    /// What was asked for at last, after optional things were left out.
    pub setup: SetupFlags,
}

impl SetupError {
    /// Why, as far as can be told.
    pub const fn reason(&self) -> Reason {
        match (self.step, self.errno) {
            (Step::Geometry, _) => Reason::Nonsense,
            (_, Errno::NOSYS) => Reason::Missing,
            (_, Errno::PERM) => Reason::Forbidden,
            (_, Errno::ACCESS) => Reason::SecurityModule,
            (_, Errno::NOMEM) => Reason::Memory,
            (_, Errno::MFILE | Errno::NFILE) => Reason::Descriptors,
            (_, Errno::INVAL) => Reason::Option,
            (_, Errno::OPNOTSUPP) => Reason::Unsupported,
            (_, Errno::EXIST) => Reason::OtherThread,
            _ => Reason::Other,
        }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason();
        write!(f, "{reason} ({:?}, {}); {}", self.step, self.errno, reason.remedy())
    }
}

impl core::error::Error for SetupError {}
