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

/// On the device that `BAREIO_TEST_DEVICE` names, whose contents go: `.ci/devices` makes one.
#[test]
#[ignore = "needs a block device of its own, and root: .ci/devices"]
#[cfg(target_os = "linux")]
fn a_block_device_tells_its_length_and_its_blocks_and_discards() {
    use bareio::core::AlignedBuf;
    use bareio::fd::{Advice, OpenOptions, advise, direct_io_align, open, pread_exact, pwrite_all, sync_all};
    use bareio::{Direct, Errno};

    let path = std::env::var_os("BAREIO_TEST_DEVICE").expect("BAREIO_TEST_DEVICE names a device");
    let read_write = OpenOptions::new().read().write();
    let file = open(&path, &read_write.direct(Direct::Required)).unwrap();
    let told = device(&file).unwrap();
    let name = std::path::Path::new(&path).file_name().unwrap();
    let about = |what: &str| {
        let path = std::path::Path::new("/sys/class/block").join(name).join(what);
        std::fs::read_to_string(path).unwrap().trim().parse::<u64>().unwrap()
    };
    assert_eq!((told.len, size(&file).unwrap()), (about("size") * 512, about("size") * 512));
    assert_eq!(told.logical.bytes(), about("queue/logical_block_size"));
    assert_eq!(told.physical.bytes(), about("queue/physical_block_size"));
    let access = file.access().unwrap();
    assert_eq!((direct_io_align(&file).unwrap(), access.grid.offset), (access.grid, told.logical));

    let mut bytes = AlignedBuf::new(bareio::host::NATIVE, 64 << 10, access.grid.block()).unwrap();
    bytes.resize(64 << 10, 7).unwrap();
    pwrite_all(&file, bytes.as_slice(), 0, &access).unwrap();
    sync_all(&file).unwrap();
    assert!(discard(&file, 1..told.logical.bytes() + 1).unwrap().is_empty(), "less than a block");
    let end = 32 << 10;
    assert_eq!(discard(&file, 1..end + 1).unwrap(), told.logical.bytes()..end);
    advise(&file, .., Advice::DontNeed).unwrap();
    pread_exact(&file, bytes.as_mut_slice(), 0, &access).unwrap();
    let (first, rest) = bytes.as_slice().split_at(told.logical.len());
    let kept = &rest[usize::try_from(end).unwrap() - first.len()..];
    assert!(first.iter().chain(kept).all(|byte| *byte == 7), "what is not within is not touched");

    let reading = open(&path, &OpenOptions::new().read()).unwrap();
    assert_eq!(discard(&reading, 0..65536).unwrap_err().errno(), Some(Errno::BADF));
    let behind = discard(&file, told.len..told.len + 65536).unwrap_err();
    assert_eq!(behind.errno(), Some(Errno::INVAL));
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
