//! A descriptor is not closed while a scope has it.

use bareio::Native;
use bareio::fd::lend;
use bareio::scope::{Ring, Slot};

fn flush(ring: &mut Ring<Native>, slots: &mut [Slot], file: std::fs::File) {
    ring.scope(slots, |s| {
        let ticket = s.sync_data(lend(&file)).unwrap();
        drop(file);
        s.wait(ticket).0.unwrap();
    });
}

fn main() {
    let _ = flush;
}
