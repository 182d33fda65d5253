//! A descriptor that is lent once for many batches is not closed between them.

use bareio::batch::{Batcher, Lent};

fn main() {
    let file = tempfile::tempfile().unwrap();
    let mut batcher = Batcher::auto();
    let lent = Lent::asked(&file).unwrap();
    batcher.fsync(lent).unwrap();
    drop(file);
    batcher.fsync(lent).unwrap();
}
