//! Somebody else's view of the same kernel: libc for files and errors, and liburing for rings.

#[cfg(c_oracle)]
#[path = "oracle/errors.rs"]
mod errors;
#[cfg(c_oracle)]
#[path = "oracle/files.rs"]
mod files;
#[cfg(c_oracle)]
#[path = "oracle/libc.rs"]
mod libc;
#[cfg(c_oracle)]
#[path = "oracle/rings.rs"]
mod rings;

#[cfg(not(c_oracle))]
#[test]
fn what_anybody_writes_anybody_else_reads() {
    bareio_ffi_tests::skip_uncompiled(env!("BAREIO_C_ORACLE"));
}

/// A ring, or `None` where this host has none: what needs it is then skipped, and says so.
#[cfg(c_oracle)]
fn ring() -> Option<bareio_core::ring::Ring<bareio_core::Linux>> {
    use bareio_core::ring::{Builder, Reason};
    match Builder::new(4).build(bareio_core::Linux) {
        Ok(ring) => Some(ring),
        Err(error) if matches!(error.reason(), Reason::Missing | Reason::Forbidden) => {
            bareio_ffi_tests::skip(&error.to_string());
            None
        }
        Err(error) => panic!("no ring: {error}"),
    }
}
