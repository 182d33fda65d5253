use core::fmt;

/// What `io_uring_register` is to do.
///
/// Source: `io_uring_register(2)`. The kernel that first has one stands with it. What it takes as its argument
/// and its count is named in each; where nothing is named, the argument is null and the count 0.
///
/// An open newtype: a kernel newer than this crate can do more than is named here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Register(pub u32);

/// Writes the constants, their names and their comparison with the kernel's header from one list.
macro_rules! registers {
    ($($(#[$meta:meta])* $name:ident = $number:expr $(, $header:ident)?;)*) => {
        impl Register {
            $($(#[$meta])* pub const $name: Self = Self($number);)*

            /// All that have a name, with it.
            pub const ALL: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }

        $($(const _: () = assert!(
            Register::$name.0 == linux_raw_sys::io_uring::io_uring_register_op::$header as u32
        );)?)*
    };
}

registers! {
    /// Registers fixed buffers: an array of `iovec`, counted. 5.1.
    BUFFERS = 0, IORING_REGISTER_BUFFERS;
    /// Lets go of them. 5.1.
    UNREGISTER_BUFFERS = 1, IORING_UNREGISTER_BUFFERS;
    /// Registers files: an array of descriptors, counted, −1 for a slot left empty. 5.1; empty slots 5.5.
    FILES = 2, IORING_REGISTER_FILES;
    /// Lets go of them. 5.1.
    UNREGISTER_FILES = 3, IORING_UNREGISTER_FILES;
    /// Signals an eventfd at each completion: one descriptor. 5.2.
    EVENTFD = 4, IORING_REGISTER_EVENTFD;
    /// Stops doing so. 5.2.
    UNREGISTER_EVENTFD = 5, IORING_UNREGISTER_EVENTFD;
    /// Replaces some registered files: a [`FilesUpdate`](super::FilesUpdate), and how many. 5.5.
    FILES_UPDATE = 6, IORING_REGISTER_FILES_UPDATE;
    /// As `EVENTFD`, but not for completions that are there when the submission returns. 5.6.
    EVENTFD_ASYNC = 7, IORING_REGISTER_EVENTFD_ASYNC;
    /// Tells which operations the kernel has: a [`Probe`](super::Probe) with room for `count` entries. 5.6.
    PROBE = 8, IORING_REGISTER_PROBE;
    /// Registers the caller's credentials; answers with their number. 5.6.
    PERSONALITY = 9, IORING_REGISTER_PERSONALITY;
    /// Lets go of the credentials whose number the count is. 5.6.
    UNREGISTER_PERSONALITY = 10, IORING_UNREGISTER_PERSONALITY;
    /// Limits what a disabled ring will take: an array of [`Restriction`](super::Restriction), counted. 5.10.
    RESTRICTIONS = 11, IORING_REGISTER_RESTRICTIONS;
    /// Enables a ring that was set up disabled. 5.10.
    ENABLE_RINGS = 12, IORING_REGISTER_ENABLE_RINGS;
    /// Registers files with tags, or empty slots: an [`RsrcRegister`](super::RsrcRegister), its size for a count. 5.13.
    FILES2 = 13, IORING_REGISTER_FILES2;
    /// Replaces some, with tags: an [`RsrcUpdate2`](super::RsrcUpdate2), its size for a count. 5.13.
    FILES_UPDATE2 = 14, IORING_REGISTER_FILES_UPDATE2;
    /// Registers buffers with tags, or empty slots: an [`RsrcRegister`](super::RsrcRegister), its size for a
    /// count. 5.13; empty slots 5.19.
    BUFFERS2 = 15, IORING_REGISTER_BUFFERS2;
    /// Replaces some, with tags: an [`RsrcUpdate2`](super::RsrcUpdate2), its size for a count. 5.13.
    BUFFERS_UPDATE = 16, IORING_REGISTER_BUFFERS_UPDATE;
    /// Binds the workers to processors: a set of bits, its size in bytes for a count. 5.14.
    IOWQ_AFF = 17, IORING_REGISTER_IOWQ_AFF;
    /// Lets them run anywhere. 5.14.
    UNREGISTER_IOWQ_AFF = 18, IORING_UNREGISTER_IOWQ_AFF;
    /// Limits the workers: two numbers, for bounded and for unbounded work, 0 to leave one as it is; the old
    /// ones come back in their place. The count is 2. 5.15.
    IOWQ_MAX_WORKERS = 19, IORING_REGISTER_IOWQ_MAX_WORKERS;
    /// Registers ring descriptors with the calling thread: an array of [`RsrcUpdate`](super::RsrcUpdate),
    /// counted. 5.18.
    RING_FDS = 20, IORING_REGISTER_RING_FDS;
    /// Lets go of them: the same. 5.18.
    UNREGISTER_RING_FDS = 21, IORING_UNREGISTER_RING_FDS;
    /// Registers a ring of provided buffers: a [`BufReg`](super::BufReg), count 1. 5.19.
    PBUF_RING = 22, IORING_REGISTER_PBUF_RING;
    /// Lets go of one: a [`BufReg`](super::BufReg) that names its group, count 1. 5.19.
    UNREGISTER_PBUF_RING = 23, IORING_UNREGISTER_PBUF_RING;
    /// Cancels operations and answers when it is done: a [`SyncCancel`](super::SyncCancel), count 1. 6.0.
    SYNC_CANCEL = 24, IORING_REGISTER_SYNC_CANCEL;
    /// Sets the range from which the kernel allocates file slots: a
    /// [`FileIndexRange`](super::FileIndexRange), count 0. 6.0.
    FILE_ALLOC_RANGE = 25, IORING_REGISTER_FILE_ALLOC_RANGE;
    /// Tells how far the kernel is in a ring of provided buffers: a [`BufStatus`](super::BufStatus), count 1. 6.8.
    PBUF_STATUS = 26, IORING_REGISTER_PBUF_STATUS;
    /// Polls network devices busily while it waits: a [`Napi`](super::Napi), count 1. 6.9.
    NAPI = 27, IORING_REGISTER_NAPI;
    /// Stops doing so, and tells what was set: a [`Napi`](super::Napi), count 1. 6.9.
    UNREGISTER_NAPI = 28, IORING_UNREGISTER_NAPI;
    /// Sets the clock that timed waits use: a [`ClockRegister`](super::ClockRegister), count 0. 6.12.
    CLOCK = 29, IORING_REGISTER_CLOCK;
    /// Takes over the fixed buffers of another ring: a [`CloneBuffers`](super::CloneBuffers), count 1. 6.12.
    CLONE_BUFFERS = 30, IORING_REGISTER_CLONE_BUFFERS;
    /// Posts a completion into another ring, without a ring to submit from: an entry, count 1; the
    /// descriptor is −1. 6.13.
    SEND_MSG_RING = 31, IORING_REGISTER_SEND_MSG_RING;
    /// Registers a queue of a network device for receiving without copying: `struct io_uring_zcrx_ifq_reg`,
    /// count 1. 6.15.
    ZCRX_IFQ = 32, IORING_REGISTER_ZCRX_IFQ;
    /// Changes the sizes of both rings: [`Params`](super::Params), count 1. 6.13.
    RESIZE_RINGS = 33, IORING_REGISTER_RESIZE_RINGS;
    /// Registers memory for the arguments of waits: a [`MemRegion`](super::MemRegion), count 1. 6.13.
    MEM_REGION = 34, IORING_REGISTER_MEM_REGION;
    /// Tells what the kernel has: a list of `struct io_uring_query_hdr`, count 0; the descriptor may be −1. 6.18.
    QUERY = 35;
    /// Added to another: the ring is given by its registered index. 6.3.
    USE_REGISTERED_RING = 1 << 31, IORING_REGISTER_USE_REGISTERED_RING;
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = Self(self.0 & !Self::USE_REGISTERED_RING.0);
        match Self::ALL.iter().find(|(_, known)| *known == what) {
            Some((name, _)) => f.write_str(name)?,
            None => write!(f, "Register({})", what.0)?,
        }
        if what == *self { Ok(()) } else { f.write_str(" | USE_REGISTERED_RING") }
    }
}
