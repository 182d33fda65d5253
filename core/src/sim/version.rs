use crate::abi::{EnterFlags, Features, Opcode, Register, SetupFlags, SqeFlags};

/// Which Linux a [`Sim`](super::Sim) plays: what a release does not have, it refuses as that release would.
///
/// ```
/// use bareio_core::sim::Version;
/// assert!(Version::new(5, 10) < Version::new(5, 11));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u16,
    minor: u16,
}

impl Version {
    /// The release `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Whether it is `major.minor` or later.
    pub(super) const fn has(self, major: u16, minor: u16) -> bool {
        self.major > major || (self.major == major && self.minor >= minor)
    }

    pub(super) fn features(self) -> Features {
        const SINCE: [(u16, u16, Features); 18] = [
            (5, 4, Features::SINGLE_MMAP),
            (5, 5, Features::NODROP),
            (5, 5, Features::SUBMIT_STABLE),
            (5, 6, Features::RW_CUR_POS),
            (5, 6, Features::CUR_PERSONALITY),
            (5, 7, Features::FAST_POLL),
            (5, 9, Features::POLL_32BITS),
            (5, 11, Features::SQPOLL_NONFIXED),
            (5, 11, Features::EXT_ARG),
            (5, 12, Features::NATIVE_WORKERS),
            (5, 13, Features::RSRC_TAGS),
            (5, 17, Features::CQE_SKIP),
            (5, 17, Features::LINKED_FILE),
            (6, 3, Features::REG_REG_RING),
            (6, 10, Features::RECVSEND_BUNDLE),
            (6, 12, Features::MIN_TIMEOUT),
            (6, 14, Features::RW_ATTR),
            (6, 15, Features::NO_IOWAIT),
        ];
        let known = SINCE.iter().filter(|(major, minor, _)| self.has(*major, *minor));
        known.fold(Features::NONE, |all, (_, _, feature)| all.with(*feature))
    }

    pub(super) fn setup_flags(self) -> SetupFlags {
        const SINCE: [(u16, u16, SetupFlags); 14] = [
            (5, 1, SetupFlags::IOPOLL),
            (5, 1, SetupFlags::SQPOLL),
            (5, 1, SetupFlags::SQ_AFF),
            (5, 5, SetupFlags::CQSIZE),
            (5, 6, SetupFlags::CLAMP),
            (5, 6, SetupFlags::ATTACH_WQ),
            (5, 10, SetupFlags::R_DISABLED),
            (5, 18, SetupFlags::SUBMIT_ALL),
            (5, 19, SetupFlags::COOP_TASKRUN),
            (5, 19, SetupFlags::TASKRUN_FLAG),
            (6, 0, SetupFlags::SINGLE_ISSUER),
            (6, 1, SetupFlags::DEFER_TASKRUN),
            (6, 6, SetupFlags::NO_SQARRAY),
            (6, 13, SetupFlags::HYBRID_IOPOLL),
        ];
        let known = SINCE.iter().filter(|(major, minor, _)| self.has(*major, *minor));
        known.fold(SetupFlags::NONE, |all, (_, _, flag)| all.with(*flag))
    }

    pub(super) fn enter_flags(self) -> EnterFlags {
        const SINCE: [(u16, u16, EnterFlags); 7] = [
            (5, 1, EnterFlags::GETEVENTS),
            (5, 1, EnterFlags::SQ_WAKEUP),
            (5, 10, EnterFlags::SQ_WAIT),
            (5, 11, EnterFlags::EXT_ARG),
            (5, 18, EnterFlags::REGISTERED_RING),
            (6, 12, EnterFlags::ABS_TIMER),
            (6, 15, EnterFlags::NO_IOWAIT),
        ];
        let known = SINCE.iter().filter(|(major, minor, _)| self.has(*major, *minor));
        known.fold(EnterFlags::NONE, |all, (_, _, flag)| all.with(*flag))
    }

    pub(super) fn sqe_flags(self) -> SqeFlags {
        const SINCE: [(u16, u16, SqeFlags); 7] = [
            (5, 1, SqeFlags::FIXED_FILE),
            (5, 2, SqeFlags::IO_DRAIN),
            (5, 3, SqeFlags::IO_LINK),
            (5, 5, SqeFlags::IO_HARDLINK),
            (5, 6, SqeFlags::ASYNC),
            (5, 7, SqeFlags::BUFFER_SELECT),
            (5, 17, SqeFlags::CQE_SKIP_SUCCESS),
        ];
        let known = SINCE.iter().filter(|(major, minor, _)| self.has(*major, *minor));
        known.fold(SqeFlags::NONE, |all, (_, _, flag)| all.with(*flag))
    }

    /// Whether this release has the operation, and [`Sim`](super::Sim) carries it out.
    pub(super) const fn opcode(self, opcode: Opcode) -> bool {
        match opcode {
            Opcode::NOP
            | Opcode::READV
            | Opcode::WRITEV
            | Opcode::FSYNC
            | Opcode::READ_FIXED
            | Opcode::WRITE_FIXED => self.has(5, 1),
            Opcode::SYNC_FILE_RANGE => self.has(5, 2),
            Opcode::TIMEOUT => self.has(5, 4),
            Opcode::TIMEOUT_REMOVE | Opcode::ASYNC_CANCEL | Opcode::LINK_TIMEOUT => self.has(5, 5),
            Opcode::FALLOCATE
            | Opcode::OPENAT
            | Opcode::CLOSE
            | Opcode::FILES_UPDATE
            | Opcode::STATX
            | Opcode::READ
            | Opcode::WRITE
            | Opcode::FADVISE
            | Opcode::MADVISE => self.has(5, 6),
            Opcode::RENAMEAT | Opcode::UNLINKAT => self.has(5, 11),
            Opcode::MKDIRAT => self.has(5, 15),
            Opcode::FIXED_FD_INSTALL => self.has(6, 8),
            Opcode::FTRUNCATE => self.has(6, 9),
            Opcode::READV_FIXED | Opcode::WRITEV_FIXED => self.has(6, 15),
            _ => false,
        }
    }

    pub(super) const fn register(self, what: Register) -> bool {
        match what {
            Register::BUFFERS
            | Register::UNREGISTER_BUFFERS
            | Register::FILES
            | Register::UNREGISTER_FILES => self.has(5, 1),
            Register::FILES_UPDATE => self.has(5, 5),
            Register::PROBE => self.has(5, 6),
            Register::ENABLE_RINGS => self.has(5, 10),
            super::register::FILES2
            | super::register::BUFFERS2
            | super::register::FILES_UPDATE2
            | super::register::BUFFERS_UPDATE => self.has(5, 13),
            Register::IOWQ_MAX_WORKERS => self.has(5, 15),
            Register::RING_FDS | Register::UNREGISTER_RING_FDS => self.has(5, 18),
            Register::SYNC_CANCEL | Register::FILE_ALLOC_RANGE => self.has(6, 0),
            _ => false,
        }
    }
}
