//! Who carries batches out.

mod bareio;
mod calls;
mod io_uring;

use super::{Shape, set_up};
use crate::case::SetUp;

/// All of them, each as it is set up for one case.
pub(super) fn all(shape: Shape) -> Vec<(&'static str, SetUp)> {
    vec![
        ("bareio", set_up::<bareio::Auto>(shape)),
        ("bareio-io_uring", set_up::<bareio::IoUring>(shape)),
        ("bareio-posix", set_up::<bareio::Posix>(shape)),
        ("calls", set_up::<calls::Calls>(shape)),
        ("io-uring", set_up::<io_uring::Loop>(shape)),
    ]
}
