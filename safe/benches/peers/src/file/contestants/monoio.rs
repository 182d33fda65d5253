//! monoio 0.2, on io_uring: so many tasks, each of which reads one block after the other.

use std::rc::Rc;

use monoio::buf::IoBufMut;

use super::super::{BLOCK, Block, Contestant, Fixture};

// SAFETY: its bytes are on the heap, and nobody else's; all of it is initialised.
unsafe impl IoBufMut for Block {
    fn write_ptr(&mut self) -> *mut u8 {
        self.as_ptr()
    }

    fn bytes_total(&mut self) -> usize {
        BLOCK
    }

    unsafe fn set_init(&mut self, _: usize) {}
}

pub(super) struct Tasks {
    runtime: monoio::Runtime<monoio::IoUringDriver>,
    fixture: Rc<Fixture>,
    depth: u32,
}

impl Contestant for Tasks {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        let builder = monoio::RuntimeBuilder::<monoio::IoUringDriver>::new();
        let runtime = builder.with_entries(depth.next_power_of_two().max(256)).build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(Self { runtime, fixture: Rc::new(fixture), depth })
    }

    fn read(&mut self, count: u64) {
        let (fixture, depth) = (self.fixture.clone(), self.depth);
        self.runtime.block_on(async move {
            let file = monoio::fs::File::from_std(fixture.file().expect("opened before")).expect("a file");
            let file = Rc::new(file);
            let task = |reads: u64| {
                let (file, fixture) = (file.clone(), fixture.clone());
                monoio::spawn(async move {
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
                task.await;
            }
        });
    }
}
