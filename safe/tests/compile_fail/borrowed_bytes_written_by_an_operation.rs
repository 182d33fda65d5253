//! What an operation writes is its own, or there for ever.

use bareio::{File, sched::Op};

fn main() {
    let file = File::create("data").unwrap();
    let bytes = vec![0; 512];
    let op = Op::write(&file, &bytes[..], 0);
    drop(op);
}
