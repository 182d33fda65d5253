use super::{AcceptFlags, Opcode, RecvFlags, SendFlags, SqeFlags, same_layout};

/// A submission entry: one operation as the kernel reads it.
///
/// Layout: `struct io_uring_sqe` of 64 bytes, its unions named after their use by reads and writes. It is
/// plain data, made by the constructors of [`sqe`](crate::sqe), which set every byte; pushing one into a ring
/// is where its addresses begin to matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Sqe {
    /// What to do.
    pub opcode: Opcode,
    /// How to treat it.
    pub flags: SqeFlags,
    /// I/O priority, or flags of the operation.
    pub ioprio: u16,
    /// The descriptor, or the index of a registered file.
    pub fd: i32,
    /// An offset in a file, in bytes, or a second address.
    pub offset: u64,
    /// An address, or another offset.
    pub addr: u64,
    /// A length in bytes, or a count.
    pub len: u32,
    /// Flags of the operation.
    pub op_flags: u32,
    /// Given back with the completion.
    pub user_data: u64,
    /// The index of a fixed buffer, or a buffer group.
    pub buf_index: u16,
    /// Credentials, by number.
    pub personality: u16,
    /// A slot of registered files, counted from 1, or the source of a splice.
    pub file_index: u32,
    /// A third address, or attributes, or the first half of a driver's command.
    pub addr3: u64,
    /// Zero, or the second half of a driver's command.
    pub pad: u64,
}

#[expect(clippy::inline_always, reason = "inlined, each is one store into the ring")]
impl Sqe {
    /// Sets what is given back with the completion.
    #[inline(always)]
    #[must_use]
    pub const fn user_data(mut self, user_data: u64) -> Self {
        self.user_data = user_data;
        self
    }

    /// Adds `flags`.
    #[inline(always)]
    #[must_use]
    pub const fn flags(mut self, flags: SqeFlags) -> Self {
        self.flags = self.flags.with(flags);
        self
    }

    /// Takes `fd` for the index of a registered file.
    #[inline(always)]
    #[must_use]
    pub const fn fixed_file(self) -> Self {
        self.flags(SqeFlags::FIXED_FILE)
    }

    /// Has the kernel pick a buffer of the group `group`, where the entry's own address is null. 5.7.
    #[inline(always)]
    #[must_use]
    pub const fn buffer_group(mut self, group: u16) -> Self {
        self.buf_index = group;
        self.flags(SqeFlags::BUFFER_SELECT)
    }

    /// Runs with the registered credentials `personality`. 5.6.
    #[inline(always)]
    #[must_use]
    pub const fn personality(mut self, personality: u16) -> Self {
        self.personality = personality;
        self
    }

    /// Sets the I/O priority of a read or write, as `ioprio_set(2)` encodes it. 5.1.
    #[inline(always)]
    #[must_use]
    pub const fn priority(mut self, priority: u16) -> Self {
        self.ioprio = priority;
        self
    }

    /// Says how a send is done, beside what the constructor said.
    #[inline(always)]
    #[must_use]
    pub const fn send_flags(mut self, flags: SendFlags) -> Self {
        self.ioprio |= flags.bits();
        self
    }

    /// Says how bytes are received, beside what the constructor said.
    #[inline(always)]
    #[must_use]
    pub const fn recv_flags(mut self, flags: RecvFlags) -> Self {
        self.ioprio |= flags.bits();
        self
    }

    /// Says how connections are accepted, beside what the constructor said.
    #[inline(always)]
    #[must_use]
    pub const fn accept_flags(mut self, flags: AcceptFlags) -> Self {
        self.ioprio |= flags.bits();
        self
    }
}

same_layout!(
    Sqe,
    linux_raw_sys::io_uring::io_uring_sqe,
    opcode = opcode,
    flags = flags,
    ioprio = ioprio,
    fd = fd,
    offset = __bindgen_anon_1,
    addr = __bindgen_anon_2,
    len = len,
    op_flags = __bindgen_anon_3,
    user_data = user_data,
    buf_index = __bindgen_anon_4,
    personality = personality,
    file_index = __bindgen_anon_5,
    addr3 = __bindgen_anon_6,
);
const _: () = assert!(size_of::<Sqe>() == 64);
