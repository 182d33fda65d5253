//! A buffer that an operation has is not used before it comes back.

use bareio::{File, Scheduler, sched::Op};

fn main() {
    let file = File::open("Cargo.toml").unwrap();
    let scheduler = Scheduler::new().unwrap();
    let bytes = vec![0; 512];
    let ticket = scheduler.submit(Op::read(&file, bytes, 0)).unwrap();
    assert_eq!(bytes[0], 0);
    ticket.wait().unwrap();
}
