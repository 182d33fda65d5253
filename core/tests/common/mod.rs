//! What the tests on a real kernel share.

use std::fs::File;
use std::path::{Path, PathBuf};

use bareio_core::Linux;
use bareio_core::ring::{Builder, Reason, Ring};

/// A ring, or `None` where this host has none: the test is then skipped, and says so.
pub(crate) fn ring(builder: &Builder) -> Option<Ring<Linux>> {
    match builder.build(Linux) {
        Ok(ring) => Some(ring),
        Err(error) if matches!(error.reason(), Reason::Missing | Reason::Forbidden) => {
            skip(&error.to_string());
            None
        }
        Err(error) => panic!("no ring: {error}"),
    }
}

/// Says that a test is skipped, and why; with `BAREIO_REQUIRE_ALL` set, that is a failure.
pub(crate) fn skip(reason: &str) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{name} may not be skipped: {reason}");
    eprintln!("skipped {name}: {reason}");
}

/// A directory that goes with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bareio-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// For reading past the page cache, or where the file system cannot, through it.
    pub(crate) fn open_direct(path: &Path) -> File {
        use std::os::unix::fs::OpenOptionsExt;
        const O_DIRECT: i32 = linux_raw_sys::general::O_DIRECT.cast_signed();
        File::options()
            .read(true)
            .custom_flags(O_DIRECT)
            .open(path)
            .or_else(|_| File::open(path))
            .expect("the file was made just now")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `claim` in a forked child, and fails if it panics there.
pub(crate) fn in_child(claim: impl FnOnce()) {
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }
    // SAFETY: the child runs `claim` and ends by `_exit`; it takes no lock that another thread of the parent may hold
    // but that of the panic output.
    let child = unsafe { fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(claim)).is_err();
        // SAFETY: ends the child.
        unsafe { _exit(i32::from(failed)) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for the call.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed");
}
