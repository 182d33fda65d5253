use core::cell::Cell;

use crate::errno::Errno;

/// Generations end here and begin again: the top bit of `user_data` is for those who push past the scope.
const LAST: u32 = u32::MAX >> 1;

/// Room for one operation of a scope: what became of it.
#[derive(Debug)]
pub struct Slot {
    state: Cell<State>,
    generation: Cell<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    /// Claimed, and not with the ring yet.
    Planned,
    InFlight,
    Done(i32),
}

impl Slot {
    /// A free one.
    pub const fn new() -> Self {
        Self { state: Cell::new(State::Free), generation: Cell::new(0) }
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

/// A slot, and for the how-manieth time it was claimed: a completion of an earlier time is not for the present
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    index: u32,
    generation: u32,
}

impl Id {
    pub(super) const fn user_data(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    #[expect(clippy::cast_possible_truncation, reason = "takes the halves apart")]
    const fn from_user_data(user_data: u64) -> Self {
        Self { index: user_data as u32, generation: (user_data >> 32) as u32 }
    }
}

/// The slots of one scope.
pub(super) struct Slots<'a> {
    all: &'a [Slot],
    in_flight: Cell<u32>,
    /// Where the search for a free one begins: behind the last that was claimed.
    next: Cell<u32>,
}

impl<'a> Slots<'a> {
    /// At most `limit` of `slots`, all free.
    pub(super) fn new(slots: &'a mut [Slot], limit: u32) -> Self {
        let count = slots.len().min(limit as usize);
        let slots = &slots[..count];
        for slot in slots {
            slot.state.set(State::Free);
        }
        Self { all: slots, in_flight: Cell::new(0), next: Cell::new(0) }
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.get()
    }

    pub(super) fn claim(&self) -> Option<Id> {
        let (before, from) = self.all.split_at(self.next.get() as usize % self.all.len().max(1));
        let found = from.iter().chain(before).position(|slot| slot.state.get() == State::Free)?;
        #[expect(clippy::cast_possible_truncation, reason = "no more than a completion queue has entries")]
        let index = ((before.len() + found) % self.all.len()) as u32;
        self.next.set(index + 1);
        let slot = &self.all[index as usize];
        slot.state.set(State::Planned);
        slot.generation.set((slot.generation.get() + 1) & LAST);
        Some(Id { index, generation: slot.generation.get() })
    }

    /// Undoes a claim of which no ticket was made.
    pub(super) fn give_back(&self, id: Id) {
        self.all[id.index as usize].state.set(State::Free);
    }

    /// Calls an operation cancelled that will not be handed to the ring.
    pub(super) fn cancel(&self, id: Id) {
        self.all[id.index as usize].state.set(State::Done(-Errno::CANCELED.number()));
    }

    /// Notes that the operation is with the ring.
    pub(super) fn launch(&self, id: Id) {
        self.all[id.index as usize].state.set(State::InFlight);
        self.in_flight.set(self.in_flight.get() + 1);
    }

    /// Notes what became of an operation. Completions that are not of one in flight here are nobody's.
    pub(super) fn complete(&self, user_data: u64, res: i32) {
        let id = Id::from_user_data(user_data);
        let Some(slot) = self.all.get(id.index as usize) else { return };
        if slot.generation.get() == id.generation && slot.state.get() == State::InFlight {
            slot.state.set(State::Done(res));
            self.in_flight.set(self.in_flight.get() - 1);
        }
    }

    pub(super) fn is_done(&self, id: Id) -> bool {
        matches!(self.all[id.index as usize].state.get(), State::Done(_))
    }

    /// The result of an operation that has completed, whose slot is then free.
    ///
    /// # Panics
    ///
    /// If it is of a chain that was not pushed yet.
    pub(super) fn take(&self, id: Id) -> Option<i32> {
        let slot = &self.all[id.index as usize];
        debug_assert_eq!(
            slot.generation.get(),
            id.generation,
            "a ticket's slot is its own until it is taken"
        );
        match slot.state.get() {
            State::Done(res) => {
                slot.state.set(State::Free);
                Some(res)
            }
            State::Planned => panic!("push a chain before waiting for its tickets"),
            State::Free | State::InFlight => None,
        }
    }

    /// Calls everything done, with this error, that is in flight: it is certain that none of it is.
    pub(super) fn end_rest(&self, errno: Errno) {
        for slot in self.all.iter().filter(|slot| slot.state.get() == State::InFlight) {
            slot.state.set(State::Done(-errno.number()));
        }
        self.in_flight.set(0);
    }
}
