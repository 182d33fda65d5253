//! Bits of the system calls that operations stand for.

use super::flags::flags;
use linux_raw_sys::general as sys;

flags! {
    /// How a path is looked up: `AT_*`.
    ///
    /// Source: `statx(2)`, `linkat(2)`.
    AtFlags: u32 {
        /// A symbolic link at its end is not followed.
        SYMLINK_NOFOLLOW = 0x100, sys::AT_SYMLINK_NOFOLLOW;
        /// A symbolic link at its end is followed, where that is not the rule.
        SYMLINK_FOLLOW = 0x400, sys::AT_SYMLINK_FOLLOW;
        /// Nothing is mounted on the way.
        NO_AUTOMOUNT = 0x800, sys::AT_NO_AUTOMOUNT;
        /// An empty path stands for the descriptor itself.
        EMPTY_PATH = 0x1000, sys::AT_EMPTY_PATH;
        /// A network file system asks its server.
        STATX_FORCE_SYNC = 0x2000, sys::AT_STATX_FORCE_SYNC;
        /// A network file system answers from what it knows.
        STATX_DONT_SYNC = 0x4000, sys::AT_STATX_DONT_SYNC;
    }
}

flags! {
    /// How a path may be resolved: `RESOLVE_*`.
    ///
    /// Source: `openat2(2)`; 5.6.
    ResolveFlags: u64 {
        /// Not onto another mount.
        NO_XDEV = 1, sys::RESOLVE_NO_XDEV;
        /// Not through links such as `/proc/self/fd/1`.
        NO_MAGICLINKS = 2, sys::RESOLVE_NO_MAGICLINKS;
        /// Not through symbolic links.
        NO_SYMLINKS = 4, sys::RESOLVE_NO_SYMLINKS;
        /// Not out of the directory.
        BENEATH = 8, sys::RESOLVE_BENEATH;
        /// As if the directory were the root.
        IN_ROOT = 16, sys::RESOLVE_IN_ROOT;
        /// Only if no disk has to be asked. 5.12.
        CACHED = 32, sys::RESOLVE_CACHED;
    }
}

flags! {
    /// How a new socket, or a new pipe, is: `SOCK_*`, which are `O_*`.
    ///
    /// Source: `socket(2)`, `accept4(2)`, `pipe2(2)`.
    SocketFlags: u32 {
        /// It never waits.
        NONBLOCK = sys::O_NONBLOCK;
        /// It is closed across `execve`. A slot of registered files takes no such bit.
        CLOEXEC = sys::O_CLOEXEC;
    }
}

flags! {
    /// How a message is sent or received: `MSG_*`.
    ///
    /// Source: `send(2)`, `recv(2)`.
    MsgFlags: u32 {
        /// Out of band.
        OOB = 0x1;
        /// What is received stays there.
        PEEK = 0x2;
        /// Not through a router.
        DONTROUTE = 0x4;
        /// The true length is told, also if it did not fit.
        TRUNC = 0x20;
        /// Does not wait.
        DONTWAIT = 0x40;
        /// Ends a record.
        EOR = 0x80;
        /// The whole length: the kernel resumes short transfers (sends 6.0).
        WAITALL = 0x100;
        /// From the socket's queue of errors.
        ERRQUEUE = 0x2000;
        /// No signal if the other side is gone.
        NOSIGNAL = 0x4000;
        /// More follows.
        MORE = 0x8000;
        /// With the first bytes of a connection.
        FASTOPEN = 0x2000_0000;
        /// Descriptors that arrive are closed across `execve`.
        CMSG_CLOEXEC = 0x4000_0000;
    }
}

flags! {
    /// What is waited for: `POLL*` and `EPOLL*`.
    ///
    /// Source: `poll(2)`, `epoll_ctl(2)`.
    PollEvents: u32 {
        /// There is something to read.
        IN = 0x1, sys::EPOLLIN;
        /// There is something urgent to read.
        PRI = 0x2, sys::EPOLLPRI;
        /// There is room to write.
        OUT = 0x4, sys::EPOLLOUT;
        /// An error; told always.
        ERR = 0x8, sys::EPOLLERR;
        /// The other side is gone; told always.
        HUP = 0x10, sys::EPOLLHUP;
        /// The other side writes no more.
        RDHUP = 0x2000, sys::EPOLLRDHUP;
        /// Wakes one of many who wait. 4.5; here 5.9.
        EXCLUSIVE = 1 << 28, sys::EPOLLEXCLUSIVE;
        /// Keeps the machine awake; epoll sets only.
        WAKEUP = 1 << 29, sys::EPOLLWAKEUP;
        /// Once; epoll sets only.
        ONESHOT = 1 << 30, sys::EPOLLONESHOT;
        /// At changes only; epoll sets only.
        ET = 1 << 31, sys::EPOLLET;
    }
}

flags! {
    /// What a futex is: `FUTEX2_*`.
    ///
    /// Source: `futex_waitv(2)`, `linux/futex.h`. A word of 32 bits is the only size that the kernel takes (6.18).
    FutexFlags: u32 {
        /// A word of 32 bits.
        SIZE_U32 = 2, sys::FUTEX2_SIZE_U32;
        /// Of this process only.
        PRIVATE = 128, sys::FUTEX2_PRIVATE;
    }
}

flags! {
    /// How an extended attribute is set: `XATTR_*`.
    ///
    /// Source: `setxattr(2)`.
    XattrFlags: u32 {
        /// An error if it is there.
        CREATE = 1, sys::XATTR_CREATE;
        /// An error if it is not there.
        REPLACE = 2, sys::XATTR_REPLACE;
    }
}

flags! {
    /// Which changes of a child are waited for: `W*`.
    ///
    /// Source: `waitid(2)`.
    WaitFlags: u32 {
        /// Does not wait.
        NOHANG = 1, sys::WNOHANG;
        /// It was stopped.
        STOPPED = 2, sys::WSTOPPED;
        /// It ended.
        EXITED = 4, sys::WEXITED;
        /// It goes on.
        CONTINUED = 8, sys::WCONTINUED;
        /// It stays to be waited for.
        NOWAIT = 0x0100_0000, sys::WNOWAIT;
    }
}
