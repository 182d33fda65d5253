//! The scheduler on this host, by a ring and by calls.
#![cfg(unix)]
#![cfg(not(miri))] // which has neither rings nor direct system calls

mod breakages;
mod chains;
mod common;
mod ends;
mod files;
mod futures;
mod gathering;
mod results;
mod room;
mod shards;
