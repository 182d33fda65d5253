//! A ticket of a scope does not leave it.

use bareio::Native;
use bareio::fd::lend;
use bareio::scope::{Ring, Slot};

fn flush(ring: &mut Ring<Native>, slots: &mut [Slot], file: &std::fs::File) {
    let ticket = ring.scope(slots, |s| s.sync_data(lend(file)).unwrap());
    drop(ticket);
}

fn main() {
    let _ = flush;
}
