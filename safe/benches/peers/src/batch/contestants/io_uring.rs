//! io-uring 0.7, as one would write the loop by hand: single issuer and deferred work, neither files nor buffers registered, the
//! whole batch pushed, one call that submits and waits, every count checked.

use std::os::fd::AsRawFd;

use io_uring::{IoUring, opcode, types};

use super::super::fixture::{BLOCK_LEN, Fixture};
use super::super::{Contestant, What};

pub(super) struct Loop(IoUring);

impl Contestant for Loop {
    fn open() -> Result<Self, String> {
        let ring = IoUring::builder().setup_single_issuer().setup_defer_taskrun().build(64);
        ring.map(Self).map_err(|error| format!("no ring: {error}"))
    }

    fn run(&mut self, fixture: &mut Fixture, what: What) -> Result<(), String> {
        #[expect(clippy::cast_possible_truncation, reason = "4,096")]
        const LEN: u32 = BLOCK_LEN as u32;
        let Fixture { file, memory, offsets, .. } = fixture;
        let fd = types::Fd(file.as_raw_fd());
        for (block, &offset) in memory.as_mut_slice().chunks_mut(BLOCK_LEN).zip(&*offsets) {
            let entry = match what {
                What::Read => opcode::Read::new(fd, block.as_mut_ptr(), LEN).offset(offset).build(),
                What::Write => opcode::Write::new(fd, block.as_ptr(), LEN).offset(offset).build(),
            };
            // SAFETY: the memory is the fixture's, and everything is waited for below.
            unsafe { self.0.submission().push(&entry) }.map_err(|error| error.to_string())?;
        }
        let mut left = offsets.len();
        let mut wrong = None;
        while left > 0 {
            self.0.submit_and_wait(left).map_err(|error| error.to_string())?;
            for entry in self.0.completion() {
                left -= 1;
                if entry.result() != LEN.cast_signed() {
                    wrong = Some(format!("{} of {LEN} bytes", entry.result()));
                }
            }
        }
        wrong.map_or(Ok(()), Err)
    }
}
