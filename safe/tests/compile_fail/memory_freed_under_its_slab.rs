//! The memory that a slab was made of is not freed before it.

use bareio::Align;
use bareio::core::pool::{Borrowed, Slab};

fn main() {
    let mut memory = vec![0; 4096];
    let slab = Slab::new(Borrowed::new(&mut memory), 512, 4, Align::BYTE).unwrap();
    drop(memory);
    drop(slab.get(0));
}
