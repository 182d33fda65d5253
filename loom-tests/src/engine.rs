//! An engine for models: what is begun ends when it is turned, or when the model says so.

use bareio_core::abi::{Cqe, Timespec};
use bareio_core::op::{Op, Target};
use bareio_core::ring::{Limit, RingError};
use bareio_core::ticket::shared::{
    Ask, Cancelled, Class, Engine, Event, FileGate, FileUse, Flush, Flushing, Job, JobCell, Keeping, Limits,
    Memory, Refusal, Shared, Started, Use, Wave,
};
use bareio_core::ticket::{Id, Slot, Table};
use loom::sync::{Condvar, Mutex};

use crate::{Buffer, Fill, Host};

/// What is begun ends in the next turn; but what is to be slow, when it is [let go](Self::let_go) or cancelled.
#[derive(Debug, Default)]
pub struct Device {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    events: Vec<Event>,
    slow: Vec<u64>,
}

/// The priority of what is to be slow.
const SLOW: u16 = 7;

/// The priority of what is done when it is begun.
pub const AT_ONCE: u16 = 6;

/// A completion with this result.
fn event(user_data: u64, res: i32) -> Event {
    Event::Completion(Cqe { user_data, res, ..Cqe::default() })
}

impl Device {
    /// Nothing is begun.
    pub fn new() -> Self {
        Self { queue: Mutex::new(Queue::default()), changed: Condvar::new() }
    }

    fn post(&self, event: Event) {
        self.queue.lock().unwrap().events.push(event);
        self.changed.notify_all();
    }

    /// Ends what is slow.
    ///
    /// # Panics
    ///
    /// If another thread of the model has.
    pub fn let_go(&self) {
        let slow = std::mem::take(&mut self.queue.lock().unwrap().slow);
        slow.into_iter().for_each(|user_data| self.post(event(user_data, 0)));
    }
}

// SAFETY: what is begun is completed once, by a turn, under one lock.
unsafe impl Engine for Device {
    fn is_turned(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), RingError> {
        Ok(())
    }

    unsafe fn start(&self, user_data: u64, job: &Job, _: *const Timespec) -> Result<Started, RingError> {
        // All that there is to do.
        let res = job.op.transfer_len().map_or(0, u32::cast_signed);
        if job.priority == AT_ONCE {
            return Ok(Started::Done(res));
        }
        if job.priority == SLOW {
            self.queue.lock().unwrap().slow.push(user_data);
        } else {
            self.post(event(user_data, res));
        }
        Ok(Started::Pending)
    }

    fn flush(&self) -> Result<(), RingError> {
        Ok(())
    }

    fn cancel(&self, user_data: u64) -> Result<Cancelled, RingError> {
        let mut queue = self.queue.lock().unwrap();
        if let Some(at) = queue.slow.iter().position(|slow| *slow == user_data) {
            queue.slow.swap_remove(at);
            queue.events.push(event(user_data, -125));
        }
        queue.events.push(Event::Cancel);
        drop(queue);
        self.changed.notify_all();
        Ok(Cancelled::Asked)
    }

    fn cancel_all(&self) {
        let mut queue = self.queue.lock().unwrap();
        let Queue { events, slow } = &mut *queue;
        events.extend(slow.drain(..).map(|user_data| event(user_data, -125)));
        events.push(Event::Cancel);
        drop(queue);
        self.changed.notify_all();
    }

    fn kick(&self) {
        self.post(Event::Kick);
    }

    fn turn(&self, sleep: Option<Limit>, each: &mut dyn FnMut(Event) -> bool) -> Result<(), RingError> {
        let mut queue = self.queue.lock().unwrap();
        while queue.events.is_empty() && sleep.is_some() {
            queue = self.changed.wait(queue).unwrap();
        }
        let events = std::mem::take(&mut queue.events);
        drop(queue);
        for event in events {
            each(event);
        }
        Ok(())
    }
}

/// A machine of models.
pub type Machine = Shared<'static, Host, Device>;

/// One with `slots` slots and these limits. It is leaked, so that threads of a model may use it.
pub fn machine(slots: usize, limits: Limits) -> &'static Machine {
    let table = Table::new(Box::leak((0..slots).map(|_| Slot::new()).collect::<Vec<_>>().into_boxed_slice()));
    let jobs = Box::leak((0..slots).map(|_| JobCell::new()).collect::<Vec<_>>().into_boxed_slice());
    let gates = Box::leak((0..2).map(|_| FileGate::new()).collect::<Vec<_>>().into_boxed_slice());
    let shared = Shared::new(Host::new(), Device::new(), Box::leak(Box::new(table)), jobs, limits);
    let waves = Box::leak(Box::new([Wave::new()]));
    let memory = Memory { waves, flushing: Flushing::Shared, ..Memory::default() };
    Box::leak(Box::new(shared.gathering(memory).with_files(gates, Keeping::Registered)))
}

/// Room for so many operations.
pub const fn limits(in_flight: u32) -> Limits {
    Limits { in_flight, background: in_flight, credits: in_flight, cancels: 2, always_serve: false }
}

/// What every operation of a model asks for.
pub const ASK: Ask = Ask { class: Class::Latency, cost: 1 };

/// Begins what was let in.
///
/// # Panics
///
/// If it is refused.
pub fn begin(machine: &Machine, id: Id, buffer: &Buffer, is_slow: bool) {
    let mut job = Job::new(Op::Nop);
    job.priority = if is_slow { SLOW } else { 0 };
    // SAFETY: let in and not filled; the job names nothing.
    let filled = unsafe { machine.fill(id, buffer.operation(), ASK, |_: &mut Fill| Ok(job)) };
    filled.unwrap();
    // SAFETY: filled and not begun.
    unsafe { machine.begin(&[id]) }.unwrap();
}

/// Lets an operation in, waiting for room, and begins it.
///
/// # Errors
///
/// As [`Shared::admit`].
pub fn submit(machine: &Machine, buffer: &Buffer, is_slow: bool) -> Result<Id, Refusal> {
    let mut id = [Id::from_user_data(0)];
    machine.admit(ASK, &mut id)?;
    begin(machine, id[0], buffer, is_slow);
    Ok(id[0])
}

/// What an operation does with the file in slot 0.
#[derive(Clone, Copy, Debug)]
pub struct OnFile {
    /// Which file, as [`Shared::claim_file`] said.
    pub generation: u64,
    /// For what.
    pub what: Use,
    /// Whether it is slow.
    pub is_slow: bool,
    /// Whether it is a write of a byte, to be flushed together with others.
    pub is_durable: bool,
}

/// Lets a chain on the file in slot 0 in, waiting for room, and begins it.
///
/// # Errors
///
/// As [`Shared::admit`] and [`Shared::begin`].
///
/// # Panics
///
/// If it is filled and refused.
pub fn submit_on_file<const N: usize>(machine: &Machine, uses: [OnFile; N]) -> Result<[Id; N], Refusal> {
    let mut ids = [Id::from_user_data(0); N];
    let durable = uses.iter().filter(|file| file.is_durable).count();
    let ask = Ask { class: Class::Latency, cost: (N + durable) as u32 };
    machine.admit(ask, &mut ids)?;
    for (id, OnFile { generation, what, is_slow, is_durable }) in ids.into_iter().zip(uses) {
        let mut job = Job::new(Op::Nop);
        if is_durable {
            job.op = Op::write(Target::Slot(0), std::ptr::null(), 1, 0).unwrap();
            job.flush = Some(Flush { is_shareable: true, word: std::ptr::null() });
        }
        job.priority = if is_slow { SLOW } else { 0 };
        job.file = Some(FileUse { slot: 0, generation, what });
        // SAFETY: let in and not filled; the job names nothing.
        let filled = unsafe { machine.fill(id, Buffer::new().operation(), ask, |_: &mut Fill| Ok(job)) };
        filled.unwrap();
    }
    // SAFETY: filled and not begun.
    if let Err(refusal) = unsafe { machine.begin(&ids) } {
        for id in ids {
            // SAFETY: filled, and not begun.
            drop(unsafe { machine.withdraw::<Fill>(id) });
        }
        machine.give_up(ask, N);
        return Err(refusal);
    }
    Ok(ids)
}

/// Takes what is done, with its result.
pub fn take_result(machine: &Machine, id: Id) -> Result<u32, bareio_core::Errno> {
    // SAFETY: filled with a `Fill`, and done; the model takes each once.
    let (operation, result) = unsafe { machine.take::<Fill>(id) };
    let _ = bareio_core::ticket::Operation::finish(operation, result);
    result
}

/// Takes what is done.
pub fn take(machine: &Machine, id: Id) {
    let _ = take_result(machine, id);
}
