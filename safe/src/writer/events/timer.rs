//! Writing in time.

use std::os::fd::AsFd;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bareio_core::Errno;

use super::Shared;
use crate::error::{ErrorKind, Result};
use crate::host;

/// Starts the thread that writes events when the oldest has waited for `every`.
pub(super) fn start<F: AsFd + Send + Sync + 'static>(
    shared: &Arc<Shared<F>>,
    every: Duration,
) -> Result<JoinHandle<()>> {
    let shared = Arc::clone(shared);
    let named = thread::Builder::new().name("bareio events".to_owned());
    named.spawn(move || mind(&shared, every)).map_err(|error| {
        let errno = error.raw_os_error().and_then(host::from_raw);
        ErrorKind::Worker(errno.unwrap_or(Errno::AGAIN)).into()
    })
}

fn mind<F: AsFd>(shared: &Shared<F>, every: Duration) {
    let mut stage = shared.lock();
    while !stage.is_stopped() {
        let left = stage.oldest().map(|since| every.saturating_sub(since.elapsed()));
        stage = match left {
            None => shared.begun.wait(stage).unwrap_or_else(PoisonError::into_inner),
            Some(Duration::ZERO) if stage.is_writing() => {
                shared.written.wait(stage).unwrap_or_else(PoisonError::into_inner)
            }
            Some(Duration::ZERO) => shared.write(stage, |stage, error| {
                stage.set_error(error);
                // Not again at once: it is tried after the same time.
                stage.set_oldest(Instant::now());
            }),
            Some(left) => shared.begun.wait_timeout(stage, left).unwrap_or_else(PoisonError::into_inner).0,
        };
    }
}
