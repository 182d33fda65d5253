//! What is refused before anything is done.

use bareio::ErrorKind;
use bareio::core::Part;
use bareio::core::op::OpError;
use bareio::file::{Direct, OpenOptions};

use super::lend;
use crate::step::{Step, What};
use crate::way::{Host, Way};

/// Runs a batch that is refused because of its second step, and checks that nothing of it was done.
fn refused<W: Way>(way: &mut W, wrong: Step<'_>) -> ErrorKind {
    let file = way.file("beside", b"before");
    let lent = lend(&file);
    let mut steps = [Step::write(lent, b"never", 0), wrong, Step::sync_all(lent)];
    let error = way.run(&mut steps).unwrap_err();
    assert_eq!(error.index(), Some(1), "{error}");
    assert_eq!(steps[1].error(), Some(error));
    for step in [&steps[0], &steps[2]] {
        assert_eq!(step.error().map(|error| error.kind()), Some(ErrorKind::NotRun));
    }
    assert_eq!(way.host().contents("beside"), b"before");
    error.kind()
}

pub(crate) fn an_offset_above_the_largest_is_refused_and_nothing_is_done<W: Way>(way: &mut W) {
    const MAX: u64 = i64::MAX as u64;
    let file = way.file("file", b"before");
    let lent = lend(&file);
    // −1 as a number, which the kernel takes for the current position.
    for offset in [MAX + 1, u64::MAX] {
        let wrong = ErrorKind::Operation(OpError::Offset { offset });
        assert_eq!(refused(way, Step::read(lent, 1, offset)), wrong);
        assert_eq!(refused(way, Step::write(lent, b"x", offset)), wrong);
        assert_eq!(refused(way, Step::write(lent, b"", offset)), wrong);
        assert_eq!(refused(way, Step::pieces(What::WritePieces, lent, vec![vec![0]], offset)), wrong);
    }
    let range = ErrorKind::Operation(OpError::Range { offset: MAX, len: 1 });
    assert_eq!(refused(way, Step::write(lent, b"x", MAX)), range);
    assert_eq!(way.host().contents("file"), b"before");
}

pub(crate) fn a_pipe_has_no_offsets<W: Way>(way: &mut W) {
    let (reader, writer) = way.host().pipe();
    let stream = ErrorKind::Operation(OpError::Stream);
    assert_eq!(refused(way, Step::read(reader, 1, 0)), stream);
    assert_eq!(refused(way, Step::write(writer, b"x", 0)), stream);
    assert_eq!(refused(way, Step::pieces(What::WritePieces, writer, vec![vec![0]; 2], 9)), stream);
}

pub(crate) fn a_file_that_appends_takes_no_offset_to_write_to<W: Way>(way: &mut W) {
    drop(way.file("file", b"before"));
    let options = OpenOptions::new().read(true).append(true);
    let file = way.host().open("file", &options).unwrap();
    let lent = lend(&file);
    assert_eq!(refused(way, Step::write(lent, b"x", 0)), ErrorKind::Operation(OpError::Append));
    // And of a descriptor of which nothing is known, the kernel is asked.
    let bare = bareio::batch::Lend::<<W::Host as Host>::Kernel>::lend(file.lend());
    assert_eq!(refused(way, Step::write(bare, b"x", 0)), ErrorKind::Operation(OpError::Append));
    assert_eq!(way.run_one(Step::read(bare, 6, 0)), Ok(b"before".to_vec()));
    assert_eq!(way.host().contents("file"), b"before");
}

pub(crate) fn a_chain_longer_than_the_ring_is_refused_and_nothing_is_done<W: Way>(way: &mut W) {
    let file = way.file("file", b"before");
    let lent = lend(&file);
    let most = way.longest_chain();
    let chain = |len: usize| (0..len).map(|_| Step::write(lent, b"x", 0).link()).collect::<Vec<_>>();
    let mut steps = chain(most + 1);
    let error = way.run(&mut steps).unwrap_err();
    let kind = ErrorKind::OutOfRange {
        what: "chain length",
        value: most as u64 + 1,
        least: 1,
        most: most as u64,
        power_of_two: false,
    };
    assert_eq!((error.index(), error.kind()), (Some(0), kind));
    assert_eq!(way.host().contents("file"), b"before");
    assert_eq!(way.run(&mut chain(most)), Ok(()));
    assert_eq!(way.host().contents("file"), b"xefore");
}

pub(crate) fn a_misaligned_transfer_says_which_number_is_off<W: Way>(way: &mut W) {
    drop(way.file("file", &[0; 8192]));
    let options = OpenOptions::new().read(true).write(true).direct(Direct::Preferred);
    let file = way.host().open("file", &options).unwrap();
    if !file.granted().is_direct() {
        return crate::way::skip("the file system of the temporary folder has no direct I/O");
    }
    let ErrorKind::Misaligned(misaligned) = refused(way, Step::write(lend(&file), &[0; 512], 100)) else {
        panic!("not called misaligned");
    };
    assert_eq!((misaligned.part, misaligned.value), (Part::Offset, 100));
}

pub(crate) fn after_a_failed_batch_the_next_starts_clean<W: Way>(way: &mut W) {
    let file = way.file("file", b"0123456789");
    let lent = lend(&file);
    for round in 0..20 {
        let mut steps: Vec<Step> = (0..5).map(|at| Step::read(lent, 4, at * 3)).collect();
        let error = way.run(&mut steps).unwrap_err();
        assert_eq!((error.index(), error.is_short()), (Some(3), true), "round {round}");
        let mut steps = [Step::read(lent, 4, 3), Step::read(lent, 2, 0)];
        assert_eq!(way.run(&mut steps), Ok(()), "round {round}");
        assert_eq!(steps.each_ref().map(Step::bytes), [b"3456".to_vec(), b"01".to_vec()]);
    }
    let (reader, _) = way.host().pipe();
    assert!(way.run(&mut [Step::read(reader, 4, 0)]).is_err());
    assert_eq!(way.run_one(Step::read(lent, 4, 0)), Ok(b"0123".to_vec()));
}
