//! Operations by calls: on the thread that submits, or on a few of our own.
#![expect(unsafe_code, reason = "carries out what others own, and says when it is done")]

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bareio_core::Errno;
use bareio_core::abi::{Cqe, Timespec};
use bareio_core::ring::{Limit, RingError};
use bareio_core::ticket::shared::{Cancelled, Engine, Event, Job, Started};

use super::Base;
use super::desk::Desk;
use super::run::{Run, Share};

/// How long a thread of ours waits for something to do before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// How many writes of the queue are made one at most. Each thread has memory for as many; what more would save is little.
const RUN: usize = 64;

/// Operations by calls.
///
/// With no threads, an operation is done when it is submitted. With some, it waits in a queue that was made for as many as
/// there are slots, and they are started as they are needed.
pub(super) struct Calls<K: Base> {
    kernel: K,
    most: usize,
    queue: Mutex<Queue>,
    filled: Condvar,
    desk: std::sync::OnceLock<Weak<Desk<K>>>,
    home: Option<u32>,
    coalesces: bool,
    groups: AtomicU64,
    grouped: AtomicU64,
}

struct Queue {
    waiting: VecDeque<Waiting>,
    threads: usize,
    idle: usize,
    retired: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Waiting {
    pub(super) user_data: u64,
    pub(super) job: Job,
    until: Option<Instant>,
}

// SAFETY: the addresses in it are used under the contract of `Engine::start`.
unsafe impl Send for Waiting {}

impl<K: Base> fmt::Debug for Calls<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("most", &self.most).finish_non_exhaustive()
    }
}

impl<K: Base> Calls<K> {
    /// By calls to `kernel`, on at most `most` threads, for `slots` operations at a time.
    pub(super) fn new(kernel: K, most: usize, slots: usize, coalesces: bool) -> Self {
        let waiting = VecDeque::with_capacity(slots);
        let queue = Mutex::new(Queue { waiting, threads: 0, idle: 0, retired: false });
        let home = kernel.process_id().ok();
        let (filled, desk) = (Condvar::new(), std::sync::OnceLock::new());
        let (groups, grouped) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { kernel, most, queue, filled, desk, home, coalesces, groups, grouped }
    }

    /// Vectored writes that were made of several in the queue, and how many went in them.
    pub(super) fn groups(&self) -> [u64; 2] {
        // Relaxed: numbers for people.
        [&self.groups, &self.grouped].map(|number| number.load(Ordering::Relaxed))
    }

    /// Says where completions go.
    pub(super) fn report_to(&self, desk: Weak<Desk<K>>) {
        let _ = self.desk.set(desk);
    }

    /// Ends the threads when the queue is empty.
    pub(super) fn retire(&self) {
        self.lock().retired = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more thread.
    fn grow(&self, mut queue: MutexGuard<'_, Queue>) {
        let Some(desk) = self.desk.get().and_then(Weak::upgrade) else { return };
        queue.threads += 1;
        drop(queue);
        let thread = std::thread::Builder::new().name("bareio calls".into());
        if thread.spawn(move || desk.carry_out()).is_err() {
            let mut queue = self.lock();
            queue.threads -= 1;
            // Nobody would ever come for what is in the queue, unless there is a thread already.
            if queue.threads == 0 {
                let waiting = queue.waiting.pop_back();
                drop(queue);
                if let Some(waiting) = waiting {
                    self.run(waiting);
                }
            } else {
                drop(queue);
                self.filled.notify_one(); // those who sleep have not been told
            }
        }
    }

    /// Carries out what is in the queue, until there is nothing for a while.
    pub(super) fn carry_out(&self) {
        let mut run = Run::new(if self.coalesces { RUN } else { 1 });
        let mut queue = self.lock();
        loop {
            while run.fill(&mut queue.waiting) {
                drop(queue);
                self.carry_out_run(&mut run);
                queue = self.lock();
            }
            if queue.retired {
                break;
            }
            queue.idle += 1;
            let (again, timeout) =
                self.filled.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
            queue = again;
            queue.idle -= 1;
            if timeout.timed_out() && queue.waiting.is_empty() {
                break;
            }
        }
        queue.threads -= 1;
    }

    fn carry_out_run(&self, run: &mut Run) {
        if let Some(list) = run.pieces() {
            // Relaxed, both: numbers for people.
            self.groups.fetch_add(1, Ordering::Relaxed);
            self.grouped.fetch_add(run.len() as u64, Ordering::Relaxed);
            // SAFETY: as in `run`, of each member; the list is the run's.
            let result = unsafe { list.perform(&self.kernel) };
            while let Some((waiting, share)) = run.deal(result) {
                match share {
                    Share::Is(res) => self.complete(waiting.user_data, res),
                    Share::Apart => self.run(waiting),
                }
            }
        }
        while let Some(waiting) = run.next() {
            self.run(waiting);
        }
    }

    fn run(&self, waiting: Waiting) {
        let Waiting { user_data, job, until } = waiting;
        let res = if until.is_some_and(|until| Instant::now() >= until) {
            -Errno::CANCELED.number()
        } else {
            // SAFETY: taken out of the queue, so not done yet: what it names stays until we complete it.
            as_res(unsafe { job.op.perform(&self.kernel) })
        };
        self.complete(user_data, res);
    }

    fn complete(&self, user_data: u64, res: i32) {
        if let Some(desk) = self.desk.get().and_then(Weak::upgrade) {
            // SAFETY: given to us, done with, and completed once.
            unsafe { desk.machine().complete(Cqe { user_data, res, ..Cqe::default() }) };
        }
    }
}

/// As a completion carries it.
pub(super) fn as_res(result: Result<u32, Errno>) -> i32 {
    match result {
        Ok(count) => i32::try_from(count).unwrap_or(i32::MAX),
        Err(errno) => -errno.number(),
    }
}

// SAFETY: what is started is completed once, by the thread that took it out of the queue, when its call has returned; the
// queue's lock orders who starts and who carries out.
unsafe impl<K: Base> Engine for Calls<K> {
    fn is_turned(&self) -> bool {
        false
    }

    fn check(&self) -> Result<(), RingError> {
        match self.home {
            Some(home) if self.kernel.process_id() != Ok(home) => Err(RingError::Forked),
            _ => Ok(()),
        }
    }

    unsafe fn start(&self, user_data: u64, job: &Job, _: *const Timespec) -> Result<Started, RingError> {
        if self.most == 0 {
            // SAFETY: what it names is valid, by the caller's word.
            return Ok(Started::Done(as_res(unsafe { job.op.perform(&self.kernel) })));
        }
        let until = job.is_limited().then(|| Instant::now() + limit(job.within));
        let mut queue = self.lock();
        queue.waiting.push_back(Waiting { user_data, job: *job, until });
        if queue.idle >= queue.waiting.len() || queue.threads >= self.most {
            // Who is busy looks before it sleeps. Told without the lock, who sleeps need not sleep again for it.
            let sleeps = queue.idle > 0;
            drop(queue);
            if sleeps {
                self.filled.notify_one();
            }
        } else {
            self.grow(queue);
        }
        Ok(Started::Pending)
    }

    fn flush(&self) -> Result<(), RingError> {
        Ok(())
    }

    fn cancel(&self, user_data: u64) -> Result<Cancelled, RingError> {
        let mut queue = self.lock();
        let at = queue.waiting.iter().position(|waiting| waiting.user_data == user_data);
        Ok(match at.and_then(|at| queue.waiting.remove(at)) {
            Some(_) => Cancelled::Never,
            None => Cancelled::Asked,
        })
    }

    fn cancel_all(&self) {}

    fn kick(&self) {}

    fn turn(&self, _: Option<Limit>, _: &mut dyn FnMut(Event) -> bool) -> Result<(), RingError> {
        Ok(())
    }
}

fn limit(within: Timespec) -> Duration {
    let nanos = u32::try_from(within.nsec).unwrap_or(0);
    Duration::new(u64::try_from(within.sec).unwrap_or(0), nanos)
}
