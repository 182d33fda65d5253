//! What the kernel says when it refuses.

use core::fmt;
use core::num::NonZeroU32;

/// What the kernel answers: a value, or an [`Errno`].
pub type Result<T, E = Errno> = core::result::Result<T, E>;

/// A Linux error number.
///
/// An open newtype: every number from 1 to 4095 is a value, those that have a name are constants, and a
/// `match` needs a last arm. The numbers are Linux's own on every platform.
///
/// ```
/// # use bareio_core::Errno;
/// assert_eq!(Errno::NOSPC.name(), Some("ENOSPC"));
/// assert_eq!(Errno::NOSPC.to_string(), "ENOSPC: the file system is full");
/// assert_eq!(Errno::new(4000).map(|errno| errno.to_string()).as_deref(), Some("errno 4000"));
/// ```
///
/// Source: `errno(3)`; `asm-generic/errno.h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Errno(NonZeroU32);

impl Errno {
    /// The largest number that is an error.
    pub const MAX: u32 = 4095;

    /// The error of this number, or `None` if it is not from 1 to [`MAX`](Self::MAX).
    pub const fn new(number: u32) -> Option<Self> {
        if number > Self::MAX {
            return None;
        }
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number, as C's `errno` has it.
    pub const fn number(self) -> i32 {
        self.0.get().cast_signed()
    }

    /// Splits the return register of a system call into result and error.
    ///
    /// Linux returns `-errno` in the register that otherwise carries the result, so the top 4,095 values of
    /// the range are errors and every other value is a result.
    ///
    /// # Errors
    ///
    /// The error that the register carries.
    pub const fn check(ret: usize) -> Result<usize> {
        let negated = ret.wrapping_neg();
        if negated > Self::MAX as usize {
            return Ok(ret);
        }
        #[expect(clippy::cast_possible_truncation, reason = "just checked to be at most 4095")]
        match Self::new(negated as u32) {
            Some(errno) => Err(errno),
            None => Ok(ret), // zero
        }
    }

    /// Splits the `res` of a completion into result and error.
    ///
    /// # Errors
    ///
    /// The error that it carries. A negative number that is no errno, which no kernel sends, is
    /// [`OVERFLOW`](Self::OVERFLOW).
    #[inline(always)]
    pub const fn check_res(res: i32) -> Result<u32> {
        if res >= 0 {
            return Ok(res.unsigned_abs());
        }
        Err(Self::from_negative(res))
    }

    #[cold]
    const fn from_negative(res: i32) -> Self {
        match Self::new(res.unsigned_abs()) {
            Some(errno) => errno,
            None => Self::OVERFLOW,
        }
    }

    /// Whether asking again later may succeed without anybody changing anything.
    ///
    /// `EINTR`, `EAGAIN`, `EBUSY`, `EMFILE`, `ENFILE`, `ENOMEM` and `ETIMEDOUT` are.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::INTR | Self::AGAIN | Self::BUSY | Self::MFILE | Self::NFILE | Self::NOMEM | Self::TIMEDOUT
        )
    }

    /// Whether a flush that failed so may have lost something. What cannot be flushed at all has lost nothing, and
    /// what was cancelled was not begun.
    pub const fn loses_writes(self) -> bool {
        !matches!(
            self,
            Self::INVAL
                | Self::NOSYS
                | Self::OPNOTSUPP
                | Self::BADF
                | Self::ROFS
                | Self::CANCELED
                | Self::INTR
        )
    }
}

/// Writes the constants and both look-ups from one list.
macro_rules! errnos {
    ($($name:ident = $number:literal, $c_name:literal, $meaning:literal;)*) => {
        impl Errno {
            $(
                #[doc = concat!("`", $c_name, "` (", stringify!($number), "): ", $meaning, ".")]
                pub const $name: Self = Self(NonZeroU32::new($number).unwrap());
            )*

            /// Its name in C, such as `"ENOSPC"`, if it has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0.get() {
                    $($number => Some($c_name),)*
                    _ => None,
                }
            }

            /// What it means, in one line without a full stop, if it has a name.
            pub const fn meaning(self) -> Option<&'static str> {
                match self.0.get() {
                    $($number => Some($meaning),)*
                    _ => None,
                }
            }
        }

        #[cfg(test)]
        const ALL: &[(u32, &str)] = &[$(($number, $c_name)),*];
    };
}

errnos! {
    PERM = 1, "EPERM", "the caller may not do this";
    NOENT = 2, "ENOENT", "no file or directory has that name";
    SRCH = 3, "ESRCH", "no such process or thread";
    INTR = 4, "EINTR", "a signal arrived before anything was done; ask again";
    IO = 5, "EIO", "the device failed to read or write";
    NXIO = 6, "ENXIO", "no such device or address, or no data behind this offset";
    TOOBIG = 7, "E2BIG", "the argument list is too long";
    NOEXEC = 8, "ENOEXEC", "the file is not in a form that can be executed";
    BADF = 9, "EBADF", "the descriptor is not open, or not for this direction";
    CHILD = 10, "ECHILD", "there is no child to wait for";
    AGAIN = 11, "EAGAIN", "not possible without waiting, or short of resources; try again";
    NOMEM = 12, "ENOMEM", "out of memory, or over the limit of locked memory";
    ACCESS = 13, "EACCES", "file permissions do not allow this";
    FAULT = 14, "EFAULT", "an address points outside the caller's memory";
    NOTBLK = 15, "ENOTBLK", "this is not a block device";
    BUSY = 16, "EBUSY", "the thing is in use";
    EXIST = 17, "EEXIST", "it is there already";
    XDEV = 18, "EXDEV", "the two names are on different file systems";
    NODEV = 19, "ENODEV", "no such device, or the device cannot do this";
    NOTDIR = 20, "ENOTDIR", "a part of the path is not a directory";
    ISDIR = 21, "EISDIR", "this is a directory";
    INVAL = 22, "EINVAL", "an argument is wrong; under direct I/O, often an unaligned one";
    NFILE = 23, "ENFILE", "the whole system has too many files open";
    MFILE = 24, "EMFILE", "this process has too many files open; raise RLIMIT_NOFILE";
    NOTTY = 25, "ENOTTY", "the descriptor does not know this control request";
    TXTBSY = 26, "ETXTBSY", "the file is being executed";
    FBIG = 27, "EFBIG", "the file would grow over its size limit";
    NOSPC = 28, "ENOSPC", "the file system is full";
    SPIPE = 29, "ESPIPE", "a pipe or socket has no position";
    ROFS = 30, "EROFS", "the file system is mounted read-only";
    MLINK = 31, "EMLINK", "the file has too many links";
    PIPE = 32, "EPIPE", "nobody reads the other end";
    DOM = 33, "EDOM", "a number is outside a function's domain";
    RANGE = 34, "ERANGE", "a result is too large, or a number out of range";
    DEADLK = 35, "EDEADLK", "waiting would never end";
    NAMETOOLONG = 36, "ENAMETOOLONG", "a name or path is too long";
    NOLCK = 37, "ENOLCK", "no more locks can be had";
    NOSYS = 38, "ENOSYS", "this kernel does not have that call";
    NOTEMPTY = 39, "ENOTEMPTY", "the directory is not empty";
    LOOP = 40, "ELOOP", "too many symbolic links on the way";
    NOMSG = 42, "ENOMSG", "no message of that type";
    IDRM = 43, "EIDRM", "the identifier was removed";
    CHRNG = 44, "ECHRNG", "a channel number is out of range";
    L2NSYNC = 45, "EL2NSYNC", "level 2 is not synchronised";
    L3HLT = 46, "EL3HLT", "level 3 was halted";
    L3RST = 47, "EL3RST", "level 3 was reset";
    LNRNG = 48, "ELNRNG", "a link number is out of range";
    UNATCH = 49, "EUNATCH", "the protocol's driver is not attached";
    NOCSI = 50, "ENOCSI", "no such structure is available";
    L2HLT = 51, "EL2HLT", "level 2 was halted";
    BADE = 52, "EBADE", "the exchange is invalid";
    BADR = 53, "EBADR", "the request descriptor is invalid; from io_uring, a completion was lost";
    XFULL = 54, "EXFULL", "the exchange is full";
    NOANO = 55, "ENOANO", "no anode is left";
    BADRQC = 56, "EBADRQC", "the request code is invalid";
    BADSLT = 57, "EBADSLT", "the slot is invalid";
    BFONT = 59, "EBFONT", "the font file is damaged";
    NOSTR = 60, "ENOSTR", "this is not a stream";
    NODATA = 61, "ENODATA", "there is no data, or no such attribute";
    TIME = 62, "ETIME", "the timer ran out";
    NOSR = 63, "ENOSR", "the stream resources are used up";
    NONET = 64, "ENONET", "the machine is not on a network";
    NOPKG = 65, "ENOPKG", "the package is not installed";
    REMOTE = 66, "EREMOTE", "the object is on another machine";
    NOLINK = 67, "ENOLINK", "the link was cut";
    ADV = 68, "EADV", "an advertise error";
    SRMNT = 69, "ESRMNT", "a remote mount error";
    COMM = 70, "ECOMM", "sending failed";
    PROTO = 71, "EPROTO", "the other side broke the protocol";
    MULTIHOP = 72, "EMULTIHOP", "a multihop was attempted";
    DOTDOT = 73, "EDOTDOT", "an error of the remote file system";
    BADMSG = 74, "EBADMSG", "a message, or a block's checksum, is damaged";
    OVERFLOW = 75, "EOVERFLOW", "a number does not fit its type";
    NOTUNIQ = 76, "ENOTUNIQ", "the name is not unique";
    BADFD = 77, "EBADFD", "the descriptor is in the wrong state; for a ring, it is not enabled yet";
    REMCHG = 78, "EREMCHG", "the remote address changed";
    LIBACC = 79, "ELIBACC", "a shared library cannot be read";
    LIBBAD = 80, "ELIBBAD", "a shared library is damaged";
    LIBSCN = 81, "ELIBSCN", "a section of an executable is damaged";
    LIBMAX = 82, "ELIBMAX", "too many shared libraries";
    LIBEXEC = 83, "ELIBEXEC", "a shared library cannot be executed";
    ILSEQ = 84, "EILSEQ", "a byte sequence is not valid in its encoding";
    RESTART = 85, "ERESTART", "the call is to be restarted (never seen outside the kernel)";
    STRPIPE = 86, "ESTRPIPE", "a pipe error of streams";
    USERS = 87, "EUSERS", "too many users";
    NOTSOCK = 88, "ENOTSOCK", "this is not a socket";
    DESTADDRREQ = 89, "EDESTADDRREQ", "a destination address is needed";
    MSGSIZE = 90, "EMSGSIZE", "the message is too long";
    PROTOTYPE = 91, "EPROTOTYPE", "the protocol is wrong for this socket";
    NOPROTOOPT = 92, "ENOPROTOOPT", "the protocol does not know this option";
    PROTONOSUPPORT = 93, "EPROTONOSUPPORT", "the protocol is not supported";
    SOCKTNOSUPPORT = 94, "ESOCKTNOSUPPORT", "the socket type is not supported";
    OPNOTSUPP = 95, "EOPNOTSUPP", "the file, file system or device cannot do this";
    PFNOSUPPORT = 96, "EPFNOSUPPORT", "the protocol family is not supported";
    AFNOSUPPORT = 97, "EAFNOSUPPORT", "the address family is not supported";
    ADDRINUSE = 98, "EADDRINUSE", "the address is in use";
    ADDRNOTAVAIL = 99, "EADDRNOTAVAIL", "the address cannot be had";
    NETDOWN = 100, "ENETDOWN", "the network is down";
    NETUNREACH = 101, "ENETUNREACH", "the network cannot be reached";
    NETRESET = 102, "ENETRESET", "the network dropped the connection";
    CONNABORTED = 103, "ECONNABORTED", "the connection was aborted on this side";
    CONNRESET = 104, "ECONNRESET", "the other side reset the connection";
    NOBUFS = 105, "ENOBUFS", "no buffer is free";
    ISCONN = 106, "EISCONN", "the socket is connected already";
    NOTCONN = 107, "ENOTCONN", "the socket is not connected";
    SHUTDOWN = 108, "ESHUTDOWN", "the socket was shut down; from io_uring, the ring is going away";
    TOOMANYREFS = 109, "ETOOMANYREFS", "too many references";
    TIMEDOUT = 110, "ETIMEDOUT", "time ran out";
    CONNREFUSED = 111, "ECONNREFUSED", "nobody listens there";
    HOSTDOWN = 112, "EHOSTDOWN", "the host is down";
    HOSTUNREACH = 113, "EHOSTUNREACH", "there is no way to the host";
    ALREADY = 114, "EALREADY", "it is under way and too late to stop";
    INPROGRESS = 115, "EINPROGRESS", "it has been started and goes on";
    STALE = 116, "ESTALE", "the file handle is out of date";
    UCLEAN = 117, "EUCLEAN", "the file system is damaged and needs repair";
    NOTNAM = 118, "ENOTNAM", "this is not a named file of that type";
    NAVAIL = 119, "ENAVAIL", "no semaphores are available";
    ISNAM = 120, "EISNAM", "this is a named file of that type";
    REMOTEIO = 121, "EREMOTEIO", "the remote device failed to read or write";
    DQUOT = 122, "EDQUOT", "the user's disk quota is used up";
    NOMEDIUM = 123, "ENOMEDIUM", "there is no medium in the drive";
    MEDIUMTYPE = 124, "EMEDIUMTYPE", "the medium is of the wrong type";
    CANCELED = 125, "ECANCELED", "it was cancelled, or an earlier link of its chain failed";
    NOKEY = 126, "ENOKEY", "the key is not there";
    KEYEXPIRED = 127, "EKEYEXPIRED", "the key has expired";
    KEYREVOKED = 128, "EKEYREVOKED", "the key was revoked";
    KEYREJECTED = 129, "EKEYREJECTED", "the key was rejected";
    OWNERDEAD = 130, "EOWNERDEAD", "the owner of the lock died";
    NOTRECOVERABLE = 131, "ENOTRECOVERABLE", "the state of the lock cannot be recovered";
    RFKILL = 132, "ERFKILL", "a switch has turned the radio off";
    HWPOISON = 133, "EHWPOISON", "a memory page has a hardware error";
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Errno({})", self.0),
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.meaning()) {
            (Some(name), Some(meaning)) => write!(f, "{name}: {meaning}"),
            _ => write!(f, "errno {}", self.0),
        }
    }
}

impl core::error::Error for Errno {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    #[test]
    fn only_the_top_4095_values_of_a_register_are_errors() {
        assert_eq!(Errno::check(0), Ok(0));
        assert_eq!(Errno::check(usize::MAX), Err(Errno::PERM));
        assert_eq!(Errno::check(usize::MAX - 4094), Err(Errno::new(4095).unwrap()));
        assert_eq!(Errno::check(usize::MAX - 4095), Ok(usize::MAX - 4095));
        assert_eq!(Errno::check(isize::MAX as usize), Ok(isize::MAX as usize));
    }

    #[test]
    fn a_completion_carries_a_count_or_an_error() {
        assert_eq!(Errno::check_res(0), Ok(0));
        assert_eq!(Errno::check_res(i32::MAX), Ok(0x7fff_ffff));
        assert_eq!(Errno::check_res(-125), Err(Errno::CANCELED));
        assert_eq!(Errno::check_res(i32::MIN), Err(Errno::OVERFLOW));
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn every_name_is_the_kernels() {
        let header: &[(&str, u32)] = &[
            ("EPERM", linux_raw_sys::errno::EPERM),
            ("ENOENT", linux_raw_sys::errno::ENOENT),
            ("ESRCH", linux_raw_sys::errno::ESRCH),
            ("EINTR", linux_raw_sys::errno::EINTR),
            ("EIO", linux_raw_sys::errno::EIO),
            ("ENXIO", linux_raw_sys::errno::ENXIO),
            ("E2BIG", linux_raw_sys::errno::E2BIG),
            ("ENOEXEC", linux_raw_sys::errno::ENOEXEC),
            ("EBADF", linux_raw_sys::errno::EBADF),
            ("ECHILD", linux_raw_sys::errno::ECHILD),
            ("EAGAIN", linux_raw_sys::errno::EAGAIN),
            ("ENOMEM", linux_raw_sys::errno::ENOMEM),
            ("EACCES", linux_raw_sys::errno::EACCES),
            ("EFAULT", linux_raw_sys::errno::EFAULT),
            ("ENOTBLK", linux_raw_sys::errno::ENOTBLK),
            ("EBUSY", linux_raw_sys::errno::EBUSY),
            ("EEXIST", linux_raw_sys::errno::EEXIST),
            ("EXDEV", linux_raw_sys::errno::EXDEV),
            ("ENODEV", linux_raw_sys::errno::ENODEV),
            ("ENOTDIR", linux_raw_sys::errno::ENOTDIR),
            ("EISDIR", linux_raw_sys::errno::EISDIR),
            ("EINVAL", linux_raw_sys::errno::EINVAL),
            ("ENFILE", linux_raw_sys::errno::ENFILE),
            ("EMFILE", linux_raw_sys::errno::EMFILE),
            ("ENOTTY", linux_raw_sys::errno::ENOTTY),
            ("ETXTBSY", linux_raw_sys::errno::ETXTBSY),
            ("EFBIG", linux_raw_sys::errno::EFBIG),
            ("ENOSPC", linux_raw_sys::errno::ENOSPC),
            ("ESPIPE", linux_raw_sys::errno::ESPIPE),
            ("EROFS", linux_raw_sys::errno::EROFS),
            ("EMLINK", linux_raw_sys::errno::EMLINK),
            ("EPIPE", linux_raw_sys::errno::EPIPE),
            ("EDOM", linux_raw_sys::errno::EDOM),
            ("ERANGE", linux_raw_sys::errno::ERANGE),
            ("EDEADLK", linux_raw_sys::errno::EDEADLK),
            ("ENAMETOOLONG", linux_raw_sys::errno::ENAMETOOLONG),
            ("ENOLCK", linux_raw_sys::errno::ENOLCK),
            ("ENOSYS", linux_raw_sys::errno::ENOSYS),
            ("ENOTEMPTY", linux_raw_sys::errno::ENOTEMPTY),
            ("ELOOP", linux_raw_sys::errno::ELOOP),
            ("ENOMSG", linux_raw_sys::errno::ENOMSG),
            ("EIDRM", linux_raw_sys::errno::EIDRM),
            ("ECHRNG", linux_raw_sys::errno::ECHRNG),
            ("EL2NSYNC", linux_raw_sys::errno::EL2NSYNC),
            ("EL3HLT", linux_raw_sys::errno::EL3HLT),
            ("EL3RST", linux_raw_sys::errno::EL3RST),
            ("ELNRNG", linux_raw_sys::errno::ELNRNG),
            ("EUNATCH", linux_raw_sys::errno::EUNATCH),
            ("ENOCSI", linux_raw_sys::errno::ENOCSI),
            ("EL2HLT", linux_raw_sys::errno::EL2HLT),
            ("EBADE", linux_raw_sys::errno::EBADE),
            ("EBADR", linux_raw_sys::errno::EBADR),
            ("EXFULL", linux_raw_sys::errno::EXFULL),
            ("ENOANO", linux_raw_sys::errno::ENOANO),
            ("EBADRQC", linux_raw_sys::errno::EBADRQC),
            ("EBADSLT", linux_raw_sys::errno::EBADSLT),
            ("EBFONT", linux_raw_sys::errno::EBFONT),
            ("ENOSTR", linux_raw_sys::errno::ENOSTR),
            ("ENODATA", linux_raw_sys::errno::ENODATA),
            ("ETIME", linux_raw_sys::errno::ETIME),
            ("ENOSR", linux_raw_sys::errno::ENOSR),
            ("ENONET", linux_raw_sys::errno::ENONET),
            ("ENOPKG", linux_raw_sys::errno::ENOPKG),
            ("EREMOTE", linux_raw_sys::errno::EREMOTE),
            ("ENOLINK", linux_raw_sys::errno::ENOLINK),
            ("EADV", linux_raw_sys::errno::EADV),
            ("ESRMNT", linux_raw_sys::errno::ESRMNT),
            ("ECOMM", linux_raw_sys::errno::ECOMM),
            ("EPROTO", linux_raw_sys::errno::EPROTO),
            ("EMULTIHOP", linux_raw_sys::errno::EMULTIHOP),
            ("EDOTDOT", linux_raw_sys::errno::EDOTDOT),
            ("EBADMSG", linux_raw_sys::errno::EBADMSG),
            ("EOVERFLOW", linux_raw_sys::errno::EOVERFLOW),
            ("ENOTUNIQ", linux_raw_sys::errno::ENOTUNIQ),
            ("EBADFD", linux_raw_sys::errno::EBADFD),
            ("EREMCHG", linux_raw_sys::errno::EREMCHG),
            ("ELIBACC", linux_raw_sys::errno::ELIBACC),
            ("ELIBBAD", linux_raw_sys::errno::ELIBBAD),
            ("ELIBSCN", linux_raw_sys::errno::ELIBSCN),
            ("ELIBMAX", linux_raw_sys::errno::ELIBMAX),
            ("ELIBEXEC", linux_raw_sys::errno::ELIBEXEC),
            ("EILSEQ", linux_raw_sys::errno::EILSEQ),
            ("ERESTART", linux_raw_sys::errno::ERESTART),
            ("ESTRPIPE", linux_raw_sys::errno::ESTRPIPE),
            ("EUSERS", linux_raw_sys::errno::EUSERS),
            ("ENOTSOCK", linux_raw_sys::errno::ENOTSOCK),
            ("EDESTADDRREQ", linux_raw_sys::errno::EDESTADDRREQ),
            ("EMSGSIZE", linux_raw_sys::errno::EMSGSIZE),
            ("EPROTOTYPE", linux_raw_sys::errno::EPROTOTYPE),
            ("ENOPROTOOPT", linux_raw_sys::errno::ENOPROTOOPT),
            ("EPROTONOSUPPORT", linux_raw_sys::errno::EPROTONOSUPPORT),
            ("ESOCKTNOSUPPORT", linux_raw_sys::errno::ESOCKTNOSUPPORT),
            ("EOPNOTSUPP", linux_raw_sys::errno::EOPNOTSUPP),
            ("EPFNOSUPPORT", linux_raw_sys::errno::EPFNOSUPPORT),
            ("EAFNOSUPPORT", linux_raw_sys::errno::EAFNOSUPPORT),
            ("EADDRINUSE", linux_raw_sys::errno::EADDRINUSE),
            ("EADDRNOTAVAIL", linux_raw_sys::errno::EADDRNOTAVAIL),
            ("ENETDOWN", linux_raw_sys::errno::ENETDOWN),
            ("ENETUNREACH", linux_raw_sys::errno::ENETUNREACH),
            ("ENETRESET", linux_raw_sys::errno::ENETRESET),
            ("ECONNABORTED", linux_raw_sys::errno::ECONNABORTED),
            ("ECONNRESET", linux_raw_sys::errno::ECONNRESET),
            ("ENOBUFS", linux_raw_sys::errno::ENOBUFS),
            ("EISCONN", linux_raw_sys::errno::EISCONN),
            ("ENOTCONN", linux_raw_sys::errno::ENOTCONN),
            ("ESHUTDOWN", linux_raw_sys::errno::ESHUTDOWN),
            ("ETOOMANYREFS", linux_raw_sys::errno::ETOOMANYREFS),
            ("ETIMEDOUT", linux_raw_sys::errno::ETIMEDOUT),
            ("ECONNREFUSED", linux_raw_sys::errno::ECONNREFUSED),
            ("EHOSTDOWN", linux_raw_sys::errno::EHOSTDOWN),
            ("EHOSTUNREACH", linux_raw_sys::errno::EHOSTUNREACH),
            ("EALREADY", linux_raw_sys::errno::EALREADY),
            ("EINPROGRESS", linux_raw_sys::errno::EINPROGRESS),
            ("ESTALE", linux_raw_sys::errno::ESTALE),
            ("EUCLEAN", linux_raw_sys::errno::EUCLEAN),
            ("ENOTNAM", linux_raw_sys::errno::ENOTNAM),
            ("ENAVAIL", linux_raw_sys::errno::ENAVAIL),
            ("EISNAM", linux_raw_sys::errno::EISNAM),
            ("EREMOTEIO", linux_raw_sys::errno::EREMOTEIO),
            ("EDQUOT", linux_raw_sys::errno::EDQUOT),
            ("ENOMEDIUM", linux_raw_sys::errno::ENOMEDIUM),
            ("EMEDIUMTYPE", linux_raw_sys::errno::EMEDIUMTYPE),
            ("ECANCELED", linux_raw_sys::errno::ECANCELED),
            ("ENOKEY", linux_raw_sys::errno::ENOKEY),
            ("EKEYEXPIRED", linux_raw_sys::errno::EKEYEXPIRED),
            ("EKEYREVOKED", linux_raw_sys::errno::EKEYREVOKED),
            ("EKEYREJECTED", linux_raw_sys::errno::EKEYREJECTED),
            ("EOWNERDEAD", linux_raw_sys::errno::EOWNERDEAD),
            ("ENOTRECOVERABLE", linux_raw_sys::errno::ENOTRECOVERABLE),
            ("ERFKILL", linux_raw_sys::errno::ERFKILL),
            ("EHWPOISON", linux_raw_sys::errno::EHWPOISON),
        ];
        for &(name, number) in header {
            assert_eq!(Errno::new(number).and_then(Errno::name), Some(name), "{number}");
        }
        assert_eq!(ALL.len(), header.len());
    }

    #[test]
    fn a_number_without_a_name_still_prints() {
        let odd = Errno::new(4000).unwrap();
        assert_eq!(format!("{odd} {odd:?}"), "errno 4000 Errno(4000)");
        assert_eq!(format!("{:?}", Errno::IO), "EIO");
        assert_eq!(Errno::new(0), None);
        assert_eq!(Errno::new(4096), None);
    }
}
