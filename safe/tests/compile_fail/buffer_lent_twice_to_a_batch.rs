//! Two reads of a batch do not share a buffer.

fn main() {
    let file = tempfile::tempfile().unwrap();
    let mut batcher = bareio::batch::Batcher::auto();
    let mut bytes = [0; 512];
    let mut batch = batcher.batch();
    batch.read(&file, &mut bytes, 0).read(&file, &mut bytes, 512);
    batch.run().unwrap();
}
