//! A kernel in memory that cuts transfers short, refuses and interrupts, and completes in any order.

use std::path::PathBuf;

use bareio::batch::{Backend, Lend, Lent};
use bareio::core::sim::{Builder, Call, Sim};
use bareio::core::{BorrowedFd, Errno, Fd};
use bareio::file::OpenOptions;
use bareio::{File, Result};

use crate::way::{Host, Limited};

/// With rings.
pub(crate) struct IoUring(Sim);

/// With rings, and as a batcher likes.
pub(crate) struct Auto(Sim);

/// Without rings.
pub(crate) struct Posix(Sim);

/// Every call that a file or a ring takes.
const CALLS: [Call; 8] =
    [Call::Enter, Call::Read, Call::Write, Call::Sync, Call::Seek, Call::Stat, Call::Other, Call::Truncate];

/// A descriptor of the kernel's that is never closed.
pub(crate) fn lend(fd: Fd) -> Lent<'static> {
    // SAFETY: nobody closes it, and it is used on its own kernel only.
    let file = unsafe { BorrowedFd::borrow_raw(fd) };
    Lend::<Sim>::lend(file)
}

macro_rules! host {
    ($type:ident, $name:literal, $backend:expr, $configure:expr) => {
        impl $type {
            pub(crate) fn with(configure: impl FnOnce(Builder) -> Builder, seed: u64) -> Self {
                let adapt: fn(Builder) -> Builder = $configure;
                Self(configure(adapt(Sim::builder().seed(seed))).build())
            }
        }

        impl Host for $type {
            type Kernel = Sim;
            const NAME: &'static str = $name;

            fn seeds() -> u64 {
                // On an emulated processor each takes a hundred times as long.
                if std::env::var_os("BAREIO_EXPECT_NO_URING").is_some() { 4 } else { 60 }
            }

            fn set_up(seed: u64) -> Result<Self, String> {
                Ok(Self::with(|builder| builder, seed))
            }

            fn seed(&self) -> u64 {
                self.0.seed()
            }

            fn kernel(&self) -> Sim {
                self.0.clone()
            }

            fn backend() -> Backend {
                $backend
            }

            fn path(&self, name: &str) -> PathBuf {
                name.into()
            }

            fn open(&self, name: &str, options: &OpenOptions) -> Result<File<Sim>> {
                options.open_with_kernel(self.0.clone(), name)
            }

            fn contents(&self, name: &str) -> Vec<u8> {
                self.0.contents(name).expect("it is there")
            }

            fn pipe(&self) -> (Lent<'static>, Lent<'static>) {
                let (reader, writer) = self.0.pipe().expect("a pipe");
                (lend(reader), lend(writer))
            }

            fn limited(seed: u64, len: u64) -> Result<(Self, Limited<Sim>), String> {
                let host = Self::with(|builder| builder.space(len), seed);
                let options = OpenOptions::new().read(true).write(true).create(true);
                let file = host.open("limited", &options).map_err(|error| error.to_string())?;
                Ok((host, Limited::File(file)))
            }

            fn asked(&self) -> Option<u64> {
                Some(CALLS.iter().map(|&call| self.0.calls(call)).sum())
            }

            fn unflushed(&self, name: &str) -> Option<usize> {
                self.0.unflushed(name)
            }

            fn is_idle(&self) -> bool {
                self.0.census().in_flight == 0
            }
        }
    };
}

host!(IoUring, "sim, io_uring", Backend::IoUring { depth: 16 }, |builder| builder);
host!(Auto, "sim, auto", Backend::Auto, |builder| builder);
host!(Posix, "sim, posix", Backend::Posix, |builder| builder.without_rings(Errno::PERM));
