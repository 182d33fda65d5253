use core::mem::ManuallyDrop;
use core::task::Waker;

use super::operation::Operation;
use super::outcome::Ticket;
use super::slot::{Slot, State};
use crate::abi::{Cqe, Sqe};
use crate::errno::Errno;
use crate::sync::{AtomicU32, Ordering};

/// What a completion came to.
pub(super) enum Ended {
    /// It was of nothing in flight here.
    Unknown,
    /// The operation goes on.
    GoesOn,
    /// The ticket can be taken, and this is who waits for it.
    Done(Option<Waker>),
    /// Nobody has a ticket.
    Orphan(Id),
}

/// No slot.
const NONE: u32 = u32::MAX;

/// A slot, and which of its operations is meant: a completion of an earlier one completes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    index: u32,
    generation: u32,
}

impl Id {
    /// Which slot.
    pub(super) const fn index(self) -> usize {
        self.index as usize
    }

    /// As entries and completions carry it.
    pub const fn user_data(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    /// The slot and the generation in `user_data`, whatever they are.
    #[expect(clippy::cast_possible_truncation, reason = "takes the halves apart")]
    pub const fn from_user_data(user_data: u64) -> Self {
        Self { index: user_data as u32, generation: (user_data >> 32) as u32 }
    }
}

/// Slots for operations, over memory that the caller gives.
///
/// [`split`](Self::split) hands out the two roles: one fills slots, one completes them. Tickets are good on any
/// thread.
#[derive(Debug)]
pub struct Table<'s> {
    slots: &'s [Slot],
    /// The first of the slots that have become free and were not claimed again; each names the next.
    freed: AtomicU32,
}

/// Fills slots. There is one of it, so that a free slot is claimed without a race.
#[derive(Debug)]
pub struct Claimer<'t> {
    table: &'t Table<'t>,
    /// The first of the free slots that are this claimer's; each names the next.
    free: u32,
}

/// Completes operations. There is one of it: a completion is handed out once.
#[derive(Debug)]
pub struct Reaper<'t> {
    table: &'t Table<'t>,
}

impl<'s> Table<'s> {
    /// A table of `slots`, the first 2³¹ at most.
    pub fn new(slots: &'s mut [Slot]) -> Self {
        let slots = &slots[..slots.len().min(1 << 31)];
        Self { slots, freed: AtomicU32::new(NONE) }
    }

    /// How many slots there are.
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The two roles, and every slot free. What operations of earlier roles left behind is forgotten, not disposed of: a ring that
    /// was leaked may still be using it.
    ///
    /// ```
    /// use bareio_core::ticket::{Slot, Table};
    ///
    /// let mut slots = [const { Slot::new() }; 2];
    /// let mut table = Table::new(&mut slots);
    /// let (claimer, reaper) = table.split();
    /// // The borrow ends with the roles and the tickets, and then there can be others.
    /// let again = table.split();
    /// ```
    pub fn split<'t>(&'t mut self) -> (Claimer<'t>, Reaper<'t>)
    where
        's: 't,
    {
        let table: &'t Table<'t> = self;
        table.forget();
        (Claimer { table, free: NONE }, Reaper { table })
    }

    /// Makes every slot free, as it is: nobody has a ticket, and no completion that is still to come is for what comes
    /// next.
    fn forget(&self) {
        for (slot, next) in self.slots.iter().zip(1_u32..) {
            let next = if next as usize == self.slots.len() { NONE } else { next };
            // Relaxed, here and below: the roles are not there yet, and nobody else knows of the slots.
            slot.next.store(next, Ordering::Relaxed);
            let generation = State::generation(slot.word.load(Ordering::Relaxed)).wrapping_add(1);
            slot.word.store(State::Free.word(generation), Ordering::Relaxed);
            // Of a future that was forgotten.
            slot.waker.clear();
        }
        self.freed.store(if self.slots.is_empty() { NONE } else { 0 }, Ordering::Relaxed);
    }

    pub(super) fn slot(&self, id: Id) -> &Slot {
        &self.slots[id.index as usize]
    }

    /// Whether `id` names an operation in flight here, an orphan included. A look; [`end`](Self::end) decides.
    pub(super) fn is_in_flight(&self, id: Id) -> bool {
        let Some(slot) = self.slots.get(id.index as usize) else { return false };
        if id.generation > State::MOST {
            return false; // no slot's; its word would have no room for it
        }
        // Relaxed: a guess, which only refuses; the exchange decides.
        let word = slot.word.load(Ordering::Relaxed);
        word == State::InFlight.word(id.generation) || word == State::Orphan.word(id.generation)
    }

    /// Notes a completion. Whoever waits for it is left to the caller to wake, and an orphan to dispose of: both run code
    /// that is not ours.
    ///
    /// # Safety
    ///
    /// - As [`Reaper::complete`].
    /// - No two threads note completions of the same operation at a time.
    pub(super) unsafe fn end(&self, cqe: Cqe) -> Ended {
        let id = Id::from_user_data(cqe.user_data);
        if !self.is_in_flight(id) {
            return Ended::Unknown;
        }
        if !cqe.is_terminal() {
            return Ended::GoesOn;
        }
        let slot = self.slot(id);
        // Relaxed: the exchange below orders it.
        slot.res.store(cqe.res, Ordering::Relaxed);
        let in_flight = State::InFlight.word(id.generation);
        let done = State::Done.word(id.generation);
        // Release: pairs with the Acquire of the ticket, which reads the result and what the kernel wrote.
        // Acquire, of an orphan: pairs with the Release in `insert`, which the exchange of the ticket's drop passes on.
        if slot.word.compare_exchange(in_flight, done, Ordering::Release, Ordering::Acquire).is_ok() {
            Ended::Done(slot.waker.take_to_wake())
        } else {
            Ended::Orphan(id)
        }
    }

    /// Those that are in flight, orphans included.
    pub(super) fn busy(&self) -> impl Iterator<Item = Id> + use<'s> {
        let slots: &'s [Slot] = self.slots;
        slots.iter().zip(0_u32..).filter_map(|(slot, index)| {
            // Relaxed: a look; whoever acts on it exchanges.
            let word = slot.word.load(Ordering::Relaxed);
            let generation = State::generation(word);
            matches!(State::of(word), State::InFlight | State::Orphan).then_some(Id { index, generation })
        })
    }

    /// Disposes of an orphan that has ended, and frees its slot.
    ///
    /// # Safety
    ///
    /// [`end`](Self::end) said so, and the caller is the one to do it.
    pub(super) unsafe fn dispose(&self, id: Id, res: i32) {
        // SAFETY: an orphan: its ticket is gone, and the kernel is done, so it is ours.
        unsafe { self.slot(id).kill(res) };
        self.free(id);
    }

    /// Moves `operation` into a slot and has it make something there, from when on it is in flight.
    ///
    /// # Safety
    ///
    /// The slot is free, and the caller has claimed it.
    pub(super) unsafe fn insert<O: Operation, R>(
        &self,
        id: Id,
        operation: O,
        make: impl FnOnce(&mut O) -> R,
    ) -> R {
        let slot = self.slot(id);
        // SAFETY: free, and the caller's.
        let output = unsafe { slot.put(operation, make) };
        // Release: pairs with the Acquire in `end`; what is inside is written before it can be completed.
        slot.word.store(State::InFlight.word(id.generation), Ordering::Release);
        output
    }

    /// Moves the operation out of a slot that the kernel is done with or never had, and frees it.
    ///
    /// # Safety
    ///
    /// An `O` was inserted, nobody will complete it, and the caller is the one to have it.
    pub(super) unsafe fn remove<O: Operation>(&self, id: Id) -> O {
        // SAFETY: the caller's word.
        let operation = unsafe { self.slot(id).take() };
        self.free(id);
        operation
    }

    /// How far an operation has come.
    pub(super) fn state(&self, id: Id) -> State {
        // Acquire: pairs with the Release in `end`.
        State::of(self.slot(id).word.load(Ordering::Acquire))
    }

    /// Whether the outcome of an operation can be taken.
    pub(super) fn is_done(&self, id: Id) -> bool {
        self.state(id) != State::InFlight
    }

    /// What the completion of an operation that is done carried.
    pub(super) fn result(&self, id: Id) -> i32 {
        // Relaxed: stored before the state, which the caller has loaded with Acquire.
        self.slot(id).res.load(Ordering::Relaxed)
    }

    /// Whether it was given up with its ring.
    pub(super) fn is_lost(&self, id: Id) -> bool {
        // Relaxed: nothing is handed over but the fact.
        State::of(self.slot(id).word.load(Ordering::Relaxed)) == State::Lost
    }

    /// Gives up a ticket: leaves an orphan, or disposes of what is done. Says whether a slot became free.
    ///
    /// # Safety
    ///
    /// The caller holds the only ticket of `id`, and uses it up.
    pub(super) unsafe fn abandon(&self, id: Id) -> bool {
        let slot = self.slot(id);
        // Whoever polled it is not to be kept by a slot that nobody waits for.
        slot.waker.clear();
        let in_flight = State::InFlight.word(id.generation);
        let orphan = State::Orphan.word(id.generation);
        // Relaxed: a ticket touches nothing inside before DONE, and what `insert` released reaches the reaper through an exchange.
        // Acquire: pairs with the Release in `end`; if it is done already, the result and what the kernel wrote are
        // there.
        let outcome = slot.word.compare_exchange(in_flight, orphan, Ordering::Relaxed, Ordering::Acquire);
        // An orphan is the reaper's; one that was lost stays for ever.
        let is_done = outcome.is_err_and(|word| State::of(word) == State::Done);
        if is_done {
            // SAFETY: DONE: the kernel is done with it, and it is ours.
            unsafe { self.dispose(id, self.result(id)) };
        }
        is_done
    }

    /// Makes a slot free whose operation has been moved out.
    pub(super) fn free(&self, id: Id) {
        let slot = self.slot(id);
        // Relaxed: the exchange below orders it.
        slot.word.store(State::Free.word(id.generation.wrapping_add(1)), Ordering::Relaxed);
        let mut first = self.freed.load(Ordering::Relaxed); // a guess; the exchange decides
        loop {
            slot.next.store(first, Ordering::Relaxed); // seen by who takes the list, through the exchange
            // Release: pairs with the Acquire in `claim`, so that the next owner of the slot sees it empty. Only
            // ever taken whole, the list has no ABA.
            match self.freed.compare_exchange_weak(first, id.index, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }
}

impl<'t> Claimer<'t> {
    pub(super) const fn table(&self) -> &'t Table<'t> {
        self.table
    }

    /// Moves `operation` into a free slot and has it make its entry there.
    ///
    /// The entry is to be pushed into the ring whose completions the [`Reaper`] gets. If that fails,
    /// [`withdraw`](Self::withdraw) takes the operation out again.
    ///
    /// # Errors
    ///
    /// The operation comes back: with `NOBUFS` if no slot is free, or with what it says is wrong with it.
    pub fn insert<O: Operation>(&mut self, operation: O) -> Result<(Ticket<'t, O>, Sqe), (Errno, O)> {
        let Some(id) = self.claim() else { return Err((Errno::NOBUFS, operation)) };
        // SAFETY: free, and claimed by us.
        let entry = unsafe { self.table.insert(id, operation, O::entry) };
        let ticket = Ticket::new(self.table, id);
        match entry {
            Ok(entry) => Ok((ticket, entry.user_data(id.user_data()))),
            // SAFETY: it was never pushed.
            Err(errno) => Err((errno, unsafe { self.withdraw(ticket) })),
        }
    }

    /// Takes an operation out again that was not pushed.
    ///
    /// # Safety
    ///
    /// Its entry was not, and will not be, pushed into a ring.
    pub unsafe fn withdraw<O: Operation>(&mut self, ticket: Ticket<'t, O>) -> O {
        let ticket = ManuallyDrop::new(ticket);
        // SAFETY: inserted as an `O`, and the kernel never had it.
        unsafe { self.table.remove(ticket.id()) }
    }

    pub(super) fn claim(&mut self) -> Option<Id> {
        if self.free == NONE {
            // Acquire: pairs with the Release in `free`; the whole list is ours from here on.
            self.free = self.table.freed.swap(NONE, Ordering::Acquire);
        }
        let index = self.free;
        let slot = self.table.slots.get(index as usize)?;
        // Relaxed, both: written before the list was given to us.
        self.free = slot.next.load(Ordering::Relaxed);
        let generation = State::generation(slot.word.load(Ordering::Relaxed));
        Some(Id { index, generation })
    }
}

impl<'t> Reaper<'t> {
    /// Notes a completion, and wakes who waits for it. Says whether it was of an operation in flight here.
    ///
    /// One that promises more is passed over: the kernel still uses what is inside.
    ///
    /// # Safety
    ///
    /// `cqe` comes from the ring that the entries were pushed into, or the kernel is known to be done with, or to
    /// never have had, the operation that it names.
    pub unsafe fn complete(&mut self, cqe: Cqe) -> bool {
        // SAFETY: the caller's word; and we are the only one of our kind.
        match unsafe { self.table.end(cqe) } {
            Ended::Unknown => return false,
            Ended::GoesOn => {}
            Ended::Done(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            Ended::Orphan(id) => {
                // SAFETY: just found to be one, by us.
                unsafe { self.table.dispose(id, cqe.res) };
            }
        }
        true
    }

    /// Calls everything cancelled that is in flight.
    ///
    /// # Safety
    ///
    /// The kernel has none of it.
    pub unsafe fn cancel_rest(&mut self) {
        for id in self.busy() {
            let res = -Errno::CANCELED.number();
            let cqe = Cqe { user_data: id.user_data(), res, ..Cqe::default() };
            // SAFETY: the kernel does not have it, by the caller's word.
            unsafe { self.complete(cqe) };
        }
    }

    /// Gives up everything that is in flight: tickets say [`Lost`](super::Lost), and what is inside is never touched again.
    pub fn lose_rest(&mut self) {
        for id in self.busy() {
            let slot = self.table.slot(id);
            let in_flight = State::InFlight.word(id.generation);
            let lost = State::Lost.word(id.generation);
            // Relaxed: nothing is handed over but the fact. An orphan stays one, for ever.
            if slot.word.compare_exchange(in_flight, lost, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                slot.waker.wake();
            }
        }
    }

    /// Those that are in flight, orphans included.
    pub(super) fn busy(&self) -> impl Iterator<Item = Id> + use<'t> {
        self.table.busy()
    }

    /// Those whose ticket was dropped.
    pub(super) fn orphans(&self) -> impl Iterator<Item = Id> + use<'t> {
        let slots = self.table.slots;
        self.busy().filter(move |id| {
            // Relaxed: as above.
            State::of(slots[id.index as usize].word.load(Ordering::Relaxed)) == State::Orphan
        })
    }
}
