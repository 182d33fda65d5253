//! The calls of this host's C library, where systems differ: the same functions on each, and one file a system.
//!
//! They are made once: whoever calls them sees to signals, and to numbers that make no sense.

#[cfg(target_vendor = "apple")]
#[path = "native/apple.rs"]
mod system;
#[cfg(target_os = "freebsd")]
#[path = "native/freebsd.rs"]
mod system;
#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "native/linux.rs"]
mod system;
#[cfg(not(any(target_vendor = "apple", target_os = "freebsd", target_os = "linux", target_os = "android")))]
#[path = "native/other.rs"]
mod system;

pub(crate) use system::*;

/// How a range of a file will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advice {
    /// As any other.
    Normal,
    /// From front to back: the system reads ahead further.
    Sequential,
    /// In no order: the system does not read ahead.
    Random,
    /// Soon: the system begins to read it.
    WillNeed,
    /// Not soon: what is cached of it, and flushed, is dropped.
    DontNeed,
}
