//! A file is not closed while a batch is to use it.

fn main() {
    let file = bareio::File::open("Cargo.toml").unwrap();
    let mut batcher = bareio::batch::Batcher::auto();
    let mut batch = batcher.batch();
    batch.sync_data(&file);
    file.close().unwrap();
    batch.run().unwrap();
}
