//! The kernel that the tests run on.

use std::io::{PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use bareio::batch::{Backend, Lend, Lent};
use bareio::file::OpenOptions;
use bareio::host::NATIVE;
use bareio::{File, Native, Result};
use rustix::fs::{MemfdFlags, SealFlags};
use tempfile::TempDir;

use crate::way::{Host, Limited};

/// By io_uring.
pub(crate) struct IoUring(TempDir);

/// As it can.
pub(crate) struct Auto(TempDir);

/// By plain calls.
pub(crate) struct Posix(TempDir);

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("bareio-conformance-").tempdir().expect("a folder")
}

/// A pipe that is found again as long as the program runs.
fn pipe() -> (Lent<'static>, Lent<'static>) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let ends: &'static (PipeReader, PipeWriter) = Box::leak(Box::new((reader, writer)));
    (ends.0.as_fd().lend(), ends.1.as_fd().lend())
}

/// A file in memory, sealed against growing.
fn sealed(len: u64) -> Result<Lent<'static>, String> {
    let sealed = || {
        let file = rustix::fs::memfd_create("sealed", MemfdFlags::ALLOW_SEALING)?;
        rustix::fs::ftruncate(&file, len)?;
        rustix::fs::fcntl_add_seals(&file, SealFlags::GROW)?;
        Ok::<OwnedFd, rustix::io::Errno>(file)
    };
    let file: &'static OwnedFd =
        Box::leak(Box::new(sealed().map_err(|error| format!("no sealed file: {error}"))?));
    Ok(Lend::<Native>::lend(file))
}

macro_rules! host {
    ($type:ident, $name:literal, $backend:expr) => {
        impl Host for $type {
            type Kernel = Native;
            const NAME: &'static str = $name;

            fn seeds() -> u64 {
                1
            }

            fn set_up(_: u64) -> Result<Self, String> {
                Ok(Self(folder()))
            }

            fn seed(&self) -> u64 {
                0
            }

            fn kernel(&self) -> Native {
                NATIVE
            }

            fn backend() -> Backend {
                $backend
            }

            fn path(&self, name: &str) -> PathBuf {
                self.0.path().join(name)
            }

            fn open(&self, name: &str, options: &OpenOptions) -> Result<File> {
                options.open(self.path(name))
            }

            fn contents(&self, name: &str) -> Vec<u8> {
                std::fs::read(self.path(name)).expect("it is there")
            }

            fn pipe(&self) -> (Lent<'static>, Lent<'static>) {
                pipe()
            }

            fn limited(_: u64, len: u64) -> Result<(Self, Limited<Native>), String> {
                Ok((Self(folder()), Limited::Lent(sealed(len)?)))
            }

            fn asked(&self) -> Option<u64> {
                None
            }

            fn unflushed(&self, _: &str) -> Option<usize> {
                None
            }

            fn is_idle(&self) -> bool {
                true
            }
        }
    };
}

host!(IoUring, "io_uring", Backend::IoUring { depth: 16 });
host!(Auto, "auto", Backend::Auto);
host!(Posix, "posix", Backend::Posix);
