//! What Windows says, in Linux's numbers.

use std::io;

use bareio_core::Errno;

/// The standard library's answer, with Linux's number.
pub(super) fn answer<T>(answer: io::Result<T>) -> Result<T, Errno> {
    answer.map_err(|error| number(&error))
}

fn number(error: &io::Error) -> Errno {
    // Numbers of `winerror.h`, where the standard library's kind says less.
    match error.raw_os_error() {
        Some(4) => Errno::MFILE,            // ERROR_TOO_MANY_OPEN_FILES
        Some(6) => Errno::BADF,             // ERROR_INVALID_HANDLE
        Some(5) => Errno::ACCESS,           // ERROR_ACCESS_DENIED
        Some(19) => Errno::ROFS,            // ERROR_WRITE_PROTECT
        Some(32 | 33 | 170) => Errno::BUSY, // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_BUSY
        Some(38) => Errno::NODATA,          // ERROR_HANDLE_EOF
        Some(39 | 112) => Errno::NOSPC,     // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
        Some(50) => Errno::OPNOTSUPP,       // ERROR_NOT_SUPPORTED
        Some(17) => Errno::XDEV,            // ERROR_NOT_SAME_DEVICE
        Some(80 | 183) => Errno::EXIST,     // ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS
        Some(87 | 123) => Errno::INVAL,     // ERROR_INVALID_PARAMETER, ERROR_INVALID_NAME
        Some(145) => Errno::NOTEMPTY,       // ERROR_DIR_NOT_EMPTY
        Some(206) => Errno::NAMETOOLONG,    // ERROR_FILENAME_EXCED_RANGE
        Some(267) => Errno::NOTDIR,         // ERROR_DIRECTORY
        _ => by_kind(error),
    }
}

fn by_kind(error: &io::Error) -> Errno {
    match error.kind() {
        io::ErrorKind::NotFound => Errno::NOENT,
        io::ErrorKind::PermissionDenied => Errno::ACCESS,
        io::ErrorKind::AlreadyExists => Errno::EXIST,
        io::ErrorKind::InvalidInput => Errno::INVAL,
        io::ErrorKind::StorageFull => Errno::NOSPC,
        io::ErrorKind::OutOfMemory => Errno::NOMEM,
        io::ErrorKind::Interrupted => Errno::INTR,
        io::ErrorKind::Unsupported => Errno::OPNOTSUPP,
        _ => Errno::IO,
    }
}
