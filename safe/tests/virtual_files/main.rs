//! Virtual files and barriers: on rings and by calls of this host, and on kernels in memory.
#![cfg(feature = "sim")]

mod barriers;
mod closing;
mod common;
mod ends;
mod errors;
#[cfg(all(unix, not(miri)))]
mod host;
mod opening;
mod orders;
mod recycling;
mod shared;
