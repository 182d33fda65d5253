//! A file system in memory that fails on demand: any error, any short count and any delay, at the n-th call.
//!
//! Every read and write reaches it by itself, past the page cache, and a delayed one delays no other. It is mounted by
//! FUSE, so what is tested on it goes through the kernel as it does on any other file system.
//!
//! ```no_run
//! use bareio_faults::{Call, Fault, Mount};
//!
//! let mount = Mount::new()?;
//! mount.at(Call::Sync, 0, Fault::Error(5)); // the next flush: EIO
//! let file = std::fs::File::create(mount.path().join("file"))?;
//! assert_eq!(file.sync_all().unwrap_err().raw_os_error(), Some(5));
//! assert!(file.sync_all().is_ok());
//! # Ok::<(), std::io::Error>(())
//! ```

mod files;
mod plan;
mod server;

use std::io;
use std::path::Path;
use std::sync::Arc;

use fuser::{BackgroundSession, Config, MountOption};

use files::Files;
use plan::Plan;
pub use plan::{Call, Fault};
use server::Server;

/// A mounted file system. It is unmounted when this is dropped, also by a panic.
pub struct Mount {
    files: Arc<Files>,
    plan: Arc<Plan>,
    // In this order: what is mounted goes before the folder that it is mounted on.
    session: Option<BackgroundSession>,
    folder: tempfile::TempDir,
}

impl Mount {
    /// An empty one, in a folder of its own under `TMPDIR`. Needs root or `fusermount3`.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (files, plan) = (Arc::new(Files::default()), Arc::new(Plan::default()));
        let server = Server::new(Arc::clone(&files), Arc::clone(&plan));
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("bareio-faults".into())];
        let session = Some(fuser::spawn_mount(server, folder.path(), &config)?);
        Ok(Self { files, plan, session, folder })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Has the call of this kind that comes `nth`, counted from 0 and from now, meet `fault`.
    pub fn at(&self, call: Call, nth: u64, fault: Fault) {
        self.plan.at(call, nth, fault);
    }

    /// Has every call of this kind meet `fault`, until [`heal`](Self::heal).
    pub fn always(&self, call: Call, fault: Fault) {
        self.plan.always(call, fault);
    }

    /// Takes back every fault that was asked for.
    pub fn heal(&self) {
        self.plan.heal();
    }

    /// How many calls of this kind arrived.
    pub fn count(&self, call: Call) -> u64 {
        self.plan.count(call)
    }

    /// What a file holds, past all faults.
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        self.files.content(name)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // What hangs in the file system must not keep the mount.
        self.plan.heal();
        drop(self.session.take());
    }
}
