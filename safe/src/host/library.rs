//! A host whose calls are made by way of its C library.
#![expect(unsafe_code, reason = "promises what every kernel promises of its calls")]

use bareio_core::Kernel;

/// A host whose calls are made by way of its C library: other Unixes, and Linux on other processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host;

// SAFETY: it answers NOSYS to everything, and does nothing.
unsafe impl Kernel for Host {}
