//! Pools whose buffers are fixed ones of the ring.

use super::{Base, Scheduler};
use crate::error::Result;
use crate::pool::{BufferPool, Registration};

impl<K: Base> Scheduler<K> {
    /// Registers the memory of `pools` with the ring, once: reads and writes whose buffers come from there then go through
    /// it as fixed buffers, without looking their pages up. Nothing else changes. Where the kernel does not take the memory, or
    /// where there is no ring, all goes on without; the answer says so.
    ///
    /// The pools' memory is kept for as long as the scheduler.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported): pools are attached already. [`Forked`](crate::ErrorKind::Forked).
    ///
    /// ```
    /// use bareio::{File, Scheduler, pool::BufferPool, sched::Op};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let (scheduler, pool) = (Scheduler::new()?, BufferPool::new(64 << 10, 16)?);
    /// println!("{}", scheduler.attach(&[&pool])?);
    /// let file = File::create(folder.path().join("data"))?;
    /// let ticket = scheduler.submit(Op::read(&file, pool.acquire()?, 0))?;
    /// assert_eq!(ticket.wait()?.0, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach(&self, pools: &[&BufferPool<K>]) -> Result<Registration> {
        self.0.attach(pools)
    }
}
