//! A buffer is not touched while a batch is to read into it.

fn main() {
    let file = tempfile::tempfile().unwrap();
    let mut batcher = bareio::batch::Batcher::auto();
    let mut bytes = [0; 512];
    let mut batch = batcher.batch();
    batch.read(&file, &mut bytes, 0);
    bytes[0] = 1;
    batch.run().unwrap();
    assert_eq!(bytes[0], 1);
}
