//! The ticket of one ring's scope is not waited for in another's.

use bareio::Native;
use bareio::fd::lend;
use bareio::scope::{Ring, Slot};

fn flush(one: &mut Ring<Native>, other: &mut Ring<Native>, slots: [&mut [Slot]; 2], file: &std::fs::File) {
    let [ours, theirs] = slots;
    one.scope(ours, |s| {
        let ticket = s.sync_data(lend(file)).unwrap();
        other.scope(theirs, |t| t.wait(ticket).0.unwrap());
    });
}

fn main() {
    let _ = flush;
}
