//! compio 0.19, on io_uring: so many tasks, each of which reads one block after the other.

use std::mem::MaybeUninit;
use std::rc::Rc;

use compio::buf::{BufResult, IoBuf, IoBufMut, SetLen};
use compio::io::AsyncReadAt;

use super::super::{BLOCK, Block, Contestant, Fixture};

impl IoBuf for Block {
    fn as_init(&self) -> &[u8] {
        // SAFETY: so many, initialised, and ours.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), BLOCK) }
    }
}

impl SetLen for Block {
    unsafe fn set_len(&mut self, _: usize) {}
}

impl IoBufMut for Block {
    fn as_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: so many, and ours.
        unsafe { std::slice::from_raw_parts_mut(self.as_ptr().cast(), BLOCK) }
    }
}

pub(super) struct Tasks {
    runtime: compio::runtime::Runtime,
    fixture: Rc<Fixture>,
    depth: u32,
}

impl Contestant for Tasks {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        let runtime = compio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        Ok(Self { runtime, fixture: Rc::new(fixture), depth })
    }

    fn read(&mut self, count: u64) {
        let (fixture, depth) = (self.fixture.clone(), self.depth);
        self.runtime.block_on(async move {
            let mut options = compio::fs::OpenOptions::new();
            options.read(true).custom_flags(fixture.flags());
            let file = options.open(fixture.path).await.expect("opened before");
            let task = |reads: u64| {
                let (file, fixture) = (file.clone(), fixture.clone());
                compio::runtime::spawn(async move {
                    let mut block = Block::new();
                    for _ in 0..reads {
                        let BufResult(result, back) = file.read_at(block, fixture.offset()).await;
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
