//! The file system itself: faults meet the calls that they were asked for.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use bareio_faults::{Call, Fault, Mount};

#[test]
fn what_is_written_is_read_back_and_counted() {
    let mount = Mount::new().unwrap();
    let path = mount.path().join("file");
    fs::write(&path, b"hello").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"hello");
    assert_eq!(mount.content("file").unwrap(), b"hello");
    assert_eq!(mount.count(Call::Write), 1);
    fs::rename(&path, mount.path().join("other")).unwrap();
    assert_eq!(fs::read_dir(mount.path()).unwrap().count(), 1);
}

#[test]
fn the_nth_call_fails_and_no_other() {
    let mount = Mount::new().unwrap();
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(mount.path().join("f"))
        .unwrap();
    mount.at(Call::Write, 1, Fault::Error(28));
    mount.at(Call::Write, 2, Fault::Short(3));
    assert_eq!(file.write_at(b"abcdef", 0).unwrap(), 6);
    assert_eq!(file.write_at(b"abcdef", 0).unwrap_err().raw_os_error(), Some(28));
    assert_eq!(file.write_at(b"ABCDEF", 0).unwrap(), 3);
    assert_eq!(mount.content("f").unwrap(), b"ABCdef");
    mount.at(Call::Sync, 0, Fault::Error(5));
    assert_eq!(file.sync_all().unwrap_err().raw_os_error(), Some(5));
    file.sync_all().unwrap();
}

#[test]
fn a_slow_call_delays_no_other() {
    let mount = Mount::new().unwrap();
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(mount.path().join("f"))
        .unwrap();
    file.write_at(&[1; 8192], 0).unwrap();
    mount.at(Call::Read, 0, Fault::Delay(Duration::from_millis(500)));
    std::thread::scope(|scope| {
        scope.spawn(|| file.read_at(&mut [0; 10], 0).unwrap());
        while mount.count(Call::Read) == 0 {
            std::thread::yield_now();
        }
        let begin = Instant::now();
        file.read_at(&mut [0; 10], 4096).unwrap();
        assert!(begin.elapsed() < Duration::from_millis(250), "{:?}", begin.elapsed());
    });
}
