//! When events are written.

use std::fmt;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::stage::Stage;
use super::{EventWriter, Limits, Shared, timer};
use crate::error::{Error, ErrorKind, Result};
use crate::writer::{Strategy, WriterOptions};

/// When an [`EventWriter`] writes, and whom it tells of errors that nobody waits for.
///
/// ```
/// use std::time::Duration;
/// use bareio::writer::EventWriter;
///
/// let log = EventWriter::<std::fs::File>::options()
///     .bytes(16 << 10)
///     .count(64)
///     .every(Duration::from_millis(50))
///     .on_error(|error| eprintln!("the log: {error}"))
///     .build(tempfile::tempfile()?)?;
/// log.push(b"an event\n")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a writer is made by `build`"]
pub struct EventOptions {
    limits: Limits,
    strategy: Strategy,
    on_error: Option<Box<dyn Fn(Error) + Send + Sync>>,
}

impl EventOptions {
    /// 64 KiB, 1,024 events, and no time.
    pub const fn new() -> Self {
        let limits = Limits { bytes: 64 << 10, count: 1024, every: None };
        Self { limits, strategy: Strategy::Auto, on_error: None }
    }

    /// Writes when there are so many bytes. Twice that is set aside. An event that is longer is taken too, and makes room for
    /// itself.
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Writes when there are so many events.
    pub const fn count(mut self, count: usize) -> Self {
        self.limits.count = count;
        self
    }

    /// Writes when the oldest event has waited for so long. A thread minds that.
    pub const fn every(mut self, time: Duration) -> Self {
        self.limits.every = Some(time);
        self
    }

    /// Writes by `strategy`; see [`Writer`](crate::writer::Writer).
    pub const fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Tells `hook` of an error that no call can return: when the writer is dropped with events that cannot be written. Without
    /// one, it is said on standard error.
    pub fn on_error(mut self, hook: impl Fn(Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(hook));
        self
    }

    /// Makes it, for `file`.
    ///
    /// # Errors
    ///
    /// - [`OutOfRange`](ErrorKind::OutOfRange): bytes or events are to be 0, or bytes more than a gibibyte.
    /// - [`Worker`](ErrorKind::Worker): the thread that minds the time cannot be had.
    /// - [`Unsupported`](ErrorKind::Unsupported): the strategy is not to be had.
    pub fn build<F: AsFd + Send + Sync + 'static>(self, file: F) -> Result<EventWriter<F>> {
        let Self { limits, strategy, on_error } = self;
        check("bytes of a batch", limits.bytes)?;
        check("events of a batch", limits.count)?;
        let shared = Arc::new(Shared {
            file,
            writer: WriterOptions::new().strategy(strategy).build()?,
            options: limits,
            stage: Mutex::new(Stage::new(limits.bytes)),
            written: Condvar::new(),
            begun: Condvar::new(),
            on_error,
        });
        let timer = match limits.every {
            // After a failure it waits for as long; it must not be no time.
            Some(every) => Some(timer::start(&shared, every.max(Duration::from_millis(1)))?),
            None => None,
        };
        Ok(EventWriter { shared: Some(shared), timer })
    }
}

fn check(what: &'static str, value: usize) -> Result<()> {
    if (1..=1 << 30).contains(&value) {
        return Ok(());
    }
    let value = value as u64;
    Err(ErrorKind::OutOfRange { what, value, least: 1, most: 1 << 30, power_of_two: false }.into())
}

impl Default for EventOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventOptions")
            .field("limits", &self.limits)
            .field("strategy", &self.strategy)
            .finish_non_exhaustive()
    }
}
