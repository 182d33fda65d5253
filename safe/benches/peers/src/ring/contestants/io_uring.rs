//! io-uring 0.7: all three set-up flags, with the ring's descriptor registered, and without, as most programs have
//! it. The queues are split once, pushed to one by one, and synchronised once a batch: the queue is two batches
//! long, so that the head need not be read again in between.

use std::os::fd::AsRawFd;

use io_uring::{IoUring, opcode, types};

use super::super::fixture::{Fixture, READ_LEN};
use super::super::{Contestant, ENTRIES};

pub(super) struct Ring<const REGISTERED: bool> {
    /// Before the fixture, so that it is closed before the memory goes.
    ring: IoUring,
    fixture: Fixture,
}

impl<const REGISTERED: bool> Contestant for Ring<REGISTERED> {
    fn open(mut fixture: Fixture) -> Result<Self, String> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_no_sqarray()
            .build(ENTRIES)
            .map_err(|error| format!("no ring: {error}"))?;
        let buffer =
            libc::iovec { iov_base: fixture.buffer.as_mut_ptr().cast(), iov_len: fixture.buffer.len() };
        // SAFETY: the buffer is dropped after the ring, which waits for every read before it returns.
        unsafe { ring.submitter().register_buffers(&[buffer]) }
            .map_err(|error| format!("buffer: {error}"))?;
        let files = ring.submitter().register_files(&[fixture.file.as_raw_fd()]);
        files.map_err(|error| format!("file: {error}"))?;
        Ok(Self { ring, fixture })
    }

    fn singles(&mut self, repetitions: u64) -> u64 {
        let (mut submitter, mut submission, mut completion) = self.ring.split();
        if REGISTERED {
            submitter.register_ring_fd().expect("a slot for the ring's descriptor");
        }
        let mut sum = 0;
        for _ in 0..repetitions {
            let entry = opcode::Nop::new().build().user_data(1);
            // SAFETY: a no-operation names no memory.
            unsafe { submission.push(&entry) }.expect("room for one");
            submission.sync();
            submitter.submit_and_wait(1).expect("one that is submitted");
            completion.sync();
            sum += completion.next().expect("one that is complete").user_data();
        }
        if REGISTERED {
            submitter.unregister_ring_fd().expect("the slot that was taken");
        }
        sum
    }

    fn nops(&mut self, batch: u32, repetitions: u64) -> u64 {
        let (mut submitter, mut submission, mut completion) = self.ring.split();
        if REGISTERED {
            submitter.register_ring_fd().expect("a slot for the ring's descriptor");
        }
        let mut sum = 0;
        for _ in 0..repetitions {
            for index in 0..batch {
                let entry = opcode::Nop::new().build().user_data(u64::from(index) + 1);
                // SAFETY: a no-operation names no memory.
                unsafe { submission.push(&entry) }.expect("room for a batch");
            }
            submission.sync();
            submitter.submit_and_wait(batch as usize).expect("a batch that is submitted");
            completion.sync();
            sum += (&mut completion).map(|entry| entry.user_data()).sum::<u64>();
        }
        if REGISTERED {
            submitter.unregister_ring_fd().expect("the slot that was taken");
        }
        sum
    }

    fn reads(&mut self, batch: u32, repetitions: u64) -> u64 {
        let Self { ring, fixture } = self;
        let buffer = fixture.buffer.as_mut_ptr();
        let (mut submitter, mut submission, mut completion) = ring.split();
        if REGISTERED {
            submitter.register_ring_fd().expect("a slot for the ring's descriptor");
        }
        for _ in 0..repetitions {
            for index in 0..batch {
                let address = Fixture::address(buffer, index);
                let entry = opcode::ReadFixed::new(types::Fixed(0), address, READ_LEN, 0)
                    .offset(u64::from(index * READ_LEN))
                    .build()
                    .user_data(fixture.table.start(index));
                // SAFETY: the memory is the fixture's, and the read is waited for below.
                unsafe { submission.push(&entry) }.expect("room for a batch");
            }
            submission.sync();
            submitter.submit_and_wait(batch as usize).expect("a batch that is submitted");
            completion.sync();
            for entry in &mut completion {
                fixture.table.finish(entry.user_data(), entry.result());
            }
        }
        if REGISTERED {
            submitter.unregister_ring_fd().expect("the slot that was taken");
        }
        fixture.table.wrong
    }
}
