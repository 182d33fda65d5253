//! tokio: `spawn_blocking` of `pread`, on at most 16 threads, so many tasks at a time.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::super::{Block, Contestant, Fixture};

pub(crate) struct Blocking {
    runtime: Runtime,
    file: Arc<File>,
    fixture: Fixture,
    free: Vec<Block>,
}

impl Contestant for Blocking {
    fn open(fixture: Fixture, depth: u32) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().max_blocking_threads(16).build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let free = (0..depth).map(|_| Block::new()).collect();
        Ok(Self { runtime, file: Arc::new(fixture.file()?), fixture, free })
    }

    fn read(&mut self, count: u64) {
        let Self { runtime, file, fixture, free } = self;
        runtime.block_on(async {
            let mut running = JoinSet::new();
            for _ in 0..count {
                if free.is_empty() {
                    free.push(running.join_next().await.expect("one is running").expect("it does not panic"));
                }
                let mut block = free.pop().expect("one that came back");
                let (file, offset) = (file.clone(), fixture.offset());
                running.spawn_blocking(move || {
                    file.read_exact_at(block.bytes(), offset).expect("a read");
                    block
                });
            }
            while let Some(block) = running.join_next().await {
                free.push(block.expect("it does not panic"));
            }
        });
    }
}
