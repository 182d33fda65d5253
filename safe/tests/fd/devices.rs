//! Block devices, and atomic writes.

use bareio::fd::{atomic_writes, device, discard, size};

use crate::common;

#[test]
fn what_is_no_block_device_says_so() {
    let file = tempfile::tempfile().unwrap();
    for error in [device(&file).unwrap_err(), discard(&file, 0..4096).unwrap_err()] {
        assert!(error.is_unsupported(), "{error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_block_device_tells_its_length_and_its_blocks() {
    use bareio::fd::direct_io_align;

    let found = std::fs::read_dir("/sys/class/block").into_iter().flatten().flatten().find_map(|entry| {
        let sectors: u64 = std::fs::read_to_string(entry.path().join("size")).ok()?.trim().parse().ok()?;
        let file = std::fs::File::open(std::path::Path::new("/dev").join(entry.file_name())).ok()?;
        (sectors > 0).then_some((file, sectors * 512))
    });
    let Some((file, len)) = found else { return common::skip("no block device may be read") };
    let told = device(&file).unwrap();
    assert_eq!((told.len, size(&file).unwrap()), (len, len));
    assert!(told.logical.bytes() >= 512 && told.logical <= told.physical, "{told:?}");
    assert_eq!(direct_io_align(&file).unwrap().offset, told.logical);
    assert!(discard(&file, 1..2).unwrap().is_empty(), "less than a block");
    assert_eq!(discard(&file, 0..65536).unwrap_err().errno(), Some(bareio::Errno::BADF), "open for reading");
}

#[test]
fn atomic_writes_have_limits_that_fit_together_or_are_none() {
    for (name, folder) in common::folders() {
        let file = common::file(&folder, "file");
        if let Some(limits) = atomic_writes(&file).unwrap() {
            assert!(limits.min <= limits.max && limits.max_by_device <= limits.max, "{name}: {limits:?}");
            assert!(limits.pieces > 0, "{name}: {limits:?}");
        }
    }
}
