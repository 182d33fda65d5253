//! Files, whose own calls are one system call each.

use bareio::ErrorKind;
use bareio::core::op::OpError;
use bareio::file::{Direct, OpenOptions};

use crate::way::{Host, Limited, Way, pattern};

pub(crate) fn a_file_is_read_to_its_end_and_no_further<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 1000));
    let mut bytes = [0; 600];
    // One call may be cut short anywhere, but not to nothing.
    let count = file.read_at(&mut bytes, 300).unwrap();
    assert!((1..=600).contains(&count) && bytes[..count] == pattern(300, count));
    file.read_exact_at(&mut bytes, 300).unwrap();
    assert_eq!(bytes[..], pattern(300, 600));
    assert_eq!(file.read_at(&mut bytes, 1000), Ok(0));
    assert_eq!(file.read_at(&mut [], 0), Ok(0));
    let error = file.read_exact_at(&mut bytes, 900).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShortRead { wanted: 600, got: 100 });
}

pub(crate) fn sizes_and_truncation_are_told<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 1000));
    assert_eq!(file.size(), Ok(1000));
    file.write_all_at(b"end", 4000).unwrap();
    assert_eq!(file.size(), Ok(4003));
    assert!(file.write_at(b"x", u64::MAX).is_err());
    assert_eq!(file.size(), Ok(4003));
}

pub(crate) fn offsets_of_a_file_are_checked_before_the_kernel_is_asked<W: Way>(way: &mut W) {
    const MAX: u64 = i64::MAX as u64;
    let file = way.file("file", b"before");
    let before = way.host().asked();
    for offset in [MAX + 1, u64::MAX] {
        let wrong = ErrorKind::Operation(OpError::Offset { offset });
        assert_eq!(file.read_at(&mut [0], offset).unwrap_err().kind(), wrong);
        assert_eq!(file.write_at(b"x", offset).unwrap_err().kind(), wrong);
    }
    assert!(file.write_all_at(b"x", MAX).is_err());
    assert_eq!(way.host().asked(), before, "the kernel was asked");
    let appends = way.host().open("file", &OpenOptions::new().read(true).append(true)).unwrap();
    assert_eq!(appends.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::Operation(OpError::Append));
    assert_eq!(way.host().contents("file"), b"before");
}

pub(crate) fn a_file_that_is_full_takes_what_there_is_room_for<W: Way>(way: &mut W) {
    let Ok((_host, Limited::File(file))) = <W::Host as Host>::limited(way.host().seed(), 6000) else {
        return;
    };
    let count = file.write_at(&pattern(0, 4000), 0).unwrap();
    assert!((1..=4000).contains(&count));
    let error = file.write_all_at(&pattern(0, 8192), 0).unwrap_err();
    assert!(error.is_short() || error.errno() == Some(bareio::Errno::NOSPC), "{error}");
    assert!(file.size().unwrap() <= 6000);
}

pub(crate) fn both_flushes_are_there<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 1000));
    file.sync_data().unwrap();
    assert_eq!(way.host().unflushed("file").unwrap_or(0), 0);
    file.write_all_at(b"more", 0).unwrap();
    file.sync_all().unwrap();
    assert_eq!(way.host().unflushed("file").unwrap_or(0), 0);
}

pub(crate) fn direct_io_is_as_asked_and_what_was_granted_can_be_asked<W: Way>(way: &mut W) {
    drop(way.file("file", &pattern(0, 8192)));
    let open = |direct| way.host().open("file", &OpenOptions::new().read(true).write(true).direct(direct));
    assert!(!open(Direct::Off).unwrap().granted().is_direct());
    let preferred = open(Direct::Preferred).unwrap();
    match open(Direct::Required) {
        Ok(file) => assert!(file.granted().is_direct() && preferred.granted().is_direct()),
        Err(error) => assert!(error.is_unsupported() && !preferred.granted().is_direct(), "{error}"),
    }
}
