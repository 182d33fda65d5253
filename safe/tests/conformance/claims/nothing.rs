//! Of nothing, and of buffers with nothing in them.

use super::lend;
use crate::step::{Step, What};
use crate::way::{Host, Way, pattern};

pub(crate) fn a_batch_of_nothing_asks_nothing<W: Way>(way: &mut W) {
    let file = way.file("file", b"untouched");
    let file = lend(&file);
    let before = way.host().asked();
    assert_eq!(way.run(&mut []), Ok(()));
    let mut steps = [
        Step::read(file, 0, 0),
        Step::write(file, b"", 4).link(),
        Step::pieces(What::WritePieces, file, vec![Vec::new(); 3], 4),
        Step::pieces(What::ReadPieces, file, Vec::new(), 1 << 40),
    ];
    assert_eq!(way.run(&mut steps), Ok(()));
    for step in &steps {
        assert_eq!(step.moved(), Some(0));
    }
    assert_eq!(way.host().asked(), before, "the kernel was asked");
    assert_eq!(way.host().contents("file"), b"untouched");
}

pub(crate) fn empty_buffers_are_passed_over<W: Way>(way: &mut W) {
    let file = way.file("file", b"");
    let lent = lend(&file);
    let pieces = [&b""[..], b"one, ", b"", b"", b"two", b""].map(<[u8]>::to_vec).to_vec();
    assert_eq!(way.run(&mut [Step::pieces(What::WritePieces, lent, pieces, 3)]), Ok(()));
    assert_eq!(way.host().contents("file"), b"\0\0\0one, two");
    let room = [0, 2, 0, 6, 0].map(|len| vec![0; len]).to_vec();
    let read = way.run_one(Step::pieces(What::ReadPieces, lent, room, 3));
    assert_eq!(read.as_deref(), Ok(&b"one, two"[..]));
}

/// An offset of a pipe means nothing, but neither does a transfer of nothing.
pub(crate) fn nothing_is_right_on_any_file<W: Way>(way: &mut W) {
    let (reader, writer) = way.host().pipe();
    let file = way.file("file", &pattern(0, 100));
    let mut steps = [
        Step::read(reader, 0, 0).link(),
        Step::write(writer, b"", 7).link(),
        Step::read(lend(&file), 100, 0),
    ];
    assert_eq!(way.run(&mut steps), Ok(()));
    assert_eq!(steps[2].bytes(), pattern(0, 100));
}
