//! The one line that a writer says.

use super::Strategy;

/// Says what a writer is, once.
#[cfg(any(feature = "log", feature = "tracing"))]
pub(super) fn made(asked: Strategy, got: Strategy, depth: u32) {
    #[cfg(feature = "log")]
    log::info!(target: "bareio::writer", "vectored writer: strategy {got} (asked for {asked}), ring depth {depth}");
    #[cfg(feature = "tracing")]
    tracing::info!(target: "bareio::writer", strategy = got.name(), asked = asked.name(), depth, "vectored writer");
}

#[cfg(not(any(feature = "log", feature = "tracing")))]
pub(super) const fn made(_: Strategy, _: Strategy, _: u32) {}
