//! The rings.

mod bareio;
mod io_uring;
mod liburing;
mod rustix_uring;

use super::{What, set_up};
use crate::case::SetUp;

/// All of them, each as it is set up for one case.
pub(super) fn all(what: What, batch: u32) -> Vec<(&'static str, SetUp)> {
    vec![
        ("bareio", set_up::<bareio::Ring>(what, batch)),
        ("io-uring", set_up::<io_uring::Ring<true>>(what, batch)),
        ("io-uring-unregistered", set_up::<io_uring::Ring<false>>(what, batch)),
        ("rustix-uring", set_up::<rustix_uring::Ring>(what, batch)),
        ("liburing", set_up::<liburing::Ring>(what, batch)),
    ]
}
