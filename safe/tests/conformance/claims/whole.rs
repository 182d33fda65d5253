//! Operations are whole, or say by how much they are not.

use bareio::core::op::OpError;
use bareio::file::{Direct, OpenOptions};
use bareio::{Align, AlignedBuf, Errno, ErrorKind};

use super::{lend, told};
use crate::step::{Step, What};
use crate::way::{Host, Limited, Way, pattern, skip};

pub(crate) fn what_is_written_is_read_back<W: Way>(way: &mut W) {
    let file = way.file("file", b"");
    let lent = lend(&file);
    let bytes = pattern(0, 20_000);
    let mut writes: Vec<Step> = (0..)
        .step_by(1000)
        .zip(bytes.chunks(1000))
        .map(|(offset, piece)| Step::write(lent, piece, offset))
        .collect();
    writes.push(Step::write(lent, b"far", 50_000).durable());
    assert_eq!(way.run(&mut writes), Ok(()));
    assert_eq!(way.host().contents("file")[..20_000], bytes);
    let mut reads = [
        Step::read(lent, 20_000, 0),
        Step::read(lent, 3, 50_000),
        Step::pieces(What::ReadPieces, lent, vec![vec![0; 7]; 9], 100),
    ];
    assert_eq!(way.run(&mut reads), Ok(()));
    assert_eq!(reads.each_ref().map(Step::bytes), [bytes.clone(), b"far".to_vec(), bytes[100..163].to_vec()]);
    assert_eq!(reads.each_ref().map(Step::moved), [Some(20_000), Some(3), Some(63)]);
}

pub(crate) fn a_read_beyond_the_end_says_how_much_there_was<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 1000));
    let lent = lend(&file);
    let mut steps = [
        Step::read(lent, 400, 0),
        Step::read(lent, 400, 900),
        Step::read(lent, 400, 5000),
        Step::pieces(What::ReadPieces, lent, vec![vec![0; 30]; 4], 950),
    ];
    let error = way.run(&mut steps).unwrap_err();
    assert_eq!(told(error), (Some(1), "operation 1: pread: the file ended after 100 of 400 bytes".into()));
    assert_eq!(steps[0].moved(), Some(400));
    assert_eq!(steps[1].bytes()[..100], pattern(900, 100));
    let kinds = steps[1..].iter().map(|step| step.error().unwrap().kind());
    let short = |wanted, got| ErrorKind::ShortRead { wanted, got };
    assert_eq!(kinds.collect::<Vec<_>>(), [short(400, 100), short(400, 0), short(120, 50)]);
}

/// On the kernels in memory, one transfer in eight is cut short; on others, none is, if nothing goes wrong.
pub(crate) fn a_write_that_is_cut_short_is_finished<W: Way>(way: &mut W) {
    let file = way.file("file", b"");
    let lent = lend(&file);
    let bytes = pattern(3, 30_000);
    let pieces: Vec<Vec<u8>> = bytes.chunks(77).map(<[u8]>::to_vec).collect();
    let mut steps = [
        Step::write(lent, &bytes, 0),
        Step::pieces(What::WritePieces, lent, pieces, 30_000),
        Step::write(lent, &bytes, 60_000).link(),
        Step::sync_all(lent),
    ];
    assert_eq!(way.run(&mut steps), Ok(()));
    assert_eq!(way.host().contents("file"), [&bytes[..]; 3].concat());
}

/// A direct transfer goes on at a block; the end of a file that is none is the end.
pub(crate) fn direct_transfers_are_gone_on_with_on_the_grid<W: Way>(way: &mut W) {
    let options = OpenOptions::new().read(true).write(true).create(true).direct(Direct::Preferred);
    drop(way.file("file", &pattern(0, 700)));
    let file = way.host().open("file", &options).expect("a file");
    let block = Align::KIB_4;
    let mut room = AlignedBuf::new(bareio::host::NATIVE, 64 << 10, block).expect("memory");
    room.extend_from_slice(&pattern(0, 64 << 10)).expect("room");
    let mut batcher =
        bareio::batch::Batcher::with_kernel(way.host().kernel(), W::Host::backend()).expect("as before");

    let error = batcher.batch().read(&file, &mut room.as_mut_slice()[..4096], 0).run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShortRead { wanted: 4096, got: 700 });
    assert_eq!(room.as_slice()[..700], pattern(0, 700));

    room.clear();
    room.extend_from_slice(&pattern(0, 64 << 10)).expect("room");
    let (front, back) = room.as_slice().split_at(4096 * 9);
    batcher.batch().write(&file, back, 4096 * 9).write(&file, front, 0).run().unwrap();
    assert_eq!(way.host().contents("file"), pattern(0, 64 << 10));
}

pub(crate) fn every_operation_keeps_its_own_result<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 500));
    let read_only = way.host().open("file", &OpenOptions::new().read(true)).unwrap();
    let mut steps = [
        Step::write(lend(&file), b"first", 0),
        Step::write(lend(&read_only), b"never", 100),
        Step::read(lend(&file), 600, 0),
        Step::write(lend(&file), b"last", 600),
    ];
    let error = way.run(&mut steps).unwrap_err();
    assert_eq!((error.index(), error.errno()), (Some(1), Some(Errno::BADF)));
    assert_eq!(steps[0].moved(), Some(5));
    // It is beside the write behind it, and either before or after.
    assert!(matches!(steps[2].result, Some(Ok(600) | Err(_))));
    assert_eq!(steps[3].moved(), Some(4));
    let contents = way.host().contents("file");
    assert_eq!(
        (&contents[..5], &contents[100..105], &contents[600..]),
        (&b"first"[..], &pattern(100, 5)[..], &b"last"[..])
    );
}

pub(crate) fn more_operations_than_the_ring_holds_are_all_done<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 3000));
    let lent = lend(&file);
    let mut steps: Vec<Step> = (0..300).map(|index| Step::read(lent, 10, index * 10)).collect();
    // Among them chains, which have to go in one piece each.
    for index in (0..300).filter(|index| index % 7 != 6) {
        steps[index] = std::mem::replace(&mut steps[index], Step::sync_all(lent)).link();
    }
    assert_eq!(way.run(&mut steps), Ok(()));
    assert_eq!(steps.iter().map(Step::bytes).collect::<Vec<_>>().concat(), pattern(0, 3000));
}

pub(crate) fn over_1024_buffers_are_refused_and_split_where_asked<W: Way>(way: &mut W) {
    let file = way.file("file", b"before");
    let lent = lend(&file);
    let many: Vec<Vec<u8>> = pattern(0, 2500).chunks(1).map(<[u8]>::to_vec).collect();
    // Empty ones count.
    for pieces in [many[..1025].to_vec(), vec![Vec::new(); 1025]] {
        let error = way.run(&mut [Step::pieces(What::WritePieces, lent, pieces, 0)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Operation(OpError::Pieces { count: 1025 }));
    }
    assert_eq!(way.host().contents("file"), b"before");
    let whole = Step::pieces(What::WritePieces, lent, many[..1024].to_vec(), 0);
    assert_eq!(way.run(&mut [whole]), Ok(()));
    let split = Step::pieces(What::WriteSplit, lent, many, 0).link();
    assert_eq!(way.run(&mut [split, Step::sync_data(lent)]), Ok(()));
    assert_eq!(way.host().contents("file"), pattern(0, 2500));
    let read = way.run_one(Step::pieces(What::ReadSplit, lent, vec![vec![0]; 2500], 0));
    assert_eq!(read, Ok(pattern(0, 2500)));
}

pub(crate) fn a_file_that_is_full_says_so_with_the_count<W: Way>(way: &mut W) {
    let (host, limited) = match <W::Host as Host>::limited(way.host().seed(), 6000) {
        Ok(limited) => limited,
        Err(why) => return skip(&why),
    };
    let lent = match &limited {
        Limited::File(file) => lend(file),
        Limited::Lent(lent) => *lent,
    };
    let mut way = W::on(host).expect("as before");
    let error = way.run(&mut [Step::write(lent, &pattern(0, 8192), 0)]).unwrap_err();
    assert!(error.is_short() || error.errno().is_some(), "{error}");
    match error.kind() {
        ErrorKind::ShortWrite { wanted, got } | ErrorKind::Partly { wanted, got, .. } => {
            assert!(wanted == 8192 && got <= 6000, "{error}");
        }
        ErrorKind::Os(_) => {} // all or nothing
        other => panic!("{other:?}"),
    }
}
