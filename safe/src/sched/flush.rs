//! What comes of a durable write whose flush others shared.

pub use bareio_core::ticket::shared::Flushing;

use super::Base;
use super::op::Plan;
use super::work::Work;
use crate::error::{Error, ErrorKind, Result};

/// As `conclude` says, which takes the write for one that was to be written only; and what the flush then said, before which so
/// many bytes had been written.
///
/// Unlike one that flushes itself, a write that fails here has not lost anything that was written before.
pub(super) fn shared<B: 'static, K: Base>(
    plan: Plan,
    written: Option<u32>,
    work: Work<B, K>,
    conclude: impl FnOnce(Plan, Work<B, K>) -> (Result<usize>, Option<B>),
) -> (Result<usize>, Option<B>) {
    let (file, claim) = (work.file.clone(), work.claim.clone());
    let (result, buf) = conclude(Plan { is_durable: false, ..plan }, work);
    let result = match (result, written) {
        // It may have been another flush that was told of what this one was to cover.
        (Ok(count), _) => match (file, claim) {
            (Some(file), _) => file.check_durable().map(|()| count),
            (None, Some(claim)) => claim.check_durable().map(|()| count),
            (None, None) => Ok(count),
        },
        (Err(error), Some(written)) if !error.is_canceled() => match error.errno() {
            Some(errno) => Err(Error::new(ErrorKind::NotDurable { written, errno }).during("fdatasync")),
            None => Err(error),
        },
        (Err(error), _) => Err(error),
    };
    (result, buf)
}
