//! Those who read.

mod bareio;
mod compio;
mod io_uring;
mod monoio;
mod pread;
mod tokio;
mod tokio_uring;

use std::time::Duration;

use super::{Place, set_up};
use crate::case::Measure;

pub(crate) use bareio::Calls;
use bareio::Lone;
pub(crate) use tokio::Blocking;

type SetUp = fn(Place, u32, Duration) -> Result<Measure, String>;

/// All of them.
pub(super) fn all() -> Vec<(&'static str, SetUp)> {
    vec![
        ("bareio", set_up::<bareio::Window>),
        ("bareio-run", set_up::<Lone>),
        ("io-uring", set_up::<io_uring::Window>),
        ("pread", set_up::<pread::Calls>),
        ("tokio", set_up::<Blocking>),
        ("tokio-uring", set_up::<tokio_uring::Tasks>),
        ("compio", set_up::<compio::Tasks>),
        ("monoio", set_up::<monoio::Tasks>),
    ]
}
