//! What the tests on a real kernel share.

use std::path::PathBuf;

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
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
