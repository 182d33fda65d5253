//! A batcher describes one batch at a time.

fn main() {
    let file = tempfile::tempfile().unwrap();
    let mut batcher = bareio::batch::Batcher::auto();
    let mut one = batcher.batch();
    let mut other = batcher.batch();
    other.sync_data(&file).run().unwrap();
    one.sync_data(&file).run().unwrap();
}
