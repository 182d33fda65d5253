//! Whoever reaps an operation may be another thread, so a buffer can be sent.

use std::rc::Rc;

use bareio::buf::IoBuf;

struct Counted(Rc<[u8]>);

// SAFETY: the bytes are on the heap, and nobody writes to them.
unsafe impl IoBuf for Counted {
    fn data(&self) -> (*const u8, usize) {
        (self.0.as_ptr(), self.0.len())
    }
}

fn main() {
    let _ = Counted(Rc::new([0; 512]));
}
