//! A ticket does not outlive the slots that its operation lies in.

use bareio::Native;
use bareio::core::BorrowedFd;
use bareio::core::ring::Ring;
use bareio::core::ticket::{Driver, Slot, Sync, Table};

fn flush(ring: Ring<Native>, file: BorrowedFd<'static>) {
    let mut slots = [const { Slot::new() }; 8];
    let ticket = {
        let mut table = Table::new(&mut slots);
        let mut driver = Driver::new(ring, &mut table);
        driver.submit(Sync::all(file)).unwrap()
    };
    drop(ticket);
}

fn main() {
    let _ = flush;
}
