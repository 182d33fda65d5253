//! Hosts that are written in C, behind a table of functions: one that has everything, and one that grants almost nothing.
//!
//! On the first runs what process 1 of the boot matrix runs: the conformance script, through a ring and by calls, and what
//! rings, pools, scopes and tickets promise beside it.

#[cfg(c_host)]
#[path = "c_host/least.rs"]
mod least;
#[cfg(c_host)]
#[path = "../boot/src/boot/rings.rs"]
mod rings;
#[cfg(c_host)]
#[path = "../boot/src/boot/script.rs"]
mod script;
#[cfg(c_host)]
#[path = "c_host/table.rs"]
mod table;
#[cfg(c_host)]
#[path = "../boot/src/boot/tally.rs"]
mod tally;
#[cfg(c_host)]
#[path = "c_host/voice.rs"]
mod voice;
#[cfg(c_host)]
#[path = "../boot/src/boot/way.rs"]
mod way;

#[cfg(not(c_host))]
#[test]
fn the_conformance_script_passes_on_a_host_written_in_c() {
    bareio_ffi_tests::skip_uncompiled(env!("BAREIO_C_HOST"));
}

#[cfg(c_host)]
#[test]
fn the_conformance_script_passes_on_a_host_written_in_c() {
    use std::os::fd::IntoRawFd;

    use bareio_core::pool::Slab;
    use bareio_core::ring::{Builder, Reason};
    use bareio_core::{Align, BorrowedFd, Fd};
    use script::Place;
    use table::{Host, bareio_host_calls, bareio_host_early};
    use way::Way;

    let host = Host::whole();
    let file = tempfile::tempfile().expect("the temporary folder can be written to").into_raw_fd();
    // SAFETY: opened just now, and never closed.
    let file = unsafe { BorrowedFd::borrow_raw(Fd(file)) };
    let place = Place { name: "file", file, base: 0, ends: true };
    let mut tally = tally::Tally::new();
    let slab = Slab::map(host, script::SLOT, 4, Align::KIB_4).expect("it has memory");
    rings::pools(&slab, &mut tally);
    script::run(&mut Way::Calls(host), place, &slab, &mut tally);
    let mut expected = 40;
    match Builder::new(16).build(host) {
        Ok(ring) => {
            expected = 90;
            let mut way = rings::prepare(ring, &slab, &mut tally).expect("a ring takes buffers");
            script::run(&mut way, place, &slab, &mut tally);
            drop(way);
            rings::run(host, &[Some(place)], version(), &mut tally);
        }
        Err(error) if matches!(error.reason(), Reason::Missing | Reason::Forbidden) => {
            bareio_ffi_tests::skip(&format!("all but the calls: {error}"));
        }
        Err(error) => panic!("{error}"),
    }
    let (checks, calls) = (tally.checks(), bareio_host_calls());
    eprintln!("{checks} checks, by {calls} calls of C");
    assert_eq!(tally.wrong(), 0, "what was wrong stands above");
    assert!(checks >= expected && calls >= 25, "{checks} checks by {calls} calls are too few");
    assert_eq!(bareio_host_early(), 0, "a ring's memory was given back with operations in flight");
}

/// Major and minor of this kernel.
#[cfg(c_host)]
fn version() -> (u16, u16) {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel tells its release");
    let mut parts = text.split(|letter: char| !letter.is_ascii_digit());
    let mut part =
        || parts.next().and_then(|digits| digits.parse().ok()).expect("a release begins with numbers");
    (part(), part())
}
