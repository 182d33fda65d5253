//! How many calls each thing takes, counted.

use std::io::{IoSlice, IoSliceMut};

use bareio::file::{Direct, OpenOptions};
use bareio::fs::Fs;

use crate::rig::{Folder, Watched, aligned, both, on_sim, pattern, sim};

#[test]
fn a_lone_operation_is_one_call_and_allocates_no_memory_of_the_kernel() {
    for direct in [Direct::Off, Direct::Required] {
        let sim = sim();
        let file = on_sim(&sim, &pattern(8192), direct);
        let mut buf = aligned(&pattern(4096));
        let check = |name: &str, calls: &[&str]| assert_eq!(sim.names(), calls, "{name}, {direct:?}");
        file.read_at(&mut buf, 0).unwrap();
        check("read_at", &["pread"]);
        file.write_at(&buf, 0).unwrap();
        check("write_at", &["pwrite"]);
        file.read_exact_at(&mut buf, 4096).unwrap();
        check("read_exact_at", &["pread"]);
        file.write_all_at(&buf, 4096).unwrap();
        check("write_all_at", &["pwrite"]);
        let (head, tail) = buf.split_at_mut(512);
        file.read_vectored_at(&mut [IoSliceMut::new(head), IoSliceMut::new(tail)], 0).unwrap();
        check("read_vectored_at", &["preadv"]);
        let (head, tail) = buf.split_at(512);
        file.write_vectored_at(&[IoSlice::new(head), IoSlice::new(tail)], 0).unwrap();
        check("write_vectored_at", &["pwritev"]);
        let (_, buf) = file.read_into(buf, 0).unwrap();
        check("read_into", &["pread"]);
        let (_, buf) = file.write_from(buf, 0).unwrap();
        check("write_from", &["pwrite"]);
        file.write_durable_at(&buf, 0).unwrap();
        check("write_durable_at", &["pwritev"]);
        file.size().unwrap();
        check("size", &["statx"]);
        file.truncate(8192).unwrap();
        check("truncate", &["ftruncate"]);
        file.sync_data().unwrap();
        check("sync_data", &["fdatasync"]);
        file.sync_all().unwrap();
        check("sync_all", &["fsync"]);
        file.preallocate(8192).unwrap();
        check("preallocate", &["fallocate"]);
        file.punch_hole(0..4096).unwrap();
        check("punch_hole", &["fallocate"]);
        file.zero_range(0..4096).unwrap();
        check("zero_range", &["fallocate"]);
    }
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn on_this_host_too_a_lone_operation_is_one_call() {
    let folder = Folder::new();
    let kernel = Watched::new(bareio::host::NATIVE);
    let file = both().open_with_kernel(kernel.clone(), folder.join("file")).unwrap();
    file.write_all_at(&pattern(100), 0).unwrap();
    kernel.calls();
    let mut bytes = [0; 100];
    assert_eq!(file.read_at(&mut bytes, 0), Ok(100));
    assert_eq!(kernel.names(), ["pread"]);
    file.size().unwrap();
    file.truncate(50).unwrap();
    assert_eq!(kernel.names(), ["statx", "ftruncate"]);
}

#[test]
fn names_take_the_calls_that_they_must_and_no_more() {
    let sim = sim();
    let names = Fs::with_kernel(sim.clone());
    names.mkdir("a").unwrap();
    assert_eq!(sim.names(), ["mkdir"]);
    names.write_file("a/file", b"bytes", Direct::Off).unwrap();
    let expected = ["statx", "open", "statx", "pwrite", "fsync", "rename", "close", "open", "fsync", "close"];
    assert_eq!(sim.names(), expected);
    names.read_file("a/file", Direct::Off).unwrap();
    assert_eq!(sim.names(), ["open", "statx", "statx", "pread", "pread", "close"][..]);
    names.exists("a/file").unwrap();
    names.size("a/file").unwrap();
    names.rename("a/file", "a/other").unwrap();
    names.remove("a/other").unwrap();
    assert_eq!(sim.names(), ["statx", "statx", "rename", "unlink"]);
    let options = OpenOptions::new().read(true);
    assert!(options.open_with_kernel(sim.clone(), "a/none").unwrap_err().is_not_found());
    assert_eq!(sim.names(), ["open"]);
}
