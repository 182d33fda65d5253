//! tokio-uring 0.5: so many tasks, each of which reads one block after the other.

use std::rc::Rc;

use tokio_uring::buf::{IoBuf, IoBufMut};

use super::super::{BLOCK, Block, Contestant, Fixture};

// SAFETY: its bytes are on the heap, and nobody else's.
unsafe impl IoBuf for Block {
    fn stable_ptr(&self) -> *const u8 {
        self.as_ptr()
    }

    fn bytes_init(&self) -> usize {
        BLOCK
    }

    fn bytes_total(&self) -> usize {
        BLOCK
    }
}

// SAFETY: as above; all of it is initialised.
unsafe impl IoBufMut for Block {
    fn stable_mut_ptr(&mut self) -> *mut u8 {
        self.as_ptr()
    }

    unsafe fn set_init(&mut self, _: usize) {}
}

pub(super) struct Tasks {
    fixture: Rc<Fixture>,
    depth: u32,
}

impl Contestant for Tasks {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        Ok(Self { fixture: Rc::new(fixture), depth })
    }

    fn read(&mut self, count: u64) {
        let (fixture, depth) = (self.fixture.clone(), self.depth);
        tokio_uring::builder().entries(depth.next_power_of_two().max(8)).start(async move {
            let file = Rc::new(tokio_uring::fs::File::from_std(fixture.file().expect("opened before")));
            let task = |reads: u64| {
                let (file, fixture) = (file.clone(), fixture.clone());
                tokio_uring::spawn(async move {
                    let mut block = Block::new();
                    for _ in 0..reads {
                        let (result, back) = file.read_at(block, fixture.offset()).await;
                        assert_eq!(result.expect("a read"), BLOCK);
                        block = back;
                    }
                })
            };
            let tasks: Vec<_> = (0..depth).map(|_| task(count / u64::from(depth))).collect();
            for task in tasks {
                task.await.expect("it does not panic");
            }
        });
    }
}
