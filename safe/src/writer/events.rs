//! Many small events, written together.

mod options;
mod stage;
mod timer;

use std::fmt;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use options::EventOptions;
use stage::Stage;

use super::Writer;
use crate::error::{Error, ErrorKind, Refused, Result};
use crate::fd::lend;

/// Gathers small events and writes them by one call: when there are so many bytes or so many events, or when the oldest has
/// waited for so long.
///
/// Every event is whole, and those of one thread are in its order. Any number of threads may push; none waits for the
/// kernel unless there is no room, and one at a time writes. Pushing allocates nothing.
///
/// ```
/// use bareio::writer::EventWriter;
///
/// let file = std::sync::Arc::new(tempfile::tempfile()?);
/// let log = EventWriter::new(std::sync::Arc::clone(&file))?;
/// log.push(b"one\n")?;
/// log.push_parts(&[b"two ", b"parts\n"])?;
/// log.flush()?;
/// assert_eq!(file.metadata()?.len(), 14);
/// log.close()?; // or drop it, and what goes wrong is said to the hook
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When a write fails
///
/// Nothing is lost by it. What was not written is kept, goes first with the next attempt, and until that succeeds there
/// is room for as many events more as there was before. Whoever is told of an error by [`push`](Self::push) knows that the event
/// at hand was *not* taken; an error of a write that nobody waited for is told to whoever comes next. After a short write the rest of
/// an event follows what was written of it, with nothing of ours in between.
///
/// Dropped, it writes what is left; an error of that goes to the hook of [`EventOptions::on_error`], and without one to
/// standard error. [`close`](Self::close) returns it.
pub struct EventWriter<F: AsFd + Send + Sync + 'static> {
    /// Nothing, once it was closed.
    shared: Option<Arc<Shared<F>>>,
    timer: Option<JoinHandle<()>>,
}

/// What the handle and the thread that minds the time share.
struct Shared<F> {
    file: F,
    writer: Writer,
    options: Limits,
    stage: Mutex<Stage>,
    /// Told when a write has ended.
    written: Condvar,
    /// Told when there is a first event, or the end has come. Minded by the timer.
    begun: Condvar,
    on_error: Option<Box<dyn Fn(Error) + Send + Sync>>,
}

/// When to write.
#[derive(Clone, Copy, Debug)]
struct Limits {
    bytes: usize,
    count: usize,
    every: Option<Duration>,
}

impl<F: AsFd + Send + Sync + 'static> EventWriter<F> {
    /// Gathers events for `file`, 64 KiB or 1,024 of them at most, and no longer than it takes somebody to
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// As [`EventOptions::build`].
    pub fn new(file: F) -> Result<Self> {
        EventOptions::new().build(file)
    }

    /// Says when events are to be written.
    pub const fn options() -> EventOptions {
        EventOptions::new()
    }

    /// Takes an event. It is copied, and written with others later, or now if there are enough of them.
    ///
    /// # Errors
    ///
    /// The event was not taken:
    /// - There is no room for it, and making some failed; or an earlier write has failed that nobody was told of yet.
    pub fn push(&self, event: &[u8]) -> Result<()> {
        self.push_parts(&[event])
    }

    /// Takes an event that is in several parts: a head, a body, a line feed.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_parts(&self, parts: &[&[u8]]) -> Result<()> {
        let shared = self.shared()?;
        let len = parts.iter().map(|part| part.len()).sum();
        let mut stage = shared.lock();
        if let Some(error) = stage.take_error() {
            return Err(error);
        }
        while !stage.has_room(len, shared.options.bytes) {
            stage = shared.write_or_wait(stage)?;
        }
        if stage.add(parts) && shared.options.every.is_some() {
            shared.begun.notify_one();
        }
        // Again, if enough came meanwhile from others, who do not wait for us and may not come back. The event is taken
        // whatever comes of this, so its error is for who comes next.
        while stage.is_due(shared.options.bytes, shared.options.count) && !stage.is_writing() {
            stage = shared.write(stage, Stage::set_error);
        }
        Ok(())
    }

    /// Writes all that was pushed before, by whichever thread, and returns when it is written.
    ///
    /// # Errors
    ///
    /// Something is not written. It is kept.
    pub fn flush(&self) -> Result<()> {
        self.shared()?.flush()
    }

    /// How many events were pushed and not written yet.
    pub fn pending(&self) -> usize {
        self.shared.as_ref().map_or(0, |shared| shared.lock().pending())
    }

    /// The file that it writes to. What is written there by other ways comes between events, not into one.
    pub fn file(&self) -> Option<&F> {
        self.shared.as_deref().map(|shared| &shared.file)
    }

    /// Writes what is left, and gives the file back.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the writer itself and everything in it, if that fails. Try again, or drop it.
    pub fn close(mut self) -> Result<F, Refused<Self>> {
        if let Err(error) = self.flush() {
            return Err(Refused::new(error, self));
        }
        self.stop_timer();
        match self.shared.take().and_then(Arc::into_inner) {
            Some(shared) => Ok(shared.file),
            None => Err(Refused::new(ErrorKind::Closed, self)),
        }
    }

    fn shared(&self) -> Result<&Arc<Shared<F>>> {
        self.shared.as_ref().ok_or_else(|| ErrorKind::Closed.into())
    }

    /// Ends the thread that minds the time, if there is one, and waits for that.
    fn stop_timer(&mut self) {
        if let (Some(shared), Some(timer)) = (&self.shared, self.timer.take()) {
            shared.lock().stop();
            shared.begun.notify_one();
            // A thread that panicked has said so, and left nothing undone that a flush does not do.
            drop(timer.join());
        }
    }
}

impl<F: AsFd> Shared<F> {
    fn lock(&self) -> MutexGuard<'_, Stage> {
        // Nothing of the caller's runs under the lock, so it is as good as it was.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room: writes what there is, or waits for who is at it.
    fn write_or_wait<'s>(&'s self, stage: MutexGuard<'s, Stage>) -> Result<MutexGuard<'s, Stage>> {
        if stage.is_writing() {
            return Ok(self.written.wait(stage).unwrap_or_else(PoisonError::into_inner));
        }
        let mut failed = None;
        let stage = self.write(stage, |_, error| failed = Some(error));
        failed.map_or(Ok(stage), Err)
    }

    /// Writes one batch, with the lock given up meanwhile, so that others can push. Nobody else writes.
    fn write<'s>(
        &'s self,
        mut stage: MutexGuard<'s, Stage>,
        failed: impl FnOnce(&mut Stage, Error),
    ) -> MutexGuard<'s, Stage> {
        let Some(mut batch) = stage.begin() else { return stage };
        drop(stage);
        // Given back also when the file's own code panics.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            batch.write(|pieces| self.writer.write_all_to(lend(&self.file), pieces))
        }));
        let mut stage = self.lock();
        stage.end(batch);
        self.written.notify_all();
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failed(&mut stage, error),
            Err(panic) => {
                drop(stage);
                std::panic::resume_unwind(panic)
            }
        }
        stage
    }

    fn flush(&self) -> Result<()> {
        let mut stage = self.lock();
        let target = stage.pushed();
        while !stage.is_written(target) {
            stage = self.write_or_wait(stage)?;
        }
        // If there was an error before, all that it was about is written now.
        let _ = stage.take_error();
        Ok(())
    }
}

impl<F: AsFd + Send + Sync + 'static> Drop for EventWriter<F> {
    fn drop(&mut self) {
        self.stop_timer();
        let Some(shared) = &self.shared else { return };
        let Err(error) = shared.flush() else { return };
        match &shared.on_error {
            Some(hook) => hook(error),
            None => eprintln!("bareio: {} events were not written: {error}", shared.lock().pending()),
        }
    }
}

impl<F: AsFd + Send + Sync + 'static> fmt::Debug for EventWriter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWriter").field("pending", &self.pending()).finish_non_exhaustive()
    }
}
