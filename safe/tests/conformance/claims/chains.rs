//! Operations that wait for each other.

use bareio::file::OpenOptions;
use bareio::{Errno, ErrorKind};

use super::lend;
use crate::step::{Step, What};
use crate::way::{Host, Limited, Way, pattern, skip};

pub(crate) fn a_chain_keeps_its_order<W: Way>(way: &mut W) {
    let file = way.file("file", b"");
    let lent = lend(&file);
    for hard in [false, true] {
        let link = |step| if hard { Step::hard_link(step) } else { Step::link(step) };
        let mut steps = [
            link(Step::write(lent, &pattern(0, 5000), 0)),
            link(Step::read(lent, 5000, 0)),
            link(Step::write(lent, &[7; 4000], 500)),
            link(Step::sync_data(lent)),
            link(Step::pieces(What::ReadPieces, lent, vec![vec![0; 1250]; 4], 0)),
            Step::write(lent, &[0; 5000], 0),
        ];
        assert_eq!(way.run(&mut steps), Ok(()));
        assert_eq!(steps[1].bytes(), pattern(0, 5000));
        let expected = [&pattern(0, 500)[..], &[7; 4000], &pattern(4500, 500)].concat();
        assert_eq!(steps[4].bytes(), expected);
        assert_eq!(way.host().contents("file"), [0; 5000]);
    }
}

pub(crate) fn a_failure_cancels_what_is_linked_behind_it<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 100));
    let lent = lend(&file);
    let read_only = way.host().open("file", &OpenOptions::new().read(true)).unwrap();
    let failures = [
        (Step::write(lend(&read_only), b"x", 0), Errno::BADF),
        (Step::read(lent, 200, 0), Errno::CANCELED), // which stands for none: it is short
    ];
    for (failure, errno) in failures {
        let mut steps = [
            Step::write(lent, b"before", 0).link(),
            failure.link(),
            Step::write(lent, b"never", 0).hard_link(),
            Step::sync_all(lent).link(),
            Step::write(lent, b"never", 0),
            // And another chain, which has nothing to do with it.
            Step::write(lent, b"beside", 50),
        ];
        let error = way.run(&mut steps).unwrap_err();
        assert_eq!(error.index(), Some(1));
        assert_eq!(error.errno().unwrap_or(Errno::CANCELED), errno);
        assert_eq!(steps[0].moved(), Some(6));
        for step in &steps[2..5] {
            assert!(step.error().unwrap().is_canceled(), "{step:?}");
        }
        assert_eq!(steps[5].moved(), Some(6));
        let contents = way.host().contents("file");
        assert_eq!((&contents[..6], &contents[50..56]), (&b"before"[..], &b"beside"[..]));
    }
}

pub(crate) fn a_hard_link_goes_on_after_a_failure<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 100));
    let lent = lend(&file);
    let read_only = way.host().open("file", &OpenOptions::new().read(true)).unwrap();
    let mut steps = [
        Step::write(lend(&read_only), b"x", 0).hard_link(),
        Step::read(lent, 200, 0).hard_link(),
        Step::write(lent, b"after", 0).link(),
        Step::sync_data(lent).hard_link(),
        Step::read(lent, 5, 0),
    ];
    let error = way.run(&mut steps).unwrap_err();
    assert_eq!((error.index(), error.errno()), (Some(0), Some(Errno::BADF)));
    assert_eq!(steps[1].error().unwrap().kind(), ErrorKind::ShortRead { wanted: 200, got: 100 });
    assert_eq!(steps[2].moved(), Some(5));
    assert_eq!(steps[3].moved(), Some(0));
    assert_eq!(steps[4].bytes(), b"after");
}

/// Never a false success: half a record is not called durable.
pub(crate) fn a_write_that_stays_short_cancels_the_flush_behind_it<W: Way>(way: &mut W) {
    let (host, limited) = match <W::Host as Host>::limited(way.host().seed(), 6000) {
        Ok(limited) => limited,
        Err(why) => return skip(&why),
    };
    let lent = match &limited {
        Limited::File(file) => lend(file),
        Limited::Lent(lent) => *lent,
    };
    let mut way = W::on(host).expect("as before");
    let mut steps = [
        Step::write(lent, &pattern(0, 8192), 0).link(),
        Step::sync_data(lent).link(),
        Step::write(lent, b"committed", 0),
    ];
    let error = way.run(&mut steps).unwrap_err();
    assert_eq!(error.index(), Some(0), "{error}");
    for step in &steps[1..] {
        assert!(step.error().unwrap().is_canceled(), "{step:?}");
    }
}

pub(crate) fn linked_write_and_flush_write_and_flush<W: Way>(way: &mut W) {
    let file = way.file("file", b"");
    let lent = lend(&file);
    for round in 0..10 {
        let offset = round * 3000;
        let bytes = pattern(usize::try_from(offset).unwrap(), 3000);
        let mut steps = [Step::write(lent, &bytes, offset).link(), Step::sync_data(lent)];
        assert_eq!(way.run(&mut steps), Ok(()));
        assert_eq!(steps.each_ref().map(Step::moved), [Some(3000), Some(0)]);
        assert_eq!(way.host().unflushed("file").unwrap_or(0), 0, "what is called flushed is not");
    }
    assert_eq!(way.host().contents("file"), pattern(0, 30_000));
}

/// Chains of everything, drawn at random: each way, and a model that is too simple to be wrong, agree.
pub(crate) fn a_chain_of_many_kinds_comes_out_the_same<W: Way>(way: &mut W) {
    let file = way.file("file", &pattern(0, 4000));
    let lent = lend(&file);
    let mut model = pattern(0, 4000);
    let mut random = 12_345_u64;
    let mut below = |end: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % end
    };
    for _ in 0..30 {
        let mut steps: Vec<Step> = (0..=below(7))
            .map(|_| {
                let (offset, len) = (below(4500), usize::try_from(below(900)).unwrap());
                let byte = u8::try_from(below(256)).unwrap();
                let step = match below(6) {
                    0 => Step::read(lent, len, offset),
                    1 => Step::pieces(What::ReadPieces, lent, vec![vec![0; len / 3]; 3], offset),
                    2 => Step::write(lent, &vec![byte; len], offset),
                    3 => Step::pieces(What::WritePieces, lent, vec![vec![byte; len / 4]; 4], offset),
                    4 => Step::sync_data(lent),
                    _ => Step::write(lent, &vec![byte; len], offset).durable(),
                };
                if below(2) == 0 { step.link() } else { step.hard_link() }
            })
            .collect();
        let _ = way.run(&mut steps);
        let mut severed = false;
        for step in &steps {
            let len = step.bytes().len();
            let offset = usize::try_from(step.offset).unwrap();
            let is_read = matches!(step.what, What::Read | What::ReadPieces);
            let there = model.len().saturating_sub(offset).min(len);
            if severed {
                assert!(step.error().unwrap().is_canceled(), "{step:?}");
                continue;
            }
            if is_read {
                assert_eq!(step.bytes()[..there], model[offset.min(model.len())..][..there]);
                let short = ErrorKind::ShortRead { wanted: len as u64, got: there as u64 };
                assert_eq!(step.error().map(|error| error.kind()), (there < len).then_some(short));
            } else {
                assert_eq!(step.moved(), Some(len as u64));
                if len > 0 {
                    model.resize(model.len().max(offset + len), 0);
                    model[offset..offset + len].copy_from_slice(&step.bytes());
                }
            }
            severed = step.error().is_some() && step.then == Some(bareio::core::op::Then::Soft);
        }
        assert_eq!(way.host().contents("file"), model);
    }
}
