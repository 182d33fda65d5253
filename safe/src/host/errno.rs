//! Error numbers of the host, and Linux's, which stand for them everywhere.

use bareio_core::Errno;

/// The host's number for `errno`, if it has one.
#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere, not every number has one")]
pub(crate) const fn to_raw(errno: Errno) -> Option<i32> {
    Some(errno.number())
}

/// Linux's number for the host's, if there is one.
#[cfg(target_os = "linux")]
pub(crate) fn from_raw(raw: i32) -> Option<Errno> {
    u32::try_from(raw).ok().and_then(Errno::new)
}

/// The host's number for `errno`, if it has one.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn to_raw(errno: Errno) -> Option<i32> {
    TABLE.iter().find(|(ours, _)| *ours == errno).map(|(_, theirs)| theirs.raw_os_error())
}

/// Linux's number for the host's, if there is one.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn from_raw(raw: i32) -> Option<Errno> {
    TABLE.iter().find(|(_, theirs)| theirs.raw_os_error() == raw).map(|(ours, _)| *ours)
}

#[cfg(not(unix))]
pub(crate) const fn to_raw(_: Errno) -> Option<i32> {
    None
}

#[cfg(not(unix))]
pub(crate) const fn from_raw(_: i32) -> Option<Errno> {
    None
}

/// What file calls answer, by name.
#[cfg(all(unix, not(target_os = "linux")))]
const TABLE: &[(Errno, rustix::io::Errno)] = {
    use rustix::io::Errno as Host;
    &[
        (Errno::PERM, Host::PERM),
        (Errno::NOENT, Host::NOENT),
        (Errno::INTR, Host::INTR),
        (Errno::IO, Host::IO),
        (Errno::NXIO, Host::NXIO),
        (Errno::BADF, Host::BADF),
        (Errno::AGAIN, Host::AGAIN),
        (Errno::NOMEM, Host::NOMEM),
        (Errno::ACCESS, Host::ACCESS),
        (Errno::FAULT, Host::FAULT),
        (Errno::BUSY, Host::BUSY),
        (Errno::EXIST, Host::EXIST),
        (Errno::XDEV, Host::XDEV),
        (Errno::NODEV, Host::NODEV),
        (Errno::NOTDIR, Host::NOTDIR),
        (Errno::ISDIR, Host::ISDIR),
        (Errno::INVAL, Host::INVAL),
        (Errno::NFILE, Host::NFILE),
        (Errno::MFILE, Host::MFILE),
        (Errno::NOTTY, Host::NOTTY),
        (Errno::TXTBSY, Host::TXTBSY),
        (Errno::FBIG, Host::FBIG),
        (Errno::NOSPC, Host::NOSPC),
        (Errno::SPIPE, Host::SPIPE),
        (Errno::ROFS, Host::ROFS),
        (Errno::MLINK, Host::MLINK),
        (Errno::PIPE, Host::PIPE),
        (Errno::DEADLK, Host::DEADLK),
        (Errno::NAMETOOLONG, Host::NAMETOOLONG),
        (Errno::NOLCK, Host::NOLCK),
        (Errno::NOSYS, Host::NOSYS),
        (Errno::NOTEMPTY, Host::NOTEMPTY),
        (Errno::LOOP, Host::LOOP),
        (Errno::OVERFLOW, Host::OVERFLOW),
        (Errno::OPNOTSUPP, Host::OPNOTSUPP),
        // Where it is a number of its own.
        (Errno::OPNOTSUPP, Host::NOTSUP),
        (Errno::NOBUFS, Host::NOBUFS),
        (Errno::TIMEDOUT, Host::TIMEDOUT),
        (Errno::STALE, Host::STALE),
        (Errno::DQUOT, Host::DQUOT),
        (Errno::CANCELED, Host::CANCELED),
    ]
};
