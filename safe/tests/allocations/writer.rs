//! Writing, by every strategy and in every form.

use std::fs::OpenOptions;
use std::io::IoSlice;

use bareio::writer::{EventWriter, MAX_PIECES, Strategy, Writer, write_vectored};

use crate::allocations;

#[test]
fn writing_allocates_nothing_by_any_strategy() {
    let folder = tempfile::tempdir().unwrap();
    for strategy in Strategy::ALL {
        let Ok(writer) = Writer::options().strategy(strategy).build() else { continue };
        let path = folder.path().join(strategy.name());
        let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        let event = [7; 256];
        let many = [IoSlice::new(&event); MAX_PIECES];
        let count = allocations(|| {
            writer.write(&file, &event).unwrap();
            writer.write_vectored(&file, &many).unwrap();
            writer.write_vectored_split(&file, &many[..3]).unwrap();
            let mut pieces = [IoSlice::new(&event); 5];
            writer.write_all_vectored(&file, &mut &mut pieces[..]).unwrap();
        });
        assert_eq!(count, 0, "{strategy}");
    }
}

#[test]
fn the_shared_writer_allocates_nothing() {
    let file = tempfile::tempfile().unwrap();
    let pieces = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    let count = allocations(|| {
        write_vectored(&file, &pieces).unwrap();
    });
    assert_eq!(count, 0);
}

#[test]
fn gathering_events_allocates_nothing() {
    let log =
        EventWriter::<std::fs::File>::options().bytes(4096).build(tempfile::tempfile().unwrap()).unwrap();
    let count = allocations(|| {
        for _ in 0..100 {
            log.push(&[7; 100]).unwrap();
            log.push_parts(&[b"head", &[8; 60]]).unwrap();
        }
        log.flush().unwrap();
    });
    assert_eq!(count, 0);
}
