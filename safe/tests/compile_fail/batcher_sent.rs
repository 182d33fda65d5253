//! A batcher stays on its thread.

fn elsewhere(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work).join().unwrap();
}

fn main() {
    let batcher = bareio::batch::Batcher::auto();
    elsewhere(move || drop(batcher));
}
