//! The examples of loops of one's own, which are to end.
#![cfg(unix)]
#![cfg(not(miri))]

#[path = "../examples/on_async_io.rs"]
mod on_async_io;
#[path = "../examples/on_tokio.rs"]
mod on_tokio;

#[test]
fn tokio_waits_for_a_ring() {
    on_tokio::main().unwrap();
}

#[test]
fn async_io_waits_for_a_ring() {
    on_async_io::main().unwrap();
}
