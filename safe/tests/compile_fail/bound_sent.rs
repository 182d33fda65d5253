//! A thread's place at a shard is not given up by another thread.

use bareio::Shards;

fn elsewhere(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap();
}

fn main() {
    let shards: Shards = Shards::new().unwrap();
    let bound = shards.bind(0).unwrap();
    elsewhere(|| drop(bound));
}
