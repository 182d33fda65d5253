//! A buffer that several writes share.
#![expect(unsafe_code, reason = "passes on what the buffer says of its bytes")]

use std::fmt;
use std::sync::Arc;

use super::IoBuf;

/// A buffer to be written to several places at once, by operations with a ticket each.
///
/// Clones share it, and each may be in a write of its own. When all have come back, it can be had again, to be read into.
///
/// ```
/// use bareio::{File, Scheduler, buf::Counted, sched::Op};
///
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("source"), b"block")?;
/// let source = File::open(folder.path().join("source"))?;
/// let replicas = [File::create(folder.path().join("a"))?, File::create(folder.path().join("b"))?];
/// let scheduler = Scheduler::new()?;
///
/// let (_, block) = scheduler.submit(Op::read(&source, Vec::with_capacity(4096), 0))?.wait()?;
/// let block = Counted::new(block);
/// let writes = replicas.iter().map(|file| Op::write(file, block.clone(), 0));
/// for ticket in scheduler.submit_all(writes) {
///     assert_eq!(ticket?.wait()?.0, 5);
/// }
/// assert_eq!(block.try_into_inner().unwrap(), b"block");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Counted<B>(Arc<B>);

impl<B: IoBuf + Sync> Counted<B> {
    /// Shares `buf`.
    pub fn new(buf: B) -> Self {
        Self(Arc::new(buf))
    }

    /// The bytes in it.
    pub fn as_slice(&self) -> &[u8] {
        let (first, len) = self.0.data();
        if len == 0 {
            return &[];
        }
        // SAFETY: valid for as long as the buffer is not changed, and written by nobody, by its own word; nobody gets it
        // exclusively while we have it.
        unsafe { std::slice::from_raw_parts(first, len) }
    }

    /// The buffer again.
    ///
    /// # Errors
    ///
    /// Others have it too.
    pub fn try_into_inner(self) -> Result<B, Self> {
        Arc::try_unwrap(self.0).map_err(Self)
    }
}

impl<B> Clone for Counted<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B> fmt::Debug for Counted<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("owners", &Arc::strong_count(&self.0)).finish_non_exhaustive()
    }
}

// SAFETY: the buffer says so of its bytes, stays where it is for as long as a clone lives, and is nobody's exclusively
// meanwhile.
unsafe impl<B: IoBuf + Sync> IoBuf for Counted<B> {
    fn data(&self) -> (*const u8, usize) {
        self.0.data()
    }
}
