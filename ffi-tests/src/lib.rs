//! What `bareio-core` tells the kernel is what C would say.
//!
//! - `tests/layout.rs`: every structure, field, flag, opcode and error number of `bareio_core::abi`, and what else
//!   goes to the kernel as a number, has the size, place and value that the C compiler sees in the installed
//!   kernel headers. Rows newer than those headers are counted; `bareio-core` itself compares them with
//!   `linux-raw-sys` as it is compiled.
//! - `tests/encodings.rs`: every constructor of `bareio_core::sqe` makes, byte for byte, the entry that liburing's
//!   `io_uring_prep_*` makes; those that the installed liburing lacks make what the kernel's documentation says.
//! - `tests/c_host.rs`: the core runs on hosts that are written in C, one of which grants almost nothing.
//! - `tests/oracle.rs`: files, errors and rings are the same to libc and to liburing.
//! - `tests/boot.rs`: programs over the core need no standard library, libc, main and allocator; `bin/boot_matrix` has one
//!   of them be process 1 of kernels from 5.10 on.
//! - `tests/soundness.rs`: whatever is dropped, forgotten or unwound while operations are in flight, no byte that was given
//!   back changes; and a library that only closes its ring does not pass.
//!
//! Where a C compiler or a header is missing, the tests that need it say so and pass. With `BAREIO_REQUIRE_ALL=1`
//! in the environment they fail instead, so that a machine that must run everything cannot skip by accident.

/// The page on embedding, whose code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;

/// Counts a test as skipped: says why on standard error and returns.
///
/// # Panics
///
/// If the environment has `BAREIO_REQUIRE_ALL=1`: then a skip is a failure.
#[track_caller]
pub fn skip(reason: &str) {
    let required = std::env::var_os("BAREIO_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "skipped, but BAREIO_REQUIRE_ALL=1 asks for every test: {reason}");
    eprintln!("skipped: {reason}");
}

/// Skips for what the build script found missing, given in its words.
///
/// # Panics
///
/// If everything was there and the C compiler refused our file: that is a mistake to be seen everywhere. As
/// [`skip`] besides.
#[track_caller]
pub fn skip_uncompiled(outcome: &str) {
    match outcome.strip_prefix("missing: ") {
        Some(reason) => skip(reason),
        None => panic!("{outcome}"),
    }
}
