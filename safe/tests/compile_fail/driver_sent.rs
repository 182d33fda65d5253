//! A driver stays on the thread of its ring.

use bareio::Native;
use bareio::core::ticket::Driver;

fn elsewhere(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work).join().unwrap();
}

fn send(driver: Driver<'static, Native>) {
    elsewhere(move || drop(driver));
}

fn main() {
    let _ = send;
}
