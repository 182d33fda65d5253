//! What the tests on the kernel in memory share.

use bareio_core::abi::Features;
use bareio_core::kernel::OpenFlags;
use bareio_core::sim::{Builder, Sim};
use bareio_core::{Fd, Kernel};

/// How many seeds each claim is tried with.
pub(crate) const SEEDS: u64 = if cfg!(miri) { 1 } else { 150 };

/// Kernels of several ages, and one that is new and yet lacks much.
pub(crate) fn kernels(seed: u64) -> [Builder; 4] {
    let poor = Features::NODROP | Features::EXT_ARG | Features::SINGLE_MMAP | Features::SUBMIT_STABLE;
    [
        Sim::like_5_1().seed(seed),
        Sim::like_5_10().seed(seed),
        Sim::like_6_18().seed(seed),
        Sim::like_6_18().seed(seed).without_features(poor),
    ]
}

/// `len` bytes, from `offset`, of every file that the tests read.
pub(crate) fn pattern(offset: u64, len: usize) -> Vec<u8> {
    (offset..).take(len).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

pub(crate) fn open(sim: &Sim, path: &std::ffi::CStr) -> Fd {
    // SAFETY: the working directory is open.
    unsafe { sim.open_at(Fd::CWD, path, OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE, 0o600) }
        .unwrap()
}

pub(crate) fn close(sim: &Sim, fd: Fd) {
    // SAFETY: the test's own, and not used any more.
    unsafe { sim.close(fd) }.unwrap();
}

/// Numbers that follow from a seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // Weyl's sequence, mixed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = mixed ^ mixed >> 31;
        usize::try_from(mixed >> 33).unwrap() % end
    }
}
