//! What is put back to a pool is gone, and cannot be put back again.

use bareio::core::pool::{IndexPool, Line};

fn main() {
    let mut lines = [const { Line::new() }; IndexPool::lines(100)];
    let pool = IndexPool::new(&mut lines, 100).unwrap();
    let mut handle = pool.handle(16).unwrap();
    let held = handle.get().unwrap();
    handle.put(held).unwrap();
    handle.put(held).unwrap();
}
