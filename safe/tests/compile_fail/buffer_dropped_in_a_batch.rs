//! A buffer is not freed while a batch is to write it.

fn main() {
    let file = tempfile::tempfile().unwrap();
    let mut batcher = bareio::batch::Batcher::auto();
    let bytes = vec![0; 512];
    let mut batch = batcher.batch();
    batch.write(&file, &bytes, 0);
    drop(bytes);
    batch.run().unwrap();
}
