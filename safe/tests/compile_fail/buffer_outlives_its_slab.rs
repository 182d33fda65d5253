//! A slab is not freed while one of its buffers is out.

use bareio::Align;
use bareio::core::pool::{Borrowed, Slab};

fn main() {
    let mut memory = vec![0; 4096];
    let slab = Slab::new(Borrowed::new(&mut memory), 512, 4, Align::BYTE).unwrap();
    let buffer = slab.get(0).unwrap();
    drop(slab);
    drop(buffer);
}
