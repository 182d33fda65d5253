//! What an operation reads into is its own: a `&mut [u8]` could end while the kernel writes.

use bareio::core::ticket::StaticBuf;
use bareio::{File, sched::Op};

fn main() {
    let file = File::open("Cargo.toml").unwrap();
    let mut bytes = [0; 512];
    let op = Op::read(&file, StaticBuf::from(&mut bytes[..]), 0);
    drop(op);
}
