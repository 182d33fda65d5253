//! The descriptor primitives on the file systems of this host: the one of the temporary folder, tmpfs if there is one, and
//! whichever devices can be had without being anybody.
#![cfg(unix)]
#![cfg(not(miri))] // which has no such files

mod common;
mod copying;
mod devices;
mod limits;
mod opening;
mod space;
mod syncing;
mod transfers;
