//! Threads that share the submission queue, against a kernel that any of them may have run.
#![cfg(loom)]

use bareio_core::ring::{Consumer, Full, SharedProducer};
use bareio_loom_tests::{Held, Host, Memory, check};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Whose entry it is, and how many of the same chain follow.
type Entry = (u32, u32);

/// A chain of `len` entries of `owner`.
fn chain(owner: u32, len: u32) -> Vec<Entry> {
    (0..len).rev().map(|left| (owner, left)).collect()
}

/// The kernel's end, and what it has consumed so far.
type Queue = (Held<Consumer<Entry>, Entry>, Vec<Entry>);

/// What runs within `enter`: one thread at a time, as under the kernel's own lock for each ring.
struct Kernel {
    queue: Mutex<Queue>,
    /// How many entries one call takes at most, whatever it is asked for.
    most: usize,
}

impl Kernel {
    /// As `io_uring_enter(2)`. A chain that is still open at its end is cut there, for good.
    fn enter(&self, submit: u32) -> u32 {
        let (queue, consumed) = &mut *self.queue.lock().unwrap();
        let taken: Vec<Entry> = queue.batch().take((submit as usize).min(self.most)).collect();
        for chain in taken.split_inclusive(|(_, left)| *left == 0) {
            let (owner, last) = *chain.last().unwrap();
            assert_eq!(last, 0, "a chain of {owner} is cut");
            let first = u32::try_from(chain.len()).unwrap() - 1;
            assert!(
                chain.iter().copied().eq((0..=first).rev().map(|left| (owner, left))),
                "mixed: {chain:?}"
            );
        }
        consumed.extend(&taken);
        u32::try_from(taken.len()).unwrap()
    }
}

struct Shared {
    ring: SharedProducer<Entry>,
    kernel: Kernel,
    host: Host,
    _memory: Arc<Memory<Entry>>,
}

impl Shared {
    fn new(entries: u32, most: usize) -> Arc<Self> {
        let memory = Memory::<Entry>::new(entries, u32::MAX - 1);
        // SAFETY: the memory is held beside it; the only producer.
        let producer = unsafe { bareio_core::ring::Producer::new(memory.layout()) };
        // SAFETY: the only consumer.
        let consumer = unsafe { Memory::consumer(&memory) };
        Arc::new(Self {
            ring: SharedProducer::new(producer),
            kernel: Kernel { queue: Mutex::new((consumer, Vec::new())), most },
            host: Host::new(),
            _memory: memory,
        })
    }

    fn submit(&self) {
        self.ring.submit(&self.host, |all| Ok(self.kernel.enter(all))).unwrap();
    }

    /// Queues a chain and submits it, and whatever else there is.
    fn run(&self, owner: u32, len: u32) {
        while self.ring.push(&self.host, &chain(owner, len)) == Err(Full) {
            self.submit();
        }
        self.submit();
        assert_eq!(self.count(owner), len, "{owner} is submitted, by whichever thread");
    }

    fn count(&self, owner: u32) -> u32 {
        let (_, consumed) = &*self.kernel.queue.lock().unwrap();
        u32::try_from(consumed.iter().filter(|(whose, _)| *whose == owner).count()).unwrap()
    }
}

/// Two threads, each with chains of these lengths, one after the other.
fn two_threads(entries: u32, lens: [&'static [u32]; 2], most: usize) {
    check(move || {
        let shared = Shared::new(entries, most);
        let theirs = shared.clone();
        let run = |shared: &Shared, thread: u32, lens: &[u32]| {
            for (len, index) in lens.iter().zip(0..) {
                shared.run(2 * index + thread, *len);
            }
        };
        let other = thread::spawn(move || run(&theirs, 1, lens[1]));
        run(&shared, 0, lens[0]);
        other.join().unwrap();
        for (thread, lens) in (0..).zip(lens) {
            for (len, index) in lens.iter().zip(0..) {
                assert_eq!(shared.count(2 * index + thread), *len, "lost, or submitted twice");
            }
        }
    });
}

/// The schedule that we fear: one thread counts its entries, another's `enter` takes them along, and that one pushes a chain.
/// An `enter` of the first with its count would get the beginning of the chain.
#[test]
fn nothing_is_lost_cut_or_submitted_twice() {
    two_threads(4, [&[1, 2], &[1]], usize::MAX);
}

#[test]
fn a_full_queue_is_emptied_by_whoever_meets_it() {
    two_threads(2, [&[2], &[2]], usize::MAX);
}

#[test]
fn a_kernel_that_takes_fewer_is_asked_again() {
    two_threads(4, [&[1], &[1]], 1);
}
