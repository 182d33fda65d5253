//! Sets of bits that go into system calls or come out of them.

/// Defines a set of bits as a transparent newtype with named constants, each compared with the kernel's
/// header at compile time where the header has it.
macro_rules! flags {
    (
        $(#[$meta:meta])*
        $name:ident: $int:ty {
            $($(#[$bit_meta:meta])* $bit:ident = $value:expr $(, $header:path)?;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        #[repr(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// No bit.
            pub const NONE: Self = Self(0);
            $($(#[$bit_meta])* pub const $bit: Self = Self($value);)*

            /// The bits as a number.
            pub const fn bits(self) -> $int {
                self.0
            }

            /// Whether all bits of `other` are in it.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any bit of `other` is in it.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// It with the bits of `other`.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// It without the bits of `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// The names and bits of those that are set.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                const ALL: &[(&str, $int)] = &[$((stringify!($bit), $value)),*];
                ALL.iter().filter(move |(_, bit)| self.0 & bit == *bit && *bit != 0).map(|(name, _)| *name)
            }
        }

        impl core::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.with(other)
            }
        }

        impl core::ops::BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) {
                *self = self.with(other);
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x}"), self.0)?;
                for name in self.names() {
                    write!(f, " {name}")?;
                }
                f.write_str(")")
            }
        }

        $($(const _: () = assert!($name::$bit.0 as u64 == $header as u64);)?)*
    };
}
pub(crate) use flags;

use linux_raw_sys::io_uring as sys;

flags! {
    /// How a ring is set up: `io_uring_params.flags`.
    ///
    /// Source: `io_uring_setup(2)`. The kernel that first has a bit stands with it.
    SetupFlags: u32 {
        /// Completions are found by polling the device instead of by interrupts. 5.1.
        IOPOLL = 1 << 0, sys::IORING_SETUP_IOPOLL;
        /// A kernel thread takes entries from the submission queue by itself. 5.1; unprivileged from 5.11.
        SQPOLL = 1 << 1, sys::IORING_SETUP_SQPOLL;
        /// That thread is bound to the processor of `sq_thread_cpu`. 5.1.
        SQ_AFF = 1 << 2, sys::IORING_SETUP_SQ_AFF;
        /// `cq_entries` sets the size of the completion queue. 5.5.
        CQSIZE = 1 << 3, sys::IORING_SETUP_CQSIZE;
        /// Sizes over the limit are cut to it instead of refused. 5.6.
        CLAMP = 1 << 4, sys::IORING_SETUP_CLAMP;
        /// The workers of the ring `wq_fd` are shared. 5.6.
        ATTACH_WQ = 1 << 5, sys::IORING_SETUP_ATTACH_WQ;
        /// The ring takes nothing until it is enabled. 5.10.
        R_DISABLED = 1 << 6, sys::IORING_SETUP_R_DISABLED;
        /// A failing entry does not stop the submission of those behind it. 5.18.
        SUBMIT_ALL = 1 << 7, sys::IORING_SETUP_SUBMIT_ALL;
        /// Completion work waits for the next entry into the kernel instead of interrupting. 5.19.
        COOP_TASKRUN = 1 << 8, sys::IORING_SETUP_COOP_TASKRUN;
        /// `SqFlags::TASKRUN` tells that completion work waits. 5.19.
        TASKRUN_FLAG = 1 << 9, sys::IORING_SETUP_TASKRUN_FLAG;
        /// Submission entries of 128 bytes. 5.19. Never set here.
        SQE128 = 1 << 10, sys::IORING_SETUP_SQE128;
        /// Completion entries of 32 bytes. 5.19. Never set here.
        CQE32 = 1 << 11, sys::IORING_SETUP_CQE32;
        /// One task only submits. 6.0.
        SINGLE_ISSUER = 1 << 12, sys::IORING_SETUP_SINGLE_ISSUER;
        /// Completion work runs only when that task asks for completions. 6.1.
        DEFER_TASKRUN = 1 << 13, sys::IORING_SETUP_DEFER_TASKRUN;
        /// The caller brings the memory of the rings. 6.5. Never set here.
        NO_MMAP = 1 << 14, sys::IORING_SETUP_NO_MMAP;
        /// Only a registered descriptor is made. 6.5. Never set here.
        REGISTERED_FD_ONLY = 1 << 15, sys::IORING_SETUP_REGISTERED_FD_ONLY;
        /// The submission queue is used in order, without an array of indices. 6.6.
        NO_SQARRAY = 1 << 16, sys::IORING_SETUP_NO_SQARRAY;
        /// Polling that sleeps for about half the expected time first. 6.13.
        HYBRID_IOPOLL = 1 << 17, sys::IORING_SETUP_HYBRID_IOPOLL;
    }
}

flags! {
    /// What the kernel of a ring can do: `io_uring_params.features`.
    ///
    /// Source: `io_uring_setup(2)`.
    Features: u32 {
        /// Both rings are in one mapping. 5.4.
        SINGLE_MMAP = 1 << 0, sys::IORING_FEAT_SINGLE_MMAP;
        /// No completion is dropped when the completion queue is full. 5.5.
        NODROP = 1 << 1, sys::IORING_FEAT_NODROP;
        /// What an entry points to, data buffers apart, may go once the entry was consumed. 5.5.
        SUBMIT_STABLE = 1 << 2, sys::IORING_FEAT_SUBMIT_STABLE;
        /// An offset of −1 means the current position. 5.6.
        RW_CUR_POS = 1 << 3, sys::IORING_FEAT_RW_CUR_POS;
        /// An operation runs with the credentials of whoever submitted it. 5.6.
        CUR_PERSONALITY = 1 << 4, sys::IORING_FEAT_CUR_PERSONALITY;
        /// Waiting for readiness needs no worker. 5.7.
        FAST_POLL = 1 << 5, sys::IORING_FEAT_FAST_POLL;
        /// Poll takes 32 bits of events. 5.9.
        POLL_32BITS = 1 << 6, sys::IORING_FEAT_POLL_32BITS;
        /// A polled submission queue takes plain descriptors. 5.11.
        SQPOLL_NONFIXED = 1 << 7, sys::IORING_FEAT_SQPOLL_NONFIXED;
        /// `enter` takes a timeout. 5.11.
        EXT_ARG = 1 << 8, sys::IORING_FEAT_EXT_ARG;
        /// Workers are threads of the process. 5.12.
        NATIVE_WORKERS = 1 << 9, sys::IORING_FEAT_NATIVE_WORKERS;
        /// Registered buffers and files can be tagged and updated. 5.13.
        RSRC_TAGS = 1 << 10, sys::IORING_FEAT_RSRC_TAGS;
        /// An entry can do without a completion if it succeeds. 5.17.
        CQE_SKIP = 1 << 11, sys::IORING_FEAT_CQE_SKIP;
        /// A link's file is looked up when the link runs. 5.17.
        LINKED_FILE = 1 << 12, sys::IORING_FEAT_LINKED_FILE;
        /// `register` can be called through a registered ring descriptor. 6.3.
        REG_REG_RING = 1 << 13, sys::IORING_FEAT_REG_REG_RING;
        /// Send and receive take bundles of buffers. 6.10.
        RECVSEND_BUNDLE = 1 << 14, sys::IORING_FEAT_RECVSEND_BUNDLE;
        /// Waiting can have a shorter time for a first batch. 6.12.
        MIN_TIMEOUT = 1 << 15, sys::IORING_FEAT_MIN_TIMEOUT;
        /// Reads and writes take attributes. 6.14.
        RW_ATTR = 1 << 16, sys::IORING_FEAT_RW_ATTR;
        /// Waiting need not count as waiting for I/O. 6.15.
        NO_IOWAIT = 1 << 17, sys::IORING_FEAT_NO_IOWAIT;
    }
}

flags! {
    /// What one `enter` is to do.
    ///
    /// Source: `io_uring_enter(2)`.
    EnterFlags: u32 {
        /// Wait for completions, and run what brings them. 5.1.
        GETEVENTS = 1 << 0, sys::IORING_ENTER_GETEVENTS;
        /// Wake the thread that polls the submission queue. 5.1.
        SQ_WAKEUP = 1 << 1, sys::IORING_ENTER_SQ_WAKEUP;
        /// Wait until that thread has made room. 5.10.
        SQ_WAIT = 1 << 2, sys::IORING_ENTER_SQ_WAIT;
        /// The last arguments are a [`GeteventsArg`](super::GeteventsArg). 5.11.
        EXT_ARG = 1 << 3, sys::IORING_ENTER_EXT_ARG;
        /// The descriptor is an index of registered rings. 5.18.
        REGISTERED_RING = 1 << 4, sys::IORING_ENTER_REGISTERED_RING;
        /// The timeout is a point in time. 6.12.
        ABS_TIMER = 1 << 5, sys::IORING_ENTER_ABS_TIMER;
        /// The argument is a byte offset into a registered region. 6.13.
        EXT_ARG_REG = 1 << 6, sys::IORING_ENTER_EXT_ARG_REG;
        /// Do not count as waiting for I/O. 6.15.
        NO_IOWAIT = 1 << 7, sys::IORING_ENTER_NO_IOWAIT;
    }
}

flags! {
    /// What the kernel says in the flags word of the submission ring.
    SqFlags: u32 {
        /// The polling thread sleeps and wants to be woken.
        NEED_WAKEUP = 1 << 0, sys::IORING_SQ_NEED_WAKEUP;
        /// Completions wait outside the full completion queue; enter to have them flushed.
        CQ_OVERFLOW = 1 << 1, sys::IORING_SQ_CQ_OVERFLOW;
        /// Completion work waits for an entry into the kernel.
        TASKRUN = 1 << 2, sys::IORING_SQ_TASKRUN;
    }
}

flags! {
    /// How one entry is treated: `io_uring_sqe.flags`.
    ///
    /// Source: `io_uring_enter(2)`.
    SqeFlags: u8 {
        /// `fd` is an index of registered files. 5.1.
        FIXED_FILE = 1 << 0;
        /// Starts when all before it have completed. 5.2.
        IO_DRAIN = 1 << 1;
        /// The next entry starts when this one has succeeded, whole. 5.3.
        IO_LINK = 1 << 2;
        /// The next entry starts when this one has completed, however. 5.5.
        IO_HARDLINK = 1 << 3;
        /// Goes to a worker at once. 5.6.
        ASYNC = 1 << 4;
        /// The kernel picks a provided buffer. 5.7.
        BUFFER_SELECT = 1 << 5;
        /// No completion if it succeeds. 5.17.
        CQE_SKIP_SUCCESS = 1 << 6;
    }
}

const _: () = {
    use linux_raw_sys::io_uring::io_uring_sqe_flags_bit as bit;
    assert!(SqeFlags::FIXED_FILE.0 == 1 << bit::IOSQE_FIXED_FILE_BIT as u8);
    assert!(SqeFlags::IO_DRAIN.0 == 1 << bit::IOSQE_IO_DRAIN_BIT as u8);
    assert!(SqeFlags::IO_LINK.0 == 1 << bit::IOSQE_IO_LINK_BIT as u8);
    assert!(SqeFlags::IO_HARDLINK.0 == 1 << bit::IOSQE_IO_HARDLINK_BIT as u8);
    assert!(SqeFlags::ASYNC.0 == 1 << bit::IOSQE_ASYNC_BIT as u8);
    assert!(SqeFlags::BUFFER_SELECT.0 == 1 << bit::IOSQE_BUFFER_SELECT_BIT as u8);
    assert!(SqeFlags::CQE_SKIP_SUCCESS.0 == 1 << bit::IOSQE_CQE_SKIP_SUCCESS_BIT as u8);
};

flags! {
    /// What comes with a completion: `io_uring_cqe.flags`. The upper 16 bits are a buffer's number.
    CqeFlags: u32 {
        /// A provided buffer was used; its number is in the upper bits.
        BUFFER = 1 << 0, sys::IORING_CQE_F_BUFFER;
        /// More completions of the same operation follow.
        MORE = 1 << 1, sys::IORING_CQE_F_MORE;
        /// The socket has more to read.
        SOCK_NONEMPTY = 1 << 2, sys::IORING_CQE_F_SOCK_NONEMPTY;
        /// The buffer of a zero-copy send is free now.
        NOTIF = 1 << 3, sys::IORING_CQE_F_NOTIF;
        /// The provided buffer is not used up.
        BUF_MORE = 1 << 4, sys::IORING_CQE_F_BUF_MORE;
    }
}

flags! {
    /// Advice on memory, as a number and not a set: `madvise(2)`.
    AdviseMemory: u32 {
        /// Not to be copied into a forked child. 2.6.16.
        DONTFORK = 10, linux_raw_sys::general::MADV_DONTFORK;
        /// To be backed by huge pages. 2.6.38.
        HUGEPAGE = 14, linux_raw_sys::general::MADV_HUGEPAGE;
        /// To read as zero in a forked child. 4.14.
        WIPEONFORK = 18, linux_raw_sys::general::MADV_WIPEONFORK;
        /// To be populated for writing, now. 5.14.
        POPULATE_WRITE = 23, linux_raw_sys::general::MADV_POPULATE_WRITE;
        /// To give the pages back now; they read as zero afterwards. 2.4.
        DONTNEED = 4, linux_raw_sys::general::MADV_DONTNEED;
        /// To collapse into huge pages, now. 6.1.
        COLLAPSE = 25, linux_raw_sys::general::MADV_COLLAPSE;
    }
}
