//! The ways to append.

mod bareio;
mod buf_writer;
mod calls;

use super::{BUF_WRITER, PWRITEV, Place, WRITER, contestant};
use crate::case::Contestant;

/// All of them, for batches of one length in one place.
pub(super) fn all(place: Place, batch: usize, events: usize) -> Vec<Contestant> {
    vec![
        contestant::<bareio::Vectored>(WRITER, place, batch, events),
        contestant::<bareio::Gathered>("bareio-events", place, batch, events),
        contestant::<calls::Pwritev>(PWRITEV, place, batch, events),
        contestant::<calls::Writev>("writev", place, batch, events),
        contestant::<calls::Pwrite>("pwrite", place, batch, events),
        contestant::<buf_writer::Buffered<{ buf_writer::DEFAULT }>>(BUF_WRITER, place, batch, events),
        contestant::<buf_writer::Buffered<{ buf_writer::LARGE }>>("std-bufwriter-256k", place, batch, events),
    ]
}
