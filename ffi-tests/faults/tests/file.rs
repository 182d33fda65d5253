//! What a file makes of calls that fail, fall short or take long.

use std::path::PathBuf;

use bareio::file::{File, OpenOptions, Sync};
use bareio::{Errno, ErrorKind};
use bareio_faults::{Call, Fault, Mount};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn mounted() -> (Mount, PathBuf) {
    let mount = Mount::new().expect("FUSE can be mounted");
    let path = mount.path().join("file");
    (mount, path)
}

/// Linux forgets what it could not write once it has said so: the next flush of the same descriptor succeeds.
#[test]
fn after_a_failed_flush_no_flush_succeeds_until_the_file_is_opened_anew() {
    let (mount, path) = mounted();
    let file = File::create(&path).unwrap();
    let other = file.clone();
    file.write_all_at(b"data", 0).unwrap();
    file.sync_data().unwrap();

    mount.at(Call::Sync, 0, Fault::Error(EIO));
    assert_eq!(file.sync_data().unwrap_err().errno(), Some(Errno::IO));
    let calls = mount.count(Call::Sync);
    for late in [file.sync_data(), file.sync_all(), other.sync_data()] {
        assert_eq!(late.unwrap_err().kind(), ErrorKind::Poisoned(Errno::IO));
    }
    assert_eq!(
        mount.count(Call::Sync),
        calls,
        "the kernel is not asked again: it would say that all is well"
    );
    File::open_rw(&path).unwrap().sync_data().unwrap();
}

#[test]
fn a_write_that_falls_short_is_counted_and_write_all_goes_on() {
    let (mount, path) = mounted();
    let file = File::create(&path).unwrap();
    let data: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    mount.at(Call::Write, 0, Fault::Short(100));
    assert_eq!(file.write_at(&data, 0).unwrap(), 100);
    for nth in 0..4 {
        mount.at(Call::Write, nth, Fault::Short(1000));
    }
    file.write_all_at(&data, 0).unwrap();
    assert_eq!(mount.content("file").unwrap(), data);
    assert_eq!(mount.count(Call::Write), 6, "one, and five: four of 1,000 bytes, and the rest");
}

#[test]
fn a_read_that_falls_short_is_counted_and_read_exact_goes_on() {
    let (mount, path) = mounted();
    let file = File::create(&path).unwrap();
    file.write_all_at(&[7; 5000], 0).unwrap();
    let mut buf = [0; 5000];
    mount.at(Call::Read, 0, Fault::Short(13));
    assert_eq!(file.read_at(&mut buf, 0).unwrap(), 13);
    mount.at(Call::Read, 0, Fault::Short(13));
    file.read_exact_at(&mut buf, 0).unwrap();
    assert_eq!(buf, [7; 5000]);
    let kind = file.read_exact_at(&mut buf, 1).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::ShortRead { wanted: 5000, got: 4999 });
}

#[test]
fn every_nth_write_that_fails_is_an_error_and_what_came_before_stands() {
    for nth in 0..4 {
        let (mount, path) = mounted();
        let file = File::create(&path).unwrap();
        for write in 0..4 {
            mount.at(Call::Write, write, Fault::Short(1000));
        }
        mount.at(Call::Write, nth, Fault::Error(ENOSPC));
        let error = file.write_all_at(&[1; 4000], 0).unwrap_err();
        assert_eq!(error.errno(), Some(Errno::NOSPC), "write {nth}");
        assert_eq!(mount.content("file").unwrap().len() as u64, nth * 1000);
    }
}

#[test]
fn a_durable_write_that_fails_poisons_as_a_flush_does() {
    let (mount, path) = mounted();
    let options = OpenOptions::new().write(true).create(true).sync(Sync::Data);
    let file = options.open(&path).unwrap();
    file.write_all_at(b"data", 0).unwrap();
    mount.at(Call::Write, 0, Fault::Error(EIO));
    assert_eq!(file.write_at(b"more", 4).unwrap_err().errno(), Some(Errno::IO));
    assert!(file.write_at(b"more", 4).unwrap_err().is_poisoned());
}
