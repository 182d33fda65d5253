use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::operation::Operation;
use super::slot::{State, result};
use super::table::{Claimer, Id, Table};
use crate::errno::Result;

/// The ring was given up with the operation in flight. What it owned is leaked, because the kernel may still be
/// using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ring was closed while the kernel still had the operation; its buffer is leaked")
    }
}

impl core::error::Error for Lost {}

/// The name of an operation in flight, and the right to what comes of it.
///
/// A future, and safe to drop, to forget, to poll by reference and to send. Dropped early, the operation goes on and
/// what it owns is disposed of when the kernel is done.
#[must_use = "dropped, the result of an operation is thrown away"]
pub struct Ticket<'t, O: Operation> {
    table: &'t Table<'t>,
    id: Id,
    operation: PhantomData<O>,
}

impl<O: Operation> fmt::Debug for Ticket<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<'t, O: Operation> Ticket<'t, O> {
    /// Of an operation that was just inserted into `table`.
    pub(super) const fn new(table: &'t Table<'t>, id: Id) -> Self {
        Self { table, id, operation: PhantomData }
    }

    /// Which operation it is.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Whether its operation is in the table that `claimer` fills.
    pub fn is_of(&self, claimer: &Claimer<'_>) -> bool {
        core::ptr::addr_eq(self.table, claimer.table())
    }

    /// Whether it can be taken.
    pub fn is_done(&self) -> bool {
        !matches!(self.state(), State::InFlight)
    }

    /// What came of the operation, if it is done; else the ticket back.
    ///
    /// # Errors
    ///
    /// The ticket itself, unless the operation is done.
    pub fn take(self) -> Result<Result<O::Output, Lost>, Self> {
        match self.state() {
            State::Done => {
                let ticket = ManuallyDrop::new(self);
                let res = ticket.table.result(ticket.id);
                // SAFETY: inserted as an `O`; DONE says that the kernel is done with it, and the ticket is the one to
                // have it, once, for it is consumed.
                let operation = unsafe { ticket.table.remove::<O>(ticket.id) };
                Ok(Ok(operation.finish(result(res))))
            }
            State::Lost => {
                let _ = ManuallyDrop::new(self);
                Ok(Err(Lost))
            }
            State::InFlight | State::Free | State::Orphan => Err(self),
        }
    }

    fn state(&self) -> State {
        self.table.state(self.id)
    }
}

impl<O: Operation> Drop for Ticket<'_, O> {
    fn drop(&mut self) {
        // SAFETY: we are the ticket, and are dropped.
        unsafe { self.table.abandon(self.id) };
    }
}

/// As a future, a ticket is taken when it is ready.
///
/// # Panics
///
/// If it is polled again afterwards.
impl<O: Operation> Future for Pending<'_, O> {
    type Output = Result<O::Output, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut ticket = self.0.take().expect("a future is not polled after it was ready");
        if !ticket.is_done() {
            let cell = &ticket.table.slot(ticket.id).waker;
            cell.register(context.waker());
            // Looked at after the waker was registered: a completion before that is seen here, one after it wakes.
            if ticket.is_done() {
                // Not to be kept by the slot, nor woken by its next operation.
                cell.clear();
            }
        }
        match ticket.take() {
            Ok(output) => Poll::Ready(output),
            Err(back) => {
                ticket = back;
                self.0 = Some(ticket);
                Poll::Pending
            }
        }
    }
}

/// The future of a [`Ticket`].
#[derive(Debug)]
pub struct Pending<'t, O: Operation>(Option<Ticket<'t, O>>);

impl<O: Operation> Unpin for Pending<'_, O> {}

impl<'t, O: Operation> Pending<'t, O> {
    /// The ticket back, unless the future was ready already.
    pub fn into_ticket(self) -> Option<Ticket<'t, O>> {
        self.0
    }
}

impl<'t, O: Operation> IntoFuture for Ticket<'t, O> {
    type Output = Result<O::Output, Lost>;
    type IntoFuture = Pending<'t, O>;

    fn into_future(self) -> Pending<'t, O> {
        Pending(Some(self))
    }
}
