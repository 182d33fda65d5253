//! io_uring rings, set up by hand.

mod doorbell;
mod half;

pub use doorbell::{Doorbell, Sleeper};
pub use half::{Batch, Consumer, Full, Layout, Producer, Slots};
