//! What waits for everything that was submitted before it.

use bareio_core::ticket::shared::Use;

use super::Base;
use super::files::VirtualFile;
use super::op::{Op, What};

impl<K: Base> VirtualFile<K> {
    /// Ends when everything has that was submitted before for this slot, flushes included; and leaves the file open. What is
    /// submitted later is not held back.
    ///
    /// ```
    /// # use bareio::{file::OpenOptions, sched::Scheduler};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("data");
    /// # let scheduler = Scheduler::builder().files(1).build()?;
    /// # let file = scheduler.files().claim()?;
    /// # scheduler.run(file.open(&path, &OpenOptions::new().write(true).create(true)))?;
    /// let write = scheduler.submit(file.write(b"record".to_vec(), 0))?;
    /// scheduler.run(file.drain())?;
    /// assert!(write.is_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// In a chain it is the last operation, and does not wait for the others of it but by its link. It completes with 0,
    /// whatever became of what it has waited for. It can be cancelled; a limit on its time begins when it has nothing to wait for
    /// any more, and so never ends it.
    pub fn drain(&self) -> Op<(), K> {
        self.of(What::Drain)
    }

    /// Closes the file, when everything has ended that was submitted before for this slot, flushes included. What is
    /// submitted later is refused, unless the close is cancelled, by whoever has its ticket or because its chain is severed.
    ///
    /// In a chain, only operations on other files may follow.
    pub fn close(&self) -> Op<(), K> {
        self.of(What::Close)
    }
}

impl What {
    /// How it uses a slot of files.
    pub(super) const fn file_use(self) -> Use {
        match self {
            Self::Open => Use::Open,
            Self::Drain => Use::Drain,
            Self::Close => Use::Close,
            _ => Use::Work,
        }
    }
}
