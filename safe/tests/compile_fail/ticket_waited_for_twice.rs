//! A ticket is good for one wait, so a buffer comes back once.

use bareio::{File, Scheduler, sched::Op};

fn main() {
    let file = File::open("Cargo.toml").unwrap();
    let scheduler = Scheduler::new().unwrap();
    let ticket = scheduler.submit(Op::read(&file, vec![0; 512], 0)).unwrap();
    ticket.wait().unwrap();
    ticket.wait().unwrap();
}
