//! Operations on memory that loom watches, and slots for them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bareio_core::abi::{Cqe, Sqe};
use bareio_core::errno::Result;
use bareio_core::sqe;
use bareio_core::sync::UnsafeCell;
use bareio_core::ticket::{Claimer, Operation, Reaper, Slot, Table};

/// A table of `count` slots. It is leaked, so that threads of a model may use it.
pub fn table(count: usize) -> (Claimer<'static>, Reaper<'static>) {
    let slots: Vec<Slot> = (0..count).map(|_| Slot::new()).collect();
    Box::leak(Box::new(Table::new(Box::leak(slots.into_boxed_slice())))).split()
}

/// The last completion of an operation, with this result.
pub fn completion(user_data: u64, res: i32) -> Cqe {
    Cqe { user_data, res, ..Cqe::default() }
}

/// A buffer that the kernel writes: what the operation owns, and what the model keeps an eye on.
#[derive(Clone)]
pub struct Buffer(Arc<Shared>);

struct Shared {
    bytes: UnsafeCell<i32>,
    finished: AtomicU32,
    disposed: AtomicU32,
}

// SAFETY: that no two threads touch the bytes at a time is what the models check.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").finish_non_exhaustive()
    }
}

impl Buffer {
    /// Holds 0.
    pub fn new() -> Self {
        let (finished, disposed) = (AtomicU32::new(0), AtomicU32::new(0));
        Self(Arc::new(Shared { bytes: UnsafeCell::new(0), finished, disposed }))
    }

    /// What the kernel does before it completes the operation.
    pub fn write(&self, value: i32) {
        // SAFETY: loom finds out if another touches it now.
        self.0.bytes.with_mut(|bytes| unsafe { *bytes = value });
    }

    /// What its owner reads.
    pub fn read(&self) -> i32 {
        // SAFETY: loom finds out if another writes it now.
        self.0.bytes.with(|bytes| unsafe { *bytes })
    }

    /// How often an operation on it was taken, and how often disposed of.
    pub fn ends(&self) -> (u32, u32) {
        // Relaxed, both: loom runs one thread at a time.
        (self.0.finished.load(Ordering::Relaxed), self.0.disposed.load(Ordering::Relaxed))
    }

    /// An operation that owns it.
    pub fn operation(&self) -> Fill {
        self.write(0);
        Fill(self.clone())
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// Has the kernel write into a buffer. Its output is the result, and what the buffer holds.
#[derive(Debug)]
pub struct Fill(Buffer);

// SAFETY: its entry names nothing; the models' kernel knows the buffer, which is shared.
unsafe impl Operation for Fill {
    type Output = (Result<u32>, i32);

    fn entry(&mut self) -> Result<Sqe> {
        Ok(sqe::nop())
    }

    fn finish(self, result: Result<u32>) -> Self::Output {
        // Relaxed: loom runs one thread at a time.
        self.0.0.finished.fetch_add(1, Ordering::Relaxed);
        (result, self.0.read())
    }

    fn dispose(self, _: Result<u32>) {
        // Relaxed: as above.
        self.0.0.disposed.fetch_add(1, Ordering::Relaxed);
        self.0.write(-1);
    }
}
