//! A slab is not freed while somebody has a handle to it.

use bareio::Align;
use bareio::core::pool::{Borrowed, Slab};

fn main() {
    let mut memory = vec![0; 4096];
    let mut handle = {
        let slab = Slab::new(Borrowed::new(&mut memory), 512, 4, Align::BYTE).unwrap();
        slab.handle(2).unwrap()
    };
    drop(handle.get());
}
