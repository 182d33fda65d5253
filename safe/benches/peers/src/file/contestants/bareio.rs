//! bareio's scheduler, as it comes: tickets in a window, waited for in order; and blocking reads, one at a time.

use std::collections::VecDeque;

use bareio::buf::{IoBuf, IoBufMut};
use bareio::sched::{Backend, Op, Scheduler, Ticket};

use super::super::{BLOCK, Block, Contestant, Fixture};

// SAFETY: its bytes are on the heap, and nobody else's.
unsafe impl IoBuf for Block {
    fn data(&self) -> (*const u8, usize) {
        (self.as_ptr(), BLOCK)
    }
}

// SAFETY: as above; all of it is initialised.
unsafe impl IoBufMut for Block {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.as_ptr(), BLOCK)
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}

/// Tickets in a window.
pub(crate) struct Window {
    scheduler: Scheduler,
    file: bareio::File,
    fixture: Fixture,
    free: Vec<Block>,
    window: VecDeque<Ticket<Block>>,
}

impl Window {
    fn on(fixture: Fixture, depth: u32, scheduler: Scheduler) -> Result<Self, String> {
        let file = bareio::File::try_from(fixture.file()?).map_err(|error| error.to_string())?;
        let free = (0..depth).map(|_| Block::new()).collect();
        let window = VecDeque::with_capacity(depth as usize);
        Ok(Self { scheduler, file, fixture, free, window })
    }

    fn wait(&mut self) {
        if let Some(ticket) = self.window.pop_front() {
            let (count, block) = ticket.wait().expect("a read");
            assert_eq!(count, BLOCK);
            self.free.push(block);
        }
    }
}

impl Contestant for Window {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        let builder = Scheduler::builder().depth(depth.next_power_of_two().max(8)).backend(Backend::IoUring);
        Self::on(fixture, depth, builder.build().map_err(|error| error.to_string())?)
    }

    fn read(&mut self, count: u64) {
        for _ in 0..count {
            if self.free.is_empty() {
                self.wait();
            }
            let block = self.free.pop().expect("one that came back");
            let op = Op::read(&self.file, block, self.fixture.offset());
            self.window.push_back(self.scheduler.submit(op).map_err(|refused| refused.error).expect("room"));
        }
        while !self.window.is_empty() {
            self.wait();
        }
    }
}

/// The same where there is no ring: by calls of at most 16 threads.
pub(crate) struct Calls(Window);

impl Contestant for Calls {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        let builder = Scheduler::builder().backend(Backend::Posix).threads(16);
        Ok(Self(Window::on(fixture, depth, builder.build().map_err(|error| error.to_string())?)?))
    }

    fn read(&mut self, count: u64) {
        self.0.read(count);
    }
}

/// Blocking reads, one at a time.
pub(crate) struct Lone(Window);

impl Contestant for Lone {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        if depth > 1 {
            return Err("one at a time".to_owned());
        }
        Ok(Self(Window::open(fixture, depth)?))
    }

    fn read(&mut self, count: u64) {
        let Window { scheduler, file, fixture, free, .. } = &mut self.0;
        let mut block = free.pop().expect("one of our own");
        for _ in 0..count {
            let (count, back) = scheduler.read_at(file, block, fixture.offset()).expect("a read");
            assert_eq!(count, BLOCK);
            block = back;
        }
        free.push(block);
    }
}
