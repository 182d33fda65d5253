//! A loop written by hand on io-uring 0.7: one thread's ring, fixed buffers, a registered file. What has completed is
//! submitted anew in the same entry into the kernel that waits for a quarter of the depth.

use std::fs::File;
use std::os::fd::AsRawFd;

use io_uring::{IoUring, opcode, squeue, types};

use super::super::{BLOCK, Block, Contestant, Fixture};

pub(super) struct Window {
    /// Before the memory, so that it is closed before that goes.
    ring: IoUring,
    blocks: Vec<Block>,
    fixture: Fixture,
    _file: File,
    depth: u32,
}

impl Window {
    fn entry(&self, index: usize) -> squeue::Entry {
        let (block, len) = (self.blocks[index].as_ptr(), u32::try_from(BLOCK).expect("4 KiB"));
        let buffer = u16::try_from(index).expect("at most 256");
        let read = opcode::ReadFixed::new(types::Fixed(0), block, len, buffer).offset(self.fixture.offset());
        read.build().user_data(index as u64)
    }
}

impl Contestant for Window {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .build(depth.next_power_of_two())
            .map_err(|error| format!("no ring: {error}"))?;
        let blocks: Vec<Block> = (0..depth).map(|_| Block::new()).collect();
        let iovec = |block: &Block| libc::iovec { iov_base: block.as_ptr().cast(), iov_len: BLOCK };
        let buffers: Vec<_> = blocks.iter().map(iovec).collect();
        // SAFETY: the blocks are dropped after the ring, and every read is waited for.
        unsafe { ring.submitter().register_buffers(&buffers) }
            .map_err(|error| format!("buffers: {error}"))?;
        let file = fixture.file()?;
        ring.submitter().register_files(&[file.as_raw_fd()]).map_err(|error| format!("file: {error}"))?;
        Ok(Self { ring, blocks, fixture, _file: file, depth })
    }

    fn read(&mut self, count: u64) {
        let first = count.min(u64::from(self.depth));
        for index in 0..usize::try_from(first).expect("at most 256") {
            let entry = self.entry(index);
            // SAFETY: the block stays, and nobody else touches it until the read is complete.
            unsafe { self.ring.submission().push(&entry) }.expect("room for the depth");
        }
        let (mut started, mut done) = (first, 0);
        while done < count {
            let quarter = u64::from(self.depth / 4).clamp(1, 32).min(count - done);
            self.ring.submit_and_wait(usize::try_from(quarter).expect("at most 32")).expect("enter");
            let completed: Vec<_> = self.ring.completion().collect();
            for completion in completed {
                assert_eq!(usize::try_from(completion.result()), Ok(BLOCK));
                done += 1;
                if started < count {
                    started += 1;
                    let entry = self.entry(usize::try_from(completion.user_data()).expect("an index"));
                    // SAFETY: as above; the read before it is complete.
                    unsafe { self.ring.submission().push(&entry) }.expect("the room of the one before");
                }
            }
        }
    }
}
