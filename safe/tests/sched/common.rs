//! What the tests share.

use std::fs::OpenOptions as StdOptions;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use bareio::File;
use bareio::sched::{Backend, Builder, Drive, Scheduler};

/// Says that a test is skipped, and why; with `BAREIO_REQUIRE_ALL` set, that is a failure.
pub(crate) fn skip(reason: &str) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{name} may not be skipped: {reason}");
    eprintln!("skipped {name}: {reason}");
}

/// The ways in which operations are carried out, each built anew from `settings`.
pub(crate) fn schedulers(settings: impl Fn(Builder) -> Builder) -> Vec<(&'static str, Scheduler)> {
    let make = |change: fn(Builder) -> Builder| change(settings(Scheduler::builder())).build();
    let mut all = vec![("calls of threads", make(|b| b.backend(Backend::Posix)).unwrap())];
    match make(|b| b.backend(Backend::IoUring)) {
        Ok(ring) => {
            all.push(("a ring", ring));
            let served = make(|b| b.backend(Backend::IoUring).drive(Drive::Thread)).unwrap();
            all.push(("a ring and a thread", served));
        }
        Err(error) => skip(&error.to_string()),
    }
    all
}

/// These, and calls of the thread that submits.
pub(crate) fn all(settings: impl Fn(Builder) -> Builder) -> Vec<(&'static str, Scheduler)> {
    let mut all = schedulers(&settings);
    let inline = settings(Scheduler::builder()).backend(Backend::Posix).threads(0).build().unwrap();
    all.push(("calls at once", inline));
    all
}

/// A folder of a test, and files in it.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of these bytes, to be read and written.
    pub(crate) fn file(&self, bytes: &[u8]) -> File {
        std::fs::write(self.path("file"), bytes).unwrap();
        File::open_rw(self.path("file")).unwrap()
    }

    /// One that writes go to the end of.
    pub(crate) fn appended(&self) -> File {
        let file = StdOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        File::try_from(file).unwrap()
    }
}

/// The two ends of a pipe: what reads from it waits for ever, until something is written.
pub(crate) fn pipe() -> (File, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    (File::from_fd(reader).unwrap(), writer)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls `future` on this thread until it is ready. It panics after a while.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    let begin = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody wakes the future");
        std::thread::park_timeout(Duration::from_secs(20));
    }
}
