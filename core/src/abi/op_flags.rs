//! Bits that io_uring has for single operations: `IORING_*`, `SPLICE_F_FD_IN_FIXED`.

use super::flags::flags;
use linux_raw_sys::io_uring as sys;

flags! {
    /// What a cancellation matches: `IORING_ASYNC_CANCEL_*`.
    ///
    /// Source: `io_uring_prep_cancel(3)`. With none of `FD`, `ANY`, `USERDATA` and `OP`, user data is matched.
    CancelFlags: u32 {
        /// All that match, not only the first. 5.19.
        ALL = 1 << 0, sys::IORING_ASYNC_CANCEL_ALL;
        /// Those on a descriptor. 5.19.
        FD = 1 << 1, sys::IORING_ASYNC_CANCEL_FD;
        /// Everything. 5.19.
        ANY = 1 << 2, sys::IORING_ASYNC_CANCEL_ANY;
        /// The descriptor is an index of registered files. 6.0.
        FD_FIXED = 1 << 3, sys::IORING_ASYNC_CANCEL_FD_FIXED;
        /// Those with the user data given; said together with others. 6.6.
        USERDATA = 1 << 4, sys::IORING_ASYNC_CANCEL_USERDATA;
        /// Those with the opcode given. 6.6.
        OP = 1 << 5, sys::IORING_ASYNC_CANCEL_OP;
    }
}

flags! {
    /// What a time means: `IORING_TIMEOUT_*`.
    ///
    /// Source: `io_uring_prep_timeout(3)`.
    TimeoutFlags: u32 {
        /// A point in time, not a span. 5.5.
        ABS = 1 << 0, sys::IORING_TIMEOUT_ABS;
        /// Changes a timeout; the constructors that do so set it. 5.11.
        UPDATE = 1 << 1, sys::IORING_TIMEOUT_UPDATE;
        /// By the clock that goes on while the machine sleeps. 5.15.
        BOOTTIME = 1 << 2, sys::IORING_TIMEOUT_BOOTTIME;
        /// By the clock on the wall. 5.15.
        REALTIME = 1 << 3, sys::IORING_TIMEOUT_REALTIME;
        /// Changes a linked timeout; the constructors that do so set it. 5.15.
        LINK_UPDATE = 1 << 4, sys::IORING_LINK_TIMEOUT_UPDATE;
        /// Running out counts as success, for links and for `CQE_SKIP_SUCCESS`. 5.16.
        ETIME_SUCCESS = 1 << 5, sys::IORING_TIMEOUT_ETIME_SUCCESS;
        /// Again and again; the count says how often, 0 for ever. 6.4.
        MULTISHOT = 1 << 6, sys::IORING_TIMEOUT_MULTISHOT;
    }
}

flags! {
    /// What is done about waiting for readiness: `IORING_POLL_*`.
    ///
    /// Source: `io_uring_prep_poll_add(3)`. The kernel's header has `IORING_POLL_ADD_LEVEL` too; the kernel refuses
    /// it, so it is left out.
    PollFlags: u32 {
        /// Goes on after a completion. 5.13.
        ADD_MULTI = 1 << 0, sys::IORING_POLL_ADD_MULTI;
        /// Changes the events of a wait. 5.13.
        UPDATE_EVENTS = 1 << 1, sys::IORING_POLL_UPDATE_EVENTS;
        /// Changes the user data of a wait. 5.13.
        UPDATE_USER_DATA = 1 << 2, sys::IORING_POLL_UPDATE_USER_DATA;
    }
}

flags! {
    /// How a send is done: `IORING_RECVSEND_*`, `IORING_SEND_*`.
    ///
    /// Source: `io_uring_prep_send(3)`, `io_uring_prep_send_zc(3)`.
    SendFlags: u16 {
        /// Waits for readiness before the first attempt. 5.19.
        POLL_FIRST = 1 << 0, sys::IORING_RECVSEND_POLL_FIRST;
        /// From a fixed buffer; zero copy only. 6.0.
        FIXED_BUF = 1 << 2, sys::IORING_RECVSEND_FIXED_BUF;
        /// The last completion tells whether bytes were copied after all; zero copy only. 6.2.
        ZC_REPORT_USAGE = 1 << 3, sys::IORING_SEND_ZC_REPORT_USAGE;
        /// As many provided buffers at once as there are. 6.10.
        BUNDLE = 1 << 4, sys::IORING_RECVSEND_BUNDLE;
        /// The address is that of `iovec`s, the length their count. 6.17.
        VECTORIZED = 1 << 5, sys::IORING_SEND_VECTORIZED;
    }
}

flags! {
    /// How bytes are received: `IORING_RECVSEND_*`, `IORING_RECV_*`.
    ///
    /// Source: `io_uring_prep_recv(3)`.
    RecvFlags: u16 {
        /// Waits for readiness before the first attempt. 5.19.
        POLL_FIRST = 1 << 0, sys::IORING_RECVSEND_POLL_FIRST;
        /// Goes on after a completion. 6.0.
        MULTISHOT = 1 << 1, sys::IORING_RECV_MULTISHOT;
        /// As many provided buffers at once as there are. 6.10.
        BUNDLE = 1 << 4, sys::IORING_RECVSEND_BUNDLE;
    }
}

flags! {
    /// How connections are accepted: `IORING_ACCEPT_*`.
    ///
    /// Source: `io_uring_prep_accept(3)`.
    AcceptFlags: u16 {
        /// Goes on after a completion. 5.19.
        MULTISHOT = 1 << 0, sys::IORING_ACCEPT_MULTISHOT;
        /// `AGAIN` instead of waiting. 6.10.
        DONTWAIT = 1 << 1, sys::IORING_ACCEPT_DONTWAIT;
        /// Waits for readiness before the first attempt. 6.10.
        POLL_FIRST = 1 << 2, sys::IORING_ACCEPT_POLL_FIRST;
    }
}

flags! {
    /// How something is posted into another ring: `IORING_MSG_RING_*`.
    ///
    /// Source: `io_uring_prep_msg_ring(3)`.
    MsgRingFlags: u32 {
        /// No completion in the other ring; for files only. 6.0.
        CQE_SKIP = 1 << 0, sys::IORING_MSG_RING_CQE_SKIP;
        /// The completion there has flags of the sender's; the constructor that does so sets it. 6.3.
        FLAGS_PASS = 1 << 1, sys::IORING_MSG_RING_FLAGS_PASS;
    }
}

flags! {
    /// How a registered file becomes a plain descriptor: `IORING_FIXED_FD_*`.
    ///
    /// Source: `io_uring_prep_fixed_fd_install(3)`.
    InstallFlags: u32 {
        /// It stays open across `execve`. 6.8.
        NO_CLOEXEC = 1 << 0, sys::IORING_FIXED_FD_NO_CLOEXEC;
    }
}

flags! {
    /// What an operation that does nothing does on the way: `IORING_NOP_*`.
    NopFlags: u32 {
        /// Completes with the result given. 6.10.
        INJECT_RESULT = 1 << 0, sys::IORING_NOP_INJECT_RESULT;
        /// Looks its file up. 6.13.
        FILE = 1 << 1, sys::IORING_NOP_FILE;
        /// The file is an index of registered files. 6.13.
        FIXED_FILE = 1 << 2, sys::IORING_NOP_FIXED_FILE;
        /// Looks its fixed buffer up. 6.13.
        FIXED_BUFFER = 1 << 3, sys::IORING_NOP_FIXED_BUFFER;
        /// Completes through task work. 6.16.
        TW = 1 << 4, sys::IORING_NOP_TW;
    }
}

flags! {
    /// How a command is given to a driver: `IORING_URING_CMD_*`.
    CommandFlags: u32 {
        /// With the entry's fixed buffer. 6.1.
        FIXED = 1 << 0, sys::IORING_URING_CMD_FIXED;
    }
}

flags! {
    /// How bytes are moved between pipes: `SPLICE_F_*`.
    ///
    /// Source: `splice(2)`, `io_uring_prep_splice(3)`.
    SpliceFlags: u32 {
        /// Moves pages instead of copying, where that can be.
        MOVE = 1, linux_raw_sys::general::SPLICE_F_MOVE;
        /// Does not wait for the pipe.
        NONBLOCK = 2, linux_raw_sys::general::SPLICE_F_NONBLOCK;
        /// More follows.
        MORE = 4, linux_raw_sys::general::SPLICE_F_MORE;
        /// The source is an index of registered files. 5.7.
        FD_IN_FIXED = 1 << 31, sys::SPLICE_F_FD_IN_FIXED;
    }
}
