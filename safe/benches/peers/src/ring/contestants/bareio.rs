//! bareio: what its builder sets up by default, which is all three set-up flags and the registered ring descriptor.
//! Batches are reserved whole and filled in place.

use std::os::fd::AsRawFd;

use bareio_core::abi::SqeFlags;
use bareio_core::ring::{self, Builder};
use bareio_core::{BorrowedFd, Fd, IoVec, Linux, sqe};

use super::super::fixture::{Fixture, READ_LEN};
use super::super::{Contestant, ENTRIES};

/// The file's place among the registered ones.
const FILE: Fd = Fd(0);

pub(super) struct Ring {
    /// Before the fixture, so that it is closed before the memory goes.
    ring: ring::Ring<Linux>,
    fixture: Fixture,
}

impl Contestant for Ring {
    fn open(mut fixture: Fixture) -> Result<Self, String> {
        let mut ring = Builder::new(ENTRIES).build(Linux).map_err(|error| format!("no ring: {error}"))?;
        let buffer = IoVec::new(fixture.buffer.as_mut_ptr(), fixture.buffer.len());
        // SAFETY: the buffer is dropped after the ring, which waits for every read before it returns.
        unsafe { ring.register_buffers(&[buffer]) }.map_err(|error| format!("buffer: {error}"))?;
        // SAFETY: the fixture's file is open for as long as this borrow.
        let file = unsafe { BorrowedFd::borrow_raw(Fd(fixture.file.as_raw_fd())) };
        ring.register_files(&[file]).map_err(|error| format!("file: {error}"))?;
        Ok(Self { ring, fixture })
    }

    fn singles(&mut self, repetitions: u64) -> u64 {
        let mut sum = 0;
        for _ in 0..repetitions {
            // SAFETY: a no-operation names no memory and no file.
            unsafe { self.ring.push(sqe::nop().user_data(1)) }.expect("room for one");
            self.ring.submit_and_wait(1).expect("one that is submitted");
            sum += self.ring.pop().expect("one that is complete").user_data;
        }
        sum
    }

    fn nops(&mut self, batch: u32, repetitions: u64) -> u64 {
        let mut sum = 0;
        for _ in 0..repetitions {
            // SAFETY: a no-operation names no memory and no file.
            let slots = unsafe { self.ring.reserve(batch) }.expect("room for a batch");
            slots.fill(|index| sqe::nop().user_data(u64::from(index) + 1));
            self.ring.submit_and_wait(batch).expect("a batch that is submitted");
            sum += self.ring.completions().map(|completion| completion.user_data).sum::<u64>();
        }
        sum
    }

    fn reads(&mut self, batch: u32, repetitions: u64) -> u64 {
        let Self { ring, fixture } = self;
        let buffer = fixture.buffer.as_mut_ptr();
        for _ in 0..repetitions {
            // SAFETY: the memory is the fixture's, which nobody touches while reads are in flight, and is dropped
            // after the ring; the file is a registered one; buffer 0 stays registered.
            let slots = unsafe { ring.reserve(batch) }.expect("room for a batch");
            slots.fill(|index| {
                let address = Fixture::address(buffer, index);
                sqe::read_fixed(FILE, address, READ_LEN, u64::from(index * READ_LEN), 0)
                    .flags(SqeFlags::FIXED_FILE)
                    .user_data(fixture.table.start(index))
            });
            ring.submit_and_wait(batch).expect("a batch that is submitted");
            for completion in ring.completions() {
                fixture.table.finish(completion.user_data, completion.res);
            }
        }
        fixture.table.wrong
    }
}
