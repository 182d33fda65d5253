#![doc = include_str!("../README.md")]

#[cfg(loom)]
pub mod engine;
#[cfg(loom)]
mod host;
#[cfg(loom)]
mod memory;
#[cfg(loom)]
mod operations;
#[cfg(loom)]
mod waiter;

#[cfg(loom)]
pub use host::Host;
#[cfg(loom)]
pub use memory::{Held, Memory};
#[cfg(loom)]
pub use operations::{Buffer, Fill, completion, table};
#[cfg(loom)]
pub use waiter::Waiter;

/// How often a model's threads are preempted at most, unless `LOOM_MAX_PREEMPTIONS` says otherwise.
#[cfg(loom)]
const PREEMPTIONS: usize = 3;

/// Runs `model` in every interleaving that loom explores, and fails if it panics in one of them, if two
/// accesses to one cell are not ordered, or if every thread is blocked.
#[cfg(loom)]
pub fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    builder.check(model);
}
