//! A file, and the scheduler that its operations go through.

use std::fmt;
use std::ops::Deref;

use bareio_core::kernel::Allocate;

use super::op::{Op, What};
use super::ticket::{Failed, Outcome};
use super::{Base, Scheduler};
use crate::buf::{IoBuf, IoBufMut};
use crate::error::{Error, Refused, Result};
use crate::file::{File, advanced, short_read, short_write};
use crate::host::Native;

/// A [`File`] whose operations can be awaited, on any executor.
///
/// Its methods have the names of the file's own, which are still there by way of `*file`: those that block, and those that ask
/// something, which are quicker as the call that they are. Nothing that is cancelled loses anything: a future that is dropped leaves
/// its operation to end by itself. Where a result must not be lost, [`Scheduler::submit`] gives a ticket to be kept.
///
/// ```
/// use bareio::{File, Scheduler};
///
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     loop {
/// #         let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) { return output; }
/// #         std::thread::yield_now();
/// #     }
/// # }
/// # let folder = tempfile::tempdir()?;
/// let file = Scheduler::new()?.file(File::create(folder.path().join("data"))?);
/// # block_on(async {
/// file.write_all_at(b"some bytes".to_vec(), 0).await?;
/// file.sync_data().await?;
/// let (_, bytes) = file.read_exact_at(vec![0; 5], 5).await?;
/// assert_eq!(bytes, b"bytes");
/// assert_eq!(file.size()?, 10);
/// # Ok::<(), bareio::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AsyncFile<K: Base = Native> {
    file: File<K>,
    scheduler: Scheduler<K>,
}

impl<K: Base> Clone for AsyncFile<K> {
    fn clone(&self) -> Self {
        Self { file: self.file.clone(), scheduler: self.scheduler.clone() }
    }
}

impl<K: Base> fmt::Debug for AsyncFile<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFile").field("file", &self.file).finish_non_exhaustive()
    }
}

impl<K: Base> Deref for AsyncFile<K> {
    type Target = File<K>;

    fn deref(&self) -> &File<K> {
        &self.file
    }
}

impl<K: Base> Scheduler<K> {
    /// `file`, with operations that can be awaited and go through this scheduler.
    pub fn file(&self, file: File<K>) -> AsyncFile<K> {
        AsyncFile { file, scheduler: self.clone() }
    }
}

impl<K: Base> AsyncFile<K> {
    /// The file.
    pub fn into_file(self) -> File<K> {
        self.file
    }

    /// Reads into `buf`'s room from `offset` on. The count may be short.
    ///
    /// # Errors
    ///
    /// As [`File::read_at`], with the buffer.
    pub async fn read_at<B: IoBufMut>(&self, buf: B, offset: u64) -> Outcome<B> {
        self.run(Op::read(&self.file, buf, offset)).await
    }

    /// Writes `buf` to `offset` on. The count may be short.
    ///
    /// # Errors
    ///
    /// As [`File::write_at`], with the buffer.
    pub async fn write_at<B: IoBuf>(&self, buf: B, offset: u64) -> Outcome<B> {
        self.run(Op::write(&self.file, buf, offset)).await
    }

    /// Fills `buf`'s room from `offset` on.
    ///
    /// # Errors
    ///
    /// As [`File::read_exact_at`], with the buffer, in which is what was read.
    pub async fn read_exact_at<B: IoBufMut>(&self, buf: B, offset: u64) -> Outcome<B> {
        self.run_whole(buf, offset, Op::read).await
    }

    /// Writes all of `buf` to `offset` on.
    ///
    /// # Errors
    ///
    /// As [`File::write_all_at`], with the buffer.
    pub async fn write_all_at<B: IoBuf>(&self, buf: B, offset: u64) -> Outcome<B> {
        self.run_whole(buf, offset, Op::write).await
    }

    /// Flushes the data, and what reading it back needs.
    ///
    /// # Errors
    ///
    /// As [`File::sync_data`].
    pub async fn sync_data(&self) -> Result<()> {
        self.plain(Op::sync_data(&self.file)).await
    }

    /// Flushes the data, and all that is known of the file.
    ///
    /// # Errors
    ///
    /// As [`File::sync_all`].
    pub async fn sync_all(&self) -> Result<()> {
        self.plain(Op::sync_all(&self.file)).await
    }

    /// Reserves, frees or zeroes `len` bytes of space from `offset` on.
    ///
    /// # Errors
    ///
    /// The kernel's; the range ends above `i64::MAX`.
    pub async fn allocate(&self, how: Allocate, offset: u64, len: u64) -> Result<()> {
        self.plain(Op::allocate(&self.file, how, offset, len)).await
    }

    /// Sets the size to `len` bytes.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub async fn truncate(&self, len: u64) -> Result<()> {
        self.plain(Op::truncate(&self.file, len)).await
    }

    async fn plain(&self, op: Op<(), K>) -> Result<()> {
        Ok(self.run(op).await.map(drop)?)
    }

    async fn run<B: Send + 'static>(&self, op: Op<B, K>) -> Outcome<B> {
        match self.scheduler.submit_async(op).await {
            Ok(ticket) => ticket.await,
            Err(Refused { error, given }) => Err(Failed { error, buf: given.into_buf() }),
        }
    }

    async fn run_whole<B: Send + 'static>(
        &self,
        buf: B,
        offset: u64,
        make: impl Fn(&File<K>, B, u64) -> Op<B, K>,
    ) -> Outcome<B> {
        let (mut buf, mut got) = (buf, 0);
        loop {
            let mut op = make(&self.file, buf, offset);
            let wanted = op.work.parts().1;
            let is_read = op.plan.what == What::Read;
            if got == wanted {
                return match op.into_buf() {
                    Some(buf) => Ok((got, buf)),
                    None => Err(Failed { error: Error::new(crate::ErrorKind::Lost), buf: None }),
                };
            }
            op.plan.skip = got;
            match advanced(offset, got) {
                Ok(offset) => op.plan.offset = offset,
                Err(error) => return Err(Failed { error, buf: op.into_buf() }),
            }
            let short = |buf| {
                let error = if is_read { short_read(wanted, got) } else { short_write(wanted, got) };
                Err(Failed { error, buf: Some(buf) })
            };
            match self.run(op).await {
                Ok((0, buf)) => return short(buf),
                Ok((count, back)) => {
                    got += count;
                    buf = back;
                }
                // A read that ended off the grid ended at the end of the file.
                Err(Failed { error, buf: Some(buf) }) if is_read && error.is_misaligned() && got > 0 => {
                    return short(buf);
                }
                Err(failed) => return Err(failed),
            }
        }
    }
}
