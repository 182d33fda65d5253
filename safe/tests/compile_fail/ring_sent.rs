//! A ring stays on its thread.

use bareio::host::NATIVE;
use bareio::scope::Builder;

fn elsewhere(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work).join().unwrap();
}

fn main() {
    let ring = Builder::new(8).build(NATIVE).unwrap();
    elsewhere(move || drop(ring));
}
