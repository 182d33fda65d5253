//! What a program needs that begins at its first instruction: a start, four memory functions, an end, and a voice.
//!
//! Nothing here allocates, and nothing is linked but this and `bareio-core`: that it links at all is the proof that
//! the core needs no allocator, no libc and no standard library.
#![no_std]

pub mod host;
mod line;
mod memory;
mod start;

pub use line::Line;

/// Says so and ends. What a panic would say is left out, for its formatting is larger than all the rest.
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    Line::new().text("FAIL a panic").say();
    host::end(false)
}
