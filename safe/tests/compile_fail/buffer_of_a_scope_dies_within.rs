//! A buffer that dies before its scope is not lent to it.

use bareio::Native;
use bareio::fd::lend;
use bareio::scope::{Ring, Slot};

fn read(ring: &mut Ring<Native>, slots: &mut [Slot], file: &std::fs::File) {
    ring.scope(slots, |s| {
        let mut bytes = [0; 512];
        std::mem::forget(s.read(lend(file), &mut bytes, 0));
    });
}

fn main() {
    let _ = read;
}
