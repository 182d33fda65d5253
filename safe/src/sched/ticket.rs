//! The right to what comes of an operation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bareio_core::Errno;
use bareio_core::errno::Result as CoreResult;
use bareio_core::ticket::Why as Unfinished;
use bareio_core::ticket::shared::{Flushed, Refusal};

use super::Base;
use super::desk::{Desk, Hold, refused};
use super::flush::shared;
use super::op::{Plan, What};
use super::work::Work;
use crate::error::{Error, ErrorKind, Result};
use crate::file::Sync;
use crate::host::Native;

/// How often a cancellation is asked again, which may have come too early.
const AGAIN: Duration = Duration::from_millis(20);

/// What came of an operation: how many bytes, and its buffer.
pub type Outcome<B> = Result<(usize, B), Failed<B>>;

/// An operation that failed.
///
/// `?` leaves the buffer behind and goes on with the [`Error`].
pub struct Failed<B> {
    /// Why.
    pub error: Error,
    /// Its buffer. `None`: the kernel may still be using it, because the ring can no longer be entered; it is freed when
    /// that ends, or never.
    pub buf: Option<B>,
}

impl<B> fmt::Debug for Failed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failed").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<B> fmt::Display for Failed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<B> std::error::Error for Failed<B> {}

impl<B> From<Failed<B>> for Error {
    fn from(failed: Failed<B>) -> Self {
        failed.error
    }
}

impl<B> From<Failed<B>> for std::io::Error {
    fn from(failed: Failed<B>) -> Self {
        failed.error.into()
    }
}

/// An operation that was submitted, and the right to its result and its buffer.
///
/// It is a future, and a thing to wait for; either drives if nobody else does. Safe to drop, to forget, to poll by
/// reference and to send: dropped, the operation goes on, and what it owns is freed when it has ended. Forgotten, it keeps
/// its slot, and leaks what it owns.
#[must_use = "dropped, the result of an operation is thrown away"]
pub struct Ticket<B: Send + 'static = (), K: Base = Native> {
    state: State<B, K>,
    plan: Plan,
    is_cancelled: bool,
    is_counted: bool,
}

enum State<B: Send + 'static, K: Base> {
    /// Done when it was submitted.
    Ready(Outcome<B>),
    Held(Hold<B, K>),
    Taken,
}

impl<B: Send + 'static, K: Base> fmt::Debug for Ticket<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl<B: Send + 'static, K: Base> Ticket<B, K> {
    pub(super) const fn ready(outcome: Outcome<B>, plan: Plan) -> Self {
        Self { state: State::Ready(outcome), plan, is_cancelled: false, is_counted: false }
    }

    pub(super) const fn held(hold: Hold<B, K>, plan: Plan) -> Self {
        Self { state: State::Held(hold), plan, is_cancelled: false, is_counted: false }
    }

    /// Whether its outcome can be had without waiting.
    pub fn is_done(&self) -> bool {
        match &self.state {
            State::Held(hold) => {
                hold.is_done() || {
                    // Whoever only looks is to see an end of it, too.
                    hold.desk.machine().release();
                    hold.is_done()
                }
            }
            State::Ready(_) | State::Taken => true,
        }
    }

    /// Waits for it.
    ///
    /// # Errors
    ///
    /// Those of the operation, with its buffer; or the ring's, if it cannot be entered any more.
    ///
    /// # Panics
    ///
    /// If it was polled, and was ready.
    pub fn wait(mut self) -> Outcome<B> {
        match self.wait_until(None) {
            Ok(()) => self.take(),
            Err(error) => Err(Failed { error, buf: None }),
        }
    }

    /// Waits for it, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// The ticket, and with it the buffer, if time runs out: the operation goes on.
    ///
    /// # Panics
    ///
    /// If it was polled, and was ready.
    pub fn wait_timeout(mut self, timeout: Duration) -> Result<Outcome<B>, Self> {
        match self.wait_until(Some(timeout)) {
            Ok(()) => Ok(self.take()),
            Err(error) if error.is_timed_out() => Err(self),
            Err(error) => Ok(Err(Failed { error, buf: None })),
        }
    }

    fn wait_until(&mut self, timeout: Option<Duration>) -> Result<()> {
        let State::Held(hold) = &self.state else { return Ok(()) };
        let machine = hold.desk.machine();
        let deadline = match timeout {
            Some(timeout) => Some(hold.desk.kernel.now()?.saturating_add(timeout)),
            None => None,
        };
        machine.wait(hold.id(), deadline).map_err(unfinished)
    }

    /// Asks for its end. It still has to be waited for, and tells what became of it.
    ///
    /// # Errors
    ///
    /// [`Full`](ErrorKind::Full): as many cancellations are under way as there is room for.
    pub fn request_cancel(&mut self) -> Result<()> {
        self.is_cancelled = true;
        match &self.state {
            State::Held(hold) => hold.desk.machine().cancel(hold.id()).map_err(refused),
            State::Ready(_) | State::Taken => Ok(()),
        }
    }

    /// Asks for its end, and waits for it: what it came to after all, or that it was
    /// [cancelled](Error::is_canceled), with its buffer either way.
    ///
    /// A read of a disk that has begun cannot be cancelled, and by calls nothing that has begun: then this waits for its
    /// result.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    pub fn cancel(mut self) -> Outcome<B> {
        loop {
            match self.request_cancel() {
                Ok(()) => {}
                Err(error) if error.is_full() => {}
                Err(error) => return Err(Failed { error, buf: None }),
            }
            self = match self.wait_timeout(AGAIN) {
                Ok(outcome) => return outcome,
                Err(ticket) => ticket,
            };
        }
    }

    fn take(&mut self) -> Outcome<B> {
        self.uncount();
        match std::mem::replace(&mut self.state, State::Taken) {
            State::Ready(outcome) => outcome,
            State::Held(hold) => {
                let (desk, flushed) = (hold.desk.clone(), hold.flushed());
                match hold.take() {
                    Ok((work, result)) => {
                        let conclude = |plan, work| conclude(&desk, plan, self.is_cancelled, work, result);
                        let (result, buf) = match flushed {
                            Flushed::Itself => conclude(self.plan, work),
                            Flushed::Shared(written) => shared(self.plan, written, work, conclude),
                        };
                        with_buf(result, buf)
                    }
                    Err(_) => Err(Failed { error: Error::new(ErrorKind::Lost), buf: None }),
                }
            }
            State::Taken => panic!("a ticket is not asked again after it was ready"),
        }
    }

    fn uncount(&mut self) {
        if let State::Held(hold) = &self.state {
            hold.desk.machine().uncount(&mut self.is_counted);
        }
    }
}

impl<B: Send + 'static, K: Base> Drop for Ticket<B, K> {
    fn drop(&mut self) {
        self.uncount();
        // What is held, or holds others, needs somebody to begin what comes next; and once it is written, the flush that it
        // may share.
        if let State::Held(hold) = &self.state {
            if (self.plan.is_virtual || self.plan.may_share_flush()) && !hold.is_done() {
                hold.desk.start_server();
                hold.desk.machine().adopt();
            }
        }
    }
}

impl<B: Send + 'static, K: Base> Unpin for Ticket<B, K> {}

/// # Panics
///
/// If it is polled again after it was ready.
impl<B: Send + 'static, K: Base> Future for Ticket<B, K> {
    type Output = Outcome<B>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<B>> {
        let this = &mut *self;
        if let State::Held(hold) = &this.state {
            match hold.desk.machine().poll(hold.id(), context.waker(), &mut this.is_counted) {
                Poll::Pending => {
                    hold.desk.start_server();
                    return Poll::Pending;
                }
                Poll::Ready(Err(why)) => {
                    let error = unfinished(why);
                    this.uncount();
                    this.state = State::Taken;
                    return Poll::Ready(Err(Failed { error, buf: None }));
                }
                Poll::Ready(Ok(())) => {}
            }
        }
        Poll::Ready(this.take())
    }
}

pub(super) fn unfinished(why: Unfinished) -> Error {
    match why {
        Unfinished::TimedOut => Error::new(ErrorKind::TimedOut),
        Unfinished::Lost => Error::new(ErrorKind::Lost),
        Unfinished::Ring(error) => refused(Refusal::Ring(error)),
    }
}

pub(super) fn with_buf<B>(result: Result<usize>, buf: Option<B>) -> Outcome<B> {
    match (result, buf) {
        (Ok(count), Some(buf)) => Ok((count, buf)),
        (Ok(_), None) => Err(Failed { error: Error::new(ErrorKind::Lost), buf: None }),
        (Err(error), buf) => Err(Failed { error, buf }),
    }
}

/// What an operation came to, in words of this crate, and its buffer.
pub(super) fn conclude<B: 'static, K: Base>(
    desk: &Desk<K>,
    plan: Plan,
    is_cancelled: bool,
    work: Work<B, K>,
    result: CoreResult<u32>,
) -> (Result<usize>, Option<B>) {
    let call = plan.what.name();
    let (file, claim) = (work.file.clone(), work.claim.clone());
    let buf = work.finish(&plan, result);
    let moved = match result {
        Ok(count) => Ok(count as usize),
        Err(Errno::CANCELED) if !is_cancelled && desk.is_closed() => Err(Error::new(ErrorKind::Closed)),
        Err(Errno::CANCELED) if !is_cancelled && plan.within.is_some() => {
            Err(Error::new(ErrorKind::TimedOut))
        }
        Err(errno) => Err(Error::os(call, errno)),
    };
    if let Some(claim) = claim {
        return (claim.noted(&plan, moved), buf);
    }
    let Some(file) = file else { return (moved, buf) };
    let noted = match (plan.what, moved) {
        (What::Write, moved) if plan.is_durable || file.sync_mode() != Sync::None => file.durably(moved),
        (What::SyncData | What::SyncAll, Ok(_)) => file.flushed(call, Ok(())).map(|()| 0),
        (What::SyncData | What::SyncAll, Err(error)) => match error.errno() {
            Some(errno) => file.flushed(call, Err(errno)).map(|()| 0),
            None => Err(error),
        },
        (_, moved) => moved,
    };
    (noted, buf)
}
