//! Memory from the kernel: what is granted, how it grows, what is left when a step is refused.
//!
//! Each claim is tried on a kernel whose memory is the allocator's, which Miri can watch, and on the one that
//! the test runs on.

mod buf;
mod growth;
mod heap;
mod ledger;
#[cfg(all(target_os = "linux", not(miri)))]
mod linux;
mod mapping;
mod refusals;

use bareio_core::{Errno, Kernel};
use heap::{Heap, Huge};
use ledger::{Call, Ledger, Rule};

/// The kernels to try a claim on, refusing what `rule` says.
fn kernels(rule: Rule) -> Vec<Ledger> {
    vec![
        Ledger::new(Heap::new(Huge::None), rule),
        #[cfg(all(target_os = "linux", not(miri)))]
        Ledger::new(bareio_core::Linux, rule),
    ]
}

/// Refuses nothing.
fn none(_: Call) -> Option<Errno> {
    None
}

fn page_len(kernel: &impl Kernel) -> usize {
    kernel.page_len().unwrap()
}

/// Bytes that tell their place, none of them 0.
fn pattern(len: usize) -> Vec<u8> {
    let mut bytes = (1..=251).collect::<Vec<u8>>().repeat(len / 251 + 1);
    bytes.truncate(len);
    bytes
}

// Compared as slices: byte by byte, Miri would take minutes.
fn is_zero(bytes: &[u8]) -> bool {
    bytes == vec![0; bytes.len()]
}

fn is_pattern(bytes: &[u8]) -> bool {
    bytes == pattern(bytes.len())
}
