//! Saying how a file will be used.

use std::ops::RangeBounds;
use std::os::fd::AsFd;

use super::{call, range, stream};
pub use crate::native::Advice;
use crate::{Result, native};

/// Says how `range` of `file`, in bytes, will be used. `..` is all of it.
///
/// It changes how fast things are, and never what they mean. Only clean pages are dropped by
/// [`DontNeed`](Advice::DontNeed): flush first. Where [`ADVICE_IS_EFFECTIVE`](super::ADVICE_IS_EFFECTIVE) is false it
/// does nothing; on macOS the range of `Sequential` and `Random` is always all of the file, and `DontNeed` does nothing.
///
/// # Errors
///
/// - [`Operation`](crate::ErrorKind::Operation): the range ends above `i64::MAX`, or the file is a pipe.
/// - [`Os`](crate::ErrorKind::Os): the system's.
///
/// # Examples
///
/// ```
/// use bareio::fd::{Advice, advise};
/// let file = tempfile::tempfile()?;
/// advise(&file, .., Advice::Sequential)?;
/// advise(&file, 4096..8192, Advice::WillNeed)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Source: `posix_fadvise(2)`; macOS `F_RDAHEAD`, `F_RDADVISE`.
pub fn advise(file: impl AsFd, range: impl RangeBounds<u64>, advice: Advice) -> Result<()> {
    let range = range::of(&range);
    let Some((offset, len)) = range::checked(&range)? else { return Ok(()) };
    // 0 is the system's word for the end.
    let len = if range.end == range::MAX { 0 } else { len };
    call("posix_fadvise", || native::advise(file.as_fd(), offset, len, advice)).map_err(stream)
}
