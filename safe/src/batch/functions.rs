//! The commonest batches, each in one call.

use bareio_core::Kernel;

use super::Batcher;
use super::lent::Lend;
use crate::error::Result;

impl<K: Kernel> Batcher<K> {
    /// Reads all of each buffer from its offset on.
    ///
    /// # Errors
    ///
    /// As [`Batch::run`](super::Batch::run).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use bareio::batch::Batcher;
    ///
    /// let file = bareio::File::open("Cargo.toml")?;
    /// let mut blocks = [[0; 16]; 4];
    /// let offsets = (0..).step_by(16);
    /// Batcher::auto().pread_batch(&file, blocks.iter_mut().map(|block| &mut block[..]).zip(offsets))?;
    /// assert!(blocks[0].starts_with(b"[package]"));
    /// # Ok(()) }
    /// ```
    pub fn pread_batch<'a>(
        &mut self,
        file: impl Lend<'a, K>,
        reads: impl IntoIterator<Item = (&'a mut [u8], u64)>,
    ) -> Result<()> {
        let lent = file.lend();
        let mut batch = self.batch();
        for (buf, offset) in reads {
            batch.read(lent, buf, offset);
        }
        batch.run()
    }

    /// Writes all of each buffer to its offset on.
    ///
    /// # Errors
    ///
    /// As [`Batch::run`](super::Batch::run).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use bareio::batch::Batcher;
    ///
    /// let file = tempfile::tempfile()?;
    /// let mut batcher = Batcher::auto();
    /// batcher.pwrite_batch(&file, [(&b"back"[..], 100), (b"front", 0)])?;
    /// batcher.fsync(&file)?;
    /// # Ok(()) }
    /// ```
    pub fn pwrite_batch<'a>(
        &mut self,
        file: impl Lend<'a, K>,
        writes: impl IntoIterator<Item = (&'a [u8], u64)>,
    ) -> Result<()> {
        let lent = file.lend();
        let mut batch = self.batch();
        for (buf, offset) in writes {
            batch.write(lent, buf, offset);
        }
        batch.run()
    }

    /// Flushes the file's data, and what reading it back needs.
    ///
    /// # Errors
    ///
    /// As [`Batch::run`](super::Batch::run).
    pub fn fsync<'a>(&mut self, file: impl Lend<'a, K>) -> Result<()> {
        self.batch().sync_data(file).run()
    }

    /// Writes all of `buf` to `offset` on and then flushes the file's data: one system call on io_uring, if the write
    /// is not cut short; else it is finished first, and flushed then. With nothing to write, it flushes.
    ///
    /// # Errors
    ///
    /// As [`Batch::run`](super::Batch::run). Whatever it is, the bytes are not known to be durable.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use bareio::batch::Batcher;
    ///
    /// let file = tempfile::tempfile()?;
    /// Batcher::auto().linked_write_fsync(&file, b"a record", 0)?;
    /// # Ok(()) }
    /// ```
    pub fn linked_write_fsync<'a>(
        &mut self,
        file: impl Lend<'a, K>,
        buf: &'a [u8],
        offset: u64,
    ) -> Result<()> {
        let lent = file.lend();
        self.batch().write(lent, buf, offset).link().sync_data(lent).run()
    }
}
