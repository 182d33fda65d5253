//! The group `fallback`: direct reads where there is no ring, by calls of at most 16 threads.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::JoinHandle;

use crate::arguments::Arguments;
use crate::case::{Case, Comparison, Contestant as Listed, Goal, Measure, Metric};
use crate::file::{Block, Blocking, Calls, Contestant, Fixture, Place, set_up};

const THREADS: usize = 16;

pub(crate) fn cases(arguments: &Arguments) -> Vec<Case> {
    let slice = arguments.slice() * 5;
    let case = |depth| {
        let set_ups: [(&'static str, fn(Place, u32, std::time::Duration) -> Result<Measure, String>); 3] =
            [("bareio", set_up::<Calls>), ("tokio", set_up::<Blocking>), ("mutex-condvar", set_up::<Pool>)];
        let listed = |(name, set_up): (&'static str, fn(_, _, _) -> _)| Listed {
            name,
            set_up: Box::new(move || set_up(Place::Direct, depth, slice)),
        };
        let rate = Comparison::with("tokio").goal("bareio", Goal::RatioAtLeast(1.25));
        let cost = Comparison::with("mutex-condvar").goal("bareio", Goal::RatioAtMost(0.65));
        Case {
            group: "fallback",
            name: format!("{THREADS} threads depth {depth}"),
            metrics: vec![
                Metric::new("", "k reads a second", vec![rate]),
                Metric::new("cost", "µs of processor a read", vec![cost]),
            ],
            contestants: set_ups.into_iter().map(listed).collect(),
            exact: false,
            control: None,
        }
    };
    [16, 64].into_iter().map(case).collect()
}

/// Threads that take jobs from a queue behind a mutex, and send what came of them through a channel.
struct Pool {
    queue: Arc<(Mutex<Queue>, Condvar)>,
    threads: Vec<JoinHandle<()>>,
    done: mpsc::Receiver<Block>,
    fixture: Fixture,
    free: Vec<Block>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<(Block, u64)>,
    is_closed: bool,
}

impl Contestant for Pool {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        let queue = Arc::new((Mutex::new(Queue::default()), Condvar::new()));
        let (sender, done) = mpsc::channel();
        let file = Arc::new(fixture.file()?);
        let start = |_| {
            let (queue, file, sender) = (queue.clone(), file.clone(), sender.clone());
            std::thread::spawn(move || work(&queue, &file, &sender))
        };
        let threads = (0..THREADS).map(start).collect();
        Ok(Self { queue, threads, done, fixture, free: (0..depth).map(|_| Block::new()).collect() })
    }

    fn read(&mut self, count: u64) {
        let mut running = 0;
        for _ in 0..count {
            let block = match self.free.pop() {
                Some(block) => block,
                None => {
                    running -= 1;
                    self.done.recv().expect("one is running")
                }
            };
            let (queue, filled) = &*self.queue;
            queue.lock().expect("nobody panics").jobs.push_back((block, self.fixture.offset()));
            filled.notify_one();
            running += 1;
        }
        for _ in 0..running {
            self.free.push(self.done.recv().expect("one is running"));
        }
    }
}

fn work((queue, filled): &(Mutex<Queue>, Condvar), file: &File, done: &mpsc::Sender<Block>) {
    loop {
        let mut queue = queue.lock().expect("nobody panics");
        let (mut block, offset) = loop {
            match queue.jobs.pop_front() {
                Some(job) => break job,
                None if queue.is_closed => return,
                None => queue = filled.wait(queue).expect("nobody panics"),
            }
        };
        drop(queue);
        file.read_exact_at(block.bytes(), offset).expect("a read");
        if done.send(block).is_err() {
            return;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.0.lock().expect("nobody panics").is_closed = true;
        self.queue.1.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
