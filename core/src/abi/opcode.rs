use core::fmt;

/// Which operation an entry asks for: `enum io_uring_op`.
///
/// An open newtype: a kernel newer than this crate has operations that it does not name. The kernel that first
/// has one stands with it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Opcode(pub u8);

/// Writes the constants, their names and their comparison with the kernel's header from one list.
macro_rules! opcodes {
    ($($(#[$meta:meta])* $name:ident = $number:literal, $header:ident;)*) => {
        impl Opcode {
            $($(#[$meta])* pub const $name: Self = Self($number);)*

            /// Its name without `IORING_OP_`, if it is one of those above.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// All that have a name, in order of number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        $(const _: () = assert!(
            Opcode::$name.0 as u32 == linux_raw_sys::io_uring::io_uring_op::$header as u32
        );)*
    };
}

opcodes! {
    /// Does nothing. 5.1.
    NOP = 0, IORING_OP_NOP;
    /// Reads into several pieces of memory. 5.1.
    READV = 1, IORING_OP_READV;
    /// Writes from several pieces of memory. 5.1.
    WRITEV = 2, IORING_OP_WRITEV;
    /// Flushes a file. 5.1.
    FSYNC = 3, IORING_OP_FSYNC;
    /// Reads into a fixed buffer. 5.1.
    READ_FIXED = 4, IORING_OP_READ_FIXED;
    /// Writes from a fixed buffer. 5.1.
    WRITE_FIXED = 5, IORING_OP_WRITE_FIXED;
    /// Waits until a descriptor is ready. 5.1.
    POLL_ADD = 6, IORING_OP_POLL_ADD;
    /// Ends or changes such a wait. 5.1.
    POLL_REMOVE = 7, IORING_OP_POLL_REMOVE;
    /// Starts or awaits writing back a range of a file. 5.2.
    SYNC_FILE_RANGE = 8, IORING_OP_SYNC_FILE_RANGE;
    /// Sends a message. 5.3.
    SENDMSG = 9, IORING_OP_SENDMSG;
    /// Receives a message. 5.3.
    RECVMSG = 10, IORING_OP_RECVMSG;
    /// Completes after a time, or after a number of completions. 5.4.
    TIMEOUT = 11, IORING_OP_TIMEOUT;
    /// Ends or changes a timeout. 5.5.
    TIMEOUT_REMOVE = 12, IORING_OP_TIMEOUT_REMOVE;
    /// Accepts a connection. 5.5.
    ACCEPT = 13, IORING_OP_ACCEPT;
    /// Cancels other operations. 5.5.
    ASYNC_CANCEL = 14, IORING_OP_ASYNC_CANCEL;
    /// Limits the time of the entry before it. 5.5.
    LINK_TIMEOUT = 15, IORING_OP_LINK_TIMEOUT;
    /// Connects a socket. 5.5.
    CONNECT = 16, IORING_OP_CONNECT;
    /// Reserves or frees space of a file. 5.6.
    FALLOCATE = 17, IORING_OP_FALLOCATE;
    /// Opens a file. 5.6.
    OPENAT = 18, IORING_OP_OPENAT;
    /// Closes a descriptor, or empties a slot of registered files. 5.6.
    CLOSE = 19, IORING_OP_CLOSE;
    /// Replaces registered files. 5.6.
    FILES_UPDATE = 20, IORING_OP_FILES_UPDATE;
    /// Tells what is known of a file. 5.6.
    STATX = 21, IORING_OP_STATX;
    /// Reads into one piece of memory. 5.6.
    READ = 22, IORING_OP_READ;
    /// Writes from one piece of memory. 5.6.
    WRITE = 23, IORING_OP_WRITE;
    /// Gives advice on the use of a file. 5.6.
    FADVISE = 24, IORING_OP_FADVISE;
    /// Gives advice on the use of memory. 5.6.
    MADVISE = 25, IORING_OP_MADVISE;
    /// Sends bytes. 5.6.
    SEND = 26, IORING_OP_SEND;
    /// Receives bytes. 5.6.
    RECV = 27, IORING_OP_RECV;
    /// Opens a file, with limits on how its path is resolved. 5.6.
    OPENAT2 = 28, IORING_OP_OPENAT2;
    /// Changes an epoll set. 5.6.
    EPOLL_CTL = 29, IORING_OP_EPOLL_CTL;
    /// Moves bytes between a pipe and a file. 5.7.
    SPLICE = 30, IORING_OP_SPLICE;
    /// Gives the kernel buffers to pick from. 5.7.
    PROVIDE_BUFFERS = 31, IORING_OP_PROVIDE_BUFFERS;
    /// Takes such buffers back. 5.7.
    REMOVE_BUFFERS = 32, IORING_OP_REMOVE_BUFFERS;
    /// Copies bytes between pipes. 5.8.
    TEE = 33, IORING_OP_TEE;
    /// Shuts a socket down. 5.11.
    SHUTDOWN = 34, IORING_OP_SHUTDOWN;
    /// Renames a file. 5.11.
    RENAMEAT = 35, IORING_OP_RENAMEAT;
    /// Removes a name. 5.11.
    UNLINKAT = 36, IORING_OP_UNLINKAT;
    /// Makes a directory. 5.15.
    MKDIRAT = 37, IORING_OP_MKDIRAT;
    /// Makes a symbolic link. 5.15.
    SYMLINKAT = 38, IORING_OP_SYMLINKAT;
    /// Makes a link. 5.15.
    LINKAT = 39, IORING_OP_LINKAT;
    /// Posts a completion, or a file, into another ring. 5.18.
    MSG_RING = 40, IORING_OP_MSG_RING;
    /// Sets an extended attribute, by descriptor. 5.19.
    FSETXATTR = 41, IORING_OP_FSETXATTR;
    /// Sets an extended attribute, by path. 5.19.
    SETXATTR = 42, IORING_OP_SETXATTR;
    /// Reads an extended attribute, by descriptor. 5.19.
    FGETXATTR = 43, IORING_OP_FGETXATTR;
    /// Reads an extended attribute, by path. 5.19.
    GETXATTR = 44, IORING_OP_GETXATTR;
    /// Makes a socket. 5.19.
    SOCKET = 45, IORING_OP_SOCKET;
    /// Sends a command to a driver. 5.19.
    URING_CMD = 46, IORING_OP_URING_CMD;
    /// Sends bytes without copying them. 6.0.
    SEND_ZC = 47, IORING_OP_SEND_ZC;
    /// Sends a message without copying it. 6.1.
    SENDMSG_ZC = 48, IORING_OP_SENDMSG_ZC;
    /// Reads again and again, into provided buffers. 6.7.
    READ_MULTISHOT = 49, IORING_OP_READ_MULTISHOT;
    /// Waits for a child. 6.7.
    WAITID = 50, IORING_OP_WAITID;
    /// Waits for a word of memory to change. 6.7.
    FUTEX_WAIT = 51, IORING_OP_FUTEX_WAIT;
    /// Wakes who waits for that. 6.7.
    FUTEX_WAKE = 52, IORING_OP_FUTEX_WAKE;
    /// Waits for any of several words. 6.7.
    FUTEX_WAITV = 53, IORING_OP_FUTEX_WAITV;
    /// Makes a plain descriptor of a registered file. 6.8.
    FIXED_FD_INSTALL = 54, IORING_OP_FIXED_FD_INSTALL;
    /// Sets the size of a file. 6.9.
    FTRUNCATE = 55, IORING_OP_FTRUNCATE;
    /// Binds a socket to an address. 6.11.
    BIND = 56, IORING_OP_BIND;
    /// Listens for connections. 6.11.
    LISTEN = 57, IORING_OP_LISTEN;
    /// Receives bytes without copying them. 6.15.
    RECV_ZC = 58, IORING_OP_RECV_ZC;
    /// Waits on an epoll set. 6.15.
    EPOLL_WAIT = 59, IORING_OP_EPOLL_WAIT;
    /// Reads into several pieces of a fixed buffer. 6.15.
    READV_FIXED = 60, IORING_OP_READV_FIXED;
    /// Writes from several pieces of a fixed buffer. 6.15.
    WRITEV_FIXED = 61, IORING_OP_WRITEV_FIXED;
    /// Makes a pipe. 6.16.
    PIPE = 62, IORING_OP_PIPE;
}

impl fmt::Debug for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Opcode({})", self.0),
        }
    }
}
